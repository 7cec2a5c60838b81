"""Reads SPL, ES|QL and EQL by the manuals' rules for strings, comments and patterns, and says what artifacts find.

Nobody's engine runs the first two outside of its product, and the one for EQL differs in places. Only what the tests of one text column give is known here:
anything else around the strings is no shape, and so a failure.
"""

from __future__ import annotations

import re
from typing import Callable

# What may stand around the strings of an artifact, and what it asks of a value then; `s` are the strings behind the
# table's own, read.
SPL = "(sourcetype=S OR sourcetype=S) category=S earliest=-1h latest=now{}\n| where {}"
ESQL = (
    "FROM logs-m365_defender.event-* METADATA _id, _index, _version\n| WHERE @timestamp >= NOW() - 1 hour\n"
    "    AND m365_defender.event.category == S\n    AND {}\n| LIMIT 10000"
)
EQL = "process where\n  m365_defender.event.category == S\n  and {}"
SHAPES: dict[str, dict[str, Callable[[list[str], str], bool]]] = {
    "splunk": {
        SPL.format("", "match('properties.ProcessCommandLine',S)"): lambda s, text: pcre(s[3], text),
        SPL.format(" properties.ProcessCommandLine=S", "match('properties.ProcessCommandLine',S)"): (
            lambda s, text: term(s[3], text) and pcre(s[4], text)
        ),
        SPL.format("", "NOT match(coalesce('properties.ProcessCommandLine',S),S)"): lambda s, text: (
            not pcre(s[4], text)
        ),
        SPL.format("", "'properties.ProcessCommandLine'=S"): lambda s, text: text == s[3],
        SPL.format(" properties.ProcessCommandLine=S", "'properties.ProcessCommandLine'=S"): (
            lambda s, text: term(s[3], text) and text == s[4]
        ),
        SPL.format("", "coalesce('properties.ProcessCommandLine',S)!=S"): lambda s, text: text != s[4],
        SPL.format("", "in('properties.ProcessCommandLine',S,S)"): lambda s, text: text in s[3:],
    },
    "esql": {
        ESQL.format("process.command_line == S"): lambda s, text: text == s[1],
        ESQL.format("process.command_line IN (S, S)"): lambda s, text: text in s[1:],
        ESQL.format("(process.command_line IS NULL OR process.command_line != S)"): lambda s, text: text != s[1],
        ESQL.format("TO_LOWER(process.command_line) LIKE S"): lambda s, text: like(s[1], text.lower()),
        ESQL.format("(process.command_line IS NULL OR TO_LOWER(process.command_line) NOT LIKE S)"): (
            lambda s, text: not like(s[1], text.lower())
        ),
        ESQL.format("process.command_line RLIKE S"): lambda s, text: lucene(s[1], text, re.DOTALL),
        ESQL.format("(process.command_line IS NULL OR process.command_line NOT RLIKE S)"): (
            lambda s, text: not lucene(s[1], text, re.DOTALL)
        ),
        ESQL.format("STARTS_WITH(TO_LOWER(process.command_line), S)"): lambda s, text: text.lower().startswith(s[1]),
        ESQL.format("ENDS_WITH(TO_LOWER(process.command_line), S)"): lambda s, text: text.lower().endswith(s[1]),
    },
    "eql": {
        EQL.format("process.command_line == S"): lambda s, text: text == s[1],
        EQL.format("process.command_line in (S, S)"): lambda s, text: text in s[1:],
        EQL.format("(?process.command_line == null or ?process.command_line != S)"): lambda s, text: text != s[1],
        EQL.format("process.command_line : S"): lambda s, text: wildcards(s[1], text),
        EQL.format("(?process.command_line == null or not ?process.command_line : S)"): (
            lambda s, text: not wildcards(s[1], text)
        ),
        EQL.format("process.command_line regex~ S"): lambda s, text: lucene(s[1], text),
        EQL.format("(?process.command_line == null or not ?process.command_line regex~ S)"): (
            lambda s, text: not lucene(s[1], text)
        ),
    },
}
# <https://docs.splunk.com/Documentation/Splunk/latest/Search/Addcommentstosearches>, and `//` up to the line's end.
COMMENT = {"splunk": r"(?s)```.*?```"} | dict.fromkeys(("esql", "eql"), r"//[^\n\r]*|(?s:/\*.*?\*/)")
STRING = {
    "splunk": r'(?s)"((?:\\.|[^"\\])*)"',
    # <https://www.elastic.co/docs/reference/query-languages/esql/esql-syntax#esql-string-literals>
    "esql": r'"""([^\r\n]*?)"""(?!")|"((?:\\[tnr"\\]|[^"\\\r\n])*)"',
    # <https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax#eql-syntax-strings>
    "eql": r'"((?:\\u\{[0-9a-f]{2,8}\}|\\[tnr"\\]|[^"\\\r\n])*)"',
}


def pcre(pattern: str, text: str) -> bool:
    """Whether a value has the pattern: what is written of PCRE is Python's, too, but for the end of the text."""
    return re.search(pattern.replace("\\z", "\\Z"), text) is not None


def term(written: str, text: str) -> bool:
    """A value of a search term, where `*` is a wildcard and letter case does not count."""
    return re.fullmatch(re.escape(written).replace("\\*", ".*"), text, re.DOTALL | re.IGNORECASE) is not None


def wildcards(pattern: str, text: str) -> bool:
    """`:` of EQL: `*` and `?` without an escape; Elasticsearch refuses U+0001."""
    if "\1" in pattern:
        raise re.error("U+0001 among wildcards")
    spelled = re.escape(pattern).replace("\\*", ".*").replace("\\?", ".")
    return re.fullmatch(spelled, text, re.DOTALL | re.IGNORECASE) is not None


def lucene(pattern: str, text: str, flags: int = re.DOTALL | re.IGNORECASE) -> bool:
    """`regex~`, or with other flags `RLIKE`: the whole value; `^` and `$` are letters."""
    spelled = re.sub(r"(?s)(\\.)|[$^](?![^\[\]]*\])", lambda one: one[1] or "\\" + one[0], pattern)
    return re.fullmatch(spelled, text, flags) is not None


def like(pattern: str, text: str) -> bool:
    """`LIKE`: `*` and `?`, and a backslash before what stands for itself."""
    parts = re.findall(r"(?s)\\([*?\\])|(.)", pattern)
    spelled = "".join(
        re.escape(plain) if plain else {"*": ".*", "?": "."}.get(one) or re.escape(one) for plain, one in parts
    )
    return re.fullmatch(spelled, text, re.DOTALL) is not None


def read(target: str, artifact: str) -> tuple[str, list[str]]:
    """What stands around an artifact's strings, and the strings; comments are nothing.

    A comment's mark in a string is none, so strings and comments are looked for together.
    """
    strings = []

    def found(match: re.Match[str]) -> str:
        if match["comment"] is not None:
            return ""
        if target == "splunk":
            # Any other backslash is one.
            strings.append(re.sub(r'\\(["\\])', r"\1", match["string"][1:-1]))
        elif target == "esql" and match["string"].startswith('"""'):
            strings.append(match["string"][3:-3])
        else:
            named = {"t": "\t", "n": "\n", "r": "\r"}
            code = r"\\(?:u\{([0-9a-f]+)\}|(.))"
            spelled = lambda one: chr(int(one[1], 16)) if one[1] else named.get(one[2], one[2])
            strings.append(re.sub(code, spelled, match["string"][1:-1]))
        return "S"

    flags = re.DOTALL if target == "splunk" else 0
    both = f"(?P<string>{STRING[target].replace('(?s)', '')})|(?P<comment>{COMMENT[target].replace('(?s)', '')})"
    return re.sub(both, found, artifact, flags=flags).strip(), strings
