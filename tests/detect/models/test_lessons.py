from datetime import timedelta

import numpy as np
import pytest
from organisation import MONDAY, history, table

from wheeltapper.detect.models.features import FEATURES
from wheeltapper.detect.models.lessons import lessons

END_US = int((MONDAY + timedelta(days=30)).timestamp()) * 1_000_000


def test_exchanged_days_are_newer_than_own_ones():
    got = lessons([table(history(actors=12, days=30))], END_US, np.random.default_rng(0))
    new = list(FEATURES).index("new_actions")
    assert got.actors == 12
    assert len(got.own) == len(got.day) > 50
    assert got.exchanged[:, new].mean() > got.own[:, new].mean() + 1


def test_batches_do_not_matter():
    activities = table(history(actors=6, days=26))
    whole = lessons([activities], END_US, np.random.default_rng(0))
    pieces = [activities.slice(i, 50) for i in range(0, activities.num_rows, 50)]
    cut = lessons(pieces, END_US, np.random.default_rng(0))
    assert np.array_equal(whole.own, cut.own)
    assert np.array_equal(whole.exchanged, cut.exchanged)


def test_order_of_time_is_asked_for():
    one, two = table(history(actors=3, days=1)), table(history(actors=3, days=2)[-4:])
    with pytest.raises(ValueError, match="not in order of time"):
        lessons([two, one], END_US, np.random.default_rng(0))
