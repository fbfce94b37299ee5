"""Drill: what would be found here of attacks that never happened: the user's own number.

In each round every scenario is planted once, in an overlay of the workspace, into the last days of
real history; detection goes on from a snapshot of how it stood before those days, everything is
refined with the workspace's own weights, verdicts, suppressions and budget, and the cases are
looked through for what was planted.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter
from typing import TypedDict
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa

from wheeltapper.engines.local.drill import overlay, plant
from wheeltapper.engines.local.drill.outcome import (
    Outcome,
    Refined,
    background,
    outcomes,
    wilson,
)
from wheeltapper.engines.local.drill.overlay import Opener, Workspace
from wheeltapper.engines.local.drill.past import Past, since_of
from wheeltapper.engines.local.drill.plant import Planted, Unfit
from wheeltapper.engines.local.drill.scenario import CROWD, Scenario, chosen, load
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine.budget import raised
from wheeltapper.refine.refine import stories_of
from wheeltapper.refine.unpack import unpacked

BATCH = "drill"
FEWEST_DAYS_BEFORE = 7
"""History that is needed before the first day into which is planted."""
Progress = Callable[[str, int], None]
"""What is being done, and acts judged so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A scenario that does not fit this lake, or could not be cast once more."""

    scenario: str
    round: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What came of a drill."""

    outcomes: Sequence[Outcome]
    left_out: Sequence[LeftOut]
    days: Sequence[date]
    """Into which was planted; UTC."""
    budget_cases_per_day: float
    background: float
    """Cases a day, on those days, that hold nothing planted."""
    timezone: str
    seed: int
    seconds: float
    kept: str = ""
    """Where the first round lies, to be looked at."""

    @property
    def hits(self) -> int:
        return sum(one.found for one in self.outcomes)

    @property
    def recall(self) -> float:
        """Share of what was planted that was found within the budget."""
        return self.hits / len(self.outcomes)

    @property
    def interval(self) -> tuple[float, float]:
        """Of `recall`: 95 %, by Wilson."""
        return wilson(self.hits, len(self.outcomes))

    @property
    def frame(self) -> pl.DataFrame:
        """One row an outcome; `cast` and `carried` as text."""
        rows = [
            {**row, "cast": _listed(row["cast"]), "carried": _listed(row["carried"])}
            for row in self.rows()
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def rows(self) -> list[dict[str, object]]:
        """One row an outcome, as JSON-ready values."""
        return [_values(one) for one in self.outcomes]

    def to_dict(self) -> dict[str, object]:
        """Everything, as JSON-ready values."""
        return {
            "planted": len(self.outcomes),
            "found": self.hits,
            "recall": round(self.recall, 4),
            "recall_interval": [round(x, 4) for x in self.interval],
            "told_first": sum(one.found and one.told_first for one in self.outcomes),
            "budget_cases_per_day": self.budget_cases_per_day,
            "background_cases_per_day": round(self.background, 2),
            "first_day": self.days[0].isoformat(),
            "last_day": self.days[-1].isoformat(),
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "kept": self.kept,
            "scenarios": self.rows(),
            "left_out": [dataclasses.asdict(one) for one in self.left_out],
        }


def _values(one: Outcome) -> dict[str, object]:
    return {
        **dataclasses.asdict(one),
        "cast": dict(one.cast),
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
        "score": _rounded(one.score),
        "hours_to_find": _rounded(one.hours_to_find),
        "carried": {name: round(share, 4) for name, share in one.carried},
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)


def _listed(pairs: object) -> str:
    assert isinstance(pairs, dict)  # noqa: S101 - made above
    return ", ".join(f"{name} {value}" for name, value in pairs.items())


class How(TypedDict, total=False):
    """How a drill is done."""

    days: int
    """The lake's last so many (UTC), into which is planted: 7."""
    repeat: int
    """Rounds; each casts anew: 1."""
    seed: int
    keep: str | Path | None
    """A folder that does not exist, for the first round's workspace."""
    progress: Progress | None


def drill(
    ws: Workspace, names: Sequence[str], opened: Opener, *,
    days: int = 7, repeat: int = 1, seed: int = 1, keep: str | Path | None = None,
    progress: Progress | None = None,
) -> Drill:  # fmt: skip
    """Plant scenarios into the last days of a workspace's history, in overlays, and look for them.

    Parameters
    ----------
    ws : is only read, but for the snapshot in `state/drill/`
    names : of the scenarios; all, without any
    opened : opens the workspace in a folder
    days, repeat, seed, keep, progress : as of `How`

    Raises
    ------
    WheeltapperError   for too short a history, a folder that is there, or if nothing fits.
    """
    began = perf_counter()
    scenarios = chosen(load([ws.root / "drills"]), names)
    keep = Path(keep) if keep is not None else None
    if keep is not None and keep.exists():
        raise WheeltapperError(f"{keep} is there already; name a folder that is not")
    cut, planting = _days(ws, days)
    kept = ""
    done: list[Outcome] = []
    left_out: list[LeftOut] = []
    besides: list[int] = []
    taken: set[str] = set()
    with overlay.aside(ws) as aside:

        def judging(what: str) -> Callable[[int], None] | None:
            return None if progress is None else lambda acts: progress(what, acts)

        snapshot = overlay.snapshot(ws, cut, aside, opened, judging("taking a snapshot"))
        past = Past(ws.lake, cut, since_of(ws.lake.days()))
        for number in range(1, repeat + 1):
            planted, tables, unfit = _planted(scenarios, past, ws, planting, seed, number, taken)
            left_out += unfit
            if not planted:
                continue
            folder = keep if keep is not None and not kept else aside / f"round-{number}"
            overlay.lay(ws, folder)
            if folder == keep:
                kept = str(folder)
            overlay.restore(snapshot, folder)
            laid = opened(folder)
            for one, table in zip(planted, tables, strict=True):
                laid.lake.append(table, f"{BATCH} {one.scenario.name}")
            laid.detect(progress=judging(f"round {number} of {repeat}"))
            if progress:
                progress(f"refining round {number} of {repeat}", 0)
            laid.refine()
            refined = _refined(laid)
            done += sorted(outcomes(planted, refined), key=lambda one: one.scenario)
            besides += background(planted, refined, planting)
    if not done:
        reasons = "".join(f"\n  {one.scenario}: {one.why}" for one in left_out)
        raise WheeltapperError(
            f"no scenario fits this lake; write one that does (docs/drill.md):{reasons}"
        )
    return Drill(
        outcomes=done, left_out=left_out, days=planting,
        budget_cases_per_day=ws.config.refine.budget_cases_per_day,
        background=sum(besides) / max(len(besides), 1), timezone=ws.config.timezone, seed=seed,
        seconds=perf_counter() - began, kept=kept,
    )  # fmt: skip


def _days(ws: Workspace, days: int) -> tuple[datetime, list[date]]:
    """When the first day into which is planted begins, and all of them."""
    first, last, _ = ws.lake.span()
    if first is None or last is None:
        raise WheeltapperError("there is nothing to plant into; fill the lake with: ingest")
    planting = [last.date() - timedelta(days=n) for n in range(days - 1, -1, -1)]
    cut = datetime.combine(planting[0], time(), UTC)
    if cut - first < timedelta(days=FEWEST_DAYS_BEFORE):
        there = (last - first) / timedelta(days=1)
        raise WheeltapperError(
            f"the lake spans {there:.0f} days: too few to plant into the last {days} with "
            f"{FEWEST_DAYS_BEFORE} before them; choose fewer --days, or ingest more"
        )
    return cut, planting


def _planted(
    scenarios: Sequence[Scenario], past: Past, ws: Workspace, days: Sequence[date], seed: int,
    number: int, taken: set[str],
) -> tuple[list[Planted], list[pa.Table], list[LeftOut]]:  # fmt: skip
    busy: set[str] = set()
    planted: list[Planted] = []
    tables: list[pa.Table] = []
    left_out: list[LeftOut] = []
    # Crowds are chosen last, among those who have no other part.
    for scenario in sorted(scenarios, key=lambda s: any(step.by == CROWD for step in s.step)):
        try:
            one, table = plant.plant(scenario, past, ws.lake, days, str(seed), number, taken, busy)
        except Unfit as unfit:
            left_out.append(LeftOut(scenario=scenario.name, round=number, why=str(unfit)))
            continue
        planted.append(one)
        tables.append(table)
    return planted, tables, left_out


def _refined(laid: Workspace) -> Refined:
    around, lake = laid.around(), laid.lake
    found = stories_of(
        unpacked(lake.findings()), lake, wordings=around.wordings, words=around.words,
        settings=around.settings, feedback=around.feedback,
    )  # fmt: skip
    _, bars = raised(found.stories, found.reference, around.settings)
    return Refined(
        cases=laid.cases(), findings=found.weighed, stories=found.stories,
        reference=dataclasses.replace(found.reference, bars=bars), settings=around.settings,
        zone=ZoneInfo(around.timezone),
    )  # fmt: skip
