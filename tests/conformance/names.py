#!/usr/bin/env python3
"""Names and types of corpus queries: do we and Microsoft's own analyser agree on errors, and on the answer's columns?

The analyser is told the tables that our crosswalk knows; queries that use anything else are left out and counted. Exit
code 1 when fewer than 97 of 100 answers agree, in verdict or in columns.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from referee import SHARED, ask, siemaphore

# What the analyser says of a table, a function or a plugin that a workspace defines; and of syntax alone.
FOREIGN = ("does not refer to any known table", "does not refer to any known function", "is not a known plugin")


def queries() -> dict[str, str]:
    """Bare queries of the corpus, and those of its rules as the Sentinel target copies them."""
    found = {}
    for file in sorted((SHARED / "data" / "corpus" / "kql").rglob("*.kql")):
        found[str(file.relative_to(SHARED / "data" / "corpus"))] = file.read_text("utf-8-sig")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        siemaphore("build", str(SHARED / "data" / "corpus" / "yaml"), "--target", "sentinel", "--out", str(out), "-q")
        for file in sorted(out.rglob("*.json")):
            template = json.loads(file.read_text("utf-8"))
            for resource in template.get("resources", []) if isinstance(template, dict) else []:
                if query := resource.get("properties", {}).get("query"):
                    # A leading `[` is doubled, for templates have expressions in brackets.
                    found[str(file.relative_to(out))] = query[1:] if query.startswith("[[") else query
    return found


def schema() -> dict[str, dict[str, str]]:
    """The tables of the crosswalk with their columns and types."""
    tables = json.loads(siemaphore("list", "tables", "--format", "json").stdout)["tables"]
    known = {}
    for entry in tables:
        columns = json.loads(siemaphore("list", "columns", entry["table"], "--format", "json").stdout)["columns"]
        known[entry["table"]] = {column["column"]: column["type"] for column in columns if "." not in column["column"]}
    return known


def named_in(query: str, tables: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The tables that a query may mean."""
    words = set(re.findall(r"\w+", query))
    wildcards = "*" in query and "union" in words or words & {"search", "find"}
    return {name: columns for name, columns in tables.items() if name in words} if not wildcards else tables


def main() -> int:
    wanted = queries()
    tables = schema()
    cases = [{"query": query, "schema": named_in(query, tables)} for query in wanted.values()]
    theirs = ask("kql-parse", cases)
    with tempfile.TemporaryDirectory() as folder:
        for place, query in enumerate(wanted.values()):
            Path(folder, f"{place:05}.kql").write_text(query, "utf-8")
        answer = json.loads(siemaphore("check", folder, "--format", "json").stdout)
    ours = {Path(file["path"]).name: file for file in answer["files"]}
    counts: Counter[str] = Counter()
    for place, (name, reference) in enumerate(zip(wanted, theirs)):
        file = ours[f"{place:05}.kql"]
        found = [one for one in file["diagnostics"] if one["severity"] == "error"]
        errors = [one for one in reference["diagnostics"] if one["severity"] == "Error"]
        messages = [one["message"] for one in errors]
        if any(one["code"].startswith(("KQL", "YML")) for one in found):
            counts["left out: not KQL, or no table in it"] += 1
            continue
        inferred = any(one["code"] in ("SEM0002", "SEM0009") for one in file["diagnostics"])
        if inferred or any(text in message for message in messages for text in FOREIGN):
            counts["left out: tables or functions of a workspace"] += 1
            continue
        if bool(found) != bool(errors):
            counts["verdicts that differ"] += 1
            said = found[0]["code"] + " " + found[0]["message"] if found else messages[0]
            print(f"  {'we refuse' if found else 'we accept'} {name}: {said[:150]}")
            continue
        if errors:
            counts["refused by both"] += 1
            continue
        rule = file["rules"][0]
        mine = [[column["name"], column["type"]] for column in rule["columns"]]
        if rule["open"]:
            counts["accepted by both, more columns possible"] += 1
        elif mine == reference["columns"]:
            counts["accepted by both, the same columns"] += 1
        else:
            counts["columns that differ"] += 1
            ours_only = [column for column in mine if column not in (reference["columns"] or [])]
            theirs_only = [column for column in reference["columns"] or [] if column not in mine]
            print(f"  columns of {name}: ours {str(ours_only)[:150]}, theirs {str(theirs_only)[:150]}")
    for what, count in sorted(counts.items()):
        print(f"{count:6} {what}")
    compared = sum(count for what, count in counts.items() if not what.startswith("left out"))
    differ = counts["verdicts that differ"] + counts["columns that differ"]
    print(f"names and types: {compared - differ} of {compared} answers agree ({100 * (1 - differ / compared):.1f} %)")
    return 0 if differ * 100 <= compared * 3 else 1


if __name__ == "__main__":
    sys.exit(main())
