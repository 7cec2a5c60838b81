#!/usr/bin/env python3
"""The first three detections, on the twenty events each that the referee's own self-test uses.

The query itself is asked of our interpreter and of an outside KQL engine; the artifacts of Sigma (both profiles) and EQL
are asked of outside engines, with the events carried into the target's own fields. What is compared is the verdict's
subject: the device, which is the event here. Events that break an assumption of the artifact are reported apart.
"""

from __future__ import annotations

import ast
import datetime
import json
import sys
from pathlib import Path
from typing import Any

from referee import REFEREE, ROOT, ask, siemaphore

COMPANY, PRODUCT = "ProcessVersionInfoCompanyName", "ProcessVersionInfoProductName"
# Rule, table, and what is put in the place of the needle of the self-test's signers.
SEEDS = [
    ("rmm-realvnc-file-signature", "DeviceFileCertificateInfo", None),
    ("rmm-tightvnc-file-signature", "DeviceFileCertificateInfo", "glavsoft"),
    ("rmm-tightvnc-process", "DeviceProcessEvents", None),
]


def signers() -> list[dict[str, Any]]:
    """The list of events as the self-test writes it, read as data."""
    tree = ast.parse((Path(REFEREE).parent / "selftest.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "SIGNERS":
            return ast.literal_eval(node.value)
    sys.exit("the self-test has no SIGNERS")


def processes() -> list[dict[str, Any]]:
    """The self-test's twenty pairs of company and product."""
    pairs = [
        (company, product)
        for company in ("GlavSoft LLC.", "GLAVSOFT", "GlavSoftware", None, "")
        for product in ("TightVNC", "TightVNC Server", "tightvncserver", None)
    ]
    return [
        {"_id": f"{place:02}", **{name: value for name, value in zip((COMPANY, PRODUCT), pair) if value is not None}}
        for place, pair in enumerate(pairs, 1)
    ]


def swapped(event: dict[str, Any], needle: str | None) -> dict[str, Any]:
    """The event about another vendor: the needle in the same places, in the same letter case."""
    if needle is None or not event.get("Signer"):
        return event
    text = event["Signer"].replace("TightVNC GlavSoft", "TightVNC maker")
    for spelled, put in (("RealVNC", needle.capitalize()), ("REALVNC", needle.upper()), ("realvnc", needle)):
        text = text.replace(spelled, put)
    return {**event, "Signer": text}


def carried(event: dict[str, Any], table: str, vocabulary: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The event in the words of a target; a column without a field is left out."""
    moved = {"_id": event["_id"]}
    for column, value in event.items():
        field = fields.get(column, {}).get(vocabulary)
        if field:
            moved[field] = value.lower() if field == "host.name" else value
    if vocabulary == "elastic":
        category = "process" if table == "DeviceProcessEvents" else "file"
        moved |= {"event.category": category, "m365_defender.event.category": f"AdvancedHunting-{table}"}
    return moved


def main() -> int:
    failed = 0
    moment = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name, table, needle in SEEDS:
        rule = str(ROOT / "rules" / "endpoint" / f"{name}.yaml")
        source = signers() if table == "DeviceFileCertificateInfo" else processes()
        events = [
            {**swapped(event, needle), "DeviceId": event["_id"], "DeviceName": f"host{event['_id']}.example",
             "ReportId": place, "Timestamp": moment}
            for place, event in enumerate(source, 1)
        ]  # fmt: skip
        listed = json.loads(siemaphore("list", "columns", table, "--format", "json").stdout)["columns"]
        fields = {column["column"]: column for column in listed}
        file = ROOT / "target" / "conformance-events.jsonl"
        file.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), "utf-8")
        answer = json.loads(siemaphore("eval", rule, "--events", str(file), "--table", table, "--format", "json").stdout)
        place = [column["name"] for column in answer["columns"]].index("DeviceId")
        ours = sorted(row[place] for row in answer["rows"])
        sentinel = json.loads(siemaphore("convert", rule, "--target", "sentinel", "--format", "json").stdout)
        query = json.loads(sentinel["text"])["resources"][0]["properties"]["query"]
        types = {column: fields[column]["type"] for event in events for column in event if column != "_id"}
        outside = ask("kql-run", [{"query": query, "tables": {table: events}, "schema": {table: types}}])[0]["duckdb_kql"]
        theirs = sorted({row["DeviceId"] for row in outside["rows"]})
        print(f"{name}: the rule finds {' '.join(ours)}")
        failed += report("duckdb-kql on the rule itself", "exact", ours, theirs, [])
        if not ours or len(ours) == len(events):
            print("FAIL the events do not tell a rule that finds from one that does not")
            failed += 1
        for target, profile, vocabulary in [
            ("sigma", "portable", "sigma"), ("sigma", "exact", "sigma"), ("eql", None, "elastic"),
        ]:  # fmt: skip
            chosen = ["--profile", f"{target}={profile}"] if profile else []
            entry = json.loads(siemaphore("convert", rule, "--target", target, "--format", "json", *chosen).stdout)
            moved = [carried(event, table, vocabulary, fields) for event in events]
            # Assumption `ascii`: no letter or digit beyond ASCII directly beside the term.
            breaks = [event["_id"] for event in events if any(letter in str(event.get("Signer")) for letter in "éÉ")]
            if target == "eql":
                votes = {"python-eql": ask("eql-run", [{"query": entry["text"], "events": moved}])[0]}
            else:
                found = ask("sigma-run", [{"rule": entry["text"], "events": moved}])[0]
                votes = {"rsigma": found["rsigma"], "sqlite": found["sqlite"]}
            assumes_ascii = any(assumption["kind"] == "ascii" for assumption in entry["assumptions"])
            for engine, said in votes.items():
                what = f"{target}{'=' + profile if profile else ''} in {engine}"
                if said.get("ids") is None:
                    print(f"  FAIL {what}: {json.dumps(said)[:300]}")
                    failed += 1
                    continue
                apart = breaks if assumes_ascii else []
                failed += report(what, entry["match"], ours, sorted(said["ids"]), apart)
            for note in entry["notes"]:
                if note["cause"]:
                    print(f"      {note['cause']}: {note['message']}")
    print(f"{failed} disagreements")
    return 1 if failed else 0


def report(what: str, match: str, expected: list[str], found: list[str], apart: list[str]) -> int:
    """Prints one comparison; 1 when the answer is not what the verdict allows."""
    more = [subject for subject in found if subject not in expected and subject not in apart]
    fewer = [subject for subject in expected if subject not in found and subject not in apart]
    excused = [subject for subject in apart if (subject in found) != (subject in expected)]
    allowed = {"exact": not more and not fewer, "broader": not fewer, "narrower": not more, "approximate": True}[match]
    print(
        f"  {'ok' if allowed else 'FAIL'} {what}: {match}, finds {len(found)}; more: {' '.join(more) or '-'}, "
        f"fewer: {' '.join(fewer) or '-'}" + (f"; differ, breaking `ascii`: {' '.join(excused)}" if excused else "")
    )
    return 0 if allowed else 1


if __name__ == "__main__":
    sys.exit(main())
