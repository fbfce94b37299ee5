import numpy as np

from wheeltapper.accounts.lockstep import CROWD, HOURS, lockstep

HOUR = 3_600_000_000


def groups(rows, accounts=200, at_once=False):
    account, what, hours = np.array(rows, float).T
    return lockstep(
        account.astype(np.int64), what.astype(np.int64), (hours * HOUR).astype(np.int64), accounts,
        at_once=at_once,
    )  # fmt: skip


def test_accounts_that_meet_at_two_targets_are_one_group():
    found = groups([(i, target, 100 * target + i / 10) for i in range(5) for target in (1, 2)])
    assert found.size[:5].tolist() == [5] * 5
    assert set(found.group[:5]) == {0}
    assert found.group[5] == -1
    assert (found.meetings[:5] >= 2).all()


def test_once_is_chance_unless_the_thing_is_rarely_shared():
    once = [(i, 1, i / 10) for i in range(5)]
    assert not groups(once).size.any()
    assert groups(once, at_once=True).size[:5].tolist() == [5] * 5


def test_the_same_target_at_other_times_or_twice_is_no_second_meeting():
    apart = [(i, target, 10 * i) for i in range(5) for target in (1, 2)]
    assert not groups(apart).size.any()
    again = [(i, 1, hours + i / 10) for i in range(3) for hours in (0, 50, 100)]
    assert not groups(again).size.any()


def test_no_edge_of_a_window_parts_two_who_are_close():
    for start in np.arange(0, 4, 0.25):
        pair = [(i, t, start + 40 * t + i * HOURS / 4) for i in range(2) for t in (1, 2)]
        assert groups(pair).size[:2].tolist() == [2, 2]


def test_a_crowd_is_no_group():
    crowd = [(i, t, t * 50) for i in range(CROWD + 1) for t in (1, 2, 3)]
    assert not groups(crowd).size.any()
    assert groups(crowd[: CROWD * 3]).size.any()
