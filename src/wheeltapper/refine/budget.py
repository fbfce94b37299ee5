"""Budget: which stories become cases, so that there are as many as somebody will read.

A story becomes a case if its score reaches the bar of the day on which it begins. The bar follows
from history: after each day it moves up if more were raised than the budget and down if fewer,

    bar[d + 1] = max(LEAST, bar[d] + GAIN * (min(raised[d], most) - budget) / budget)

(quantile tracking; Gibbs and Candes, NeurIPS 2021; Angelopoulos, Candes and Tibshirani, NeurIPS
2023). Nothing is assumed of how scores are distributed, or that they stay so: summing this over T
days, the mean of what was raised (of a day no more than `most`, BURST budgets, counted) is within

    budget * (1 + (bar[T + 1] - bar[1]) / (GAIN * T))

and the bar cannot climb beyond the highest score by more than one day's step. The day itself has
no limit: forty attacks on one day are forty cases, and what they move the bar by is bounded.

The same is done for each application and each team that has a budget of its own; a story has to
reach every bar that is its. What is below the bar stays a finding, and nothing is lost.
"""

import math
from collections.abc import Mapping

import polars as pl

from wheeltapper import config
from wheeltapper.refine.reference import BARS, FIRST_DAYS, Reference

GAIN = 0.25
"""Bits by which the bar falls after a day without a case."""
BURST = 3.0
"""Budgets, or cases where the budget is below one a day."""
LEAST = 4.0
"""log2 of N: what one in sixteen actor-days shows is nobody's case, who ever has time, ..."""
LEAST_EVIDENCE = 3.0
"""Bits: what is not eight times as likely on an intruder's day is no case, however rare, ..."""
SPEAKS_FOR_ITSELF = 9.0
"""... unless too few actor-days are known to call anything rare (an hour of logs): then a story
counts whose evidence, in bits, is that of a rule of high level."""
EVERYONE = ""


def raised(
    stories: pl.DataFrame, reference: Reference, settings: config.Refine
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The stories that become cases, most unusual first, and the bars (`BARS`) of all days.

    Parameters
    ----------
    stories : with `start, score, known, evidence, app, team`
    reference : has the days of the stories; days that have bars there keep them
    """
    named = stories.with_columns(day=pl.col("start").dt.date()).sort("day")
    by_day = {key[0]: part for key, part in named.group_by("day", maintain_order=True)}
    budgets = _budgets(settings)
    kept = _kept(reference.bars)
    now = _opening(budgets, reference)
    chosen, rows = [], []
    for day in reference.active["day"].unique().sort().to_list():
        known = kept.get(day, {})
        now = {scope: known[scope][0] if scope in known else now[scope] for scope in budgets}
        mine = by_day.get(day, named.clear()).filter(_reaches(now, budgets))
        chosen.append(mine)
        # Of a day that is known not all stories may be here.
        count = {
            scope: known[scope][1] if scope in known else len(mine.filter(_within(scope)))
            for scope in budgets
        }
        rows += [(day, scope, now[scope], count[scope]) for scope in budgets]
        now = {scope: _moved(now[scope], count[scope], budgets[scope]) for scope in budgets}
    most_unusual = pl.concat(chosen or [named.clear()]).sort(
        ["score", "evidence", "start", "entity_type", "entity"],
        descending=[True, True, False, False, False],
    )
    return most_unusual.drop("day"), pl.DataFrame(rows, schema=BARS, orient="row")


def _budgets(settings: config.Refine) -> dict[str, float]:
    """Cases a day by scope: of everyone, `app:NAME`, `team:NAME`."""
    return {
        EVERYONE: settings.budget_cases_per_day,
        **{f"app:{name}": n for name, n in sorted(settings.budget_by_application.items())},
        **{f"team:{name}": n for name, n in sorted(settings.budget_by_team.items())},
    }


def _opening(budgets: Mapping[str, float], reference: Reference) -> dict[str, float]:
    """Where bars begin: where a calibrated score would meet the budget of everyone."""
    actors = reference.active.filter(
        (pl.col("entity_type") == "actor")
        & (pl.col("day") < pl.col("day").min().dt.offset_by(f"{FIRST_DAYS}d"))
    )
    days = max(actors["day"].n_unique(), 1)
    a_day = float(actors["n"].sum()) / days
    everyone = math.log2(max(a_day / max(budgets[EVERYONE], 1e-9), 1.0))
    return {s: max(LEAST, everyone if s == EVERYONE else LEAST) for s in budgets}


def _kept(bars: pl.DataFrame) -> dict[object, dict[str, tuple[float, int]]]:
    kept: dict[object, dict[str, tuple[float, int]]] = {}
    for day, scope, bar, count in bars.iter_rows():
        kept.setdefault(day, {})[scope] = (bar, count)
    return kept


def _within(scope: str) -> pl.Expr:
    kind, _, name = scope.partition(":")
    return pl.col(kind) == name if kind else pl.lit(True)


def _reaches(bars: Mapping[str, float], budgets: Mapping[str, float]) -> pl.Expr:
    reaches = pl.lit(True)
    for scope in budgets:
        reaches &= ~_within(scope).fill_null(False) | (pl.col("score") >= bars[scope])
    # The rarest that could have been counted is not rare enough.
    thin = (pl.col("known") + 1).log(2) < bars[EVERYONE] + 1
    said = pl.col("evidence") >= LEAST_EVIDENCE
    return (reaches & said) | (thin & (pl.col("evidence") >= SPEAKS_FOR_ITSELF))


def _moved(bar: float, raised: int, budget: float) -> float:
    over = (min(raised, most_counted(budget)) - budget) / budget
    return max(LEAST, bar + GAIN * over)


def most_counted(budget: float) -> float:
    """Cases of one day that move the bar; it is not moved further by more."""
    return BURST * max(budget, 1.0)
