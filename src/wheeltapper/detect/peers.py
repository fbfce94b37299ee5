"""Peer tables: what everyone, and each peer group, did up to the last closed day.

A kernel reads them and never writes: what it saw today waits in `Open` rows until the engine
closes the day and adds the rows of all shards. So every shard, on every engine, sees the same
tables, and one shard's acts never depend on another's of the same day.

Groups are named by their 64-bit hash, 0 is everyone; value 0 stands for the group's totals.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.hashing import Hashes, mix
from wheeltapper.detect.table import SMALLEST, Float32s, Float64s, Int32s, Int64s, slot_of

EVERYONE = np.uint64(0)
TOTAL = np.uint64(0)


class Peers(NamedTuple):
    """(group, value) to what was seen of it; weights fade with the detector's half-life."""

    keys: Hashes
    had: Float32s
    """Entities that ever had it; for totals, entities ever seen."""
    weight: Float64s
    square: Float64s
    day: Int32s
    """The day `weight` and `square` are faded to."""
    size: Int64s


class Open(NamedTuple):
    """What one shard saw since the last closed day, to be added when the day closes."""

    group: Hashes
    value: Hashes
    had: Float32s
    weight: Float64s
    square: Float64s
    size: Int64s


def no_peers() -> Peers:
    return Peers(
        np.zeros(SMALLEST, np.uint64),
        np.zeros(SMALLEST, np.float32),
        np.zeros(SMALLEST),
        np.zeros(SMALLEST),
        np.zeros(SMALLEST, np.int32),
        np.zeros(1, np.int64),
    )


def nothing_open() -> Open:
    return Open(
        np.zeros(SMALLEST, np.uint64),
        np.zeros(SMALLEST, np.uint64),
        np.zeros(SMALLEST, np.float32),
        np.zeros(SMALLEST),
        np.zeros(SMALLEST),
        np.zeros(1, np.int64),
    )


@njit(cache=True)
def _wider_open(rows: Open) -> Open:
    room = 2 * rows.value.size
    n = rows.size[0]
    group, value = np.zeros(room, np.uint64), np.zeros(room, np.uint64)
    had = np.zeros(room, np.float32)
    weight, square = np.zeros(room), np.zeros(room)
    group[:n], value[:n], had[:n] = rows.group[:n], rows.value[:n], rows.had[:n]
    weight[:n], square[:n] = rows.weight[:n], rows.square[:n]
    return Open(group, value, had, weight, square, rows.size)


@njit(cache=True)
def push(
    rows: Open, group: np.uint64, value: np.uint64, had: float, weight: float, square: float
) -> Open:
    """Remember one row for the day's end."""
    if rows.size[0] == rows.value.size:
        rows = _wider_open(rows)
    at = rows.size[0]
    rows.group[at] = group
    rows.value[at] = value
    rows.had[at] = np.float32(had)
    rows.weight[at] = weight
    rows.square[at] = square
    rows.size[0] += 1
    return rows


@njit(cache=True, inline="always")
def look(
    peers: Peers, group: np.uint64, value: np.uint64, day: int, half_life: float
) -> tuple[float, float, float]:
    """`(had, weight, square)` of a value in a group, faded to `day`; zeros where unknown."""
    at = slot_of(peers.keys, mix(group, value))
    if peers.keys[at] == np.uint64(0):
        return 0.0, 0.0, 0.0
    fade = 2.0 ** (-(day - peers.day[at]) / half_life)
    return float(peers.had[at]), peers.weight[at] * fade, peers.square[at] * fade


@njit(cache=True)
def _wider_peers(peers: Peers) -> Peers:
    room = 2 * peers.keys.size
    wider = Peers(
        np.zeros(room, np.uint64),
        np.zeros(room, np.float32),
        np.zeros(room),
        np.zeros(room),
        np.zeros(room, np.int32),
        peers.size,
    )
    for j in range(peers.keys.size):
        if peers.keys[j] != np.uint64(0):
            to = slot_of(wider.keys, peers.keys[j])
            wider.keys[to] = peers.keys[j]
            wider.had[to] = peers.had[j]
            wider.weight[to] = peers.weight[j]
            wider.square[to] = peers.square[j]
            wider.day[to] = peers.day[j]
    return wider


@njit(cache=True, nogil=True)
def _add(peers: Peers, rows: Open, day: int, half_life: float) -> Peers:
    for i in range(rows.size[0]):
        for level in range(2):
            group = EVERYONE if level == 0 else rows.group[i]
            if level == 1 and group == EVERYONE:
                break
            key = mix(group, rows.value[i])
            at = slot_of(peers.keys, key)
            if peers.keys[at] == np.uint64(0):
                if 2 * (peers.size[0] + 1) > peers.keys.size:
                    peers = _wider_peers(peers)
                    at = slot_of(peers.keys, key)
                peers.keys[at] = key
                peers.day[at] = day
                peers.size[0] += 1
            if peers.day[at] != day:
                fade = 2.0 ** (-(day - peers.day[at]) / half_life)
                peers.weight[at] *= fade
                peers.square[at] *= fade
                peers.day[at] = day
            peers.had[at] += rows.had[i]
            peers.weight[at] += rows.weight[i]
            peers.square[at] += rows.square[i]
    return peers


def close_day(peers: Peers, shards: Sequence[Open], day: int, half_life_days: float) -> Peers:
    """Add what all shards saw on `day`; the shards' rows are emptied in place."""
    for rows in shards:
        if rows.size[0]:
            peers = _add(peers, rows, day, half_life_days)
            rows.size[0] = 0
    return peers
