"""Refinement: how many findings become how many cases, and what each step is worth.

    python benchmarks/quality/refine.py [DIR ...] [--clean DIR ...] [--real FILE TRUTH] [--quick]

DIR is a folder written by `wheeltapper simulate` and then `run` (without one, two are simulated:
200 people, 60 days, seeds 1 and 2; with `--quick` one of 60 people and 28 days). All findings are
refined from the beginning, with every step, and with each step left out in turn; scored as
`planted.py` does: `recall_at_10_cases_a_day` is the share of planted scenarios of which a record is
in a case among the ten highest of its day. `first` is the share that their case says first, `first
50` the share within the first fifty of all.

`--clean DIR` are folders simulated with `--no-attack` (without one: 60 people for a year, seed 13;
not with `--quick`). `cases_a_day_clean` is the mean of cases a day after the first two weeks, with
an interval from drawing weeks anew; `cases_a_day_clean_range` holds 95 % of the days.

`--real FILE TRUTH` is a git history in the form of `../shared/data/git/php-impostors.*` (used where
it is there): real background, real people's commits put under others' names. Recall there is the
share of such runs of which a commit is in a case among the ten highest of its day.

A step that is left out leaves what comes to it as it is; nothing else is changed.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import numpy as np
import planted
import polars as pl

from wheeltapper import config, workspace
from wheeltapper.case import Case
from wheeltapper.refine import refine as steps
from wheeltapper.simulate import simulate
from wheeltapper.workspace import Workspace

REAL = Path(__file__).parents[3] / "shared" / "data" / "git"
PER_DAY = planted.PER_DAY
DRAWS = 1_000
SETTLED_DAYS = 14
LEFT_OUT: Mapping[str, Mapping[str, object]] = {
    "relieve": {"relieve": lambda found: found.filter(pl.col("evidence") > 0)},
    "habit": {"habit": lambda found, known: found.with_columns(days_before=pl.lit(0))},
    "calibrate": {"calibrate": lambda found, known: found.with_columns(rarity=pl.lit(0.0))},
    "discount": {
        "discount": lambda found: found.with_columns(
            together=pl.lit(1, pl.UInt32), alone=pl.col("evidence")
        )
    },
    "campaign": {"campaigns": lambda *_, **__: []},
    "warm_up": {"warm_up": lambda found, days: found.with_columns(warm="evidence")},
    "link": {"ties": lambda lake, stories, found: _no_ties()},
}
"""What stands in the place of each step."""


def _no_ties() -> pl.DataFrame:
    from wheeltapper.refine.tie import SCHEMA

    return pl.DataFrame(schema=SCHEMA)


@contextmanager
def without(step: str) -> Iterator[None]:
    with ExitStack() as stack:
        for name, stand_in in LEFT_OUT.get(step, {}).items():
            stack.enter_context(mock.patch.object(steps, name, stand_in))
        yield


@contextmanager
def simulated(folders: Sequence[Path], quick: bool) -> Iterator[list[planted.Judged]]:
    """What `planted.py` knows of each folder."""
    with ExitStack() as stack:
        if folders:
            yield [stack.enter_context(planted.opened(f, quick=quick)) for f in folders]
            return
        name = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        people, days, seeds = (60, 28, (1,)) if quick else (200, 60, (1, 2))
        for seed in seeds:
            simulate(name / str(seed), people=people, days=days, seed=seed)
            workspace.open(name / str(seed)).run(name / str(seed) / "logs")
        yield [stack.enter_context(planted.opened(name / str(seed), quick=quick)) for seed in seeds]


def refined(judged: planted.Judged, step: str) -> list[Case]:
    with without(step):
        return judged.ws.remade()


def ablation(all_of: Sequence[planted.Judged]) -> dict[str, dict[str, object]]:
    """What is found with every step, and without each."""
    table: dict[str, dict[str, object]] = {}
    print(f"  {'without':12}{'recall@10':>11}{'first':>8}{'first 50':>10}{'cases':>8}")
    for step in ("", *LEFT_OUT):
        outcomes, cases, number = [], [], 0
        for judged in all_of:
            made = refined(judged, step)
            mine = judged.placed(made)
            outcomes += planted.outcomes(judged.planted, mine)
            cases += mine
            number += len(made)
        told = planted.figures(outcomes, cases)
        table[step or "nothing"] = {**told, "all_cases": number}
        print(
            f"  {step or '(nothing)':12}{told['recall_at_10_cases_a_day']:>11.3f}"
            f"{told['recall_told_first_at_10']:>8.3f}{told['recall_in_first_50']:>10.3f}"
            f"{number:>8}"
        )
    return table


def a_day(cases: Sequence[Case], first: date, last: date) -> np.ndarray:
    """Stories raised on each day after the first two weeks."""
    days = [first + timedelta(days=n) for n in range(SETTLED_DAYS, (last - first).days + 1)]
    counts = dict.fromkeys(days, 0)
    for case in cases:
        if case.kind == "story" and case.start.date() in counts:
            counts[case.start.date()] += 1
    return np.array(list(counts.values()))


def clean(folders: Sequence[Path]) -> dict[str, object]:
    """Cases a day where nobody attacks."""
    with tempfile.TemporaryDirectory() as name:
        if not folders:
            folder = Path(name) / "year"
            simulate(folder, people=60, days=365, seed=13, attack=False)
            workspace.open(folder).run(folder / "logs")
            folders = [folder]
        counts = []
        for folder in folders:
            ws = workspace.open(folder)
            first, last, _ = ws.lake.span()
            if first is None or last is None:
                sys.exit(f"{folder} holds no acts: wheeltapper -w {folder} run {folder}/logs")
            counts.append(a_day(ws.remade(), first.date(), last.date()))
    every = np.concatenate(counts)
    weeks = every[: every.size // 7 * 7].reshape(-1, 7)
    rng = np.random.default_rng(0)
    means = [weeks[rng.integers(0, len(weeks), len(weeks))].mean() for _ in range(DRAWS)]
    low, high = np.quantile(every, [0.025, 0.975])
    interval = np.quantile(means, [0.025, 0.975])
    return {
        "clean_days": int(every.size),
        "cases_a_day_clean": round(float(every.mean()), 3),
        "cases_a_day_clean_interval": [round(float(x), 3) for x in interval],
        "cases_a_day_clean_range": [float(low), float(high)],
        "budget_cases_per_day": config.Refine().budget_cases_per_day,
    }  # fmt: skip


def real(file: Path, truth: Path) -> dict[str, object]:
    """Runs of commits under others' names in a real history, and the cases a day there."""
    runs = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as name:
        ws = workspace.init(Path(name) / "work")
        logs = Path(name) / "logs"
        logs.mkdir()
        shutil.copy(file, logs / file.name)
        ws.run(logs, source="git")
        found = _ranks(ws)
        first, last, _ = ws.lake.span()
        days = (last - first).days if first and last else 1
        number = len(ws.cases())
    wanted = [set(map(str, run.get("commits", run.get("native_ids", ())))) for run in runs]
    wanted = [one for one in wanted if one]
    seen = sum(any(found.get(c, PER_DAY + 1) <= PER_DAY for c in one) for one in wanted)
    return {
        "real_runs": len(wanted),
        "recall_at_10_cases_a_day_real": round(seen / max(len(wanted), 1), 4),
        "recall_at_10_cases_a_day_real_interval": [
            round(x, 4) for x in planted.wilson(seen, len(wanted))
        ],
        "cases_a_day_real": round(number / max(days, 1), 3),
    }


def _ranks(ws: Workspace) -> dict[str, int]:
    """Native ids with the best place, among the cases of its day, of a case that rests on them."""
    seen: dict[date, int] = {}
    best: dict[str, int] = {}
    for case in ws.cases():
        day = case.start.date()
        seen[day] = seen.get(day, 0) + 1
        for native in case.native_ids:
            best[native] = min(best.get(native, seen[day]), seen[day])
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", metavar="DIR", type=Path, nargs="*")
    parser.add_argument("--clean", metavar="DIR", type=Path, nargs="*", default=[])
    parser.add_argument("--real", metavar=("FILE", "TRUTH"), type=Path, nargs=2)
    parser.add_argument("--quick", action="store_true", help="a small organisation, no year")
    asked = parser.parse_args()
    with simulated(asked.folders, asked.quick) as all_of:
        findings = sum(len(judged.ws.lake.findings()) for judged in all_of)
        table = ablation(all_of)
    whole = table["nothing"]
    told: dict[str, object] = {
        "findings": findings,
        "cases": whole["all_cases"],
        "reduction": round(findings / max(int(str(whole["all_cases"])), 1), 2),
        **{k: v for k, v in whole.items() if k.startswith(("recall", "precision", "scenarios"))},
    }
    if asked.clean or not asked.quick:
        told |= clean(asked.clean)
    files = asked.real or [REAL / "php-impostors.ndjson.gz", REAL / "php-impostors.truth.ndjson"]
    if files[0].exists() and (asked.real or not asked.quick):
        told |= real(*files)
    for name, value in told.items():
        print(f"  {name:40} {value}")
    print(json.dumps({**told, "ablation": table}))


if __name__ == "__main__":
    main()
