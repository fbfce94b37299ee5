from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from wheeltapper import config
from wheeltapper.case import Case
from wheeltapper.engines.local.drill.outcome import (
    CROWDED,
    SILENT,
    WEAK,
    Refined,
    background,
    outcomes,
    wilson,
)
from wheeltapper.engines.local.drill.plant import Planted
from wheeltapper.engines.local.drill.scenario import Member, Scenario, Step
from wheeltapper.refine.budget import EVERYONE
from wheeltapper.refine.reference import ACTIVE, BARS, LOGS, Reference

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SCENARIO = Scenario(
    name="s", about="a", who={"lead": Member(rule="true")}, step=(Step(like="true"),)
)
COLUMNS = {
    "entity_type": pl.String, "entity": pl.String, "span": pl.Int64, "detector": pl.String,
    "key": pl.String, "evidence": pl.Float64, "time": pl.Datetime("us", "UTC"),
    "event_ids": pl.List(pl.Binary),
}  # fmt: skip


def planted(number=1, name="s", minutes=0):
    first = NOON + timedelta(minutes=minutes)
    return Planted(
        scenario=Scenario(name=name, about="a", who=SCENARIO.who, step=SCENARIO.step), round=1,
        cast={"lead": f"actor{number}"}, first=first, last=first + timedelta(hours=3),
        native_ids=frozenset({f"drill-{number}"}), events=frozenset({f"{number:032x}"}),
    )  # fmt: skip


def case(rank, holds, *, entity="actor1", start=NOON, score=10.0):
    return Case(
        id=f"c{rank}", rank=rank, score=score, entity_type="actor", entity=entity, start=start,
        end=start + timedelta(hours=3), headline=f"case {rank}", summary="", baseline_days=1,
        baseline_acts=1, peer_group="", peers=0, tactics=(), findings=(), native_ids=holds,
        event_count=1, apps=(),
    )  # fmt: skip


def said(*rows):
    """(number of what is planted, or 0; detector; evidence; minutes after noon)."""
    return pl.DataFrame(
        [
            ("actor", f"actor{n or 1}", n or 1, detector, "k", evidence,
             NOON + timedelta(minutes=minutes), [n.to_bytes(16, "big")])
            for n, detector, evidence, minutes in rows
        ],
        schema=COLUMNS, orient="row",
    ).with_columns(aspect="detector")  # fmt: skip


def refined(cases, findings, stories, *, bar=5.0, budget=2.0):
    """`stories` are (number, evidence, score); before that day, thousands of quiet actor-days."""
    frame = pl.DataFrame(
        [("actor", f"actor{n}", n, evidence, score, 900, NOON, NOON, None, None)
         for n, evidence, score in stories],
        schema={**{k: COLUMNS[k] for k in ("entity_type", "entity", "span")},
                "evidence": pl.Float64, "score": pl.Float64, "known": pl.Int64,
                "start": COLUMNS["time"], "end": COLUMNS["time"], "app": pl.String,
                "team": pl.String}, orient="row",
    )  # fmt: skip
    days = [NOON.date() - timedelta(days=n) for n in range(20)]
    known = Reference(
        active=pl.DataFrame([(day, "actor", "", 100) for day in days], schema=ACTIVE, orient="row"),
        logs=pl.DataFrame([("log", day) for day in days], schema=LOGS, orient="row"),
        bars=pl.DataFrame([(day, EVERYONE, bar, 1) for day in days], schema=BARS, orient="row"),
    )
    return Refined(
        cases=cases, findings=findings, stories=frame, reference=known, zone=ZoneInfo("UTC"),
        settings=config.Refine(budget_cases_per_day=budget),
    )  # fmt: skip


def test_found_how_soon_and_by_what():
    findings = said((1, "a.b", 1, 0), (1, "c.d", 3.0, 30), (0, "e.f", 9.0, 40), (1, "g.h", 4.0, 90))
    made = refined([case(1, ("drill-1", "x"))], findings, [(1, 17.0, 12.0)])
    (one,) = outcomes([planted()], made)
    assert one.found
    assert (one.rank, one.rank_in_day, one.score) == (1, 1, 10.0)
    assert one.hours_to_find == 0.5, "one bit is no case; with three more it is"
    assert one.carried == [("g.h", 0.5), ("c.d", 0.375), ("a.b", 0.125)]
    assert (one.case, one.headline, one.lost) == ("c1", "case 1", "")


def test_a_place_among_those_of_its_day_without_other_scenarios():
    cases = [
        case(1, ("drill-2",), entity="actor2"), case(2, ("x",), start=NOON - timedelta(days=1)),
        case(3, ("y",)), case(4, ("drill-1",)),
    ]  # fmt: skip
    two = said((1, "a.b", 9.0, 0), (2, "a.b", 9.0, 0))
    made = refined(cases, two, [(1, 9.0, 9.0), (2, 9.0, 9.0)])
    one, other = outcomes([planted(), planted(2, "t")], made)
    assert (one.rank, one.rank_in_day, one.found) == (4, 2, True)
    assert (other.rank, other.rank_in_day) == (1, 1)
    days = [NOON.date() - timedelta(days=1), NOON.date()]
    assert background([planted(), planted(2, "t")], made, days) == [1, 1]
    made = refined(cases, two, [(1, 9.0, 9.0), (2, 9.0, 9.0)], budget=1)
    (late,) = outcomes([planted()], made)
    assert (late.found, late.lost) == (False, CROWDED)
    assert late.why == "number 3 of its day; 1 are read", "who plants one alone counts all others"


@pytest.mark.parametrize(
    ("findings", "stories", "lost", "why"),
    [
        ([], [], SILENT, "no detector said anything that counts"),
        ([(1, "a.b", 0.0, 0)], [], SILENT, "a.b spoke, and it weighs nothing"),
        ([(1, "a.b", 4.0, 0)], [], SILENT, "is hidden by a suppression"),
        ([(1, "a.b", 8.0, 0)], [(1, 8.0, 3.0)], WEAK, "8.0 bits of evidence, one in 8 actor-days"),
        ([(1, "a.b", 2.0, 0)], [(1, 2.0, 9.0)], WEAK, "a case needs 3 bits"),
        ([(1, "a.b", 8.0, 0)], [(1, 8.0, 4.5)], CROWDED, "and one in 32 on that day"),
    ],
)
def test_where_it_was_lost(findings, stories, lost, why):
    (one,) = outcomes([planted()], refined([], said(*findings), stories))
    assert (one.found, one.rank, one.hours_to_find) == (False, None, None)
    assert one.lost == lost
    assert why in one.why


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 0, 0, 1), (10, 10, 0.72, 1), (5, 10, 0.24, 0.76)]
)
def test_wilsons_interval(hits, of, low, high):
    assert wilson(hits, of) == pytest.approx((low, high), abs=0.005)
