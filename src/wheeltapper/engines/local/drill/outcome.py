"""Outcome: what became of a planted scenario: found or not, how high, how soon, and by what.

It is *found* if a case rests on one of its acts and stands, among the cases that begin on the same
day, within the budget; cases of other planted scenarios are not counted there. It is *told first*
if the case's weightiest finding rests on one of its acts: the case is about it, and does not only
touch it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from wheeltapper import config
from wheeltapper.case import Case
from wheeltapper.engines.local.drill.plant import Planted
from wheeltapper.refine.budget import EVERYONE, LEAST, LEAST_EVIDENCE, raised
from wheeltapper.refine.calibrate import scores
from wheeltapper.refine.combine import STORY, combine
from wheeltapper.refine.reference import Reference

SILENT, WEAK, CROWDED = "not said", "too weak", "crowded out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One scenario in one round."""

    scenario: str
    about: str
    round: int
    actor: str
    cast: Mapping[str, str]
    first: datetime
    """Of its acts."""
    last: datetime
    acts: int
    found: bool = False
    told_first: bool = False
    rank: int | None = None
    """Among all cases."""
    rank_in_day: int | None = None
    """Among those that begin on the same day, without those of other scenarios."""
    score: float | None = None
    """log2 of N in one in N actor-days: of the case, or of the story that was none."""
    hours_to_find: float | None = None
    """From its first act to the finding with which there would have been a case."""
    carried: Sequence[tuple[str, float]] = ()
    """Detectors, and what share of the evidence is theirs."""
    case: str = ""
    entity: str = ""
    headline: str = ""
    lost: str = ""
    """`SILENT`, `WEAK` or `CROWDED`; empty where it was found."""
    why: str = ""
    """The same in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """What refinement made of a drilled workspace."""

    cases: Sequence[Case]
    findings: pl.DataFrame
    """Weighed, with the `STORY` they belong to."""
    stories: pl.DataFrame
    reference: Reference
    """With the bar of each day."""
    settings: config.Refine
    zone: ZoneInfo

    @property
    def most(self) -> int:
        """Cases that the reader of a day reads."""
        return max(1, int(self.settings.budget_cases_per_day))


def outcomes(planted: Sequence[Planted], refined: Refined) -> list[Outcome]:
    """What became of each scenario of a round."""
    all_of_them = frozenset().union(*(one.native_ids for one in planted))
    cases = sorted(refined.cases, key=lambda case: case.rank)
    held = {case.id: frozenset(case.native_ids) & all_of_them for case in cases}
    return [_outcome(one, cases, held, refined) for one in planted]


def background(planted: Sequence[Planted], refined: Refined, days: Sequence[date]) -> list[int]:
    """Cases of each day that hold nothing planted: what is read besides."""
    ids = frozenset().union(*(one.native_ids for one in planted))
    counts = dict.fromkeys(days, 0)
    for case in refined.cases:
        day = case.start.astimezone(refined.zone).date()
        if day in counts and not ids & frozenset(case.native_ids):
            counts[day] += 1
    return list(counts.values())


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Interval for a share, 95 % (Wilson, 1927)."""
    if not of:
        return 0.0, 1.0
    z = 1.959964
    share, spread = hits / of, z * z / of
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / of / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def _outcome(
    one: Planted, cases: Sequence[Case], held: Mapping[str, frozenset[str]], refined: Refined
) -> Outcome:  # fmt: skip
    told = {
        "scenario": one.scenario.name, "about": one.scenario.about, "round": one.round,
        "actor": one.lead, "cast": one.cast, "first": one.first, "last": one.last,
        "acts": len(one.events),
    }  # fmt: skip
    said = _said(one, refined.findings)
    mine = [case for case in cases if held[case.id] & one.native_ids]
    firsts = [case for case in mine if _first(case) & one.events]
    if not mine:
        lost, why, score = _lost(said, refined)
        return Outcome(**told, lost=lost, why=why, score=score)  # type: ignore[arg-type]  # as above
    case = (firsts or mine)[0]
    place = _place(case, cases, held, one, refined.zone)
    within = place <= refined.most
    story = said.filter(
        pl.col("entity_type") == case.entity_type, pl.col("entity") == case.entity,
        pl.col("time") >= case.start - timedelta(seconds=1), pl.col("time") <= case.end,
    )  # fmt: skip
    key = (story if len(story) else said).sort("evidence", descending=True).select(STORY).head(1)
    whole = refined.findings.join(key, on=STORY, how="semi", nulls_equal=True)
    return Outcome(
        **told,  # type: ignore[arg-type]  # as above
        found=within, told_first=bool(firsts), rank=case.rank, rank_in_day=place,
        score=case.score, hours_to_find=_hours(one, said, whole, refined),
        carried=_carried(said.join(key, on=STORY, how="semi", nulls_equal=True)),
        case=case.id, entity=case.entity, headline=case.headline,
        lost="" if within else CROWDED,
        why="" if within else f"number {place} of its day; {refined.most} are read",
    )  # fmt: skip


def _first(case: Case) -> frozenset[str]:
    """Events that the weightiest finding rests on."""
    return frozenset(case.findings[0].finding.event_ids) if case.findings else frozenset()


def _place(
    case: Case, cases: Sequence[Case], held: Mapping[str, frozenset[str]], one: Planted,
    zone: ZoneInfo,
) -> int:  # fmt: skip
    day = case.start.astimezone(zone).date()
    before = [
        other for other in cases
        if other.rank < case.rank and other.start.astimezone(zone).date() == day
        and (not held[other.id] or held[other.id] & one.native_ids)
    ]  # fmt: skip
    return len(before) + 1


def _said(one: Planted, findings: pl.DataFrame) -> pl.DataFrame:
    """The findings that rest on its acts."""
    ids = pl.DataFrame({"event_ids": [bytes.fromhex(id) for id in sorted(one.events)]})
    rows = findings.with_row_index("row")
    mine = (
        rows.select("row", "event_ids")
        .explode("event_ids", keep_nulls=False, empty_as_null=False)
        .join(ids, on="event_ids", how="semi")["row"]
        .unique()
    )
    return rows.filter(pl.col("row").is_in(mine.implode())).drop("row")


def _lost(said: pl.DataFrame, refined: Refined) -> tuple[str, str, float | None]:
    """Where it was lost, the same in words, and the score of the best story there was."""
    counts = said.filter(pl.col("evidence") > 0)
    if not len(counts):
        loudest = "" if not len(said) else (
            f"; {', '.join(sorted(said['detector'].unique())[:3])} spoke, and it weighs nothing"
        )  # fmt: skip
        return SILENT, f"no detector said anything that counts{loudest}", None
    stories = refined.stories.join(
        counts.select(STORY).unique(), on=STORY, how="semi", nulls_equal=True
    ).sort("score", "evidence", descending=True)
    if not len(stories):
        return SILENT, "what was said of it is hidden by a suppression", None
    best = stories.to_dicts()[0]
    bar = _bar(best["start"].date(), refined.reference)
    needed = max(LEAST, bar)
    why = (
        f"{best['evidence']:.1f} bits of evidence, one in {2 ** best['score']:,.0f} actor-days; "
        f"a case needs {LEAST_EVIDENCE:g} bits, and one in {2**needed:,.0f} on that day"
    )
    enough = best["score"] >= LEAST and best["evidence"] >= LEAST_EVIDENCE
    return CROWDED if enough else WEAK, why, float(best["score"])


def _bar(day: date, reference: Reference) -> float:
    """The score that a story had to reach on a day, by the budget of everyone."""
    bars = reference.bars.filter((pl.col("day") == day) & (pl.col("scope") == EVERYONE))["bar"]
    return float(bars[0]) if len(bars) else LEAST


def _hours(one: Planted, said: pl.DataFrame, story: pl.DataFrame, refined: Refined) -> float | None:
    """When what had been said by then would have made a case, by time of its findings."""
    times = sorted(said.filter(pl.col("time") >= one.first)["time"].unique().to_list())
    low, high = 0, len(times)
    while low < high:  # evidence only grows
        middle = (low + high) // 2
        if _makes_a_case(story.filter(pl.col("time") <= times[middle]), refined):
            high = middle
        else:
            low = middle + 1
    if low == len(times):
        return None
    hours: float = (times[low] - one.first) / timedelta(hours=1)
    return hours


def _makes_a_case(findings: pl.DataFrame, refined: Refined) -> bool:
    so_far = scores(combine(findings), refined.reference).join(
        refined.stories.select(*STORY, "app", "team"), on=STORY, how="left", nulls_equal=True
    )
    days = so_far["start"].dt.date()
    active = refined.reference.active
    that_day = replace(refined.reference, active=active.filter(pl.col("day").is_in(days.implode())))
    return len(raised(so_far, that_day, refined.settings)[0]) > 0


def _carried(findings: pl.DataFrame) -> list[tuple[str, float]]:
    """Share of each detector in what was said of its acts, the largest first."""
    weights = {
        str(name): float(str(combine(part)["evidence"].max()))
        for (name,), part in findings.group_by("detector", maintain_order=True)
    }
    positive = {name: weight for name, weight in weights.items() if weight > 0}
    total = sum(positive.values())
    shares = [(name, weight / total) for name, weight in positive.items()]
    return sorted(shares, key=lambda one: (-one[1], one[0]))
