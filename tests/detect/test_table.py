import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.table import SMALLEST, new_index, number_all, slot_of, widened

# Few distinct low bits, so that keys collide and probing runs around the end of the table.
KEYS = st.lists(
    st.builds(
        lambda high, low: high << 20 | low, st.integers(0, 300), st.sampled_from([0, 1, 62, 63])
    ),
    max_size=400,
)


def reference(hashes):
    numbers = {}
    return [numbers.setdefault(h, len(numbers)) if h else -1 for h in hashes]


@given(KEYS, st.integers(0, 400))
def test_numbers_follow_first_appearance_however_the_input_is_cut(hashes, cut):
    column = np.array(hashes, np.uint64)
    index, whole = number_all(new_index(), column)
    pieces_index, first = number_all(new_index(), column[:cut])
    pieces_index, second = number_all(pieces_index, column[cut:])
    assert whole.tolist() == reference(hashes)
    assert [*first, *second] == whole.tolist()
    for one, other in zip(index, pieces_index, strict=True):
        assert one.tobytes() == other.tobytes()


@given(KEYS)
def test_the_index_stays_at_most_half_full_and_finds_what_is_in_it(hashes):
    index, numbers = number_all(new_index(), np.array(hashes, np.uint64))
    distinct = set(hashes) - {0}
    assert index.size[0] == len(distinct)
    assert 2 * len(distinct) <= index.keys.size
    assert index.keys.size == SMALLEST or index.keys.size < 4 * len(distinct) + 4
    for key, number in zip(hashes, numbers, strict=True):
        if key:
            at = slot_of(index.keys, np.uint64(key))
            assert (index.keys[at], index.numbers[at]) == (key, number)


def test_keys_that_all_want_the_same_slot_are_kept_apart():
    hashes = np.arange(1, 200, dtype=np.uint64) << np.uint64(32)
    index, numbers = number_all(new_index(), hashes)
    assert numbers.tolist() == list(range(199))
    assert number_all(index, hashes)[1].tolist() == list(range(199))


def test_widening_doubles_and_keeps_what_was_there():
    rows = np.arange(6, dtype=np.float64).reshape(2, 3)
    wide = widened(rows, 65)
    assert wide.shape == (128, 3)
    assert wide[:2].tolist() == rows.tolist()
    assert not wide[2:].any()
    assert widened(rows, 2) is rows
    assert widened(np.zeros(0), 1).shape == (SMALLEST,)
