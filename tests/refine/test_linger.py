import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.linger import HOUR_US, HOURS, KEPT, linger

ACTS = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from(["ana", "kim"]), st.integers(0, 5)), max_size=30
)


def lingering(*acts):
    """(bits, who, hours since the act before)"""
    hours = np.cumsum([a[2] for a in acts]) if acts else np.zeros(0)
    return linger(
        np.array([a[0] for a in acts], np.float64),
        np.array([a[1] for a in acts], np.str_),
        (hours * HOUR_US).astype(np.int64),
    ).tolist()


def test_what_stood_out_still_stands_when_the_next_session_begins():
    assert lingering((10, "ana", 0), (0, "ana", 1), (0, "ana", 1)) == [10, 8, 6.4]


def test_a_later_day_and_another_account_stand_for_themselves():
    assert lingering((10, "ana", 0), (1, "kim", 1), (2, "ana", HOURS)) == [10, 1, 2]


@given(ACTS)
def test_it_never_lowers_and_never_passes_the_strongest_so_far(acts):
    out = lingering(*acts)
    for i, (bits, who, _) in enumerate(acts):
        before = [a[0] for a in acts[:i] if a[1] == who]
        assert bits <= out[i] <= max([bits, *(KEPT * b for b in before)])
