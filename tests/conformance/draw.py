#!/usr/bin/env python3
"""Draws artifacts of a bundle for reviewers: `draw.py RULES TARGET COUNT SEED OUT [--native-names]`.

Builds RULES, draws COUNT artifacts of TARGET, and writes each to a file in OUT beside its rule and its manifest entry.
The same seed draws the same artifacts of the same bundle.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

from referee import siemaphore


def main() -> int:
    options = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    rules, target, count, seed, out = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder, "bundle")
        siemaphore("build", rules, "--target", target, "--out", str(bundle), "-q", *options)
        manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
        written = [
            (rule, artifact)
            for rule in manifest["rules"]
            for artifact in rule["artifacts"]
            if artifact["path"] and (artifact["names"] == "native") == ("--native-names" in options)
        ]
        drawn = random.Random(int(seed)).sample(written, min(int(count), len(written)))
        for number, (rule, artifact) in enumerate(drawn, 1):
            place = Path(out, f"{number:02}")
            place.mkdir(parents=True)
            source = Path(rules, rule["path"])
            shutil.copyfile(source, place / f"rule{source.suffix}")
            shutil.copyfile(bundle / artifact["path"], place / f"artifact{Path(artifact['path']).suffix}")
            (place / "verdict.json").write_text(json.dumps(artifact, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(drawn)} of {len(written)} artifacts for {target}, seed {seed}, in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
