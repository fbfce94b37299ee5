from datetime import UTC, datetime

import pytest

from wheeltapper.referral import Opinion, Referral
from wheeltapper.review import ruling

NOW = datetime(2026, 7, 10, tzinfo=UTC)


def said(*opinions):
    return [Opinion(account="ana", opinion=o, by=f"r{n}", at=NOW) for n, o in enumerate(opinions)]


def settled(*opinions, **of):
    account = Referral(account="ana", score=0.5, changed=NOW, **of)
    found = ruling.settle(account, said(*opinions))
    return found.state, found.step


def test_one_reviewer_settles_it():
    assert settled("fraud") == ("decided", "remove")
    assert settled("honest") == ("decided", "allow")
    assert settled("honest", step="hold") == ("decided", "restore")


def test_who_is_not_sure_leaves_it_to_another():
    for doubt in ("unsure", "escalate"):
        assert settled(doubt, step="hold") == ("escalated", "hold")
        assert settled(doubt, "unsure") == ("escalated", "allow")
        assert settled(doubt, "fraud") == ("decided", "remove")


def test_of_two_that_are_blind_both_have_to_agree():
    assert settled("fraud", double=True) == ("second", "allow")
    assert settled("fraud", "fraud", double=True) == ("decided", "remove")
    assert settled("fraud", "honest", double=True) == ("escalated", "allow")
    assert settled("unsure", "unsure", double=True) == ("escalated", "allow")
    assert settled("fraud", "honest", "honest", double=True) == ("decided", "allow")


def test_an_appeal_is_settled_by_one():
    assert settled("honest", double=True, round=1, step="remove") == ("decided", "restore")
    assert settled("fraud", double=True, round=1, step="remove") == ("decided", "remove")


def test_truth_is_what_was_decided_last():
    of = Referral(account="ana", score=0.5, changed=NOW, state="decided")
    assert ruling.truth(of, said("fraud", "honest")) == "honest"
    assert ruling.truth(of, []) == ""
    waiting = Referral(account="ana", score=0.5, changed=NOW, state="escalated")
    assert ruling.truth(waiting, said("fraud")) == ""
    with pytest.raises(ValueError, match="nobody has spoken"):
        ruling.settle(of, [])
