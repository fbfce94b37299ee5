"""What each hundred human labels of accounts add, and what cheap labels add to them.

    python benchmarks/quality/accounts_labels.py [DIR] [--quick]

DIR is a folder written by `wheeltapper accounts simulate`; without it one is simulated. People
judge accounts drawn at random from those that were there at the cut (`accounts/overtime.py`), and
err in one of twenty. `two stages` is what ships (`accounts/judge.py`); `human labels alone` is the
same without its first stage. Both are judged at the end, on fraud that became known later and on
honest accounts that nobody judged. In brackets: the lowest and highest of the draws. Simulated:
what is found says nothing about another place.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from wheeltapper.accounts import judge, overtime, simulation, tables
from wheeltapper.accounts.measure import measure

BUDGETS = (200, 300, 400, 500, 600, 800, 1000)
ERROR = 0.05
DRAWS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder
        if folder is None:
            folder = Path(scratch) / "tables"
            simulation.simulate(folder, accounts=1000 if asked.quick else 3000)
        read = tables.read(folder)
    curve = measured(read, BUDGETS[:3:2] if asked.quick else BUDGETS, 1 if asked.quick else DRAWS)
    print(f"{'labels':>7}  {'human labels alone':>26}  {'two stages':>26}   (average precision)")
    for row in curve:
        cells = [
            f"{row[way]['ap']:.3f} [{row[way]['lowest']:.3f}, {row[way]['highest']:.3f}]"
            for way in ("alone", "two_stages")
        ]
        print(f"{row['labels']:>7}  {cells[0]:>26}  {cells[1]:>26}")
    print(json.dumps({"reviewer_error": ERROR, "simulated": read.simulated, "curve": curve}))


def measured(read: tables.Tables, budgets: tuple[int, ...], draws: int) -> list[dict]:
    one = overtime.cut(read)
    then, now = judge.view(one.then), judge.view(one.now)
    curve = []
    for budget in budgets:
        runs: dict[str, list[dict[str, float]]] = {"alone": [], "two_stages": []}
        for draw in range(draws):
            rng = np.random.default_rng(draw)
            there = np.flatnonzero(one.here & one.labelled)
            judged = rng.permutation(there)[:budget]
            said = one.before ^ (rng.random(read.accounts) < ERROR)
            rest = one.labelled & ~one.before
            rest[judged] = False
            for way in runs:
                made = judge.train(one.then, judged, said, base=then, cheap=way == "two_stages")
                runs[way].append(measure(one.fraud[rest], made.probability(now)[rest]))
        row: dict = {"labels": budget}
        for way, done in runs.items():
            aps = [run["ap"] for run in done]
            row[way] = {name: round(float(np.mean([r[name] for r in done])), 4) for name in done[0]}
            row[way] |= {"lowest": round(min(aps), 4), "highest": round(max(aps), 4)}
        curve.append(row)
    return curve


if __name__ == "__main__":
    main()
