from datetime import timedelta

import pytest
from few_findings import MONDAY, finding, frame
from hypothesis import given
from hypothesis import strategies as st
from judged_cases import judged

from wheeltapper.case import EXPECTED, MALICIOUS, POLICY_VIOLATION, UNUSUAL, WRONG_DATA
from wheeltapper.refine.suppress import LASTS, LEFT, suppress


def hidden(rows, *cases):
    found = suppress(frame(rows), cases)
    whole = [r["evidence"] for r in rows]
    assert found["evidence"].to_list() == [
        pytest.approx(e * (LEFT if s else 1))
        for e, s in zip(whole, found["suppressed"], strict=True)
    ]
    return found["suppressed"].to_list()


@pytest.mark.parametrize("verdict", [EXPECTED, WRONG_DATA])
def test_the_like_of_what_was_called_expected_is_hidden_for_ninety_days(verdict):
    rows = [finding(days=d) for d in (0, 1, 60, 90, 90.1, 200)]
    assert hidden(rows, judged(verdict)) == [False, True, True, True, False, False]


@pytest.mark.parametrize("verdict", ["", MALICIOUS, POLICY_VIOLATION, UNUSUAL])
def test_other_verdicts_hide_nothing(verdict):
    assert hidden([finding(days=1)], judged(verdict)) == [False]


@pytest.mark.parametrize("other", [{"entity": "kim"}, {"detector": "any.hour"}, {"value": "BR"}])
def test_other_accounts_detectors_and_values_are_not_hidden(other):
    assert hidden([finding(days=1, **other)], judged(EXPECTED)) == [False]


def test_what_came_before_the_case_is_not_hidden():
    assert hidden([finding(days=-1)], judged(EXPECTED)) == [False]


def test_without_verdicts_nothing_is_hidden():
    assert hidden([finding()]) == [False]


days = st.integers(-20, 400)


@given(st.lists(days, min_size=1, max_size=10), st.lists(days, max_size=4))
def test_each_verdict_speaks_for_its_own_ninety_days(found, cases):
    rows = [finding(days=d) for d in found]
    starts = [MONDAY + timedelta(days=d) for d in cases]
    expected = [
        any(s < r["time"] <= s + LASTS for s in starts) and r["time"] not in starts for r in rows
    ]
    assert hidden(rows, *(judged(EXPECTED, days=d) for d in cases)) == expected
