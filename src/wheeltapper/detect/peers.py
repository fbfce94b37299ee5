"""Peer tables: what everyone, and each peer group, did up to the last closed day.

A kernel reads them and never writes: what it saw today is summed in `Open` until the day closes
and the sums of all shards are added. So every shard, on every engine, sees the same tables, and
one shard's acts never depend on another's of the same day.

Groups are named by their 64-bit hash, 0 is everyone; value 0 stands for the group's totals. What
is summed in a day is whole numbers below 2**53, so sums are exact: neither the order of acts nor
the number of shards shows in the tables. A table that has grown beyond its capacity loses, when the
day closes, the quarter that was unseen for longest.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.evict import without_oldest
from wheeltapper.detect.hashing import mix
from wheeltapper.detect.table import SMALLEST, Float64s, Int64s, Records, slot_in, with_room

EVERYONE = np.uint64(0)
TOTAL = np.uint64(0)
NO_DAY = -(2**31)
DAYS_FADED = 1024
CAPACITY = 2_000_000
"""Values of groups, and of everyone, that are kept."""

PEER = np.dtype([("key", "u8"), ("weight", "f8"), ("square", "f8"), ("had", "u4"), ("day", "i4")])
"""`had`: entities that ever had the value (for totals: ever seen); `weight` and `square` fade with
the detector's half-life and are faded to `day`."""
SUM = np.dtype([("key", "u8"), ("of_all", "u8"), ("had", "f8"), ("weight", "f8"), ("square", "f8")])
"""`of_all`: the key of the same value for everyone."""


class Peers(NamedTuple):
    """(group, value) to what was seen of it."""

    slots: Records
    """Table of `PEER`."""
    size: Int64s


class Open(NamedTuple):
    """What one shard saw on the day that is open."""

    slots: Records
    """Table of `SUM`."""
    size: Int64s
    day: Int64s
    """Shape (1,): that day; `NO_DAY` before the first act."""


def no_peers() -> Peers:
    return Peers(np.zeros(SMALLEST, PEER), np.zeros(1, np.int64))


def nothing_open() -> Open:
    return Open(np.zeros(SMALLEST, SUM), np.zeros(1, np.int64), np.full(1, NO_DAY, np.int64))


@cache
def fade_table(half_life_days: float) -> Float64s:
    """What is left of 1 after 0, 1, 2 … days."""
    days = np.arange(DAYS_FADED)
    return np.asarray(2.0 ** (-days / half_life_days), np.float64)


@njit(cache=True)
def faded(fades: Float64s, days: int) -> float:
    """What is left of 1 after so many days."""
    left = 1.0
    while days >= fades.size:
        left *= fades[fades.size - 1]
        days -= fades.size - 1
    return float(left * fades[days])


@njit(cache=True)
def look(
    peers: Records, group: np.uint64, value: np.uint64, today: int, fades: Float64s
) -> tuple[float, float, float]:
    """`(had, weight, square)` of a value in a group, faded to today; zeros where unknown."""
    at = slot_in(peers, mix(group, value))
    if peers[at].key == np.uint64(0):
        return 0.0, 0.0, 0.0
    fade = faded(fades, today - peers[at].day)
    return float(peers[at].had), peers[at].weight * fade, peers[at].square * fade


@njit(cache=True)
def add(
    slots: Records,
    size: Int64s,
    key: np.uint64,
    of_all: np.uint64,
    had: float,
    weight: float,
    square: float,
) -> None:
    """Add to a sum of the day. `slots` must have room for one more."""
    at = slot_in(slots, key)
    if slots[at].key == np.uint64(0):
        slots[at].key = key
        slots[at].of_all = of_all
        size[0] += 1
    slots[at].had += had
    slots[at].weight += weight
    slots[at].square += square


@njit(cache=True)
def _add_to_peers(
    slots: Records, size: Int64s, sums: Records, only_all: bool, day: int, fades: Float64s
) -> Records:
    for j in range(sums.size):
        key = sums[j].key
        if key == np.uint64(0) or (key == sums[j].of_all) != only_all:
            continue
        slots = with_room(slots, size[0])
        at = slot_in(slots, key)
        if slots[at].key == np.uint64(0):
            slots[at].key = key
            slots[at].day = day
            size[0] += 1
        fade = faded(fades, day - slots[at].day)
        slots[at].weight = slots[at].weight * fade + sums[j].weight
        slots[at].square = slots[at].square * fade + sums[j].square
        slots[at].day = day
        slots[at].had += np.uint32(sums[j].had)
    return slots


@njit(cache=True)
def closed(peers: Peers, sums: Records, day: int, fades: Float64s, capacity: int) -> Peers:
    """Groups' sums are added as they are, everyone's after they have been summed over groups."""
    slots = _add_to_peers(peers.slots, peers.size, sums, False, day, fades)
    total = np.zeros(SMALLEST, sums.dtype)
    size = np.zeros(1, np.int64)
    for j in range(sums.size):
        if sums[j].key != np.uint64(0):
            total = with_room(total, size[0])
            of_all = sums[j].of_all
            add(total, size, of_all, of_all, sums[j].had, sums[j].weight, sums[j].square)
    slots = _add_to_peers(slots, peers.size, total, True, day, fades)
    while peers.size[0] > capacity:
        slots = without_oldest(slots, peers.size)
    return Peers(slots, peers.size)


@njit(cache=True)
def _emptied(sums: Records, size: Int64s) -> None:
    for j in range(sums.size):
        sums[j].key = np.uint64(0)
        sums[j].of_all = np.uint64(0)
        sums[j].had = 0.0
        sums[j].weight = 0.0
        sums[j].square = 0.0
    size[0] = 0


@njit(cache=True)
def turned(peers: Peers, opened: Open, today: int, fades: Float64s) -> Peers:
    """Close the open day, if there is one; `today` is open then."""
    if opened.size[0]:
        peers = closed(peers, opened.slots, opened.day[0], fades, CAPACITY)
        _emptied(opened.slots, opened.size)
    opened.day[0] = today
    return peers


@njit(cache=True)
def _merged(into: Open, sums: Records) -> Open:
    slots = into.slots
    for j in range(sums.size):
        s = sums[j]
        if s.key != np.uint64(0):
            slots = with_room(slots, into.size[0])
            add(slots, into.size, s.key, s.of_all, s.had, s.weight, s.square)
    return Open(slots, into.size, into.day)


def close_day(peers: Peers, shards: Sequence[Open], day: int, half_life_days: float) -> Peers:
    """Add what all shards saw on `day`; their sums are emptied in place.

    For engines with several shards: they hand each shard the acts of one day, and close the day
    when all have had theirs. A kernel that has all acts turns its days by itself.
    """
    together = nothing_open()
    together.day[0] = day
    for one in shards:
        together = _merged(together, one.slots)
        _emptied(one.slots, one.size)
        one.day[0] = NO_DAY
    closed: Peers = turned(peers, together, NO_DAY, fade_table(half_life_days))
    return closed
