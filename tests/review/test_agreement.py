from datetime import UTC, datetime

import pytest

from wheeltapper.referral import Opinion, Referral
from wheeltapper.review import agreement

NOW = datetime(2026, 7, 10, tzinfo=UTC)


def account(name, **of):
    return Referral(account=name, score=0.5, changed=NOW, **of)


def said(name, opinion, by, seconds=0.0):
    return Opinion(account=name, opinion=opinion, by=by, at=NOW, seconds=seconds)


def test_kappa_of_the_book():
    # Cohen's own kind of table: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement.kappa(pairs)
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high
    assert (found.pairs, found.agreed) == (50, 0.7)


def test_all_the_same_tells_nothing_and_no_pair_even_less():
    assert agreement.kappa([("y", "y")] * 9).low == -1
    assert agreement.kappa([]) is None
    assert agreement.kappa([("a", "b"), ("b", "a")]).value == -1


def test_pairs_are_the_first_opinions_of_accounts_that_were_judged_twice():
    both = [account("a", double=True), account("b", double=True), account("c")]
    opinions = {
        "a": [said("a", "fraud", "x"), said("a", "honest", "y"), said("a", "honest", "x")],
        "b": [said("b", "fraud", "x")],
        "c": [said("c", "fraud", "x"), said("c", "fraud", "y")],
    }
    assert agreement.blind_pairs(both, opinions) == [("fraud", "honest")]


def test_a_reviewer_is_told_by_load_and_by_what_is_known():
    accounts = {a.account: a for a in (account("a", gold="fraud"), account("b"), account("c"))}
    opinions = [
        said("a", "honest", "x", 4), said("b", "fraud", "x", 8), said("c", "fraud", "x", 30),
        said("b", "honest", "y"),
    ]  # fmt: skip
    x, y = agreement.reviewers(accounts, opinions, {"b": "honest", "c": "fraud"}, "2026-07-10")
    assert (x.name, x.opinions, x.today, x.seconds) == ("x", 3, 3, 8)
    assert (x.gold, x.gold_right) == (1, 0)
    assert (x.settled, x.settled_alike) == (1, 0)
    assert (y.settled, y.settled_alike, y.seconds) == (1, 1, 0)
