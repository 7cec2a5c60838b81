#!/usr/bin/env python3
"""Five hundred valid queries with one token dropped, doubled or swapped: do we and Microsoft's own parser agree?

The draw is fixed by a seed, which may be given as an argument. Exit code 1 when fewer than 97 of 100 verdicts agree.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from pathlib import Path

from referee import SHARED, ask, siemaphore

TOKEN = re.compile(
    r'''//[^\n]*|[hH]?@?"(?:[^"\\\n]|\\.)*"|[hH]?@?'(?:[^'\\\n]|\\.)*'|!?\w+~?(?:-[a-z]+)*|==|=~|!=|!~|<=|>=|\.\.|\s+|.'''
)


def mutants(query: str, chance: random.Random) -> list[tuple[str, str]]:
    """The query with one token dropped, one doubled, two neighbours swapped."""
    made = []
    for kind in ("drop", "double", "swap"):
        tokens = TOKEN.findall(query)
        places = [at for at, token in enumerate(tokens) if not token.isspace() and not token.startswith("//")]
        if len(places) < 3:
            continue
        chosen = chance.randrange(len(places) - 1)
        at, after = places[chosen], places[chosen + 1]
        if kind == "drop":
            tokens[at] = " "
        elif kind == "double":
            tokens[at] = f"{tokens[at]} {tokens[at]}"
        else:
            tokens[at], tokens[after] = tokens[after] + " ", " " + tokens[at]
        made.append((kind, "".join(tokens)))
    return made


def main() -> int:
    chance = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    table = (SHARED / "data" / "corpus" / "reference-parse.tsv").read_text("utf-8").splitlines()[1:]
    accepted = [row.split("\t")[0] for row in table if row.split("\t")[1] == "ok"]
    files = [SHARED / "data" / "corpus" / name for name in accepted if name.startswith("kql/")]
    queries = [text for text in (file.read_text("utf-8-sig") for file in files) if len(text) < 6000]
    chance.shuffle(queries)
    made = [mutant for query in queries[:500] for mutant in mutants(query, chance)]
    theirs = [answer["ok"] for answer in ask("kql-parse", [{"query": query} for _, query in made])]
    with tempfile.TemporaryDirectory() as folder:
        for place, (_, query) in enumerate(made):
            Path(folder, f"{place:05}.kql").write_text(query, "utf-8")
        answer = json.loads(siemaphore("check", folder, "--format", "json").stdout)
    # Names and types are not the parser's business: only `KQL` codes are.
    ours = {
        Path(file["path"]).name: not any(found["code"].startswith("KQL") for found in file["diagnostics"])
        for file in answer["files"]
    }
    differ = [
        (kind, query, reference)
        for place, ((kind, query), reference) in enumerate(zip(made, theirs))
        if ours.get(f"{place:05}.kql", False) != reference
    ]
    agreed = len(made) - len(differ)
    print(f"mutations: {agreed} of {len(made)} verdicts agree ({100 * agreed / len(made):.1f} %)")
    for kind, query, reference in differ[:10]:
        print(f"  {kind}: the reference {'accepts' if reference else 'refuses'} {json.dumps(query)[:160]}")
    return 0 if agreed * 100 >= len(made) * 97 else 1


if __name__ == "__main__":
    sys.exit(main())
