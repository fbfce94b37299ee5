from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.hashing import mix
from wheeltapper.detect.peers import (
    DAYS_FADED,
    EVERYONE,
    NO_DAY,
    Open,
    add,
    close_day,
    fade_table,
    faded,
    look,
    no_peers,
    nothing_open,
)
from wheeltapper.detect.peers import closed as closed_table
from wheeltapper.detect.table import with_room

HALF_LIFE = 30.0
GROUPS, VALUES = [0, 5, 6, 2**63], [0, 1, 2, 900]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 40, 3000]),  # days since the row before
        st.sampled_from(GROUPS),
        st.sampled_from(VALUES),
        st.integers(0, 3),
        st.integers(0, 1000),
        st.integers(0, 1000),
    ),
    max_size=40,
)


def summed(opened, group, value, had, weight, square):
    slots = with_room(opened.slots, opened.size[0])
    group, value = np.uint64(group), np.uint64(value)
    keys = np.uint64(mix(group, value)), np.uint64(mix(EVERYONE, value))
    add(slots, opened.size, *keys, float(had), float(weight), float(square))
    return Open(slots, opened.size, opened.day)


def closed(rows, shards):
    """Peer tables after the rows, spread over shards by whatever `shards` says for each."""
    opened, peers, day, open_day = [nothing_open() for _ in range(3)], no_peers(), 20_000, None
    for (gap, *row), shard in zip(rows, shards, strict=False):
        day += gap
        if open_day not in (None, day):
            peers = close_day(peers, opened, open_day, HALF_LIFE)
        open_day = day
        opened[shard] = summed(opened[shard], *row)
    return close_day(peers, opened, day, HALF_LIFE), day


def reference(rows):
    """Every sum anew from every row, as the module's words have it."""
    day, seen = 20_000, []
    for gap, *row in rows:
        day += gap
        seen.append((day, *row))
    tables = defaultdict(lambda: [0, 0.0, 0.0])
    for when, group, value, had, weight, square in seen:
        for g in {0, group}:
            left = 2.0 ** (-(day - when) / HALF_LIFE)
            entry = tables[g, value]
            entry[0] += had
            entry[1] += weight * left
            entry[2] += square * left
    return tables


@given(ROWS)
def test_tables_hold_what_was_seen_faded_for_groups_and_for_everyone(rows):
    peers, day = closed(rows, [0] * len(rows))
    wanted, fades = reference(rows), fade_table(HALF_LIFE)
    for group in GROUPS:
        for value in VALUES:
            got = look(peers.slots, np.uint64(group), np.uint64(value), day, fades)
            assert got == pytest.approx(wanted.get((group, value), [0, 0, 0]), rel=1e-12)
    assert peers.size[0] == len(wanted)


@given(ROWS, st.lists(st.integers(0, 2), min_size=40, max_size=40), st.randoms())
def test_neither_shards_nor_order_within_a_day_show(rows, shards, random):
    one, day = closed(rows, [0] * len(rows))
    # The same rows in another order within each day: gaps stay where they are.
    starts = [i for i, row in enumerate(rows) if row[0]] + [len(rows)]
    mixed, first = [], 0
    for end in starts:
        day_rows = [row[1:] for row in rows[first:end]]
        random.shuffle(day_rows)
        gaps = [row[0] for row in rows[first:end]]
        mixed += [(gap, *row) for gap, row in zip(gaps, day_rows, strict=True)]
        first = end
    other, _ = closed(mixed, shards)
    fades = fade_table(HALF_LIFE)
    for group in GROUPS:
        for value in VALUES:
            asked = np.uint64(group), np.uint64(value), day, fades
            assert look(one.slots, *asked) == look(other.slots, *asked)


def test_closing_empties_the_day_and_grows_with_what_is_in():
    opened = nothing_open()
    for value in range(1, 500):
        opened = summed(opened, 5, value, 1, 1, 1)
    peers = close_day(no_peers(), [opened], 20_000, HALF_LIFE)
    assert peers.size[0] == 2 * 499
    assert 2 * peers.size[0] <= peers.slots.size
    assert opened.size[0] == 0
    assert not opened.slots["key"].any()
    assert opened.day[0] == NO_DAY
    assert close_day(peers, [opened], 20_001, HALF_LIFE).slots is peers.slots


def test_a_day_that_nobody_acted_on_closes_to_nothing():
    peers = close_day(no_peers(), [nothing_open(), nothing_open()], 20_000, HALF_LIFE)
    assert peers.size[0] == 0


@pytest.mark.parametrize("days", [0, 1, DAYS_FADED - 1, DAYS_FADED, 5 * DAYS_FADED + 7])
def test_what_is_left_after_days(days):
    for half_life in (1000.0, 2200.0):
        left = faded(fade_table(half_life), days)
        assert left == pytest.approx(2.0 ** (-days / half_life), rel=1e-12)


def test_a_flood_of_made_up_values_pushes_out_what_was_unseen_for_longest():
    """What everybody did yesterday stays; what was seen once, long ago, goes."""
    fades, peers = fade_table(HALF_LIFE), no_peers()
    for day in range(100):
        opened = nothing_open()
        for value in (0, 7):  # the totals and a habit, every day
            opened = summed(opened, 5, value, 1, 3, 9)
        for made_up in range(20):
            opened = summed(opened, 5, 1000 + 20 * day + made_up, 1, 1, 1)
        peers = closed_table(peers, opened.slots, day, fades, 400)
        assert peers.size[0] <= 400
    had, weight, _ = look(peers.slots, np.uint64(5), np.uint64(7), 99, fades)
    assert had == 100
    assert weight > 30
    assert look(peers.slots, np.uint64(5), np.uint64(1000), 99, fades) == (0.0, 0.0, 0.0)
    newest = np.uint64(1000 + 20 * 99)
    assert look(peers.slots, np.uint64(5), newest, 99, fades)[0] == 1
