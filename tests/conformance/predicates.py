#!/usr/bin/env python3
"""Documented predicates, one event each: our interpreter, and every artifact in an outside engine.

Each case of `shared/data/predicate-cases/cases.json` is a condition, an event and whether the event passes. The
interpreter must agree on all. An artifact said to be exact must agree, a broader one may only add, a narrower one only
lose. ES|QL and SPL have no engine in any registry: ES|QL is parsed and type-checked, SPL is counted by its verdict.

Exit code 1 when anything disagrees that is not excused below, each excuse being a row of the referee's README.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from referee import HERE, SHARED, ask, convert, siemaphore

CROSSWALK = str(HERE / "events.yaml")
TARGETS = [("sigma", "exact"), ("sigma", "portable"), ("splunk", None), ("eql", None), ("esql", None)]
# Event times of the run: no case asks for the clock.
NOW = "2026-01-01T00:00:00Z"

# Engines that read an artifact otherwise than its product, by what the referee's README says of them.
EXCUSED: dict[tuple[int, str], str] = {
    (92, "sqlite"): "its regular expressions are Python's: `$` matches before a final line break",
}


def query(case: dict[str, Any]) -> str:
    """The case's condition over the test table; remarks behind `//` are the case's, not the query's."""
    return f"Events | where {case['kql'].split('  //')[0].strip()}"


def main() -> int:
    cases = json.loads((SHARED / "data" / "predicate-cases" / "cases.json").read_text("utf-8"))
    failures: list[str] = []
    for case in cases:
        event = json.dumps({**case["event"], "_id": "1"}, ensure_ascii=False)
        events = HERE.parent.parent / "target" / "conformance-event.jsonl"
        events.write_text(event + "\n", "utf-8")
        done = siemaphore(
            "eval", "-", "--input", "kql", "--crosswalk", CROSSWALK, "--events", str(events), "--table", "Events",
            "--now", NOW, "--format", "json", text=query(case),
        )  # fmt: skip
        found = bool(json.loads(done.stdout)["rows"]) if done.stdout else None
        if found != case["expected"]:
            failures.append(f"{case['id']:>4} eval: {found}, expected {case['expected']}: {case['kql']} {done.stderr[:200]}")
    print(f"eval: {len(cases) - len(failures)} of {len(cases)} agree")

    for target, profile in TARGETS:
        name = f"{target}={profile}" if profile else target
        options = ["--crosswalk", CROSSWALK, *(["--profile", f"{target}={profile}"] if profile else [])]
        answers = [convert(query(case), target, *options) for case in cases]
        verdicts = Counter(answer["match"] for answer in answers)
        print(f"{name}: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))
        for case, answer in zip(cases, answers):
            if answer["match"] != "exact":
                causes = [note["message"] for note in answer["notes"] if note["cause"]]
                reason = causes[0] if causes else "no reason given"
                print(f"    {case['id']:>4} {answer['match']}: {case['kql']}  ({reason})")
        if verdicts["exact"] * 10 < len(cases) * 9 and name != "sigma=portable":
            failures.append(f"{name}: fewer than nine of ten are exact")
        failures += check(name, target, cases, answers)

    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(failures)} disagreements")
    return 1 if failures else 0


def check(name: str, target: str, cases: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[str]:
    """What outside engines find by the artifacts, against what the verdicts allow."""
    carried = [(case, answer) for case, answer in zip(cases, answers) if answer["match"] != "unsupported"]
    failures = []
    if target == "esql":
        schema = {"F": "keyword", "G": "keyword", "Port": "integer", "X": "long", "T": "date", "U": "date",
                  "D.a": "keyword", "D.a b": "keyword", "@timestamp": "date"}  # fmt: skip
        for (case, answer), parsed in zip(carried, ask("esql-parse", [{"query": answer["text"], "schema": schema} for _, answer in carried])):
            if not parsed["ok"]:
                failures.append(f"{case['id']:>4} {name} is not accepted: {json.dumps(parsed)[:300]}\n{answer['text']}")
        return failures
    votes: list[dict[str, Any]] = []
    if target == "eql":
        found = ask("eql-run", [{"query": answer["text"], "events": [flat(case["event"])]} for case, answer in carried])
        votes = [{"python-eql": vote} for vote in found]
    elif target == "sigma":
        found = ask("sigma-run", [{"rule": answer["text"], "events": [flat(case["event"])]} for case, answer in carried])
        votes = [{"rsigma": vote["rsigma"], "sqlite": vote["sqlite"]} for vote in found]
    for (case, answer), vote in zip(carried, votes):
        for engine, said in vote.items():
            if (case["id"], engine) in EXCUSED:
                continue
            if "error" in said or said.get("ids") is None:
                failures.append(f"{case['id']:>4} {name} in {engine}: {json.dumps(said)[:300]}")
                continue
            found_it = bool(said["ids"])
            allowed = {
                "exact": found_it == case["expected"],
                "broader": found_it or not case["expected"],
                "narrower": not found_it or case["expected"],
                "approximate": True,
            }[answer["match"]]
            if not allowed:
                failures.append(
                    f"{case['id']:>4} {name} is {answer['match']}, {engine} says {found_it}, KQL {case['expected']}: "
                    f"{case['kql']} {json.dumps(case['event'], ensure_ascii=False)}"
                )
    return failures


def flat(event: dict[str, Any]) -> dict[str, Any]:
    """The event in the target's own fields: the test table keeps every name, dynamic values become dotted fields."""
    fields: dict[str, Any] = {"_id": "1", "F": None, "G": None, "Port": None, "X": None, "T": None, "U": None}
    fields = {**fields, "D.a": None, "D.a b": None}
    for key, value in event.items():
        if isinstance(value, dict):
            fields.update({f"{key}.{inner}": inner_value for inner, inner_value in value.items()})
        else:
            fields[key] = value
    return fields


if __name__ == "__main__":
    sys.exit(main())
