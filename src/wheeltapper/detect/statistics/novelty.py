"""Novelty: has this entity, or have its peers, ever had this value?

Good at first times that matter: a country, a client, an action, a role. Blind to more of the same
(use `rate`) and to the right act at the wrong hour (use `schedule`). Says little about an entity
whose habit is novelty, and little about anybody while the workspace is young.

Method: the chance that the next unit of an entity's history brings a value as rare for it as this
one, under a Pitman-Yor predictive rule (Pitman and Yor 1997; Teh 2006, eq. 7) with decayed counts,
own history shrunk to the peer group's and the group's to everyone's:

    own   = (theta + discount * k + d * c) / (n + theta)    k: new values of late, d: values ever,
                                                            c: times this value, n: units
    peers = (entities of the group that had it + everyone) / (entities of the group + 1)
    bits  = -log2(own) - log2(peers)
    llr   = log2 P(value | peers) / P(value | own)

Units are acts, sessions or days, as the catalogue entry says, so that a script repeating a value a
thousand times in one session does not make it a habit.

Cost: O(1) per act; 72 bytes a kept (entity, value) at a third's load, 40 an entity. What goes
beyond the capacity is dropped by age, the longest unseen quarter at once, and counted in `size[1]`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.family import FIELDS, Columns, Family, Hits, hits_of
from wheeltapper.detect.hashing import Hashes, mix
from wheeltapper.detect.peers import EVERYONE, TOTAL, Open, Peers, look, push
from wheeltapper.detect.table import SMALLEST, Float32s, Float64s, Int32s, Int64s, slot_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How fast habits fade and how odd a value must be."""

    half_life_days: float = 180.0
    theta: float = 1.0
    """Strength of the prior, in units of history."""
    discount: float = 0.5
    """How much a new value of late makes the next one likely, from 0 to below 1."""
    min_bits: float = 8.0
    """Below this nothing is said."""
    min_llr: float = 0.0
    capacity: int = 4_000_000
    """(entity, value) pairs kept."""

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not 0 <= self.discount < 1:
            raise ValueError(f"discount must be from 0 to below 1, got {self.discount}")
        if not self.theta > 0:
            raise ValueError(f"theta must be above 0, got {self.theta}")
        if self.capacity < SMALLEST:
            raise ValueError(f"capacity must be at least {SMALLEST}, got {self.capacity}")


class Own(NamedTuple):
    """What this shard's entities did."""

    keys: Hashes
    """(entity, value) pairs."""
    weight: Float32s
    """Units with this value, faded to `day`."""
    day: Int32s
    unit: Hashes
    """The last unit that counted."""
    size: Int64s
    """Pairs in, pairs evicted so far."""
    totals: Float32s
    """Per entity: n and k (faded to the last day), d, units ever."""
    days: Int32s
    """Per entity: first day, last day."""
    last_unit: Hashes


def start() -> Own:
    return Own(
        np.zeros(SMALLEST, np.uint64),
        np.zeros(SMALLEST, np.float32),
        np.zeros(SMALLEST, np.int32),
        np.zeros(SMALLEST, np.uint64),
        np.zeros(2, np.int64),
        np.zeros((0, 4), np.float32),
        np.zeros((0, 2), np.int32),
        np.zeros(0, np.uint64),
    )


@njit(cache=True)
def _moved(own: Own, room: int, oldest: float) -> Own:
    """The pairs in a table of `room` slots, without those whose age is not above `oldest`."""
    keys = np.zeros(room, np.uint64)
    weight = np.zeros(room, np.float32)
    day = np.zeros(room, np.int32)
    unit = np.zeros(room, np.uint64)
    kept = 0
    for j in range(own.keys.size):
        if own.keys[j] != np.uint64(0) and _age(own.day[j], own.weight[j]) > oldest:
            to = slot_of(keys, own.keys[j])
            keys[to] = own.keys[j]
            weight[to] = own.weight[j]
            day[to] = own.day[j]
            unit[to] = own.unit[j]
            kept += 1
    own.size[1] += own.size[0] - kept
    own.size[0] = kept
    return Own(keys, weight, day, unit, own.size, own.totals, own.days, own.last_unit)


@njit(cache=True, inline="always")
def _age(day: int, weight: float) -> float:
    """Later is higher; of one day, the weightier."""
    return float(day) + min(weight, 1e6) / 2e6


@njit(cache=True)
def _with_room(own: Own, capacity: int) -> Own:
    """Room for one more pair: by doubling, or at capacity by dropping the longest unseen."""
    if own.size[0] >= capacity:
        age = np.empty(own.size[0], np.float64)
        used = 0
        for j in range(own.keys.size):
            if own.keys[j] != np.uint64(0):
                age[used] = _age(own.day[j], own.weight[j])
                used += 1
        return _moved(own, own.keys.size, np.sort(age)[used // 4])
    if 2 * (own.size[0] + 1) > own.keys.size:
        return _moved(own, 2 * own.keys.size, -1e18)
    return own


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    rows: Open,
    peers: Peers,
    acts: Columns,
    today: int,
    half_life: float,
    theta: float,
    discount: float,
    min_bits: float,
    min_llr: float,
    capacity: int,
    out: Float64s,
) -> tuple[Own, Open, int]:
    hits = 0
    for i in range(acts.row.size):
        value = acts.value[i]
        e = acts.number[i]
        if value == np.uint64(0) or e < 0:
            continue
        key = mix(acts.entity[i], value)
        at = slot_of(own.keys, key)
        known = own.keys[at] == key
        if known and own.unit[at] == acts.unit[i]:
            continue  # counted already in this act, session or day
        group = acts.group[i]
        newcomer = own.totals[e, 3] == 0
        if newcomer:
            own.days[e, 0] = today
        elif today != own.days[e, 1]:
            fade = np.float32(2.0 ** (-(today - own.days[e, 1]) / half_life))
            own.totals[e, 0] *= fade
            own.totals[e, 1] *= fade
        own.days[e, 1] = today
        if known and today != own.day[at]:
            own.weight[at] *= np.float32(2.0 ** (-(today - own.day[at]) / half_life))
            own.day[at] = today
        # float64 from here on: mixed precision would differ between machines.
        n, k, d = float(own.totals[e, 0]), float(own.totals[e, 1]), float(own.totals[e, 2])
        times = float(own.weight[at]) if known else 0.0
        p_tail = min(1.0, (theta + discount * k + d * times) / (n + theta))
        # Peers, the entity itself left out.
        itself = 0.0 if newcomer else 1.0
        mine = 1.0 if known else 0.0
        had, units, _ = look(peers, EVERYONE, value, today, half_life)
        of, total, _ = look(peers, EVERYONE, TOTAL, today, half_life)
        had, of = max(0.0, had - mine), max(0.0, of - itself)
        p_peers = min(1.0, (had + 0.5) / (of + 1.0))
        p_value = min(1.0, (units + 0.5) / (total + 1.0))
        if group != EVERYONE:
            had, units, _ = look(peers, group, value, today, half_life)
            of, total, _ = look(peers, group, TOTAL, today, half_life)
            had, of = max(0.0, had - mine), max(0.0, of - itself)
            p_peers = min(1.0, (had + p_peers) / (of + 1.0))
            p_value = min(1.0, (units + p_value) / (total + 1.0))
        bits = -np.log2(p_tail) - np.log2(p_peers)
        prior = theta + discount * k
        p_own = (times + prior * p_value) / (n + prior)
        llr = np.log2(p_value / p_own)
        if bits >= min_bits and llr >= min_llr:
            out[0, hits] = acts.row[i]
            out[1, hits] = bits
            out[2, hits] = llr
            out[3, hits] = 1.0
            out[4, hits] = p_own
            out[5, hits] = own.totals[e, 3]
            out[6, hits] = had
            out[7, hits] = of
            out[8, hits] = own.days[e, 0]
            out[9, hits] = times
            hits += 1
        # Learn.
        if newcomer or own.last_unit[e] != acts.unit[i]:
            own.totals[e, 0] += np.float32(1.0)
            own.totals[e, 3] += np.float32(1.0)
            own.last_unit[e] = acts.unit[i]
        rows = push(rows, group, TOTAL, 1.0 if newcomer else 0.0, 1.0, 0.0)
        rows = push(rows, group, value, 0.0 if known else 1.0, 1.0, 0.0)
        if not known:
            own.totals[e, 1] += np.float32(1.0)
            own.totals[e, 2] += np.float32(1.0)
            own = _with_room(own, capacity)
            at = slot_of(own.keys, key)
            own.keys[at] = key
            own.day[at] = today
            own.size[0] += 1
        own.weight[at] += np.float32(1.0)
        own.unit[at] = acts.unit[i]
    return own, rows, hits


def step(
    own: Own, rows: Open, peers: Peers, acts: Columns, today: int, settings: Settings
) -> tuple[Own, Open, Hits]:
    """Judge and learn one day's acts in order; arrays of `own` and `rows` change in place."""
    out = np.empty((FIELDS, acts.row.size))
    own, rows, hits = _step(
        own,
        rows,
        peers,
        acts,
        today,
        settings.half_life_days,
        settings.theta,
        settings.discount,
        settings.min_bits,
        settings.min_llr,
        settings.capacity,
        out,
    )
    return own, rows, hits_of(out[:, :hits])


FAMILY = Family(
    name="novelty",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("totals", "days", "last_unit"),
    needs_value=True,
)
