"""What verdicts do to findings like those that were judged."""

import dataclasses
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.case import (
    EXPECTED,
    MALICIOUS,
    POLICY_VIOLATION,
    UNUSUAL,
    VERDICTS,
    WRONG_DATA,
)
from wheeltapper.refine.learn import (
    ACCOUNT,
    GROUP,
    LEFT,
    LOG,
    MOST_LOWERED_BITS,
    MOST_RAISED_BITS,
    SAME,
    VALUE,
    as_if_unlearned,
    learn,
)

from .few_findings import finding, frame, many, same
from .judged_cases import judged

LATER = 100.0
"""Days."""


def evidence(row, *cases):
    """What one finding weighs after these verdicts."""
    return learn(frame([row]), cases)["evidence"].item()


def others(verdict, n, first=0, **columns):
    """Cases of one finding each, about as many other accounts."""
    return [
        judged(verdict, finding(days=(first + i) / 100, **{"entity": f"{verdict} {i}", **columns}))
        for i in range(n)
    ]


def by_hand(worth, benign, of_all_worth, of_all_benign):
    """The first level's log odds against all cases', as the Beta has it."""
    base = (0.1 * 10 + of_all_worth) / (10 + of_all_worth + of_all_benign)
    chance = (0.25 + worth) / (0.25 / base + worth + benign)
    return log2(chance / (1 - chance)) - log2(base / (1 - base))


def test_without_verdicts_nothing_changes():
    rows = frame([finding(), finding(days=1, evidence=0.0)])
    for cases in ([], [judged("")]):
        found = learn(rows, cases)
        assert found["evidence"].to_list() == rows["evidence"].to_list()
        assert found["learned_share"].to_list() == [1.0, 1.0]
        assert found["learned_by"].to_list() == [None, None]
    assert len(learn(frame([]), [judged(EXPECTED)])) == 0


def test_the_beta_by_hand():
    """One verdict about a finding of another team and value: only the log's level hears of it."""
    bare = {"peer_group": "it", "value": "BR", "entity": "kim"}
    later = finding(days=180)
    for verdict, worth in ((EXPECTED, 0), (MALICIOUS, 1)):
        case = judged(verdict, finding(**bare))
        # Half a verdict is left after its half-life.
        moved = by_hand(worth / 2, (1 - worth) / 2, worth / 2, (1 - worth) / 2)
        want = log2(1 + 2**moved * (2**8.0 - 1))
        assert evidence(later, case) == pytest.approx(want)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_what_is_of_no_judged_kind_is_left_as_it_is(verdict):
    row = finding(days=1, detector="any.hour")
    assert evidence(row, *others(verdict, 9)) == row["evidence"]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_speaks_for_what_comes_after_its_case(verdict):
    before = finding(days=-1)
    assert evidence(before, *others(verdict, 9)) == before["evidence"]


def test_the_same_again_keeps_a_tenth_and_all_that_goes_beyond():
    expected = judged(EXPECTED)
    alone = evidence(finding(days=1, entity="kim"), expected)  # of the same kind, another account
    again = evidence(finding(days=1), expected)
    assert again == pytest.approx(LEFT * alone, rel=0.2)
    louder = evidence(finding(days=1, bits=20.0), expected)
    assert again < louder < finding()["evidence"]
    quieter = evidence(finding(days=1, bits=9.0), expected)
    assert quieter == pytest.approx(again)
    # Wrong data is worth as much of the very same.
    assert evidence(finding(days=1), judged(WRONG_DATA)) < 0.2 * finding()["evidence"]


def test_the_same_of_which_there_is_no_value_is_the_same():
    amount = {"value": None, "key": "", "detector": "any.bytes"}
    assert evidence(finding(days=1, **amount), judged(EXPECTED, finding(**amount))) < 1.0


def test_a_verdict_fades():
    left = [evidence(finding(days=d), judged(EXPECTED)) for d in (1, 180, 360, 1800, 5400)]
    assert left == sorted(left)
    assert left[0] < 1.0
    assert left[-1] == pytest.approx(finding()["evidence"], rel=1e-3)


def test_each_verdict_has_its_meaning():
    """Of the like of it, of somebody else."""
    plain = finding()["evidence"]
    then = {v: evidence(finding(days=LATER), *others(v, 5)) for v in VERDICTS}
    assert then[MALICIOUS] == then[POLICY_VIOLATION] > plain
    assert then[EXPECTED] < plain
    assert then[UNUSUAL] == pytest.approx(plain)  # it was right to show it
    # Wrong data is about the log: less is left of the detector's whole say in it, ...
    other_team = {"peer_group": "it", "value": "BR", "entity": "kim", "days": LATER}
    said = evidence(finding(**other_team), *others(EXPECTED, 5))
    wrong = evidence(finding(**other_team), *others(WRONG_DATA, 5))
    assert wrong < said < plain
    # ... of another log it says nothing.
    elsewhere = finding(source="github", **other_team)
    assert evidence(elsewhere, *others(WRONG_DATA, 5)) == plain


def test_what_was_right_to_show_holds_up_against_what_was_expected():
    expected = others(EXPECTED, 20)
    both = [*expected, *others(UNUSUAL, 20)]
    row = finding(days=LATER)
    assert evidence(row, *expected) < evidence(row, *both) < row["evidence"]


def test_no_number_of_verdicts_hides_what_is_loud_or_tells_what_is_silent():
    loud = finding(days=LATER, evidence=30.0)
    hundreds = others(EXPECTED, 300) + others(MALICIOUS, 20, detector="rule.x")
    assert evidence(loud, *hundreds) == pytest.approx(30.0 - MOST_LOWERED_BITS, abs=1e-6)
    malicious = others(MALICIOUS, 100) + others(EXPECTED, 300, detector="rule.x")
    assert evidence(loud, *malicious) == pytest.approx(30.0 + MOST_RAISED_BITS, abs=1e-6)
    silent = finding(days=LATER, evidence=0.0)
    assert evidence(silent, *malicious) == 0.0


def test_who_calls_everything_benign_changes_little():
    """Where nothing is ever found, that nothing was found of a kind says little."""
    kinds = [f"any.{n}" for n in range(10)]
    lazy = [c for k in kinds for c in others(EXPECTED, 30, detector=k)]
    unseen = evidence(finding(days=LATER, detector="rule.unseen", evidence=10.0), *lazy)
    seen = evidence(finding(days=LATER, detector="any.3", evidence=10.0), *lazy)
    assert unseen == 10.0
    assert seen > 10.0 - 2.5


def test_a_finding_has_credit_by_its_share_in_the_case():
    """What is there by the way has little of it."""
    loud, by_the_way = finding(detector="rule.x", evidence=9.0), finding(evidence=1.0)
    benign = others(EXPECTED, 5, detector="rule.x") + others(EXPECTED, 5)
    cases = [*benign, judged(MALICIOUS, loud, by_the_way, name="both")]
    plain = 5.0
    raised = {
        d: evidence(finding(days=LATER, detector=d, evidence=plain, entity="z"), *cases)
        - evidence(finding(days=LATER, detector=d, evidence=plain, entity="z"), *benign)
        for d in ("rule.x", "any.country")
    }
    assert raised["rule.x"] > 3 * raised["any.country"]
    # Sixty findings of one kind are one trial, not sixty.
    row = finding(days=LATER)
    crowd = judged(EXPECTED, *(finding(entity="lee", value=f"{n}") for n in range(60)), name="c")
    one = judged(EXPECTED, finding(entity="lee", value="7"), name="c")
    assert evidence(row, crowd) == pytest.approx(evidence(row, one))


def test_a_judged_case_is_shown_as_it_was_judged():
    told = judged(EXPECTED, finding(days=10))
    (one,) = told.findings
    note = "lowered: 3 of 3 like it were benign"
    then = dataclasses.replace(one, bits=6.0, learned_bits=-2.0, learned=note)
    kept = dataclasses.replace(told, findings=(then,))
    later = others(EXPECTED, 50, first=1)  # they would lower it much more
    found = learn(frame([finding(days=10), finding(days=11)]), [kept, *later])
    assert found["evidence"].to_list()[0] == pytest.approx(8.0 * 6.0 / 8.0)
    assert found["learned"].to_list() == [note, ""]
    assert found["learned_by"].to_list() == [None, SAME]


def test_a_change_is_told_by_the_narrowest_level_that_knows_enough():
    row = finding(days=LATER, entity="zoe")
    several = {
        LOG: others(EXPECTED, 4, peer_group="it", value="BR"),
        GROUP: others(EXPECTED, 4, value="BR"),
        VALUE: others(EXPECTED, 4),
        ACCOUNT: others(EXPECTED, 4, entity="zoe", value="BR"),
        SAME: others(EXPECTED, 4, entity="zoe"),
    }
    for level, cases in several.items():
        found = learn(frame([row]), cases)
        assert found["learned_by"].item() == level
        assert found.select("cases", "cases_malicious", "cases_wrong").row(0) == (4, 0, 0)
    other_value = finding(days=LATER, entity="zoe", value="NL")
    mixed = learn(frame([other_value]), [*several[VALUE], *others(MALICIOUS, 3, value="BR")])
    assert mixed.select("learned_by", "cases", "cases_malicious").row(0) == (GROUP, 7, 3)
    assert mixed["learned_share"].item() > 1


def test_a_rules_finding_has_the_group_of_its_account():
    rule = {"detector": "rule.x", "source": None, "value": None, "key": "", "peer_group": None}
    cases = [dataclasses.replace(case, peer_group="sales") for case in others(EXPECTED, 4, **rule)]
    rows = [finding(days=LATER, **rule), finding(days=LATER)]
    found = learn(frame(rows), cases)
    assert found["learned_by"].to_list() == [GROUP, None]
    assert found["peer_group"].to_list() == [None, "sales"]  # the finding itself is not changed


@given(many(), st.lists(st.sampled_from(VERDICTS), max_size=6), st.data())
def test_no_order_matters_and_evidence_stays_evidence(rows, verdicts, data):
    cases = [judged(v, *data.draw(many(most=4)), name=f"case {n}") for n, v in enumerate(verdicts)]
    found = learn(frame(rows), cases)
    assert same(found, learn(frame(rows[::-1]), cases[::-1]))
    for old, new in zip(rows, found.to_dicts(), strict=True):
        assert new["time"] == old["time"]
        assert LEFT * 2**-MOST_LOWERED_BITS * old["evidence"] <= new["evidence"] + 1e-9
        assert new["evidence"] <= old["evidence"] * 2**MOST_RAISED_BITS + 1e-9
        assert new["learned_share"] > 0
    back = as_if_unlearned(found)["evidence"].to_list()
    assert back == pytest.approx([row["evidence"] for row in rows])


some = st.builds(
    lambda verdict, days, **columns: judged(
        verdict, finding(days=days, **columns), name=f"{verdict} {days} {columns}"
    ),
    st.sampled_from(VERDICTS),
    st.integers(-50, 50),
    detector=st.sampled_from(["any.country", "any.hour"]),
    entity=st.sampled_from(["ana", "kim"]),
    peer_group=st.sampled_from(["sales", "it", None]),
    value=st.sampled_from(["KP", "NL"]),
)


@given(
    st.lists(some, max_size=12),
    st.sampled_from([0, 40]),
    st.sampled_from(["ana", "kim"]),
    st.sampled_from(["KP", "NL"]),
    st.floats(0, 40),
)
def test_one_more_benign_never_raises_and_one_more_malicious_never_lowers(
    cases, days, entity, value, weight
):
    row = finding(days=60, evidence=weight)
    before = evidence(row, *cases)
    like = finding(days=days, entity=entity, value=value)
    assert evidence(row, *cases, judged(EXPECTED, like, name="more")) <= before + 1e-9
    assert evidence(row, *cases, judged(WRONG_DATA, like, name="more")) <= before + 1e-9
    for verdict in (MALICIOUS, POLICY_VIOLATION):
        assert evidence(row, *cases, judged(verdict, like, name="more")) >= before - 1e-9


@given(st.lists(some, max_size=8), st.floats(0, 40), st.floats(0, 40))
def test_more_evidence_stays_more(cases, one, another):
    low, high = sorted((one, another))
    found = learn(frame([finding(days=60, evidence=e) for e in (low, high)]), cases)["evidence"]
    assert found[0] <= found[1] + 1e-9
