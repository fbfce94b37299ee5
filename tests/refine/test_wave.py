import math
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from wheeltapper.refine.habit import said
from wheeltapper.refine.wave import DAYS, LAG_DAYS, LEAST_ACCOUNTS, surprise, waves

from .crowd import left, shuffled
from .few_findings import MONDAY, finding, many

QUIET = [finding(entity="first", value="SE", days=-60)]
"""When the history begins."""


def found(rows):
    return waves(left([*QUIET, *rows]))


def at_once(n, *, days=0.0, **more):
    return [finding(entity=f"p{i:03d}", days=days, hours=i / n, **more) for i in range(n)]


def test_what_many_meet_within_days_is_a_wave():
    members = found(at_once(12))
    assert members["entity"].to_list() == [f"p{i:03d}" for i in range(12)]
    assert members["happening"].n_unique() == 1
    assert members["surprise"][0] > 40


@given(st.integers(0, LEAST_ACCOUNTS - 1))
def test_below_the_bar_there_is_none(n):
    assert found(at_once(n) if n else []).is_empty()


def test_over_a_week_and_more_there_is_none():
    assert found([finding(entity=f"p{i}", days=4 * i) for i in range(40)]).is_empty()


def test_what_somebody_new_meets_every_day_is_one_when_it_begins_and_none_later():
    rows = [finding(entity=f"p{i}", days=i / 3 - 40) for i in range(120)]
    began = found(rows)
    assert len(began) > 0
    assert began["time"].max() < MONDAY - timedelta(days=40 - 2 * (DAYS + LAG_DAYS))
    assert len(found([*rows, *at_once(40, days=0.2)])) >= len(began) + 40


def test_before_it_is_known_what_is_usual_there_is_none():
    assert waves(left(at_once(40))).is_empty()
    for days in range(1, LAG_DAYS + 1):
        assert waves(left([finding(entity="x", value="SE", days=-days), *at_once(40)])).is_empty()


def test_one_account_many_times_is_none():
    assert found([finding(hours=n / 60) for n in range(40)]).is_empty()


@pytest.mark.parametrize(
    "change", [{"evidence": 0.0}, {"evidence": 1.0}, {"value": None, "key": ""},
               {"entity_type": "src_ip"}]
)  # fmt: skip
def test_what_nobody_would_be_told_of_is_none(change):
    assert found(at_once(40, **change)).is_empty()


def test_what_is_hidden_is_none():
    hidden = left([*QUIET, *at_once(40)]).with_columns(suppressed=pl.lit("s1"))
    assert waves(hidden).is_empty()


def test_of_the_same_accounts_it_is_one_happening_and_of_others_another():
    both = [*at_once(12), *at_once(9, detector="any.client", value="curl")]
    others = [finding(entity=f"q{i}", value="NO", hours=2) for i in range(7)]
    later = [finding(entity=f"p{i:03d}", value="NO", days=20) for i in range(9)]
    members = found([*both, *others, *later])
    sizes = members.group_by("happening", maintain_order=True).agg(
        pl.len(), pl.col("key").unique().sort()
    )
    assert sizes["len"].to_list() == [21, 7, 9]
    assert sizes["key"].to_list() == [["KP", "curl"], ["NO"], ["NO"]]


def test_windows_that_touch_are_one_wave():
    rows = [finding(entity=f"p{i}", days=i / 10) for i in range(80)]
    assert found(rows).group_by("happening", "wave").len()["len"].to_list() == [80]


@given(many(), st.integers(0, 9))
def test_the_order_of_rows_does_not_matter(rows, seed):
    all_of_them = left([*rows, *at_once(8), *at_once(6, value="NL", days=9)])
    assert_frame_equal(waves(all_of_them), waves(shuffled(all_of_them, seed)))


@given(st.integers(1, 500), st.floats(0.01, 100))
def test_surprise_is_that_of_a_poisson_tail(n, expected):
    bits = pl.select(surprise(pl.lit(float(n)), pl.lit(expected))).item()
    assert bits >= 0
    assert (bits > 0) == (n > expected)
    if n > expected:
        tail = sum(
            math.exp(k * math.log(expected) - expected - math.lgamma(k + 1))
            for k in range(n, n + 200)
        )
        assert tail <= 2.0**-bits * (1 + 1e-6)


def test_days_before_need_not_be_there_if_it_is_known_who_came():
    """What is usual is read off what is remembered, too."""
    rows = [*QUIET, *at_once(40)]
    whole = left(rows)
    late = whole.filter(pl.col("time") >= whole["time"].max() - timedelta(days=3))
    assert_frame_equal(waves(late, said(whole)), waves(whole))
    assert not waves(whole).is_empty()
