"""Sequence: acts in an order that the peers' habits explain better than the entity's own.

Good at somebody else at the keyboard: a stolen session, a shared key, a colleague on an unlocked
machine, whose every single act may be usual here. Blind to one odd act (use `novelty`), to more of
the same (use `rate`), to an intruder who does what the entity always does, and to what an entity
does in several sessions at once (name `unit = "day"`). Says nothing in the first `grace` units, of
acts without a value, and where an entity has no habits that differ from its peers'.

Method: which of two explains the acts of a unit (a session or day): the entity, or somebody else,
who acts as its peers do (Maxion and Townsend, "Masquerade detection using truncated command lines",
2002). A *step* is a value after the `order` values before it in the unit; it counts once a unit, so
that a script's thousandth round is no evidence. Both are interpolated Markov models of steps, by
Dirichlet smoothing from short to long contexts (peers: everyone, then the group, the entity left
out) and, for the entity, by Pitman-Yor smoothing with the peers' as base (Teh 2006, eq. 7):

    peers = (c + peers_prior * base) / (n + peers_prior)
    own   = (c - discount * min(c, 1) + (theta + discount * kinds) * base) / (n + theta)
    odds  = odds before the unit + strength * sum(log2(peers / own)) / sqrt(steps)

    c: units with the step, n: units with any step from that context, kinds: different steps

with each step's evidence held within `most_bits`. Steps of a unit depend on each other, so their
sum is judged on the scale of its root, as if all were pairwise a little alike. Between units a
two-state filter (Rabiner 1989, section III A) lets somebody else come with `enter` and stay with
`stay`. A unit is learned when the next one begins, and only if the filter then gave the entity at
least `trust`; so what is doubted is not learned, unless doubt has lasted for `patience` units: by
then it is what the entity does now. Peers' tables take what is learned and nothing else.

A finding comes once a unit, when bits cross `min_bits`; where that is 0, with every step.
bits = -log2 P(the entity itself); llr = log2 of the odds for somebody else over those of a fresh
start; observed: steps of the unit so far, expected: how many of them it took before; baseline:
units learned; before: units with this step (faded); peers: peers who took this step.

Cost: O(order) per act, 2 (order + 1) look-ups of own and twice as many of peers where a step
counts; 64 to 128 bytes a kept (entity, step) and context, 80 an entity, 24 a step of the unit that
is open. What goes beyond the capacity is dropped by age, the longest unseen quarter at once, and
counted in `size[1]`; of one unit no more than `MOST_STEPS` count.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.aside import forgotten, nothing_aside, set_aside
from wheeltapper.detect.evict import without_oldest
from wheeltapper.detect.family import FIELDS, Columns, Family, Hits, hits_of
from wheeltapper.detect.hashing import Hashes, mix
from wheeltapper.detect.peers import (
    EVERYONE,
    Open,
    Peers,
    add,
    fade_table,
    faded,
    look,
    turned,
)
from wheeltapper.detect.table import SMALLEST, Float64s, Int64s, Records, slot_in, with_room

MOST_ORDER = 3
MOST_STEPS = 1000
"""Steps of one unit that count: what a flood can cost."""
ROOT, BEGIN, ANY = np.uint64(1), np.uint64(2), np.uint64(0)
"""The context of no values; what comes before the first value of a unit; any value at all."""
ONE_OF = 1.0 / 1024
"""Chance of a value that nobody here ever had."""

STEP = np.dtype(
    [("key", "u8"), ("unit", "u8"), ("weight", "f4"), ("today", "f4"), ("kinds", "f4"),
     ("day", "i4")]
)  # fmt: skip
"""A value in a context, or `ANY` for the context's totals. `unit`: the last one it was taken in;
`weight`: units learned with it before `day`, faded to it, and `today` on that day; `kinds`:
different values learned in the context, faded."""
ENTITY = np.dtype(
    [("unit", "u8"), ("before", "f8"), ("odds", "f8"), ("sum", "f8"), ("learned", "f8"),
     ("steps", "i4"), ("known", "i4"), ("doubted", "i4"), ("first", "i4"), ("since", "i4"),
     ("told", "i4")]
)  # fmt: skip
"""The open unit; log2 odds for somebody else before it and now, the sum of its evidence; units
learned; steps of the unit, how many of them known; units in doubt in a row; number of the unit's
latest pending step, 0 for none; day of the first act; whether the unit was told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How habits are told apart, and how sure the filter must be."""

    order: int = 1
    """Values that a step remembers, 0 to 3."""
    half_life_days: float = 180.0
    theta: float = 1.0
    """Strength of the peers in the entity's own model, in units of history."""
    discount: float = 0.5
    """How much each new step of the past makes new ones likely, from 0 to below 1."""
    peers_prior: float = 50.0
    """Units of the peers' history that outweigh what they do in shorter contexts."""
    strength: float = 0.7
    """Share of a step's evidence that counts, 1 if steps told all that they seem to."""
    most_bits: float = 8.0
    """No step is more evidence than this, for or against."""
    enter: float = 0.02
    """Chance that the next unit is somebody else's, after one of the entity's own."""
    stay: float = 0.8
    """Chance that the next unit is somebody else's, after one that was."""
    trust: float = 0.8
    """A unit is learned if it is the entity's own with at least this probability."""
    patience: float = 50.0
    """Units in doubt in a row after which they are learned nevertheless."""
    grace: float = 30.0
    """Units that are learned before anything is doubted or said."""
    min_bits: float = 6.0
    """Below this nothing is said."""
    capacity: int = 4_000_000
    """Steps and contexts kept."""

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if self.order not in range(MOST_ORDER + 1):
            raise ValueError(f"order must be from 0 to {MOST_ORDER}, got {self.order}")
        if not 0 <= self.discount < 1:
            raise ValueError(f"discount must be from 0 to below 1, got {self.discount}")
        for name in ("theta", "peers_prior", "strength", "most_bits"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("enter", "stay", "trust"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        if self.capacity < SMALLEST:
            raise ValueError(f"capacity must be at least {SMALLEST}, got {self.capacity}")


class Own(NamedTuple):
    """What this shard's entities did."""

    steps: Records
    """Table of `STEP` by (entity, context, value)."""
    size: Int64s
    """Steps in, steps evicted so far."""
    pending: Records
    """Steps of open units; see `aside`."""
    pool: Int64s
    entities: Records
    """`ENTITY` by number."""
    last: Hashes
    """(entities, 3) the values before, latest first."""


def start() -> Own:
    return Own(
        np.zeros(SMALLEST, STEP),
        np.zeros(2, np.int64),
        *nothing_aside(),
        np.zeros(0, ENTITY),
        np.zeros((0, MOST_ORDER), np.uint64),
    )


class Terms(NamedTuple):
    """The settings as the kernel reads them; odds and trust in bits."""

    order: int
    theta: float
    discount: float
    peers_prior: float
    strength: float
    most_bits: float
    enter: float
    stay: float
    doubt: float
    patience: float
    grace: float
    min_bits: float
    capacity: int


def _terms(s: Settings) -> Terms:
    return Terms(
        int(s.order),
        float(s.theta),
        float(s.discount),
        float(s.peers_prior),
        float(s.strength),
        float(s.most_bits),
        float(s.enter),
        float(s.stay),
        float(np.log2((1.0 - s.trust) / s.trust)),
        float(s.patience),
        float(s.grace),
        float(s.min_bits),
        int(s.capacity),
    )


@njit(cache=True)
def _with_room_for(steps: Records, size: Int64s, more: int, capacity: int) -> Records:
    """A table that takes so many more without growing."""
    if size[0] + more > capacity:
        kept = size[0]
        steps = without_oldest(steps, size)
        size[1] += kept - size[0]
    return with_room(steps, size[0] + more - 1)


@njit(cache=True)
def _kept(steps: Records, size: Int64s, key: np.uint64, today: int, fades: Float64s) -> np.int64:
    """Where a step is, put in if it is new, faded to today."""
    at = slot_in(steps, key)
    if steps[at].key == np.uint64(0):
        steps[at].key = key
        steps[at].day = today
        size[0] += 1
    elif steps[at].day != today:
        fade = np.float32(faded(fades, today - steps[at].day))
        steps[at].weight = (steps[at].weight + steps[at].today) * fade
        steps[at].kinds *= fade
        steps[at].today = np.float32(0.0)
        steps[at].day = today
    return at


@njit(cache=True)
def _seen(
    steps: Records, key: np.uint64, today: int, fades: Float64s
) -> tuple[float, float, float]:
    """`(units, kinds, units before today)` of a step; zeros where it is not kept."""
    at = slot_in(steps, key)
    if steps[at].key == np.uint64(0):
        return 0.0, 0.0, 0.0
    weight, more, kinds = steps[at].weight, steps[at].today, steps[at].kinds
    if steps[at].day == today:
        return float(weight) + float(more), float(kinds), float(weight)
    fade = faded(fades, today - steps[at].day)
    weight = (float(weight) + float(more)) * fade
    return weight, float(kinds) * fade, weight


@njit(cache=True)
def _shrunk(
    p: float,
    peers: Records,
    group: np.uint64,
    context: np.uint64,
    value: np.uint64,
    mine: float,
    mine_of: float,
    prior: float,
    today: int,
    fades: Float64s,
) -> float:
    """Chance of a value among peers in a context, the entity left out, shrunk to `p`."""
    _, n, _ = look(peers, group, mix(context, ANY), today, fades)
    _, c, _ = look(peers, group, mix(context, value), today, fades)
    n = max(0.0, n - mine_of)
    return (min(n, max(0.0, c - mine)) + prior * p) / (n + prior)


@njit(cache=True)
def _explained(
    steps: Records,
    peers: Records,
    entity: np.uint64,
    group: np.uint64,
    contexts: Hashes,
    value: np.uint64,
    terms: Terms,
    today: int,
    fades: Float64s,
) -> tuple[float, float, float]:
    """Chance of a step if a peer, and if the entity takes it; units it took it in (faded)."""
    prior = terms.peers_prior
    p = ONE_OF
    for context in contexts:
        _, _, of = _seen(steps, mix(entity, mix(context, ANY)), today, fades)
        _, _, mine = _seen(steps, mix(entity, mix(context, value)), today, fades)
        p = _shrunk(p, peers, EVERYONE, context, value, mine, of, prior, today, fades)
        if group != EVERYONE:
            p = _shrunk(p, peers, group, context, value, mine, of, prior, today, fades)
    p_own, c = p, 0.0
    for context in contexts:
        n, kinds, _ = _seen(steps, mix(entity, mix(context, ANY)), today, fades)
        c, _, _ = _seen(steps, mix(entity, mix(context, value)), today, fades)
        new = terms.theta + terms.discount * kinds
        p_own = (c - terms.discount * min(c, 1.0) + new * p_own) / (n + terms.theta)
    return p, p_own, c


@njit(cache=True)
def _contexts(last: Hashes, e: int, value: np.uint64, contexts: Hashes) -> None:
    """Fill in what a value comes after, from no values to all that count, and remember it."""
    contexts[0] = ROOT
    for k in range(1, contexts.size):
        contexts[k] = mix(contexts[k - 1], last[e, k - 1])
    for k in range(MOST_ORDER - 1, 0, -1):
        last[e, k] = last[e, k - 1]
    last[e, 0] = value


@njit(cache=True)
def _learned(
    own: Own,
    opened: Open,
    e: int,
    entity: np.uint64,
    group: np.uint64,
    today: int,
    fades: Float64s,
    capacity: int,
) -> tuple[Records, Open]:
    """Learn all pending steps of an entity, and sum them up for its peers."""
    steps, sums = own.steps, opened.slots
    number = np.int64(own.entities[e].first)
    while number:
        one = own.pending[number - 1]
        steps = _with_room_for(steps, own.size, 2, capacity)
        whole, part = mix(one.context, ANY), mix(one.context, one.value)
        any_at = _kept(steps, own.size, mix(entity, whole), today, fades)
        at = _kept(steps, own.size, mix(entity, part), today, fades)
        new_context = steps[any_at].weight + steps[any_at].today == 0.0
        new = steps[at].weight + steps[at].today == 0.0
        for slot in (any_at, at):
            steps[slot].today += np.float32(1.0)
        if new:
            steps[any_at].kinds += np.float32(1.0)
        sums = with_room(sums, opened.size[0] + 1)
        add(sums, opened.size, mix(group, whole), mix(EVERYONE, whole), new_context, 1.0, 0.0)
        add(sums, opened.size, mix(group, part), mix(EVERYONE, part), new, 1.0, 0.0)
        number = one.next
    own.entities[e].learned += 1.0
    return steps, Open(sums, opened.size, opened.day)


@njit(cache=True)
def _bits(odds: float) -> float:
    """-log2 of the probability that it is the entity itself, from log2 odds against."""
    return float(max(odds, 0.0) + np.log2(1.0 + 2.0 ** -abs(odds)))


@njit(cache=True)
def _moved_on(odds: float, enter: float, stay: float) -> float:
    """Log2 odds for somebody else in the next unit."""
    other = 1.0 / (1.0 + 2.0 ** min(-odds, 1000.0))
    then = other * stay + (1.0 - other) * enter
    return float(np.log2(then / (1.0 - then)))


@njit(cache=True)
def _closed(
    own: Own,
    opened: Open,
    e: int,
    entity: np.uint64,
    group: np.uint64,
    terms: Terms,
    today: int,
    fades: Float64s,
) -> tuple[Records, Open]:
    """End an entity's unit: learn it, if it is believed; the odds are those of the next one."""
    entities, steps = own.entities, own.steps
    believed = entities[e].odds <= terms.doubt
    entities[e].doubted = 0 if believed else entities[e].doubted + 1
    if believed or entities[e].doubted > terms.patience:
        steps, opened = _learned(own, opened, e, entity, group, today, fades, terms.capacity)
    forgotten(own.pending, own.pool, own.entities, e)
    entities[e].odds = _moved_on(entities[e].odds, terms.enter, terms.stay)
    return steps, opened


@njit(cache=True)
def _begun(entities: Records, last: Hashes, e: int, unit: np.uint64) -> None:
    entities[e].unit = unit
    entities[e].before = entities[e].odds
    entities[e].sum = 0.0
    entities[e].steps = 0
    entities[e].known = 0
    entities[e].told = 0
    for k in range(MOST_ORDER):
        last[e, k] = BEGIN


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    terms: Terms,
    out: Float64s,
) -> tuple[Own, Open, Peers, int]:
    steps, size, pending, pool, entities, last = own
    order = terms.order
    day = opened.day[0]
    known_of = peers.slots
    calm = np.log2(terms.enter / (1.0 - terms.enter))
    contexts = np.zeros(order + 1, np.uint64)
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        value = acts.value[i]
        e = acts.number[i]
        if value == np.uint64(0) or e < 0:
            continue
        today = int(acts.day[i])
        if today != day:
            peers = turned(peers, opened, today, fades)
            known_of = peers.slots
            day = today
        unit, entity, group = acts.unit[i], acts.entity[i], acts.group[i]
        if entities[e].unit != unit:
            if entities[e].unit == np.uint64(0):
                entities[e].since = today
                entities[e].odds = calm
            else:
                steps, opened = _closed(
                    Own(steps, size, pending, pool, entities, last),
                    opened, e, entity, group, terms, today, fades,
                )  # fmt: skip
            _begun(entities, last, e, unit)
        _contexts(last, e, value, contexts)
        longest = slot_in(steps, mix(entity, mix(contexts[order], value)))
        if steps[longest].key != np.uint64(0) and steps[longest].unit == unit:
            continue  # counted already in this session or day
        if entities[e].steps >= MOST_STEPS:
            continue
        steps = _with_room_for(steps, size, order + 1, terms.capacity)
        p_peers, p_own, before = _explained(
            steps, known_of, entity, group, contexts, value, terms, today, fades
        )
        entities[e].steps += 1
        if before > 0.0:
            entities[e].known += 1
        if entities[e].learned >= terms.grace:
            told = np.log2(p_peers / p_own)
            entities[e].sum += min(max(told, -terms.most_bits), terms.most_bits)
            entities[e].odds = entities[e].before + terms.strength * entities[e].sum / np.sqrt(
                entities[e].steps
            )
            bits = _bits(entities[e].odds)
            if bits >= terms.min_bits and (entities[e].told == 0 or terms.min_bits <= 0.0):
                entities[e].told = 1
                at = contexts[order]
                had, _, _ = look(known_of, group, mix(at, value), today, fades)
                members, _, _ = look(known_of, group, mix(ROOT, ANY), today, fades)
                _, _, mine = _seen(steps, mix(entity, mix(at, value)), today, fades)
                _, _, ever = _seen(steps, mix(entity, mix(ROOT, ANY)), today, fades)
                out[0, hits] = i
                out[1, hits] = bits
                out[2, hits] = entities[e].odds - calm
                out[3, hits] = entities[e].steps
                out[4, hits] = entities[e].known
                out[5, hits] = entities[e].learned
                out[6, hits] = max(0.0, had - (1.0 if mine > 0.0 else 0.0))
                out[7, hits] = max(0.0, members - (1.0 if ever > 0.0 else 0.0))
                out[8, hits] = entities[e].since
                out[9, hits] = before
                hits += 1
        for k in range(order + 1):
            at = _kept(steps, size, mix(entity, mix(contexts[k], value)), today, fades)
            if steps[at].unit != unit:
                steps[at].unit = unit
                pending = set_aside(pending, pool, entities, e, contexts[k], value)
    return Own(steps, size, pending, pool, entities, last), opened, peers, hits


def step(
    own: Own, opened: Open, peers: Peers, acts: Columns, settings: Settings
) -> tuple[Own, Open, Peers, Hits]:
    """Judge and learn acts in order; arrays of `own` and `opened` change in place."""
    out = np.empty((FIELDS, acts.row.size))
    own, opened, peers, hits = _step(
        own, opened, peers, acts, fade_table(float(settings.half_life_days)), _terms(settings), out
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="sequence",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities", "last"),
    needs=("value",),
)
