from datetime import timedelta

import pytest
from few_findings import MONDAY, finding, frame
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.warm_up import DAYS, warm_up


def share(days, detector="any.country", first=MONDAY):
    (row,) = warm_up(frame([finding(days=days, detector=detector, evidence=1.0)]), first).to_dicts()
    return row["evidence"]


@pytest.mark.parametrize(("days", "expected"), [(0, 0.0), (7, 1 / 3), (21, 1.0), (400, 1.0)])
def test_evidence_grows_with_the_history_behind_it(days, expected):
    assert share(days) == pytest.approx(expected)


def test_rules_do_not_argue_from_history():
    assert share(0, detector="rule.x") == 1.0


@given(a=st.floats(0, 60), b=st.floats(0, 60))
def test_a_later_finding_never_weighs_less(a, b):
    assert 0 <= share(min(a, b)) <= share(max(a, b)) <= 1


def test_a_finding_before_the_history_began_weighs_nothing():
    assert share(0, first=MONDAY + timedelta(days=DAYS)) == 0
