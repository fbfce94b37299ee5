import numpy as np

from wheeltapper.accounts import likeness
from wheeltapper.accounts.steps import Columns


def own(rows):
    rows = np.array(rows, np.float32)
    return Columns(tuple(str(k) for k in range(rows.shape[1])), rows)


def test_ranks_do_not_know_units_and_leave_out_what_is_constant():
    made = likeness.ranks(own([[1, 7, 0], [10, 7, 0], [1000, 7, 5]]))
    assert made[:, 0].tolist() == [0, 0.5, 1]
    assert made.shape == (3, 2)
    assert made[0, 1] == made[1, 1]
    assert likeness.ranks(own([[1], [1]])).tolist() == [[0], [0]]


def test_who_is_like_nobody_judged_is_novel():
    place = likeness.ranks(own([[0], [1], [2], [3], [50]]))
    told = likeness.novelty(place, np.array([0, 1]))
    assert told.argmax() == 4
    assert told[0] < told[3]
    assert likeness.novelty(place, np.array([], np.int64)).tolist() == [1] * 5


def test_the_nearest_come_first_and_never_oneself():
    place = likeness.ranks(own([[0], [1], [2], [3], [50]]))
    asked, among = np.array([1, 4]), np.array([0, 1, 2, 3])
    first, second = likeness.nearest(place, asked, among, 2)
    assert sorted(first) == [0, 2]
    assert second == [3, 2]
