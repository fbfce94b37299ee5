from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper import config
from wheeltapper.refine.budget import (
    BURST,
    GAIN,
    LEAST,
    LEAST_EVIDENCE,
    SPEAKS_FOR_ITSELF,
    most_counted,
    raised,
)
from wheeltapper.refine.reference import ACTIVE, BARS, Reference

from .few_findings import MONDAY

FIRST = MONDAY.date()
NAMES = ("start", "score", "evidence", "known", "app", "team", "entity", "entity_type")


def story(*, day=0, score=9.0, evidence=8.0, known=10_000, app="Okta", team="sales", entity="ana"):
    return (MONDAY + timedelta(days=day), score, evidence, known, app, team, entity, "actor")


def stories(rows):
    types = {"start": pl.Datetime("us", "UTC"), "score": pl.Float64, "evidence": pl.Float64,
             "known": pl.Int64}  # fmt: skip
    return pl.DataFrame(rows, schema=list(NAMES), orient="row", schema_overrides=types)


def days(n, people=200, bars=None):
    rows = [(FIRST + timedelta(days=d), "actor", "sales", people) for d in range(n)]
    return Reference(
        active=pl.DataFrame(rows, schema=ACTIVE, orient="row"),
        bars=pl.DataFrame(bars or [], schema=BARS, orient="row"),
    )


def a_year(draw, n=365, **settings):
    """Cases a day, and the bar after the last, of a year of scores; `draw(day)` gives a day's."""
    rows = [story(day=d, score=float(s)) for d in range(n) for s in draw(d)]
    _, bars = raised(stories(rows), days(n), config.Refine(**settings))
    everyone = bars.filter(pl.col("scope") == "")
    return everyone["raised"].to_numpy(), everyone["bar"].to_numpy()


BUDGET = 10.0


def within_the_bound(counts, bars):
    """What the module's text proves, the last day's move included."""
    capped = np.minimum(counts, BURST * BUDGET)
    end = max(LEAST, bars[-1] + GAIN * (capped[-1] - BUDGET) / BUDGET)
    bound = BUDGET * (1 + (end - bars[0]) / (GAIN * counts.size))
    assert capped.mean() <= bound + 1e-9


@given(
    st.lists(st.lists(st.floats(0, 30), max_size=60), min_size=1, max_size=40),
    st.floats(0.5, 20),
)
def test_the_bound_holds_for_whatever_comes(scores, budget):
    rows = [story(day=d, score=s) for d, of in enumerate(scores) for s in of]
    settings = config.Refine(budget_cases_per_day=budget)
    _, bars = raised(stories(rows), days(len(scores)), settings)
    counts, bar = bars["raised"].to_numpy(), bars["bar"].to_numpy()
    capped = np.minimum(counts, most_counted(budget))
    end = max(LEAST, bar[-1] + GAIN * (capped[-1] - budget) / budget)
    assert capped.sum() <= budget * counts.size + budget * (end - bar[0]) / GAIN + 1e-6


def test_a_clean_year_stays_within_the_budget():
    rng = np.random.default_rng(1)
    counts, bars = a_year(lambda day: rng.exponential(1 / np.log(2), 400))
    assert counts.mean() <= BUDGET * 1.02
    low, high = np.quantile(counts, [0.025, 0.975])
    assert 2 <= low <= 6
    assert 14 <= high <= 20
    within_the_bound(counts, bars)


def test_a_year_that_becomes_twice_as_loud_stays_within_the_budget():
    rng = np.random.default_rng(2)
    counts, bars = a_year(lambda day: rng.exponential((1 + day / 365) / np.log(2), 400))
    assert counts.mean() <= BUDGET * 1.1
    assert counts[-60:].mean() == pytest.approx(BUDGET, rel=0.15)
    within_the_bound(counts, bars)


def test_forty_attacks_on_one_day_are_forty_cases_and_do_not_blind():
    rng = np.random.default_rng(3)

    def draw(day):
        clean = rng.exponential(1 / np.log(2), 400)
        return np.append(clean, np.full(40, 17.0)) if day == 200 else clean

    counts, bars = a_year(draw)
    assert counts[200] >= 40
    assert bars[201] - bars[200] <= GAIN * (BURST - 1)
    assert bars[190:230].max() < 17.0


def test_most_unusual_first_whatever_the_order():
    rows = [story(score=s, entity=e, day=d) for s in (9.0, 12.0) for e in "ab" for d in (0, 1)]
    first, _ = raised(stories(rows), days(2), config.Refine())
    second, _ = raised(stories(rows[::-1]), days(2), config.Refine())
    assert first.rows() == second.rows()
    assert first["score"].to_list() == sorted(first["score"], reverse=True)
    assert len(first) == len(rows)


def test_a_story_that_is_shown_often_is_nobodys_case():
    chosen, _ = raised(stories([story(score=LEAST - 0.01)]), days(1), config.Refine())
    assert len(chosen) == 0


def test_rare_but_hardly_evidence_is_no_case():
    weak = story(score=12.0, evidence=LEAST_EVIDENCE - 0.1)
    assert len(raised(stories([weak]), days(1), config.Refine())[0]) == 0


def test_in_an_hour_of_logs_strong_evidence_makes_a_case():
    strong = story(score=1.0, evidence=SPEAKS_FOR_ITSELF, known=3)
    assert len(raised(stories([strong]), days(1, people=3), config.Refine())[0]) == 1
    known = story(score=1.0, evidence=SPEAKS_FOR_ITSELF, known=10_000)
    assert len(raised(stories([known]), days(1, people=3), config.Refine())[0]) == 0


def test_an_application_and_a_team_have_budgets_of_their_own():
    rng = np.random.default_rng(4)
    rows = [
        story(day=d, score=4.2 + float(rng.exponential()), app=app, team=team)
        for d in range(200)
        for app, team in (("Okta", "sales"), ("Okta", "finance"), ("AWS", "sales"))
        for _ in range(3)
    ]
    settings = config.Refine(
        budget_cases_per_day=100.0,
        budget_by_application={"Okta": 1.0},
        budget_by_team={"finance": 0.25},
    )
    chosen, bars = raised(stories(rows), days(200), settings)
    late = chosen.filter(pl.col("start") >= MONDAY + timedelta(days=50))
    a_day = {key[0]: len(part) / 150 for key, part in late.group_by("app")}
    assert a_day["Okta"] == pytest.approx(1.0, abs=0.1)
    assert a_day["AWS"] == 3.0
    finance = late.filter(pl.col("team") == "finance")
    assert len(finance) / 150 <= 0.3
    assert set(bars["scope"]) == {"", "app:Okta", "team:finance"}


def test_bars_that_are_known_are_kept():
    kept = [(FIRST, "", 7.0, 3)]
    rows = [story(score=6.9), story(score=7.0), story(score=6.9, day=1)]
    chosen, bars = raised(stories(rows), days(2, bars=kept), config.Refine())
    assert bars["bar"][0] == 7.0
    assert bars["raised"][0] == 3  # as was counted when all of the day was there
    assert bars["bar"][1] == pytest.approx(7.0 - GAIN * 0.7)
    assert chosen["score"].to_list() == [7.0, 6.9]


def test_a_scope_that_is_new_begins_at_the_least():
    kept = [(FIRST, "", 7.0, 3)]
    settings = config.Refine(budget_by_team={"sales": 1.0})
    _, bars = raised(stories([story()]), days(1, bars=kept), settings)
    assert dict(bars.select("scope", "bar").rows()) == {"": 7.0, "team:sales": LEAST}
