from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.habit import habit, said
from wheeltapper.refine.reference import NOTHING

from .few_findings import MONDAY, finding, frame, many, same

NONE = NOTHING.habits


def reference(rows):
    """Days before, one finding at a time."""
    before = []
    for one in rows:
        mine = [
            r["time"].date()
            for r in rows
            if all(r[k] == one[k] for k in ("entity_type", "entity", "detector", "key"))
        ]
        today = one["time"].date()
        days = {d for d in mine if today - timedelta(days=90) < d < today}
        counts = one["detector"].startswith("rule.") or one["key"]
        before.append(len(days) if counts else 0)
    return before


@given(many())
def test_earlier_days_of_the_last_ninety_are_counted(rows):
    frame_ = frame(rows).with_row_index("n")
    found = habit(frame_, NONE).sort("n")
    expected = reference(rows)
    assert found["days_before"].to_list() == expected
    assert found["evidence"].to_list() == [
        pytest.approx(row["evidence"] / (1 + days))
        for row, days in zip(rows, expected, strict=True)
    ]


@given(many())
def test_the_order_of_rows_does_not_matter(rows):
    assert same(habit(frame(rows), NONE), habit(frame(rows[::-1]), NONE))


def test_the_hundredth_time_of_one_day_is_no_habit():
    rows = [finding(detector="rule.x", hours=n / 10) for n in range(100)]
    assert set(habit(frame(rows), NONE)["days_before"]) == {0}


def test_amounts_are_judged_against_history_anyway():
    rows = [finding(detector="any.changes", key="", days=n) for n in range(5)]
    assert set(habit(frame(rows), NONE)["days_before"]) == {0}


def test_no_findings_of_rules_is_no_error():
    assert habit(frame([finding()]), NONE)["days_before"].to_list() == [0]
    assert len(habit(frame([]), NONE)) == 0


@given(many(), st.integers(0, 200))
def test_what_was_said_on_days_before_need_not_be_there(rows, days):
    """Nor is it lost: the days before are remembered by what was said on them."""
    cut = MONDAY + timedelta(days=days)
    early = frame([row for row in rows if row["time"] < cut])
    late = frame([row for row in rows if row["time"] >= cut])
    whole = habit(frame(rows), NONE).filter(pl.col("time") >= cut)
    assert same(whole, habit(late, said(early)))
