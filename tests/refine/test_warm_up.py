from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.warm_up import DAYS, as_if_warm, settled, warm_up

from .few_findings import MONDAY, finding, frame


def known(**logs):
    """Days of logs, by how many after Monday."""
    rows = [(s, (MONDAY + timedelta(days=d)).date()) for s, days in logs.items() for d in days]
    return pl.DataFrame(rows, schema={"source": pl.String, "day": pl.Date}, orient="row")


def share(days, logs, **columns):
    (row,) = warm_up(frame([finding(days=days, evidence=1.0, **columns)]), logs).to_dicts()
    return row["evidence"]


YEAR = known(okta=range(400))


@pytest.mark.parametrize(("days", "expected"), [(0, 0.0), (7, 1 / 3), (21, 1.0), (399, 1.0)])
def test_evidence_grows_with_the_history_behind_it(days, expected):
    assert share(days, YEAR) == pytest.approx(expected)


def test_a_log_that_is_new_warms_up_by_itself():
    logs = known(okta=range(100), github=range(90, 100))
    assert share(97, logs, source="okta") == 1.0
    assert share(97, logs, source="github") == pytest.approx(7 / 21)


def test_what_names_no_log_is_as_old_as_the_oldest():
    assert share(97, known(okta=range(100), github=range(90, 100)), source=None) == 1.0


def test_one_record_from_years_ago_is_no_history():
    assert share(3, known(okta=[-4000, *range(10)])) == pytest.approx(4 / 21)


def test_rules_do_not_argue_from_history():
    assert share(0, YEAR, detector="rule.x") == 1.0


@given(a=st.floats(0, 60), b=st.floats(0, 60))
def test_a_later_finding_never_weighs_less(a, b):
    assert 0 <= share(min(a, b), YEAR) <= share(max(a, b), YEAR) <= 1


def test_findings_keep_their_order_and_number():
    rows = [finding(days=d, entity=f"e{d}", evidence=1.0) for d in (30, 2, 11, 2)]
    got = warm_up(frame(rows), YEAR)
    assert got["entity"].to_list() == [r["entity"] for r in rows]
    assert got["evidence"].to_list() == pytest.approx([1.0, 2 / DAYS, 11 / DAYS, 2 / DAYS])


def test_a_workspace_without_days_weighs_nothing():
    assert share(0, known()) == 0.0


def test_what_it_was_is_kept():
    got = warm_up(frame([finding(days=d, evidence=5.0) for d in (0, 8, 30)]), YEAR)
    assert as_if_warm(got)["evidence"].to_list() == [5.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("logs", "day"),
    [
        (known(okta=range(DAYS)), None),
        (known(okta=range(DAYS + 1)), DAYS),
        (known(okta=range(10, 60), github=range(0, 100, 2)), 10 + DAYS),
        (known(), None),
    ],
)
def test_a_workspace_is_settled_when_its_first_log_is(logs, day):
    assert settled(logs) == (None if day is None else (MONDAY + timedelta(days=day)).date())
