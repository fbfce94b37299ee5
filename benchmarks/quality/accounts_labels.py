"""What each hundred human labels of accounts add, and what cheap labels add to them.

    python benchmarks/quality/accounts_labels.py [--worlds N] [--quick]

Each world is simulated anew (3,000 honest accounts, seed 101 and on, another than those that
anything was chosen on). People judge accounts drawn at random from those that were there at the cut
(`accounts/overtime.py`), and err in one of twenty. `alone` learns from them; `two stages` has the
first stage before it; `chosen` is what ships: two stages where they tell the judged accounts better
by folds (`judge.helps`). All are judged at the end, on fraud that became known later and on honest
accounts that nobody judged. Means over the worlds with 95 % intervals (Student's t); gains are
differences within a world. Simulated: what is found says nothing about another place.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from wheeltapper.accounts import judge, overtime, simulation, tables
from wheeltapper.accounts.measure import NAMES, measure, summary

BUDGETS = (200, 300, 400, 500, 600, 1000)
ERROR = 0.05
WORLDS = 10
FIRST = 101
WAYS = ("alone", "two_stages", "chosen")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    worlds = min(asked.worlds, 2) if asked.quick else asked.worlds
    budgets = BUDGETS[:3:2] if asked.quick else BUDGETS
    runs = []
    for seed in range(FIRST, FIRST + worlds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "tables"
            simulation.simulate(folder, accounts=1000 if asked.quick else 3000, seed=seed)
            runs.append(measured(tables.read(folder), budgets, seed))
        print(json.dumps({"world": seed, "rows": runs[-1]}), file=sys.stderr, flush=True)
    print(json.dumps({"reviewer_error": ERROR, "simulated": True, **told(runs, budgets)}))


def measured(read: tables.Tables, budgets: tuple[int, ...], seed: int) -> list[dict]:
    """Figures of each way, at each number of labels; more labels hold the fewer."""
    one = overtime.cut(read)
    then, now = judge.view(one.then), judge.view(one.now)
    first = judge.first_stage(one.then, then)
    if first is None:
        raise SystemExit("nobody is reported in this world")
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.flatnonzero(one.here & one.labelled))
    said = one.before ^ (rng.random(read.accounts) < ERROR)
    rest = one.labelled & ~one.before
    rest[order[: max(budgets)]] = False
    staged = judge.staged(then, first)
    rows = []
    for budget in budgets:
        judged = order[:budget]
        alone, two = (judge.crossed(columns, judged, said) for columns in (then, staged))
        row: dict = {"labels": budget}
        for way, found, stage in (("alone", alone, None), ("two_stages", two, first)):
            made = judge.decided(found, judged, said, stage)
            row[way] = measure(one.fraud[rest], made.probability(now)[rest])
        row["two_chosen"] = judge.helps(alone.losses, two.losses)
        row["chosen"] = row["two_stages" if row["two_chosen"] else "alone"]
        rows.append(row)
    return rows


def told(runs: list[list[dict]], budgets: tuple[int, ...]) -> dict:
    """Means and halves of intervals, as a table and for JSON."""
    print(f"{'labels':>7} {'alone':>15} {'two stages':>15} {'chosen':>15} {'gain of two':>16}"
          f" {'gain of chosen':>16} {'two chosen':>10}   (average precision)")  # fmt: skip
    curve = []
    for k, budget in enumerate(budgets):
        rows = [run[k] for run in runs]
        row: dict = {"labels": budget, "worlds": len(rows)}
        row |= {way: spread([r[way] for r in rows]) for way in WAYS}
        for way in WAYS[1:]:
            row[f"gain_{way}"] = spread(
                [{name: r[way][name] - r["alone"][name] for name in NAMES} for r in rows]
            )
        if k:
            row["added_by_labels"] = spread(
                [{n: run[k]["chosen"][n] - run[k - 1]["chosen"][n] for n in NAMES} for run in runs]
            )
        row["two_chosen"] = sum(r["two_chosen"] for r in rows)
        cells = [f"{row[way]['ap']:.3f} ± {row[way]['ap_half_interval']:.3f}" for way in WAYS]
        gains = [
            f"{row[f'gain_{way}']['ap']:+.3f} ± {row[f'gain_{way}']['ap_half_interval']:.3f}"
            for way in WAYS[1:]
        ]
        print(f"{budget:>7} {' '.join(f'{c:>15}' for c in cells)}"
              f" {' '.join(f'{g:>16}' for g in gains)} {row['two_chosen']:>10}")  # fmt: skip
        curve.append(row)
    return {"curve": curve}


def spread(runs: list[dict[str, float]]) -> dict[str, float]:
    """Means, and halves of their 95 % intervals."""
    made = {}
    for name, (value, half) in summary(runs).items():
        made |= {name: round(value, 4), f"{name}_half_interval": round(half, 4)}
    return made


if __name__ == "__main__":
    main()
