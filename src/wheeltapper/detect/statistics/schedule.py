"""Schedule: acting at an hour of the week at which the entity never acts.

Good at nights and weekends of people with a rhythm. Blind to entities that act around the clock
and to whatever happens inside office hours. Silent where the record tells no time zone and none is
known for the actor, and in an entity's first week, when most hours cannot have been used. An entry
whose acts were done at another time than their record's names its hour of the week as `measure`.

Method: circular kernel density over the 168 hours of a week (Mardia and Jupp, "Directional
Statistics", 2000, section 12.2) of *active hours*: an hour counts once a day however much happened
in it. Half of each hour's weight comes from the same hour of other days of its kind (working day,
weekend); decayed; shrunk to the peer group with the weight of `prior` active hours. bits = -log2 of
the mass of all hours that are as improbable or more; llr = log2 of the peers' density of the hour
over the entity's own. Both densities are of one active hour, so it is a log-likelihood ratio.

Cost: O(1) per act and O(168) per active hour; 712 bytes per entity.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

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
from wheeltapper.detect.table import Float32s, Float64s, Int64s, Records, with_room

HOURS = 168
DAY = 24
WEEK_DAYS = 7
FIRST_HOUR = np.uint64(1)
WEEKEND = 5 * DAY  # hours of the week from here on
KERNEL = (0.06, 0.24, 0.4, 0.24, 0.06)  # weight of hours -2 to +2
ODD_SHARE = 0.5
"""An hour that is used this often, against all hours being alike, is never odd."""
KEPT = 64
"""Groups whose density of the day is kept at hand."""

ENTITY = np.dtype(
    [("active", "f8"), ("ever", "f8"), ("hour", "i8"), ("unit", "u8"), ("since", "i4"),
     ("day", "i4")]
)  # fmt: skip
"""Active hours, faded to `day`, and ever; the last hour that counted and unit; first day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Memory, and how odd an hour must be."""

    half_life_days: float = 90.0
    prior: float = 20.0
    """Active hours of own history that weigh as much as the peers'."""
    grace: float = 30.0
    """Active hours before anything is said."""
    min_bits: float = 6.0
    min_llr: float = -50.0
    """Below this nothing is said: by default, peers may have the same odd hour."""
    every_unit: float = 0.0
    """1: every unit is judged; 0: the first act of an hour. An hour counts once either way."""
    capacity: int = 4_000_000
    """Not used: one row an entity."""

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not self.prior > 0:
            raise ValueError(f"prior must be above 0, got {self.prior}")


class Own(NamedTuple):
    """What this shard's entities did."""

    profile: Float32s
    """Active hours by hour of week, faded to the entity's `day`."""
    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros((0, HOURS), np.float32), np.zeros(0, ENTITY))


class Densities(NamedTuple):
    """Densities of peer groups on one day, so that each is worked out once."""

    group: np.ndarray[tuple[int], np.dtype[np.uint64]]
    day: Int64s
    of: Float64s
    """Entities of the group."""
    density: Float64s
    """(KEPT, 168)"""


def _no_densities() -> Densities:
    return Densities(
        np.zeros(KEPT, np.uint64),
        np.full(KEPT, NO_DAY, np.int64),
        np.zeros(KEPT),
        np.zeros((KEPT, HOURS)),
    )


@njit(cache=True)
def _peer_density(
    kept: Densities, peers: Records, group: np.uint64, today: int, fades: Float64s
) -> int:
    """Row of `kept` with the peers' share of each hour, shrunk to everyone's and to flat."""
    at = int(group % np.uint64(KEPT))
    if kept.day[at] == today and kept.group[at] == group:
        return at
    density = kept.density[at]
    kept.group[at] = group
    kept.day[at] = today
    kept.of[at], total, _ = look(peers, EVERYONE, TOTAL, today, fades)
    for h in range(HOURS):
        _, weight, _ = look(peers, EVERYONE, FIRST_HOUR + np.uint64(h), today, fades)
        density[h] = (weight + 0.25) / (total + 0.25 * HOURS)
    if group != EVERYONE:
        kept.of[at], total, _ = look(peers, group, TOTAL, today, fades)
        for h in range(HOURS):
            _, weight, _ = look(peers, group, FIRST_HOUR + np.uint64(h), today, fades)
            density[h] = (weight + 20.0 * density[h]) / (total + 20.0)
    return at


@njit(cache=True)
def own_density(profile: Float32s, prior: float, peers: Float64s, out: Float64s) -> None:
    """Density over the 168 hours from active hours and the peers' density; sums to 1."""
    k0, k1, k2, k3, k4 = KERNEL
    edge = 2  # hours that the kernel reaches beyond either end, where the circle closes
    week = np.empty(HOURS + 2 * edge)
    kinds = np.zeros((2, DAY + 2 * edge))
    for h in range(HOURS):
        week[h + edge] = profile[h]
        kind = 1 if h >= WEEKEND else 0
        kinds[kind, h % DAY + edge] += profile[h] / (2.0 if kind else 5.0)
    week[:edge], week[-edge:] = week[HOURS:-edge], week[edge : 2 * edge]
    for kind in range(2):
        day = kinds[kind]
        day[:edge], day[-edge:] = day[DAY:-edge], day[edge : 2 * edge]
    for h in range(HOURS):
        of_week = (
            k0 * week[h] + k1 * week[h + 1] + k2 * week[h + 2] + k3 * week[h + 3] + k4 * week[h + 4]
        )
        day = kinds[1 if h >= WEEKEND else 0]
        at = h % DAY
        of_day = k0 * day[at] + k1 * day[at + 1] + k2 * day[at + 2] + k3 * day[at + 3]
        out[h] = 0.5 * (of_week + of_day + k4 * day[at + 4]) + prior * peers[h]
    scale = out.sum()
    for h in range(HOURS):
        out[h] /= scale


@njit(cache=True)
def _weight_of(profile: Float32s, h: int) -> float:
    """One hour's own part of `own_density`; of all hours, these sum to the active hours."""
    first, days = (5, 2) if h >= WEEKEND else (0, 5)
    weight = 0.0
    for j in range(5):
        weight += KERNEL[j] * profile[(h + j - 2) % HOURS]
        at = (h % DAY + j - 2) % DAY
        of_day = 0.0
        for day in range(first, first + days):
            of_day += profile[day * DAY + at]
        weight += KERNEL[j] * of_day / days
    return 0.5 * weight


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    kept: Densities,
    fades: Float64s,
    prior: float,
    grace: float,
    min_bits: float,
    min_llr: float,
    every_unit: bool,
    out: Float64s,
) -> tuple[Open, Peers, int]:
    profile, entities, sums = own.profile, own.entities, opened.slots
    day = opened.day[0]
    density = np.empty(HOURS)
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        e = acts.number[i]
        h = acts.hour_of_week[i]
        hour = acts.hour[i]
        if acts.measure.size:
            told = acts.measure[i]
            h = int(told) if 0.0 <= told < HOURS else -1
            hour = hour * HOURS + h  # what was done at several hours may be recorded in one
        if e < 0 or h < 0:
            continue
        newcomer = entities[e].ever == 0
        counted = not newcomer and entities[e].hour == hour
        if counted and not (every_unit and entities[e].unit != acts.unit[i]):
            continue
        today = int(acts.day[i])
        if today != day:
            peers = turned(peers, opened, today, fades)
            day = today
        entities[e].hour = hour
        entities[e].unit = acts.unit[i]
        if newcomer:
            entities[e].since = today
        elif entities[e].day != today:
            fade = faded(fades, today - entities[e].day)
            entities[e].active *= fade
            for k in range(HOURS):
                profile[e, k] *= np.float32(fade)
        entities[e].day = today
        group = acts.group[i]
        known = entities[e].ever >= grace and today - entities[e].since >= WEEK_DAYS
        # An hour that is a habit of its own needs no further look.
        odd = known and profile[e, h] * 20.0 < entities[e].active
        if odd:
            at = _peer_density(kept, peers.slots, group, today, fades)
            of_peers = kept.density[at]
            # Most need no whole one: the density of this hour alone is quickly had.
            weight = _weight_of(profile[e], h) + prior * of_peers[h]
            odd = weight * HOURS < (ODD_SHARE + 0.01) * (entities[e].active + prior)
        if odd:
            own_density(profile[e], prior, of_peers, density)
            tail = 0.0
            for k in range(HOURS):
                if density[k] <= density[h]:
                    tail += density[k]
            bits = -np.log2(min(1.0, tail))
            # Of a flat rhythm some hours are the least used, and none is odd.
            llr = np.log2(of_peers[h] / density[h])
            if bits >= min_bits and llr >= min_llr and density[h] * HOURS < ODD_SHARE:
                out[0, hits] = i
                out[1, hits] = bits
                out[2, hits] = llr
                out[3, hits] = 1.0
                out[4, hits] = density[h]
                out[5, hits] = entities[e].ever
                out[6, hits] = of_peers[h]
                out[7, hits] = kept.of[at]
                out[8, hits] = entities[e].since
                out[9, hits] = profile[e, h]
                hits += 1
        if counted:
            continue
        profile[e, h] += np.float32(1.0)
        entities[e].active += 1.0
        entities[e].ever += 1.0
        if 2 * (opened.size[0] + 2) > sums.size:
            sums = with_room(sums, opened.size[0] + 1)
            opened = Open(sums, opened.size, opened.day)
        slot = FIRST_HOUR + np.uint64(h)
        add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), newcomer, 1.0, 0.0)
        add(sums, opened.size, mix(group, slot), mix(EVERYONE, slot), 0.0, 1.0, 0.0)
    return opened, peers, hits


def step(
    own: Own, opened: Open, peers: Peers, acts: Columns, settings: Settings
) -> tuple[Own, Open, Peers, Hits]:
    """Judge and learn acts in order; arrays of `own` and `opened` change in place."""
    out = np.empty((FIELDS, acts.row.size))
    opened, peers, hits = _step(
        own,
        opened,
        peers,
        acts,
        _no_densities(),
        fade_table(float(settings.half_life_days)),
        float(settings.prior),
        float(settings.grace),
        float(settings.min_bits),
        float(settings.min_llr),
        settings.every_unit > 0,
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="schedule",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("profile", "entities"),
)
