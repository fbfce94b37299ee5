"""Clock: a UTC offset that does not fit the zone in which the entity lives.

Good at somebody else behind a known name: offsets change when people move or travel, not between
two afternoons. Blind to an impostor in the same zone, or in another one with the same offset.
Silent where the record tells no offset. An hour more in summer is nothing new: what is compared is
the standard time of a zone, under each of the rules for summer time that may hold for the entity.

Method: a mixture of experts (Littlestone and Warmuth, "The weighted majority algorithm", 1994; for
logarithmic loss, Vovk 1990), one for each rule of summer time: Europe, North America, southern
Australia, none. Each expert takes its rule's hour off the offset and predicts the standard time
under a Dirichlet predictive rule with decayed counts, shrunk to the peers, the entity left out:

    own_r   = (c_r + theta * peers_r) / (n + theta)     c_r: units with this standard time, n: units
    peers_r = (entity-days of the group with it + everyone's) / (entity-days of the group + 1)
    own     = sum of w_r * own_r                        w_r: product of own_r over units so far,
    llr     = log2 mean(peers_r) / own                       its logarithm faded by 0.8 a unit
    bits    = -log2 own

Peers are counted once a day and standard time, because an impostor is another person, not another
act of the busiest one. `peers` are those who ever had the offset as it was told. Of an entity's
first unit nothing is said: it has no clock of its own yet.

Cost: O(1) per act; 200 to 300 bytes an entity with one zone, 160 entities' worth of peers.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.family import FIELDS, Columns, Family, Hits, hits_of
from wheeltapper.detect.hashing import mix
from wheeltapper.detect.peers import (
    EVERYONE,
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

RULES = 4
EUROPE, AMERICA, AUSTRALIA, NONE = range(RULES)
SUMMER = 60
"""Minutes that summer time adds, everywhere but on Lord Howe Island."""
OFFSETS = 38
"""UTC offsets in use in the world: before anything is known all are alike."""
EVEN = 0.25
"""Entity-days that each of them is believed to have been seen before anything was."""
LATEST = 0.8
"""A rule's success fades by this with each unit, so that a move is believed after five or so."""
FURTHEST = 24 * 60  # minutes
SECOND_US, HOUR_US, DAY_US = 1_000_000, 3_600_000_000, 86_400_000_000
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""
SUNDAY = 6
MOST_SECONDS = 2.0**33  # in the year 2242

PAIR = np.dtype([("key", "u8"), ("weight", "f8"), ("shared", "f8"), ("day", "i4"), ("last", "i4")])
"""`weight`: units with this standard time, `shared`: days with it, both faded to `day`; `last`: the
day that was counted last."""
ENTITY = np.dtype(
    [("n", "f8"), ("ever", "f8"), ("unit", "u8"), ("since", "i4"), ("day", "i4"), ("shared", "f8"),
     ("today", "i4"), ("at", "i4"), ("rules", "f8", (RULES,))]
)  # fmt: skip
"""Units (faded to `day`) and ever; the last unit that counted; first and last day; days and
standard times in the peer tables (faded), `today` those of day `at`; log weight of each rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How fast a zone is forgotten and how odd an offset must be."""

    half_life_days: float = 2000.0
    """Long: people come back to where they live."""
    theta: float = 1.0
    """Strength of the peers, in units of history."""
    min_bits: float = 5.0
    """Below this nothing is said."""
    min_llr: float = 1.0
    capacity: int = 1_000_000
    """(entity, rule, standard time) kept."""

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not self.theta > 0:
            raise ValueError(f"theta must be above 0, got {self.theta}")
        if self.capacity < SMALLEST:
            raise ValueError(f"capacity must be at least {SMALLEST}, got {self.capacity}")


class Own(NamedTuple):
    """What this shard's entities did."""

    pairs: Records
    """Table of `PAIR` by (entity, rule and standard time)."""
    size: Int64s
    """Pairs in, pairs evicted so far."""
    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros(SMALLEST, PAIR), np.zeros(2, np.int64), np.zeros(0, ENTITY))


@njit(cache=True)
def _year_of(day: int) -> int:
    """Civil year of a day since 1970-01-01 (Hinnant, "chrono-compatible date algorithms")."""
    z = day + 719_468
    era = z // 146_097
    of_era = z - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return int(year + era * 400 + (1 if of_year >= 306 else 0))


@njit(cache=True)
def _day_of(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a civil date (the same source)."""
    y = year - 1 if month <= 2 else year
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return int(era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468)


@njit(cache=True)
def _sunday_from(day: int) -> int:
    """The first Sunday on or after a day."""
    return day + (SUNDAY - (day + EPOCH_WEEKDAY) % 7) % 7


@njit(cache=True)
def summer_minutes(rule: int, time_us: int) -> int:
    """What summer time adds at a moment, by the rules of today; minutes.

    Europe: last Sunday of March to last Sunday of October, 01:00 UTC (Directive 2000/84/EC). North
    America: second Sunday of March to first of November, 2:00 local (Energy Policy Act of 2005).
    Southern Australia: first Sunday of October to first of April. The latter two change at 2:00 or
    3:00 local; here at the hour of the zone in their middle.
    """
    year = _year_of(time_us // DAY_US)
    if rule == EUROPE:
        begins = _sunday_from(_day_of(year, 3, 25)) * DAY_US + HOUR_US
        ends = _sunday_from(_day_of(year, 10, 25)) * DAY_US + HOUR_US
        return SUMMER if begins <= time_us < ends else 0
    if rule == AMERICA:
        begins = _sunday_from(_day_of(year, 3, 8)) * DAY_US + 8 * HOUR_US
        ends = _sunday_from(_day_of(year, 11, 1)) * DAY_US + 7 * HOUR_US
        return SUMMER if begins <= time_us < ends else 0
    if rule == AUSTRALIA:
        ends = _sunday_from(_day_of(year, 4, 1)) * DAY_US - 8 * HOUR_US
        begins = _sunday_from(_day_of(year, 10, 1)) * DAY_US - 8 * HOUR_US
        return SUMMER if time_us < ends or time_us >= begins else 0
    return 0


@njit(cache=True)
def _code(rule: int, minutes: int) -> np.uint64:
    """A rule and a standard time as a value of the tables; never 0."""
    return np.uint64((rule + 1) * 16_384 + minutes + 8_192)


@njit(cache=True)
def _without_oldest(pairs: Records, size: Int64s) -> Records:
    """A table of the same room without the longest unseen quarter, or a little more."""
    days = np.empty(size[0], np.int64)
    used = 0
    for j in range(pairs.size):
        if pairs[j].key != np.uint64(0):
            days[used] = pairs[j].day
            used += 1
    days.sort()
    oldest = days[used // 4]
    kept = np.zeros(pairs.size, pairs.dtype)
    left = 0
    for j in range(pairs.size):
        if pairs[j].key != np.uint64(0) and pairs[j].day > oldest:
            kept[slot_in(kept, pairs[j].key)] = pairs[j]
            left += 1
    size[1] += size[0] - left
    size[0] = left
    return kept


@njit(cache=True)
def _of_peers(
    peers: Records,
    group: np.uint64,
    code: np.uint64,
    mine: float,
    all_mine: float,
    today: int,
    fades: Float64s,
) -> float:
    """Share of the peers' days with this standard time, shrunk to everyone's and to even."""
    _, days, _ = look(peers, EVERYONE, code, today, fades)
    _, total, _ = look(peers, EVERYONE, TOTAL, today, fades)
    days, total = max(0.0, days - mine), max(0.0, total - all_mine)
    share = (min(days, total) + EVEN) / (total + EVEN * OFFSETS)
    if group != EVERYONE:
        _, days, _ = look(peers, group, code, today, fades)
        _, total, _ = look(peers, group, TOTAL, today, fades)
        days, total = max(0.0, days - mine), max(0.0, total - all_mine)
        share = (min(days, total) + share) / (total + 1.0)
    return share


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    theta: float,
    min_bits: float,
    min_llr: float,
    capacity: int,
    out: Float64s,
) -> tuple[Own, Open, Peers, int]:
    pairs, entities, sums = own.pairs, own.entities, opened.slots
    day = opened.day[0]
    codes = np.empty(RULES, np.uint64)
    predicted, of_peers, weights = np.empty(RULES), np.empty(RULES), np.empty(RULES)
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        e = acts.number[i]
        offset = acts.utc_offset[i]
        if e < 0 or not (-FURTHEST <= offset <= FURTHEST):
            continue
        unit = acts.unit[i]
        newcomer = entities[e].ever == 0
        if not newcomer and entities[e].unit == unit:
            continue
        today = int(acts.day[i])
        if today != day:
            peers = turned(peers, opened, today, fades)
            day = today
        group = acts.group[i]
        moment = acts.time[i]
        if acts.measure.size and 0.0 <= acts.measure[i] < MOST_SECONDS:
            moment = np.int64(acts.measure[i]) * SECOND_US
        if newcomer:
            entities[e].since = today
            entities[e].at = today
        elif today != entities[e].day:
            fade = faded(fades, today - entities[e].day)
            entities[e].n *= fade
            entities[e].shared *= fade
        entities[e].day = today
        if entities[e].at != today:
            entities[e].at = today
            entities[e].today = 0
        n = entities[e].n
        # What peer tables hold is of closed days.
        all_mine = entities[e].shared - entities[e].today
        best = entities[e].rules.max()
        own_p = peers_p = whole = 0.0
        before = 0.0
        for r in range(RULES):
            codes[r] = _code(r, int(offset) - summer_minutes(r, moment))
            at = slot_in(pairs, mix(acts.entity[i], codes[r]))
            times = mine = 0.0
            if pairs[at].key != np.uint64(0):
                fade = faded(fades, today - pairs[at].day)
                times = pairs[at].weight * fade
                mine = pairs[at].shared * fade - (1.0 if pairs[at].last == today else 0.0)
            of_peers[r] = _of_peers(peers.slots, group, codes[r], mine, all_mine, today, fades)
            predicted[r] = (times + theta * of_peers[r]) / (n + theta)
            weights[r] = np.exp(entities[e].rules[r] - best)
            whole += weights[r]
            own_p += weights[r] * predicted[r]
            peers_p += of_peers[r] / RULES
            if r == NONE:
                before = times
        own_p /= whole
        bits = -np.log2(min(1.0, own_p))
        llr = np.log2(peers_p / own_p)
        if not newcomer and bits >= min_bits and llr >= min_llr:
            known = 1.0 if before > 0.0 else 0.0
            itself = 0.0 if entities[e].since == today else 1.0
            had, _, _ = look(peers.slots, group, codes[NONE], today, fades)
            of, _, _ = look(peers.slots, group, TOTAL, today, fades)
            out[0, hits] = i
            out[1, hits] = bits
            out[2, hits] = llr
            out[3, hits] = 1.0
            out[4, hits] = own_p
            out[5, hits] = entities[e].ever
            out[6, hits] = max(0.0, had - min(known, itself))
            out[7, hits] = max(0.0, of - itself)
            out[8, hits] = entities[e].since
            out[9, hits] = before
            hits += 1
        # Learn.
        entities[e].n += 1.0
        entities[e].ever += 1.0
        entities[e].unit = unit
        for r in range(RULES):
            entities[e].rules[r] = LATEST * entities[e].rules[r] + np.log(predicted[r])
            key = mix(acts.entity[i], codes[r])
            at = slot_in(pairs, key)
            first_time = pairs[at].key == np.uint64(0)
            if first_time:
                if own.size[0] >= capacity:
                    pairs = _without_oldest(pairs, own.size)
                pairs = with_room(pairs, own.size[0])
                at = slot_in(pairs, key)
                pairs[at].key = key
                pairs[at].day = today
                pairs[at].last = today - 1
                own.size[0] += 1
            fade = faded(fades, today - pairs[at].day)
            pairs[at].weight = pairs[at].weight * fade + 1.0
            pairs[at].shared *= fade
            pairs[at].day = today
            if pairs[at].last == today:
                continue
            pairs[at].last = today
            pairs[at].shared += 1.0
            if 2 * (opened.size[0] + 2) > sums.size:
                sums = with_room(sums, opened.size[0] + 1)
                opened = Open(sums, opened.size, opened.day)
            had = 1.0 if first_time else 0.0
            code, everyones = mix(group, codes[r]), mix(EVERYONE, codes[r])
            add(sums, opened.size, code, everyones, had, 1.0, 0.0)
            if r == NONE:  # every rule has as many standard times a day, or nearly so
                entities[e].shared += 1.0
                entities[e].today += 1
                had = 1.0 if newcomer else 0.0
                add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), had, 1.0, 0.0)
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
        float(settings.min_bits),
        float(settings.min_llr),
        int(settings.capacity),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="clock",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
    needs=("offset",),
)
