"""Schedule: acting at an hour of the week at which the entity never acts.

Good at nights and weekends of people with a rhythm. Blind to entities that act around the clock
and to whatever happens inside office hours. Silent where the record tells no time zone and none is
known for the actor.

Method: circular kernel density over the 168 hours of a week (Mardia and Jupp, "Directional
Statistics", 2000, section 12.2) of *active hours*: an hour counts once a day however much happened
in it. Half of each hour's weight comes from the same hour of other days of its kind (working day,
weekend); decayed; shrunk to the peer group with the weight of `prior` active hours. bits = -log2 of
the mass of all hours that are as improbable or more; llr compares the hour with the peers' hours.

Cost: O(1) per act and O(168) per active hour; 720 bytes per entity.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.family import FIELDS, Columns, Family, Hits, hits_of
from wheeltapper.detect.peers import EVERYONE, TOTAL, Open, Peers, look, push
from wheeltapper.detect.table import Float32s, Float64s, Int32s, Int64s

HOURS = 168
DAY = 24
FIRST_HOUR = np.uint64(1)
WEEKEND = 5 * DAY  # hours of the week from here on
KERNEL = (0.06, 0.24, 0.4, 0.24, 0.06)  # weight of hours -2 to +2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Memory, and how odd an hour must be."""

    half_life_days: float = 90.0
    prior: float = 20.0
    """Active hours of own history that weigh as much as the peers'."""
    grace: float = 30.0
    """Active hours before anything is said."""
    min_bits: float = 6.0
    capacity: int = 4_000_000
    """Not used: one row an entity."""

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not self.prior > 0:
            raise ValueError(f"prior must be above 0, got {self.prior}")


class Own(NamedTuple):
    """One row per entity."""

    profile: Float32s
    """Active hours by hour of week, faded to the last day."""
    totals: Float64s
    """Active hours: faded, ever."""
    days: Int32s
    """First day, last day."""
    last_hour: Int64s


def start() -> Own:
    return Own(
        np.zeros((0, HOURS), np.float32),
        np.zeros((0, 2)),
        np.zeros((0, 2), np.int32),
        np.zeros(0, np.int64),
    )


@njit(cache=True)
def _peer_density(
    peers: Peers, group: np.uint64, today: int, half_life: float, density: Float64s
) -> float:
    """Fill the peers' share of each hour, shrunk to everyone's and to flat; entities of it."""
    of, total, _ = look(peers, EVERYONE, TOTAL, today, half_life)
    for h in range(HOURS):
        _, weight, _ = look(peers, EVERYONE, FIRST_HOUR + np.uint64(h), today, half_life)
        density[h] = (weight + 0.25) / (total + 0.25 * HOURS)
    if group != EVERYONE:
        of, total, _ = look(peers, group, TOTAL, today, half_life)
        for h in range(HOURS):
            _, weight, _ = look(peers, group, FIRST_HOUR + np.uint64(h), today, half_life)
            density[h] = (weight + 20.0 * density[h]) / (total + 20.0)
    return of


@njit(cache=True)
def own_density(profile: Float32s, prior: float, peers: Float64s, out: Float64s) -> None:
    """Density over the 168 hours from active hours and the peers' density; sums to 1."""
    by_kind = np.zeros((2, DAY))
    total = 0.0
    for h in range(HOURS):
        kind = 1 if h >= WEEKEND else 0
        by_kind[kind, h % DAY] += profile[h] / (2.0 if kind else 5.0)
        total += profile[h]
    for h in range(HOURS):
        kind = 1 if h >= WEEKEND else 0
        weight = 0.0
        for j in range(5):
            near = (h + j - 2) % HOURS
            weight += KERNEL[j] * 0.5 * profile[near]
            weight += KERNEL[j] * 0.5 * by_kind[kind, (h % DAY + j - 2) % DAY]
        out[h] = weight + prior * peers[h]
    scale = out.sum()
    for h in range(HOURS):
        out[h] /= scale


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    rows: Open,
    peers: Peers,
    acts: Columns,
    today: int,
    half_life: float,
    prior: float,
    grace: float,
    min_bits: float,
    out: Float64s,
) -> tuple[Open, int]:
    hits = 0
    of_peers = np.empty(HOURS)
    density = np.empty(HOURS)
    for i in range(acts.row.size):
        e = acts.number[i]
        h = acts.hour_of_week[i]
        if e < 0 or h < 0:
            continue
        newcomer = own.totals[e, 1] == 0
        if not newcomer and own.last_hour[e] == acts.hour[i]:
            continue
        own.last_hour[e] = acts.hour[i]
        if newcomer:
            own.days[e, 0] = today
        elif own.days[e, 1] != today:
            fade = 2.0 ** (-(today - own.days[e, 1]) / half_life)
            own.totals[e, 0] *= fade
            for j in range(HOURS):
                own.profile[e, j] *= np.float32(fade)
        own.days[e, 1] = today
        group = acts.group[i]
        # An hour that is a habit of its own needs no further look.
        if own.totals[e, 1] >= grace and own.profile[e, h] * 20.0 < own.totals[e, 0]:
            of = _peer_density(peers, group, today, half_life, of_peers)
            own_density(own.profile[e], prior, of_peers, density)
            tail = 0.0
            for j in range(HOURS):
                if density[j] <= density[h]:
                    tail += density[j]
            bits = -np.log2(min(1.0, tail))
            if bits >= min_bits:
                out[0, hits] = acts.row[i]
                out[1, hits] = bits
                out[2, hits] = np.log2(of_peers[h] / density[h])
                out[3, hits] = 1.0
                out[4, hits] = density[h]
                out[5, hits] = own.totals[e, 1]
                out[6, hits] = of_peers[h]
                out[7, hits] = of
                out[8, hits] = own.days[e, 0]
                out[9, hits] = own.profile[e, h]
                hits += 1
        own.profile[e, h] += np.float32(1.0)
        own.totals[e, 0] += 1.0
        own.totals[e, 1] += 1.0
        rows = push(rows, group, TOTAL, 1.0 if newcomer else 0.0, 1.0, 0.0)
        rows = push(rows, group, FIRST_HOUR + np.uint64(h), 0.0, 1.0, 0.0)
    return rows, hits


def step(
    own: Own, rows: Open, peers: Peers, acts: Columns, today: int, settings: Settings
) -> tuple[Own, Open, Hits]:
    """Judge and learn one day's acts in order; arrays of `own` and `rows` change in place."""
    out = np.empty((FIELDS, acts.row.size))
    rows, hits = _step(
        own,
        rows,
        peers,
        acts,
        today,
        settings.half_life_days,
        settings.prior,
        settings.grace,
        settings.min_bits,
        out,
    )
    return own, rows, hits_of(out[:, :hits])


FAMILY = Family(
    name="schedule",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("profile", "totals", "days", "last_hour"),
    needs_value=False,
)
