"""Periodicity: acts at machine-regular intervals by an account that is a person's.

Good at a stolen token or key in a script that polls, a beacon, a scheduled job under somebody's
name; a missed beat, jitter and a person's own acts in between do not hide it. Blind to a script
whose pauses vary by more than a fifth (a schedule's beats by an eighth), and to periods outside
`min_minutes` to `max_hours`. Silent about an act without value, before `min_beats` in `min_hours`,
about a value at which the entity was regular on two days before, and, by what it weighs, about one
that many peers are regular at: a mail client that polls is everybody's. Entries leave service
accounts out.

Method: a period is followed for each (entity, value) as a phase-locked loop does: an act is
expected a whole number of periods (at most eight) after the last beat. Whether it comes then is a
sequential likelihood ratio (Wald, "Sequential tests of statistical hypotheses", 1945) of a machine
against a person, whose acts fall anywhere in the period (people's pauses are spread over decades of
time: Barabasi, "The origin of bursts and heavy tails in human dynamics", 2005):

    f     = (1 - STRAY) * (1 - MISSED) * MISSED**(k - 1) * period / (2 b) * exp(-|r| / b) + STRAY
    score = sum of log2 f     k: periods since the last beat, r: how far off, b: mean |r| so far

and begins anew where it falls to 0. By Ville's inequality a person reaches a score of s bits with
probability 2**-s for each beginning. A regular entity is a person by that chance, or a machine of
its own, so with c: days it was regular at this value, the first left out, n: days active (decayed):

    bits  = -log2(2**-score + P(regular | own))
    P(regular | own) = (c + prior * share) / (n + prior)
    share = entities ever regular at this value / entities; the group's shrunk to everyone's
    llr   = log2 unseen + bits            unseen: `share` of a value nobody is regular at

A finding comes once a day of regularity. `observed` is beats, `expected` the period in seconds.

Cost: O(1) per act; 160 to 320 bytes a kept (entity, value), 24 an entity. What goes beyond the
capacity is dropped by age, the longest unseen quarter at once, and counted in `size[1]`.
"""

from dataclasses import dataclass
from math import exp, floor, log2
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

SECOND_US = 1e6
STRAY = 0.1
"""Of a machine's acts, and of its owner's between them, that keep no time."""
STRAY_BITS = log2(STRAY)
FAR = 25.0
"""Mean deviations beyond which a beat explains nothing."""
MISSED = 0.3
"""Of beats that are not seen."""
LONGEST_PAUSE = 8
"""Periods without a beat after which the phase is looked for anew, as after a stray act."""
LEAST_JITTER, MOST_JITTER, FIRST_JITTER = 0.005, 0.15, 0.05
"""Mean deviation from a beat, as a share of the period."""
LEAST_JITTER_S = 0.5
"""Logs round to the second."""
NEAR = 4.0
"""Mean deviations within which an act is a beat."""
STEADY = 16
"""Beats over which period and jitter are averaged."""
CAP = 60.0
"""Bits of score: more would take as long to be lost."""

PAIR = np.dtype(
    [("key", "u8"), ("weight", "f8"), ("score", "f8"), ("period", "f8"), ("jitter", "f8"),
     ("last", "i8"), ("beat", "i8"), ("steady", "f8"), ("beats", "i4"), ("day", "i4"),
     ("regular", "i4"), ("since", "i4")]
)  # fmt: skip
"""`weight`: days on which it was regular, faded to `regular`, the last of them; `since`: the first,
or `NO_DAY`. Of the run under way: score in bits, period and jitter in seconds, times of the last
act and the last beat, seconds between beats in all, and beats. `day`: the last one it was seen."""
ENTITY = np.dtype([("days", "f8"), ("ever", "f8"), ("since", "i4"), ("day", "i4")])
"""Days active (faded to `day`, the last) and ever; first day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Which periods, how many beats, and how regular is too regular."""

    half_life_days: float = 90.0
    prior: float = 5.0
    """Active days of own history that weigh as much as the peers'."""
    min_minutes: float = 1.0
    """Shorter periods are people's clicking and programs' bursts; acts half as close are one."""
    max_hours: float = 6.0
    """Longer periods are people's days."""
    min_beats: int = 12
    """Fewer are never worth a word."""
    min_hours: float = 3.0
    """Nor is less time than this between beats in all."""
    regular_bits: float = 30.0
    """Bits of machine against person before it counts as regular."""
    min_bits: float = 8.0
    min_llr: float = 0.0
    capacity: int = 1_000_000
    """(entity, value) pairs kept."""

    def __post_init__(self) -> None:
        for name in ("half_life_days", "prior", "min_minutes", "max_hours", "regular_bits"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.regular_bits > CAP:
            raise ValueError(f"regular_bits must be at most {CAP:g}, got {self.regular_bits}")
        if self.min_beats < 2:
            raise ValueError(f"min_beats must be at least 2, got {self.min_beats}")
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


@njit(cache=True)
def machine_bits(off_s: float, periods: int, period_s: float, jitter_s: float) -> float:
    """How much better a machine's period explains an act than a person does; bits.

    The act came `off_s` seconds off the `periods`-th expected beat; none is expected at 0.
    """
    if periods < 1 or periods > LONGEST_PAUSE or abs(off_s) > FAR * jitter_s:
        return STRAY_BITS
    seen = (1.0 - MISSED) * MISSED ** (periods - 1)
    density = period_s / (2.0 * jitter_s) * exp(-abs(off_s) / jitter_s)
    return log2((1.0 - STRAY) * seen * density + STRAY)


@njit(cache=True)
def _begin(pairs: Records, at: int, now: int) -> None:
    """A run begins with this act; nothing is known of its period."""
    pairs[at].score = 0.0
    pairs[at].period = 0.0
    pairs[at].beat = now
    pairs[at].steady = 0.0
    pairs[at].beats = 1


@njit(cache=True)
def _guess(pairs: Records, at: int, before: int, now: int, shortest: float, longest: float) -> None:
    """The gap between two acts, where it is no shorter or longer than periods are, is a period."""
    _begin(pairs, at, now)
    gap = float(now - before) / SECOND_US
    if shortest <= gap <= longest:
        pairs[at].period = gap
        pairs[at].jitter = max(LEAST_JITTER_S, FIRST_JITTER * gap)
        pairs[at].steady = gap
        pairs[at].beats = 2


@njit(cache=True)
def _follow(pairs: Records, at: int, now: int, shortest: float, longest: float) -> None:
    """Move a pair's run on by an act."""
    before = pairs[at].last
    if float(now - before) / SECOND_US < shortest / 2.0:
        pairs[at].last = now
        return  # of one beat
    pairs[at].last = now
    period, jitter = pairs[at].period, pairs[at].jitter
    if period == 0.0:
        _guess(pairs, at, before, now, shortest, longest)
        return
    elapsed = float(now - pairs[at].beat) / SECOND_US
    periods = int(min(floor(elapsed / period + 0.5), 1e9))
    off = elapsed - periods * period
    bits = machine_bits(off, periods, period, jitter)
    score = pairs[at].score + bits
    if score <= 0.0 and bits < 0.0:
        _guess(pairs, at, before, now, shortest, longest)
        return
    pairs[at].score = min(CAP, score)
    if periods > LONGEST_PAUSE:
        pairs[at].beat = now
    elif periods >= 1 and abs(off) <= NEAR * jitter:
        share = 1.0 / min(pairs[at].beats, STEADY)
        period = min(max(period + share * off / periods, shortest), longest)
        jitter += share * (abs(off) - jitter)
        least = max(LEAST_JITTER_S, LEAST_JITTER * period)
        pairs[at].period = period
        pairs[at].jitter = min(max(jitter, least), MOST_JITTER * period)
        pairs[at].beat = now
        pairs[at].steady += elapsed
        pairs[at].beats += 1


@njit(cache=True)
def _share(
    peers: Records,
    group: np.uint64,
    value: np.uint64,
    mine: float,
    itself: float,
    today: int,
    fades: Float64s,
) -> tuple[float, float, float, float]:
    """Share of others ever regular at a value, and at one nobody is; how many, of how many."""
    had, _, _ = look(peers, EVERYONE, value, today, fades)
    of, _, _ = look(peers, EVERYONE, TOTAL, today, fades)
    had, of = max(0.0, had - mine), max(0.0, of - itself)
    share, unseen = min(1.0, (had + 0.5) / (of + 1.0)), 0.5 / (of + 1.0)
    if group != EVERYONE:
        had, _, _ = look(peers, group, value, today, fades)
        of, _, _ = look(peers, group, TOTAL, today, fades)
        had, of = max(0.0, had - mine), max(0.0, of - itself)
        share, unseen = min(1.0, (had + share) / (of + 1.0)), unseen / (of + 1.0)
    return share, unseen, had, of


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    prior: float,
    shortest: float,
    longest: float,
    min_beats: int,
    min_hours: float,
    regular_bits: float,
    min_bits: float,
    min_llr: float,
    capacity: int,
    out: Float64s,
) -> tuple[Own, Open, Peers, int]:
    pairs, entities, sums = own.pairs, own.entities, opened.slots
    day = opened.day[0]
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        e = acts.number[i]
        value = acts.value[i]
        if e < 0 or value == np.uint64(0):
            continue
        today = int(acts.day[i])
        if today != day:
            peers = turned(peers, opened, today, fades)
            day = today
        group = acts.group[i]
        now = acts.time[i]
        newcomer = entities[e].ever == 0
        if newcomer or entities[e].day != today:
            # A day more.
            if newcomer:
                entities[e].since = today
            else:
                entities[e].days *= faded(fades, today - entities[e].day)
            entities[e].days += 1.0
            entities[e].ever += 1.0
            entities[e].day = today
            if 2 * (opened.size[0] + 1) > sums.size:
                sums = with_room(sums, opened.size[0])
                opened = Open(sums, opened.size, opened.day)
            first = 1.0 if newcomer else 0.0
            add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), first, 1.0, 0.0)
        key = mix(acts.entity[i], value)
        at = int(slot_in(pairs, key))
        if pairs[at].key != key:
            if own.size[0] >= capacity:
                kept = own.size[0]
                pairs = without_oldest(pairs, own.size)
                own.size[1] += kept - own.size[0]
            pairs = with_room(pairs, own.size[0])
            at = int(slot_in(pairs, key))
            pairs[at].key = key
            pairs[at].day = today
            pairs[at].last = now
            pairs[at].regular = NO_DAY
            pairs[at].since = NO_DAY
            _begin(pairs, at, now)
            own.size[0] += 1
            continue
        pairs[at].day = today
        _follow(pairs, at, now, shortest, longest)
        if (
            pairs[at].score < regular_bits
            or pairs[at].beats < min_beats
            or pairs[at].steady < 3600.0 * min_hours
            or pairs[at].regular == today
        ):
            continue
        # Regular, and not yet counted today.
        since = pairs[at].since
        times = 0.0
        if since != NO_DAY:
            times = pairs[at].weight * faded(fades, today - pairs[at].regular)
        mine = 1.0 if since != NO_DAY and since != today else 0.0
        itself = 0.0 if entities[e].since == today else 1.0
        share, unseen, had, of = _share(peers.slots, group, value, mine, itself, today, fades)
        # A day alone confirms nothing: it may have been the intruder's.
        habit = max(0.0, times - 1.0)
        p_own = min(1.0, (habit + prior * share) / (entities[e].days - 1.0 + prior))
        bits = max(0.0, -log2(min(1.0, 2.0 ** -pairs[at].score + p_own)))
        llr = log2(unseen) + bits
        if bits >= min_bits and llr >= min_llr:
            out[0, hits] = i
            out[1, hits] = bits
            out[2, hits] = llr
            out[3, hits] = pairs[at].beats
            out[4, hits] = pairs[at].period
            out[5, hits] = entities[e].ever - 1.0
            out[6, hits] = had
            out[7, hits] = of
            out[8, hits] = entities[e].since
            out[9, hits] = times
            hits += 1
        # Learn.
        pairs[at].weight = times + 1.0
        pairs[at].regular = today
        if since == NO_DAY:
            pairs[at].since = today
            if 2 * (opened.size[0] + 1) > sums.size:
                sums = with_room(sums, opened.size[0])
                opened = Open(sums, opened.size, opened.day)
            add(sums, opened.size, mix(group, value), mix(EVERYONE, value), 1.0, 1.0, 0.0)
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
        float(settings.prior),
        60.0 * float(settings.min_minutes),
        3600.0 * float(settings.max_hours),
        int(settings.min_beats),
        float(settings.min_hours),
        float(settings.regular_bits),
        float(settings.min_bits),
        float(settings.min_llr),
        int(settings.capacity),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="periodicity",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
    needs=("value",),
)
