from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.question import ANSWERED, ANSWERS, NO, SAME_ADDRESS, UNSURE, YES, Question
from wheeltapper.refine.answer import CONFIRMED, DENIED, answered

from .few_findings import MONDAY, finding, frame, many, same


def said(answer, *, days=0.0, state=ANSWERED, actor="ana", doubt=""):
    """What `ana` said about a case of an hour, which had the finding of `few_findings`."""
    start = MONDAY + timedelta(days=days)
    return Question(
        id="", case_id="", actor=actor, start=start, end=start + timedelta(hours=1),
        about=(("any.country", "KP"),), asked_by="kim", asked_at=start, expires=start, nonce="",
        state=state, answer=answer, answered_at=start, doubt=doubt,
    )  # fmt: skip


def weights(rows, *answers):
    found = answered(frame(rows), answers)
    assert found.columns == frame(rows).columns
    return [a / r["evidence"] for a, r in zip(found["evidence"].to_list(), rows, strict=True)]


def test_a_no_makes_all_of_the_account_weigh_more_for_two_weeks():
    rows = [finding(days=d, detector=x) for d, x in
            ((-1, "any.country"), (0, "any.country"), (0, "rule.x"), (14, "rule.x"),
             (14.1, "rule.x"))]  # fmt: skip
    assert weights(rows, said(NO)) == [1, DENIED, DENIED, DENIED, 1]


def test_a_yes_makes_the_same_values_weigh_less_and_nothing_else():
    rows = [finding(), finding(days=3), finding(value="BR"), finding(detector="rule.x"),
            finding(days=20), finding(days=-1)]  # fmt: skip
    assert weights(rows, said(YES)) == [CONFIRMED, CONFIRMED, 1, 1, 1, 1]


def test_it_is_about_one_account():
    rows = [finding(entity="kim"), finding(entity_type="src_ip")]
    assert weights(rows, said(NO), said(YES)) == [1, 1]


@pytest.mark.parametrize(
    "answer",
    [said(YES, doubt=SAME_ADDRESS), said(UNSURE), said("", state="asked"),
     said("", state="withdrawn")],
)  # fmt: skip
def test_what_counts_nothing(answer):
    assert weights([finding()], answer) == [1]


def test_a_no_counts_before_a_yes_and_each_once():
    assert weights([finding()], said(YES), said(NO), said(NO), said(YES)) == [DENIED]
    assert weights([finding()], said(YES), said(YES)) == [CONFIRMED]


def test_a_no_counts_whatever_its_address():
    assert weights([finding()], said(NO, doubt=SAME_ADDRESS)) == [DENIED]


@given(many(), st.lists(st.builds(said, st.sampled_from(ANSWERS), days=st.integers(0, 200)),
                        max_size=3))  # fmt: skip
def test_findings_stay_the_same_but_for_their_evidence(rows, answers):
    before, after = frame(rows), answered(frame(rows), answers)
    assert same(before.drop("evidence"), after.drop("evidence"))
    assert after["time"].to_list() == before["time"].to_list()
    shuffled = answered(frame(rows[::-1]), answers[::-1])
    assert same(after, shuffled)
