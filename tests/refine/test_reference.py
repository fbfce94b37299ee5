from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.reference import (
    BINS,
    FIRST_DAYS,
    GRID,
    KEPT_DAYS,
    OPEN_DAYS,
    TOLD,
    WINDOW_DAYS,
    Reference,
    at_least,
    bins,
    closed_before,
    moving,
    numbered,
)

DAY = date(2026, 1, 5)


def slow(counts, rows, width, today, first, settled=None):
    """The reference of one day, counted by looking at every row."""
    out = np.zeros((rows, width), np.int64)
    early = today < first + FIRST_DAYS
    since, until = (first, first + FIRST_DAYS) if early else (today - WINDOW_DAYS, today)
    if settled is not None and today > settled:
        since = max(since, settled)
    for day, row, bin, n in counts:
        if since <= day < until:
            out[row, bin] += n
    return out


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 2), st.integers(0, 4), st.integers(1, 9)),
        min_size=1,
        max_size=40,
    ),
    st.sets(st.integers(0, 300), min_size=1),
    st.none() | st.integers(0, 60),
)
def test_the_window_moves_as_if_counted_anew(counts, asked, settled):
    counts.sort()
    columns = [np.array(c, np.int64) for c in zip(*counts, strict=True)]
    width = int(columns[2].max()) + 1
    days = sorted(asked)
    for today, found in zip(days, moving(*columns, 3, days, 0, settled), strict=True):
        assert (found == slow(counts, 3, width, today, 0, settled)).all()


def test_nothing_counted_is_nothing():
    none = np.empty(0, np.int64)
    (found,) = moving(none, none, none, none, 1, [7], 0)
    assert found.tolist() == [[0]]


@given(st.floats(0, 100))
def test_a_bin_is_an_eighth_of_a_bit(bits):
    (bin,) = bins(np.array([bits]))
    assert 0 <= bin < BINS
    if bin < BINS - 1:
        assert bin / GRID <= bits < (bin + 1) / GRID


def test_at_least_counts_from_the_top():
    assert at_least(np.array([1, 2, 3])).tolist() == [6, 5, 3]


def counted(days):
    told = pl.DataFrame([(day, 3, 1) for day in days], schema=TOLD, orient="row")
    return Reference(told=told, logs=pl.DataFrame({"source": ["x"] * len(days), "day": days}))


def test_days_add_up_in_whatever_order():
    a, b = counted([DAY]), counted([DAY + timedelta(days=1)])
    assert a.plus(b).told.sort("day").equals(b.plus(a).told.sort("day"))
    assert a.plus(b).first == DAY


def test_what_no_day_to_come_can_ask_for_is_forgotten():
    days = [DAY + timedelta(days=n) for n in range(200)]
    today = days[150]
    left = counted(days).until(today)
    assert left.told["day"].min() == today - timedelta(days=KEPT_DAYS)
    assert left.told["day"].max() == today - timedelta(days=1)
    assert left.first == DAY  # how long a log is known is remembered


@pytest.mark.parametrize(
    ("days", "open_from"),
    [(1, 0), (FIRST_DAYS, 0), (FIRST_DAYS + 1, 0), (FIRST_DAYS + OPEN_DAYS, FIRST_DAYS), (40, 38)],
)
def test_the_first_days_are_closed_together_and_then_one_by_one(days, open_from):
    last = DAY + timedelta(days=days - 1)
    assert closed_before(DAY, last) == DAY + timedelta(days=open_from)


def test_days_have_numbers():
    assert numbered(pl.Series([date(1970, 1, 2)])).tolist() == [1]
