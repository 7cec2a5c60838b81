#!/usr/bin/env python3
"""Hostile values: whatever a rule says comes back from every artifact as the same value, in its place, as nothing else.

Every value is asked for by every string operator, and stands in every text of some rule. Sigma and EQL are run by outside
engines over the value and its near misses. ES|QL has to pass outside parsers; it and SPL, which nobody runs, are read by
the manuals' rules (`readers.py`) and have to be, but for their strings, what a harmless rule gives. Texts around the query
are read back with an outside YAML or JSON reader.
"""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any, Callable

from hostile_values import HARMLESS, OPERATORS, TEXTS, Case, answers_wrongly, literal, near, query, quoted, rule, values
from readers import SHAPES, read
from referee import ask, siemaphore

EXTENSIONS = {"sigma": "yml", "splunk": "spl", "eql": "eql", "esql": "esql", "sentinel": "json"}
# Letters of another length, or another letter, in the other case: artifacts assume that events have none.
FOLDED = re.compile("[\u0131\u0130\u017f\u212a]")
# What Unicode calls white space; Python strips more.
WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
Place = tuple[Any, ...]


def changes(harmless: Any, other: Any, path: Place = ()) -> dict[Place, Any]:
    """Where two documents differ, and what stands there in the other; a key that only one has differs as a whole."""
    if isinstance(harmless, dict) and isinstance(other, dict):
        keys = harmless.keys() | other.keys()
        pairs = {key: (harmless.get(key, ...), other.get(key, ...)) for key in keys}
        return {at: value for key in keys for at, value in changes(*pairs[key], (*path, key)).items()}
    if isinstance(harmless, list) and isinstance(other, list) and len(harmless) == len(other):
        return {at: value for place, pair in enumerate(zip(harmless, other))
                for at, value in changes(*pair, (*path, place)).items()}  # fmt: skip
    return {} if harmless == other else {path: other}


def as_arm(text: str) -> str:
    """As Resource Manager wants it: what it would take for an expression has one bracket more."""
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


def in_template(case: Case, changed: dict[Place, Any]) -> list[str]:
    """What of a template, where it differs from the harmless one, is not what the rule says."""
    said, at = case.said, ("resources", 0, "properties")
    # Descriptions in quotes lose them: Microsoft's packages do so.
    description = said["description"].rstrip(WHITE)
    description = description[1:-1] if description[:1] in ("'", '"') else description
    expected = {
        ("metadata", "comments"): f"Sentinel analytics rule {case.id}, version {said['version']}",
        ("resources", 0, "name"): f"[concat(parameters('workspace'), '/Microsoft.SecurityInsights/{case.id}')]",
        (*at, "displayName"): as_arm(said["name"]),
        (*at, "description"): as_arm(description) or ...,
        (*at, "query"): as_arm(case.query + "\n"),
        (*at, "entityMappings", 0, "entityType"): as_arm(said["entity"]),
        (*at, "entityMappings", 0, "fieldMappings", 0, "identifier"): as_arm(said["identifier"]),
        (*at, "entityMappings", 0, "fieldMappings", 0, "columnName"): as_arm(said["column"]),
        (*at, "alertDetailsOverride", "alertDisplayNameFormat"): as_arm(said["format"]),
        (*at, "alertDetailsOverride", "alertDescriptionFormat"): as_arm(said["second format"]),
    }
    if said["detail"] != HARMLESS:
        expected |= {
            (*at, "customDetails", HARMLESS): ...,
            (*at, "customDetails", said["detail"]): as_arm(said["detail column"]),
        }
    return unlike(expected, changed)


def in_sigma(case: Case, changed: dict[Place, Any]) -> list[str]:
    """The same for a Sigma rule, but for its detection, which is run.

    A title is one line of at most 256 characters; lines of a description have no white space at their ends.
    """
    said = case.said
    title = " ".join(part for part in re.split(f"[{WHITE}]", said["name"]) if part)
    found = {path: value for path, value in changed.items() if path[:1] not in {("id",), ("related",), ("detection",)}}
    if isinstance(found.get(("description",)), str):
        found[("description",)] = trimmed(found[("description",)])
    expected = {
        ("title",): title if len(title) <= 256 else title[:255].rstrip(WHITE) + "…",
        ("description",): trimmed(said["description"]) or ...,
        ("author",): said["author"],
    }
    for key in ("references", "falsepositives"):
        expected |= {(key, place): text for place, text in enumerate(said[key])}
    return unlike(expected, {path: value for path, value in found.items() if value != HARMLESS})


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip(WHITE) for line in re.split(r"\r?\n", text.rstrip(WHITE)))


def unlike(expected: dict[Place, Any], changed: dict[Place, Any]) -> list[str]:
    """What is elsewhere, or other, than expected; what is said harmlessly has not changed."""
    expected = {path: value for path, value in expected.items() if value not in (HARMLESS, f"{HARMLESS} 2")}
    wrong = [f"{path}: {changed.get(path)!r:.90} for {value!r:.90}" for path, value in expected.items()
             if changed.get(path, HARMLESS) != value]  # fmt: skip
    return wrong + [f"{path}: {value!r:.90} for nothing" for path, value in changed.items() if path not in expected]


def load_yaml(texts: list[str]) -> list[Any]:
    """The one document of each text, by the YAML reader of Sigma's own tools, which the referee brings."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.environ.get("REFEREE_HOME") or cache / "siemaphore-referee")
    code = (
        "import json, sys, yaml\ndef load(text):\n try: return yaml.safe_load(text)\n"
        " except Exception as error: return str(error)\n"
        "print(json.dumps(list(map(load, json.load(sys.stdin))), default=repr))"
    )
    done = subprocess.run(
        [home / "core" / "bin" / "python", "-c", code], input=json.dumps(texts), capture_output=True, text=True
    )
    return json.loads(done.stdout) if done.stdout else sys.exit(done.stderr)


class Run:
    """What was built, and what was found about it."""

    def __init__(self, rules: dict[str, str], scratch: Path, *options: str) -> None:
        self.folder, self.read, self.failures = scratch / "out", collections.Counter(), []
        (scratch / "rules").mkdir(parents=True)
        for name, text in rules.items():
            (scratch / "rules" / f"{name}.yaml").write_text(text, "ascii")
        done = siemaphore("-q", "build", str(scratch / "rules"), "--out", str(self.folder), *options)
        if done.returncode == 2:
            sys.exit(done.stderr)
        entries = json.loads((self.folder / "manifest.json").read_text("utf-8"))["rules"]
        self.rules = {entry["path"].removesuffix(".yaml"): entry for entry in entries if entry["status"] == "ok"}
        self.broken = {entry["path"].removesuffix(".yaml") for entry in entries} - self.rules.keys()

    def artifacts(self, target: str) -> dict[str, str]:
        """The texts of a target, which are read now; refused rules have none."""
        paths = {name: self.folder / target / f"{name}.{EXTENSIONS[target]}" for name in self.rules}
        return {name: path.read_bytes().decode() for name, path in paths.items() if path.exists()}

    def match(self, name: str, target: str) -> str:
        return next(entry["match"] for entry in self.rules[name]["artifacts"] if entry["target"] == target)

    def fail(self, target: str, name: str, value: str, reason: str) -> None:
        self.failures.append(f"{target} {name} {value!r:.60}: {reason}")

    def report(self, what: str) -> int:
        for failure in self.failures[:60]:
            print(f"FAIL {failure}")
        entries = [entry for rule in self.rules.values() for entry in rule["artifacts"]]
        refused = collections.Counter(entry["target"] for entry in entries if entry["path"] is None)
        counts = ", ".join(f"{engine} {count}" for engine, count in self.read.items())
        print(f"{what}: {len(self.rules)} rules and {len(self.broken)} refused; read back: {counts}")
        print(f"  refused by target: {', '.join(f'{target} {count}' for target, count in refused.items()) or 'none'}")
        print(f"  {len(self.failures)} values are other values, elsewhere, or syntax")
        return len(self.failures)


def check_values(what: str, scratch: Path, *options: str) -> int:
    """Values in queries, and the texts around them."""
    every = [HARMLESS, *values()]
    cases = {}
    for place, value in enumerate(every):
        for turn, operator in enumerate(OPERATORS):
            # Texts are hostile in one rule for each value, so that one refusal does not cost the others.
            pick = {
                step: HARMLESS if place == 0 or turn else every[1 + (place + step) % (len(every) - 1)]
                for step in range(24)
            }
            said: dict[str, Any] = {text: pick[step] for step, text in enumerate(TEXTS)}
            # A rule has a name.
            said["name"] = said["name"] if said["name"].strip(WHITE) else "x" + said["name"]
            for key, step in (("references", 20), ("falsepositives", 22)):
                # Sigma wants no text twice.
                said[key] = [pick[step], pick[step + 1] if pick[step + 1] != HARMLESS else f"{HARMLESS} 2"]
            name = f"r{place}-{turn}"
            text = query(operator, value, place + turn)
            cases[name] = Case(str(uuid.uuid5(uuid.NAMESPACE_OID, name)), operator, value, text, said)
    run = Run({name: rule(case) for name, case in cases.items()}, scratch, *options)

    def answers(target: str, engine: str, name: str, texts: list[str], found: set[int]) -> None:
        case = cases[name]
        run.read[engine] += 1
        wrong = answers_wrongly(case.operator, case.value, run.match(name, target), texts, found)
        if wrong:
            run.fail(engine, name, case.value, f"`{case.operator}` answers wrongly about {wrong[0]!r:.60}")

    texts = {name: near(cases[name].value) for name in run.rules}
    templates = {name: json.loads(text) for name, text in run.artifacts("sentinel").items()}
    sigma = run.artifacts("sigma")
    documents = dict(zip(sigma, load_yaml(list(sigma.values()))))
    for target, parsed, check in (("sentinel", templates, in_template), ("sigma", documents, in_sigma)):
        for name, document in parsed.items():
            if name.startswith("r0-"):
                continue
            run.read[f"{target} texts"] += 1
            for wrong in check(cases[name], changes(parsed["r0-" + name.split("-")[1]], document)):
                run.fail(target, name, cases[name].value, wrong)
    for target, shapes in SHAPES.items():
        for name, artifact in run.artifacts(target).items():
            around, strings = read(target, artifact)
            if around not in shapes:
                run.fail(target, name, cases[name].value, f"has become syntax: {around[-90:]!r}")
                continue
            try:
                found = {place for place, text in enumerate(texts[name]) if shapes[around](strings, text)}
            except re.error as error:
                run.fail(target, name, cases[name].value, f"has a pattern that is none: {error}")
                continue
            answers(target, target, name, texts[name], found)
    accepted(run, "esql", "esql-parse", "query")
    for name, answer in zip(sigma, ask("sigma-run", [
        {"rule": artifact, "events": [{"_id": str(at), "CommandLine": text} for at, text in enumerate(texts[name])]}
        for name, artifact in sigma.items()
    ])):  # fmt: skip
        for engine in ("rsigma", "sqlite"):
            # SQLite takes no NUL in a query, and its backend loses U+0001 under `cased`.
            value, is_cased = cases[name].value, "|cased:" in sigma[name]
            if engine == "sqlite" and ("\0" in value or is_cased and "\1" in value):
                run.read["sqlite cannot"] += 1
            elif answer[engine].get("ids") is None:
                run.fail(engine, name, cases[name].value, json.dumps(answer[engine])[:200])
            else:
                answers("sigma", engine, name, texts[name], set(map(int, answer[engine]["ids"])))
    check_eql(run, cases, texts, answers)
    return run.report(what)


def check_eql(run: Run, cases: dict[str, Case], texts: dict[str, list[str]], answers: Callable[..., None]) -> None:
    """EQL by python-eql, where it is like Elasticsearch."""
    table = {"event.category": "process", "m365_defender.event.category": "AdvancedHunting-DeviceProcessEvents"}
    asked = {}
    for name, artifact in run.artifacts("eql").items():
        # It reads one `\u{…}` in a string, up to the last brace, and `^` and `$` of patterns as Python does.
        if (
            re.search(r"\\u\{[^\n]*\}[^\n]*\}", artifact)
            or "regex~" in artifact
            and re.search("[$^]", cases[name].value)
        ):
            run.read["python-eql cannot"] += 1
            continue
        asked[name] = artifact
        # It takes a wildcard's end for Python's `$`, which does not mind a line's end, and folds letters by itself.
        texts[name] = [text for text in texts[name] if not text.endswith("\n") and not FOLDED.search(text)]
    cases_asked = [
        {"query": artifact,
         "events": [{**table, "_id": str(at), "process.command_line": text} for at, text in enumerate(texts[name])]}
        for name, artifact in asked.items()
    ]  # fmt: skip
    for name, answer in zip(asked, ask("eql-run", cases_asked)):
        if answer.get("ids") is None:
            run.fail("python-eql", name, cases[name].value, json.dumps(answer)[:200])
            continue
        # The table's own test tells letter case apart, wildcards do not.
        folds = ":" in re.sub(r'"(?:\\.|[^"\\])*"', "", artifact_body(asked[name])) or "regex~" in asked[name]
        ids = answer["ids"] if folds or answer["case"] != "mixed" else answer["ids_if_sensitive"]
        answers("eql", "python-eql", name, texts[name], set(map(int, ids)))


def artifact_body(artifact: str) -> str:
    """Without the comments at its head."""
    return artifact[artifact.index(" where\n") :]


def accepted(run: Run, target: str, command: str, key: str) -> None:
    artifacts = run.artifacts(target)
    for name, answer in zip(artifacts, ask(command, [{key: artifact} for artifact in artifacts.values()])):
        run.read[command] += 1
        if not answer["ok"]:
            run.fail(command, name, "", json.dumps(answer)[:300])


def check_names(scratch: Path) -> int:
    """Names of columns, where KQL's own are kept, and the texts of a hunting query."""
    named = {f"c{place}": value for place, value in enumerate(values())}
    rules = {}
    for name, value in named.items():
        asked = f"Own_CL\n| where [{literal(value, 1)}] == 'x'"
        texts = f"name: {quoted(value if value.strip(WHITE) else 'x')}\ndescription: {quoted(value + 'x')}\n"
        rules[name] = f"id: {uuid.uuid5(uuid.NAMESPACE_OID, name)}\n{texts}query: {quoted(asked)}\n"
    run = Run(rules, scratch, "--native-names")
    for name, template in run.artifacts("sentinel").items():
        run.read["sentinel texts"] += 1
        said, value = json.loads(template)["resources"][0]["properties"], named[name]
        description = value.lstrip(WHITE) + "x"
        tag = {"name": "description", "value": as_arm(description[1:] if description[:1] == "'" else description)}
        if said["displayName"] != as_arm(value if value.strip(WHITE) else "x") or said["tags"] != [tag]:
            run.fail("sentinel", name, value, f"{said['displayName']!r} and {said['tags']!r:.200}")
    for target, command, key in (
        ("eql", "eql-parse", "query"),
        ("esql", "esql-parse", "query"),
        ("sigma", "sigma-check", "rule"),
    ):
        accepted(run, target, command, key)
    sigma = run.artifacts("sigma")
    places = {"sigma": {
        name: next(iter(document["detection"]["selection"])) if isinstance(document, dict) else document
        for name, document in zip(sigma, load_yaml(list(sigma.values())))
    }}  # fmt: skip
    for target, place, mark in [
        ("splunk", r"\n\| where (.*)=\"x\"\Z", "'"),
        ("eql", r"\nany where\n  (.*) == \"x\"\Z", "`"),
        ("esql", r"\n    AND (.*) == \"x\"\n\| LIMIT 10000\Z", "`"),
    ]:
        places[target] = {name: unquoted(artifact, place, mark) for name, artifact in run.artifacts(target).items()}
    for target, names in places.items():
        for name, found in names.items():
            run.read[target] += 1
            if found != named[name]:
                run.fail(target, name, named[name], f"is named {found!r:.80}")
    return run.report("names")


def unquoted(artifact: str, place: str, mark: str) -> str | None:
    """The name at a place, whose parts may stand between marks; a mark twice is one."""
    found = re.search(place, artifact.strip(), re.DOTALL)
    if found is None or not re.fullmatch(f"(?:{mark}(?:[^{mark}]|{mark}{mark})*{mark}|[^{mark}\\s.]+|\\.)+", found[1]):
        return None
    return re.sub(f"{mark}((?:[^{mark}]|{mark}{mark})*){mark}", lambda one: one[1].replace(mark * 2, mark), found[1])


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        failures = check_values("values", Path(scratch, "values"))
        exact = ("--target", "sigma", "--profile", "sigma=exact")
        failures += check_values("values in Sigma's profile `exact`", Path(scratch, "exact"), *exact)
        failures += check_names(Path(scratch, "names"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
