import numpy as np
import pytest

from wheeltapper.accounts import signals, tables, telling


@pytest.fixture(scope="module")
def now(read):
    return signals.seen(read, tables.end(read))


def of_kind(read, now, kind):
    members = np.flatnonzero(np.array(read.campaign) == kind)
    return [" ".join(telling.facts(read, now, int(one))) for one in members]


def test_a_shared_card_is_told_beside_what_is_usual(read, now):
    told = of_kind(read, now, "card")
    assert all("It shares a card with" in one for one in told)
    assert all("(usual: 0)" in one for one in told)


def test_texts_that_others_write_are_told(read, now):
    told = of_kind(read, now, "template")
    assert sum("are nearly what others write" in one for one in told) > len(told) / 2


def test_every_account_is_told_of_by_age_and_acts(read, now):
    for account in range(0, read.accounts, 37):
        first, second, *_ = telling.facts(read, now, account)
        assert " old, made on " in first
        assert "usual is" in second or "nothing yet" in second
