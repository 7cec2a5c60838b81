"""Values that are hard to carry, rules that hold them, and what KQL finds with them."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any, Callable

SEED = 20261121
ATOMS = [
    '"', "'", '"""', "''", "\\", "\\\\", "\\\\\\", "\\n", '\\"', "x\\", "\\*", "\\\\?", "`", "```", "``` | delete",
    "$", "$$", "$x$", "%", "%x%", "{{ x }}", "{% raw %}", "{# x #}", "[[", "]]", "[x]", "[concat('a')]", "[[x]]", "[",
    "]", "|", "| stats count", "||", "\n", "\r", "\r\n", "\t", "\0", "\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1b",
    "\x1f", "\x7f", "\x80", "\x85", "\x9f", "\xa0", "\xad", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff",
    "\ue000", "\U000f0000", "\U000f0001", "\U000f0002x", "\U000f0010\U000f0011", "\U000f0022", "\u202e", "\u2066",
    "\u200d", "e\u0301", "é", "ß", "文", "😀", "\U0010ffff", "\u0131\u0130", "\u017f", "\u212a", "*", "?", "**", "*?",
    "a*b?c", "%*%", ": ", "a: b", " #", "# x", "- ", "---", "...", "!!str", "&a", "*a", ">", "~", "null", "true",
    "no", "0x1F", "1e3", "012", "1:30", "2024-01-01", "=", "==", "!=", "//", "/*", "*/", "--", ";", ",", "(", ")",
    ' or "a"=="a', '" or true or "', "') or 1==1", '") | where true | where ("', "x\n| where true", "// x\ny", "x \\",
    "x \\\ny", " ", " x ", "\\u0041", "\\x41", "&quot;", "<script>", "-1", "a|b", ".*", "^x$", "(?i)x", "x{3}",
    "[^x]", "#@&<>~", "${jndi:x}", "very long " * 100,
]  # fmt: skip
OPERATORS = ["==", "in", "!=", "contains", "startswith", "endswith", "!contains"]
# A value of its own kind, and one that means something to nobody.
OTHER, HARMLESS = "other value", "harmless"
TEXTS = [
    "name", "description", "version", "author", "tag", "tactic", "technique", "entity", "identifier", "column", "detail",
    "detail column", "format", "second format",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A rule: what is asked of the column, and what is said around the query."""

    id: str
    operator: str
    value: str
    query: str
    said: dict[str, Any]


def values() -> list[str]:
    """Every piece alone, and pieces in a row."""
    choose = random.Random(SEED)
    rows = ["".join(choose.choice([*ATOMS[:-1], "a", "B"]) for _ in range(choose.randint(2, 6))) for _ in range(60)]
    return list(dict.fromkeys([*ATOMS, *rows]))


def quoted(text: str) -> str:
    """As a double-quoted string of YAML, in ASCII."""

    def letter(one: str) -> str:
        code = ord(one)
        if one in '"\\':
            return "\\" + one
        return one if 0x20 <= code < 0x7F else f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"

    return '"' + "".join(map(letter, text)) + '"'  # fmt: skip


def literal(text: str, spelling: int) -> str:
    """As a string of KQL, in one of its spellings."""
    if spelling % 3 == 0 and not re.search(r"[\r\n\x00]", text):
        return '@"' + text.replace('"', '""') + '"'
    mark = "\"'"[spelling % 2]
    named = {"\\": "\\\\", mark: "\\" + mark, "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    return mark + "".join(named.get(one) or (f"\\x{ord(one):02x}" if ord(one) < 32 else one) for one in text) + mark


def query(operator: str, value: str, spelling: int) -> str:
    operand = literal(value, spelling)
    if operator == "in":
        operand = f"({literal(OTHER, 1)}, {operand})"
    return f"DeviceProcessEvents\n| where ProcessCommandLine {operator} {operand}"


def rule(case: Case) -> str:
    """The rule in YAML."""
    q = {key: ", ".join(map(quoted, [said] if isinstance(said, str) else said)) for key, said in case.said.items()}
    return f"""id: {case.id}
name: {q["name"]}
description: {q["description"]}
version: {q["version"]}
kind: Scheduled
severity: High
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
author: {q["author"]}
references: [{q["references"]}]
falsePositives: [{q["falsepositives"]}]
tags: [{q["tag"]}]
tactics: [{q["tactic"]}]
relevantTechniques: [{q["technique"]}]
entityMappings:
  - entityType: {q["entity"]}
    fieldMappings: [{{identifier: {q["identifier"]}, columnName: {q["column"]}}}]
customDetails: {{{q["detail"]}: {q["detail column"]}}}
alertDetailsOverride: {{alertDisplayNameFormat: {q["format"]}, alertDescriptionFormat: {q["second format"]}}}
query: {quoted(case.query)}
"""


def near(value: str) -> list[str]:
    """The value and what a reader could take it for."""
    around = [
        value,
        value + "~",
        "~" + value,
        f"~{value}~",
        value + "\n",
        value[1:],
        value[:-1],
        value * 2,
        OTHER,
        HARMLESS,
        "zz",
    ]
    for old, new in [
        ("\\", ""),
        ("\\", "\\\\"),
        ("\\\\", "\\"),
        ("*", "zz"),
        ("?", "z"),
        ("*", "\\*"),
        ("?", "\\?"),
        ('"', '\\"'),
        ("\n", " "),
        ("\r\n", "\n"),
        ("\t", " "),
        ("%", "zz"),
        (".", "z"),
        ("''", "'"),
        ('""', '"'),
        ("[[", "["),
        ("$$", "$"),
    ]:
        around += [value.replace(old, new), f"~{value.replace(old, new)}~"]
    around += ["".join(letter for letter in value if letter.isprintable()), value.strip()]
    return [one for one in dict.fromkeys(around) if one]


def holds(operator: str, value: str, text: str, fold: Callable[[str], str], fold_equal: bool) -> bool:
    """KQL's answer. `contains` and its like fold the case of letters, comparisons only where `fold_equal` allows it."""
    if operator in ("==", "in", "!="):
        same = fold if fold_equal else lambda one: one
        is_in = same(text) in [same(value)] + ([OTHER] if operator == "in" else [])
        return not is_in if operator == "!=" else is_in
    text, value = fold(text), fold(value)
    if operator == "startswith":
        return text.startswith(value)
    if operator == "endswith":
        return text.endswith(value)
    return (value in text) == (operator == "contains")


def ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def answers_wrongly(operator: str, value: str, match: str, texts: list[str], found: set[int]) -> list[str]:
    """The texts for which an artifact of this verdict may not say what it says."""
    wrong = []
    for place, text in enumerate(texts):
        least = holds(operator, value, text, ascii_lower, False)
        # Beyond ASCII readers fold letter case in their own ways.
        most = least or holds(operator, value, text, lambda one: one.casefold().lower(), match == "broader")
        if operator.startswith("!"):
            least = least and holds(operator, value, text, lambda one: one.casefold().lower(), False)
        if place in found and not most or place not in found and least:
            wrong.append(text)
    return wrong
