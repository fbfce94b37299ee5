import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.evict import without_oldest
from wheeltapper.detect.peers import PEER
from wheeltapper.detect.table import slot_in, with_room

KEPT = st.dictionaries(
    st.integers(1, 2**64 - 1), st.tuples(st.integers(0, 5), st.floats(0, 10)), min_size=1
)


def table(kept):
    slots, size = np.zeros(64, PEER), np.zeros(1, np.int64)
    for key, (day, weight) in kept.items():
        slots = with_room(slots, size[0])
        slots[slot_in(slots, np.uint64(key))] = (key, weight, 0.0, 0, day)
        size[0] += 1
    return slots, size


@given(KEPT)
def test_the_oldest_quarter_goes_and_nothing_else_changes(kept):
    slots, size = table(kept)
    left = without_oldest(slots, size)
    oldest = sorted(kept, key=lambda k: (kept[k][0] + min(kept[k][1], 1e6) / 2e6, k))
    gone = set(oldest[: len(kept) // 4 + 1])
    assert size[0] == len(kept) - len(gone)
    got = {int(row["key"]): row for row in left[left["key"] != 0]}
    assert got.keys() == kept.keys() - gone
    for key, row in got.items():
        assert (row["day"], row["weight"]) == kept[key]
        assert left[slot_in(left, np.uint64(key))]["key"] == key  # still found


@given(KEPT, st.randoms())
def test_how_the_table_came_about_does_not_decide(kept, random):
    mixed = list(kept.items())
    random.shuffle(mixed)
    one, other = (without_oldest(*table(k))["key"] for k in (kept, dict(mixed)))
    assert set(one.tolist()) == set(other.tolist())
