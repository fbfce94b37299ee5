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
    llr   = log2 P(value | peers) / P(value | own), each the probability that a unit has the value:
            P(value | own)   = (c + prior * P(value | peers)) / (n + prior), prior = theta + d * k
            P(value | peers) = (units of the group with it + everyone's) / (units of the group + 1)

Units are acts, sessions or days, as the catalogue entry says, so that a script repeating a value a
thousand times in one session does not make it a habit. Nor does one odd day: a new value with
`doubt_bits` that peers would explain better (llr above 0) is *doubted*: it is not the entity's own
before it came on `confirm_days` days, or stopped being odd since others do it. Peers' tables take
it at once: what a team does for the first time is mostly its work.

Cost: O(1) per act; 64 to 128 bytes a kept (entity, value), 48 an entity. What goes beyond the
capacity is dropped by age, the longest unseen quarter at once, and counted in `size[1]`. One entity
that brings `most_new` new values of late adds no more, so that its flood drops nobody's habits.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.evict import without_oldest
from wheeltapper.detect.family import FIELDS, Columns, Family, Hits, hits_of
from wheeltapper.detect.hashing import mix
from wheeltapper.detect.peers import (
    EVERYONE,
    NO_DAY,
    TOTAL,
    Open,
    Peers,
    add,
    fade_table,
    faded,
    look,
    turned,
)
from wheeltapper.detect.table import SMALLEST, Float64s, Int64s, Records, slot_in, with_room

PAIR = np.dtype([("key", "u8"), ("unit", "u8"), ("weight", "f8"), ("day", "i4"), ("since", "i4")])
"""`unit`: the last one that counted; `weight`: units with this value, faded to `day`, or, below 0,
minus the days on which it came and was doubted; `since`: the day of the first."""
ENTITY = np.dtype(
    [("n", "f8"), ("k", "f8"), ("d", "f8"), ("ever", "f8"), ("unit", "u8"), ("since", "i4"),
     ("day", "i4")]
)  # fmt: skip
"""Units and new values (faded to `day`), values and units ever; the last unit that counted; first
and last day."""


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
    doubt_bits: float = 8.0
    """A new value that is this odd is not learned at once."""
    confirm_days: float = 3.0
    """On so many days it has to come before it counts as the entity's own."""
    most_new: float = 20_000.0
    """New values of late from which on an entity adds no more."""
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

    pairs: Records
    """Table of `PAIR` by (entity, value)."""
    size: Int64s
    """Pairs in, pairs evicted so far."""
    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros(SMALLEST, PAIR), np.zeros(2, np.int64), np.zeros(0, ENTITY))


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    theta: float,
    discount: float,
    min_bits: float,
    min_llr: float,
    doubt_bits: float,
    confirm_days: float,
    most_new: float,
    capacity: int,
    out: Float64s,
) -> tuple[Own, Open, Peers, int]:
    pairs, entities, sums = own.pairs, own.entities, opened.slots
    day = opened.day[0]
    known_of = peers.slots
    # Logarithms are taken only where there may be a hit.
    odd_enough = 2.0 ** -min(min_bits, doubt_bits) * (1.0 + 1e-9)
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        value = acts.value[i]
        e = acts.number[i]
        if value == np.uint64(0) or e < 0:
            continue
        unit = acts.unit[i]
        key = mix(acts.entity[i], value)
        at = slot_in(pairs, key)
        there = pairs[at].key == key
        if there and pairs[at].unit == unit:
            continue  # counted already in this act, session or day
        today = int(acts.day[i])
        if today != day:
            peers = turned(peers, opened, today, fades)
            known_of = peers.slots
            day = today
        group = acts.group[i]
        newcomer = entities[e].ever == 0
        if newcomer:
            entities[e].since = today
        elif today != entities[e].day:
            fade = faded(fades, today - entities[e].day)
            entities[e].n *= fade
            entities[e].k *= fade
        entities[e].day = today
        known = there and pairs[at].weight >= 0.0
        if known and today != pairs[at].day:
            pairs[at].weight *= faded(fades, today - pairs[at].day)
            pairs[at].day = today
        n, k, d = entities[e].n, entities[e].k, entities[e].d
        times = pairs[at].weight if known else 0.0
        p_tail = min(1.0, (theta + discount * k + d * times) / (n + theta))
        # Peers, the entity itself left out: its first day's acts are not in the tables yet.
        itself = 0.0 if newcomer or entities[e].since == today else 1.0
        mine = 1.0 if there and pairs[at].since != today else 0.0
        had, units, _ = look(known_of, EVERYONE, value, today, fades)
        of, total, _ = look(known_of, EVERYONE, TOTAL, today, fades)
        had, of = max(0.0, had - mine), max(0.0, of - itself)
        p_peers = min(1.0, (had + 0.5) / (of + 1.0))
        p_value = min(1.0, (units + 0.5) / (total + 1.0))
        if group != EVERYONE:
            had, units, _ = look(known_of, group, value, today, fades)
            of, total, _ = look(known_of, group, TOTAL, today, fades)
            had, of = max(0.0, had - mine), max(0.0, of - itself)
            p_peers = min(1.0, (had + p_peers) / (of + 1.0))
            p_value = min(1.0, (units + p_value) / (total + 1.0))
        doubted = False
        if p_tail * p_peers <= odd_enough:
            bits = -np.log2(p_tail) - np.log2(p_peers)
            prior = theta + discount * k
            p_own = (times + prior * p_value) / (n + prior)
            llr = np.log2(p_value / p_own)
            doubted = not known and bits >= doubt_bits and llr > 0.0
            if bits >= min_bits and llr >= min_llr:
                out[0, hits] = i
                out[1, hits] = bits
                out[2, hits] = llr
                out[3, hits] = 1.0
                out[4, hits] = p_own
                out[5, hits] = entities[e].ever
                out[6, hits] = had
                out[7, hits] = of
                out[8, hits] = entities[e].since
                out[9, hits] = times
                hits += 1
        # Learn.
        new_unit = newcomer or entities[e].unit != unit
        if new_unit:
            entities[e].n += 1.0
            entities[e].ever += 1.0
            entities[e].unit = unit
        if 2 * (opened.size[0] + 2) > sums.size:
            sums = with_room(sums, opened.size[0] + 1)
            opened = Open(sums, opened.size, opened.day)
        more = 1.0 if new_unit else 0.0
        add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), newcomer, more, 0.0)
        if not there and entities[e].k >= most_new:
            continue
        add(sums, opened.size, mix(group, value), mix(EVERYONE, value), not there, 1.0, 0.0)
        if not there:
            entities[e].k += 1.0
            if own.size[0] >= capacity:
                before = own.size[0]
                pairs = without_oldest(pairs, own.size)
                own.size[1] += before - own.size[0]
            pairs = with_room(pairs, own.size[0])
            at = slot_in(pairs, key)
            pairs[at].key = key
            pairs[at].day = NO_DAY
            pairs[at].since = today
            own.size[0] += 1
        pairs[at].unit = unit
        if doubted:
            if pairs[at].day != today:
                pairs[at].weight -= 1.0
            pairs[at].day = today
            if -pairs[at].weight < confirm_days:
                continue
        came = 1.0
        if not known:  # from now on it is
            came = max(1.0, -pairs[at].weight)
            pairs[at].weight = 0.0
            pairs[at].day = today
            entities[e].d += 1.0
        pairs[at].weight += came
    return Own(pairs, own.size, entities), opened, peers, hits


def step(
    own: Own, opened: Open, peers: Peers, acts: Columns, settings: Settings
) -> tuple[Own, Open, Peers, Hits]:
    """Judge and learn acts in order; arrays of `own` and `opened` change in place."""
    out = np.empty((FIELDS, acts.row.size))
    own, opened, peers, hits = _step(
        own,
        opened,
        peers,
        acts,
        fade_table(float(settings.half_life_days)),
        float(settings.theta),
        float(settings.discount),
        float(settings.min_bits),
        float(settings.min_llr),
        float(settings.doubt_bits),
        float(settings.confirm_days),
        float(settings.most_new),
        int(settings.capacity),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="novelty",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
    needs=("value",),
)
