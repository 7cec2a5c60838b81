#!/usr/bin/env python3
"""Sentinel templates are what Microsoft's packaging tool makes of a rule, property by property, and valid.

Where the tool is wrong, or the rule is, the exception stands below with its reason; one that is not needed any more is a
failure too. Then every template made of the published rules goes through the outside validator, alone and combined.
"""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from referee import REFEREE, SHARED, siemaphore

PAIRS = SHARED / "data" / "arm-pairs"
CORPUS = SHARED / "data" / "corpus" / "yaml"

# Forms of templates in packages, and what the deployment decides.
IGNORED = {"eTag", "version", "enabled", "status", "requiredDataConnectors", "templateVersion", "alertRuleTemplateName"}
# What the tool writes whatever the rule says; compared where the rule made us write something else.
SUPPRESSION = {"suppressionDuration": "PT1H", "suppressionEnabled": False}

SCHEDULED = "the tool copied `kind: scheduled`, which the service refuses"
HIGH = "the tool copied `severity: high`, which the service refuses"
LOOKBACK = "the tool copied `lookbackDuration: 3d`, which is no ISO 8601 duration"
# Rule: for each property where we differ the reason.
EXCEPTIONS = {
    "fork2022/Vectra_AI_Detect/VectraDetect-HighSeverityDetection-by-Tactics": {"kind": SCHEDULED},
    "fork2022/Vectra_AI_Detect/VectraDetect-Host-by-Severity": {"kind": SCHEDULED},
    "fork2022/Vectra_AI_Detect/VectraDetect-NewCampaign": {"kind": SCHEDULED},
    "fork2022/Vectra_AI_Detect/VectraDetect-Suspected-Behavior-by-Tactics": {"kind": SCHEDULED},
    "fork2022/ImpervaCloudWAF/ImpervaAdminPanelUncommonIp": {"severity": HIGH},
    "fork2022/ImpervaCloudWAF/ImpervaAttackNotBlocked": {"severity": HIGH},
    "fork2022/ImpervaCloudWAF/ImpervaSuspiciousDstPort": {"severity": HIGH},
    "fork2022/AristaAwakeSecurity/HighSeverityMatchesByDevice": {"incidentConfiguration": LOOKBACK},
    "fork2022/AristaAwakeSecurity/ModelMatchesWithMultipleDestinationsByDevice": {"incidentConfiguration": LOOKBACK},
    "fork2022/Zscaler_Private_Access_(ZPA)/ZscalerZPAUnexpectedSessionDuration": {
        "queryPeriod": "`24h` is `PT24H` there and `P1D` here, which are the same duration; one form for each length"
    },
    "fork2022/MicrosoftDefenderForEndpoint/HQ_MDE_Process-IOCs": dict.fromkeys(
        ["category", "description", "entityMappings", "kind", "queryFrequency", "queryPeriod", "severity", "tactics",
         "tags", "triggerOperator", "triggerThreshold", "type"],
        "an analytics rule (`kind: Scheduled`) that the package holds as a hunting query because of its folder",
    ),
}  # fmt: skip
# Rules that are refused as a whole: the codes that say why, and what the reference parser says of the query.
BROKEN = {
    "fork2022/CiscoDuoSecurity/HQ_CiscoDuoNewUsers": (["KQL0002"], '`where DvcAction "user_create"`; KS005'),
    "fork2022/Snowflake/HQ_SnowflakeTimeConsumingQueries": (["KQL0002"], "begins with `| let`; KS198"),
    "fork2022/VMWareESXi/HQ_ESXiUnusedVMs": (["KQL0002"], "pipes after a semicolon; KS198"),
    "fork2022/CiscoSEG/HQ_CiscoSEGSpamMails": (["SEM0003"], "`summarize count by`; KS117 where the table is known"),
    "fork2022/CiscoSEG/HQ_CiscoSEGUsersReceivedSpam": (["SEM0003"], "the same"),
    "fork2022/OCILogs/HQ_OCIDestinationsOut": (["SEM0001"], "a column that `summarize` has dropped; KS142"),
    "fork2022/VMWareESXi/ESXiDormantVMStarted": (["SEM0013"], "`datetime(now)`, which the manual does not have"),
    "fork2022/CiscoSecureEndpoint/HQ_CiscoSEMaliciousFiles": (["YML0104"], "`severity: Hight`; the tool drops it"),
}


def plain(value: Any) -> Any:
    """Without white space at the ends of lines and without what is empty."""
    if isinstance(value, str):
        return "\n".join(line.rstrip() for line in value.replace("\r", "").split("\n")).rstrip()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        members = {key: plain(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member not in ([], {}, None)}
    return value


def said(resource: dict[str, Any], of_2022: bool, no_techniques: bool) -> dict[str, Any]:
    """What is compared of a resource."""
    properties = plain(resource["properties"])
    kept = {key: value for key, value in properties.items() if key not in IGNORED}
    for key, usual in SUPPRESSION.items():
        if kept.get(key) == usual:
            del kept[key]
    if of_2022:
        kept.pop("techniques", None)
        kept.pop("subTechniques", None)
    if no_techniques and "tags" in kept:
        kept["tags"] = [tag for tag in kept["tags"] if tag["name"] != "techniques"]
    name = resource["type"].rsplit("/", 1)[-1].lower()
    # Packages hold analytics rules as templates of alert rules.
    kept["type"] = "alertrules" if name == "alertruletemplates" else name
    return kept | ({"kind": resource["kind"]} if "kind" in resource else {})


def built(folder: Path, out: Path) -> dict[str, dict[str, Any]]:
    """The manifest's entries of a folder's rules, built for Sentinel, by path without extension."""
    done = siemaphore("-q", "build", str(folder), "--target", "sentinel", "--out", str(out))
    if done.returncode == 2:
        sys.exit(done.stderr)
    rules = json.loads((out / "manifest.json").read_text("utf-8"))["rules"]
    return {rule["path"].rsplit(".", 1)[0]: rule for rule in rules}


def compare_pairs(scratch: Path) -> int:
    """Every pair; the number of failures."""
    for yaml in PAIRS.rglob("*.yaml"):
        copy = scratch / "pairs" / yaml.relative_to(PAIRS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(yaml.read_bytes())
    rules = built(scratch / "pairs", scratch / "out")
    checked = json.loads(siemaphore("check", str(scratch / "pairs"), "--format", "json").stdout)["files"]
    codes = {
        str(Path(file["path"]).relative_to(scratch / "pairs").with_suffix("")):
            sorted({said["code"] for said in file["diagnostics"] if said["severity"] == "error"})
        for file in checked
    }  # fmt: skip
    agree, excepted, broken, compared, failures = 0, 0, 0, collections.Counter(), []
    pairs = sorted(PAIRS.rglob("*.expected.json"))
    for expected in pairs:
        name = expected.relative_to(PAIRS).as_posix().removesuffix(".expected.json")
        if rules[name]["status"] != "ok":
            broken += 1
            if codes[name] != BROKEN.get(name, ([], ""))[0]:
                failures.append(f"{name}: refused with {' '.join(codes[name])}")
            continue
        if name in BROKEN:
            failures.append(f"{name}: is not refused any more")
        theirs = json.loads(expected.read_text("utf-8-sig"))
        ours = json.loads((scratch / "out" / rules[name]["artifacts"][0]["path"]).read_text("utf-8"))["resources"][0]
        if str(uuid.UUID(rules[name]["id"])) not in ours["name"]:
            failures.append(f"{name}: the resource is not named after the rule: {ours['name']}")
        of_2022 = name.startswith("fork2022/")
        tags = [tag["name"] for tag in theirs["properties"].get("tags", [])]
        sides = [said(side, of_2022, of_2022 and "techniques" not in tags) for side in (theirs, ours)]
        keys = sides[0].keys() | sides[1].keys()
        compared.update(keys)
        different = {key for key in keys if sides[0].get(key) != sides[1].get(key)}
        argued = EXCEPTIONS.get(name, {}).keys()
        for key in sorted(different - argued):
            failures.append(f"{name}: {key}: expected {sides[0].get(key)!r:.200}, found {sides[1].get(key)!r:.200}")
        for key in sorted(argued - different):
            failures.append(f"{name}: {key}: the exception is not needed any more")
        agree += not different
        excepted += bool(different) and different <= argued
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"pairs: {agree} of {len(pairs)} agree, {excepted} differ with a reason, {broken} are refused with a reason")
    print("  compared: " + ", ".join(f"{key} {count}" for key, count in sorted(compared.items())))
    return len(failures) + (0 if pairs else 1)


def validate(scratch: Path) -> int:
    """Every template of the corpus by the outside validator; the number of failures."""
    rules = built(CORPUS, scratch / "corpus")
    templates = sorted((scratch / "corpus" / "sentinel").rglob("*.json"))
    done = subprocess.run(
        [sys.executable, REFEREE, "arm-check", *map(str, templates)], capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode == 2 or not done.stdout:
        sys.exit(f"the referee does not answer `arm-check`: {done.stderr.strip()}")
    refused = [answer for answer in json.loads(done.stdout) if not answer["ok"]]
    for answer in refused:
        print(f"FAIL {json.dumps(answer)[:400]}")
    kinds = collections.Counter()
    for template in templates:
        resources = json.loads(template.read_text("utf-8"))["resources"]
        kinds.update(resource.get("kind", "hunting") for resource in resources)
    said = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    print(f"corpus: {len(templates) - len(refused)} of {len(templates)} accepted by `arm-check` ({said})")
    missing = [path for path, rule in rules.items() if rule["status"] == "ok" and not rule["artifacts"][0]["path"]]
    for path in missing:
        print(f"FAIL {path} compiles and has no template")
    combined = scratch / "corpus" / "sentinel" / "azuredeploy.json"
    print("  with the combined template" if combined in templates else "  SKIPPED the combined template: not built")
    return len(refused) + len(missing) + (0 if templates else 1)


def main() -> int:
    if not PAIRS.is_dir() or not CORPUS.is_dir():
        print(f"SKIPPED Sentinel templates: no pairs and rules below {SHARED / 'data'}")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        failures = compare_pairs(Path(scratch)) + validate(Path(scratch))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
