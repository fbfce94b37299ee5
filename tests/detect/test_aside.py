import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.aside import forgotten, nothing_aside, set_aside

ENTITIES = 4
CHAIN = np.dtype([("first", "i4")])


def chain(pending, entities, e):
    """What lies in an entity's chain, latest first."""
    found, number = [], int(entities[e]["first"])
    while number:
        one = pending[number - 1]
        found.append((int(one["context"]), int(one["value"])))
        number = int(one["next"])
    return found


DONE = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "give back", "entity goes"]),
        st.integers(0, ENTITIES - 1),
        st.integers(1, 30),
    ),
    max_size=40,
)


@given(DONE)
def test_chains_hold_what_was_put_in_since_they_were_given_back(done):
    (pending, pool), entities = nothing_aside(), np.zeros(ENTITIES, CHAIN)
    wanted, most = [[] for _ in range(ENTITIES)], 0
    for what, e, times in done:
        if what == "put":
            for i in range(times):
                pending = set_aside(pending, pool, entities, e, np.uint64(e + 1), np.uint64(i + 1))
                wanted[e].insert(0, (e + 1, i + 1))
        else:
            if what == "give back":
                forgotten(pending, pool, entities, e)
            entities[e]["first"] = 0  # without giving back: as when an entity's row goes
            wanted[e] = []
        assert [chain(pending, entities, each) for each in range(ENTITIES)] == wanted
        most = max(most, sum(map(len, wanted)))
    # Never more room than twice what is used three quarters.
    assert pending.size <= max(64, 2 * most / 0.75 * 2)


def test_what_was_left_by_entities_that_are_gone_is_used_again():
    (pending, pool), entities = nothing_aside(), np.zeros(1, CHAIN)
    for _ in range(50):
        for i in range(10):
            pending = set_aside(pending, pool, entities, 0, np.uint64(1), np.uint64(i + 1))
        entities[0]["first"] = 0
    assert pending.size == 64
