"""Rate: more acts in an hour than the entity's own rhythm explains.

Good at sudden amounts: secrets read, files changed, sign-ins that failed. Blind to a rise that
stays within a busy entity's habit and to slow growth. Silent below `min_count` acts, and hesitant
while an entity has few windows: then its peers' amounts are expected of it.

Method: acts in a window in which the entity is active, less one, are gamma-Poisson (negative
binomial; Gelman et al., BDA3, section 2.6) with mean and variance by moments, decayed, shrunk to
the peer group's with the weight of `prior` windows, and scaled by how busy the peer group is at
that hour of the week. bits = -log2 P(as many or more); llr compares with the same under peers.
A window speaks when it first crosses `min_bits` above its mean, and again each time its count has
doubled. Learned amounts are whole and capped at eight standard deviations, so a flood does not
become the habit; a window is learned when the entity's next one begins.

Cost: O(1) per act, 80 bytes per entity. It says nothing about an act whose entity is null.
"""

from dataclasses import dataclass
from math import exp, floor, lgamma, log, log1p
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
from wheeltapper.detect.table import Float64s, Records, with_room

HOURS = 168
# Values that this family's rows of the peer tables stand under, beside TOTAL.
AMOUNT = np.uint64(1000)
FIRST_HOUR = np.uint64(1)
LARGEST = 2.0**20
"""Of a window's amount as it is learned: sums of squares stay exact."""
STEPS = 10_000
LOG2 = log(2.0)

ENTITY = np.dtype(
    [("windows", "f8"), ("sum", "f8"), ("square", "f8"), ("count", "f8"), ("look_at", "f8"),
     ("ever", "f8"), ("window", "i8"), ("group", "u8"), ("hour_of_week", "i8"), ("since", "i4"),
     ("day", "i4")]
)  # fmt: skip
"""Moments of (count - 1), faded to `day`; of the window under way its acts, the count at which it
is worth a look, number, peer group and hour of week; windows ever; first day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Windows, memory, and how much is too much."""

    window_hours: int = 1
    half_life_days: float = 60.0
    prior: float = 5.0
    """Windows of own history that weigh as much as the peers'."""
    min_count: float = 10.0
    """Fewer acts in a window are never worth a word."""
    min_bits: float = 8.0
    capacity: int = 4_000_000
    """Not used: one row an entity."""

    def __post_init__(self) -> None:
        if self.window_hours < 1:
            raise ValueError(f"window_hours must be at least 1, got {self.window_hours}")
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not self.prior > 0:
            raise ValueError(f"prior must be above 0, got {self.prior}")


class Own(NamedTuple):
    """What this shard's entities did."""

    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros(0, ENTITY))


@njit(cache=True)
def _log_rising(size: float, count: float) -> float:
    """Log of gamma(size + count) / gamma(size), not as the difference of two large numbers."""
    if size < 1e4:
        return lgamma(size + count) - lgamma(size)
    # Stirling's series of both.
    return (
        count * log(size)
        + (size + count - 0.5) * log1p(count / size)
        - count
        + (1.0 / (size + count) - 1.0 / size) / 12.0
    )


@njit(cache=True)
def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, STEPS):
        for even in (True, False):
            if even:
                term = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
            else:
                term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
            d = 1.0 + term * d
            c = 1.0 + term / c
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            change = c * d
            value *= change
        if abs(change - 1.0) < 1e-15:
            break
    return value


@njit(cache=True)
def surprise(count: float, mean: float, variance: float) -> tuple[float, float]:
    """Bits of seeing `count` or more, and how many bits one more could at most add.

    Both `count` and `mean` are above 0.
    Negative binomial with these moments; Poisson where they are not wider. The tail is a
    regularised incomplete beta function (DLMF 8.17): it costs the same for ten as for a million.
    """
    variance = max(variance, mean * 1.000001 + 1e-12)
    size = mean * mean / (variance - mean)
    more = mean / (mean + size)  # chance of one more, and then one more
    limit = log1p(size / mean)  # -log(more)
    log_mass = (
        _log_rising(size, count) - lgamma(count + 1.0) - size * log1p(mean / size) - count * limit
    )
    if more < (count + 1.0) / (count + size + 2.0):
        share = _fraction(count, size, more)  # tail / mass
        log_tail = log_mass + log(share)
    else:
        head = exp(log_mass) * count / size * _fraction(size, count, size / (mean + size))
        log_tail = log1p(-min(head, 1.0 - 1e-15))
        share = exp(log_tail - log_mass)
    # The hazard mass / tail falls or rises towards its limit, never beyond either.
    hazard = min(1.0 / share, 1.0 - 1e-15)
    return max(0.0, -log_tail / LOG2), max(limit, -log1p(-hazard)) / LOG2


@njit(cache=True)
def _moments_of_peers(
    peers: Records, group: np.uint64, today: int, fades: Float64s
) -> tuple[float, float, float, float]:
    """Mean, mean square, entities, windows of a group's (count - 1), shrunk to everyone's."""
    entities, windows, _ = look(peers, EVERYONE, TOTAL, today, fades)
    _, amount, square = look(peers, EVERYONE, AMOUNT, today, fades)
    # One imaginary window with 4 acts, so that a young workspace has some expectation.
    mean, mean_square = (amount + 4.0) / (windows + 1.0), (square + 32.0) / (windows + 1.0)
    if group != EVERYONE:
        entities, windows, _ = look(peers, group, TOTAL, today, fades)
        _, amount, square = look(peers, group, AMOUNT, today, fades)
        mean = (amount + 5.0 * mean) / (windows + 5.0)
        mean_square = (square + 5.0 * mean_square) / (windows + 5.0)
    return mean, mean_square, entities, windows


@njit(cache=True)
def _season(
    peers: Records, group: np.uint64, hour_of_week: int, mean: float, today: int, fades: Float64s
) -> float:
    """How busy the group is at this hour of the week, against its own mean."""
    if hour_of_week < 0:
        return 1.0
    _, windows, amount = look(peers, group, FIRST_HOUR + np.uint64(hour_of_week), today, fades)
    return (amount + 20.0 * mean + 1.0) / ((windows + 20.0) * mean + 1.0)


@njit(cache=True)
def _learn(sums: Records, opened: Open, entities: Records, e: int) -> None:
    """The window under way is over. `sums` must have room for three more."""
    amount = entities[e].count - 1.0
    windows = entities[e].windows
    if windows >= 5.0:
        mean = entities[e].sum / windows
        spread = entities[e].square / windows - mean * mean
        amount = min(amount, floor(mean + 8.0 * max(1.0, spread) ** 0.5))
    amount = min(amount, LARGEST)
    entities[e].windows += 1.0
    entities[e].sum += amount
    entities[e].square += amount * amount
    group = entities[e].group
    first = 1.0 if entities[e].ever == 1 else 0.0
    size = opened.size
    add(sums, size, mix(group, TOTAL), mix(EVERYONE, TOTAL), first, 1.0, 0.0)
    add(sums, size, mix(group, AMOUNT), mix(EVERYONE, AMOUNT), 0.0, amount, amount * amount)
    if entities[e].hour_of_week >= 0:
        at = FIRST_HOUR + np.uint64(entities[e].hour_of_week)
        add(sums, size, mix(group, at), mix(EVERYONE, at), 0.0, 1.0, amount)


@njit(cache=True, nogil=True)
def _step(
    entities: Records,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    window_hours: int,
    prior: float,
    min_count: float,
    min_bits: float,
    out: Float64s,
) -> tuple[Open, Peers, int]:
    sums = opened.slots
    day = opened.day[0]
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        e = acts.number[i]
        if e < 0:
            continue
        today = int(acts.day[i])
        if today != day:
            peers = turned(peers, opened, today, fades)
            day = today
        window = acts.hour[i] // window_hours
        newcomer = entities[e].ever == 0
        if newcomer or entities[e].window != window:
            if newcomer:
                entities[e].since = today
            else:
                if entities[e].day != today:
                    fade = faded(fades, today - entities[e].day)
                    entities[e].windows *= fade
                    entities[e].sum *= fade
                    entities[e].square *= fade
                if 2 * (opened.size[0] + 3) > sums.size:
                    sums = with_room(sums, opened.size[0] + 2)
                    opened = Open(sums, opened.size, opened.day)
                _learn(sums, opened, entities, e)
            entities[e].day = today
            entities[e].window = window
            entities[e].hour_of_week = acts.hour_of_week[i]
            entities[e].group = acts.group[i]
            entities[e].count = 0.0
            entities[e].look_at = min_count
            entities[e].ever += 1.0
        entities[e].count += acts.amount[i]
        count = entities[e].count
        if count < entities[e].look_at:
            continue
        group = entities[e].group
        peer_mean, peer_square, of, windows = _moments_of_peers(peers.slots, group, today, fades)
        n = entities[e].windows
        mean = (entities[e].sum + prior * peer_mean) / (n + prior)
        square = (entities[e].square + prior * peer_square) / (n + prior)
        how = entities[e].hour_of_week
        busy = _season(peers.slots, group, how, peer_mean, today, fades)
        # The mean is itself uncertain: its variance adds to the next window's.
        variance = max(square - mean * mean, mean) * (1.0 + 1.0 / (n + prior)) * busy * busy
        mean *= busy
        if count - 1.0 <= mean:
            entities[e].look_at = floor(mean) + 2.0
            continue
        bits, step = surprise(count - 1.0, mean, variance)
        if bits < min_bits:
            # Sooner it cannot cross.
            entities[e].look_at = count + max(1.0, floor((min_bits - bits) / step))
            continue
        peer_variance = max(peer_square - peer_mean * peer_mean, peer_mean) * busy * busy
        peer_bits, _ = surprise(count - 1.0, peer_mean * busy, peer_variance)
        entities[e].look_at = 2.0 * count
        out[0, hits] = i
        out[1, hits] = bits
        out[2, hits] = bits - peer_bits
        out[3, hits] = count
        out[4, hits] = mean + 1.0
        out[5, hits] = entities[e].ever - 1.0
        out[6, hits] = peer_mean + 1.0
        out[7, hits] = of
        out[8, hits] = entities[e].since
        out[9, hits] = windows
        hits += 1
    return opened, peers, hits


def step(
    own: Own, opened: Open, peers: Peers, acts: Columns, settings: Settings
) -> tuple[Own, Open, Peers, Hits]:
    """Judge and learn acts in order; arrays of `own` and `opened` change in place."""
    out = np.empty((FIELDS, acts.row.size))
    opened, peers, hits = _step(
        own.entities,
        opened,
        peers,
        acts,
        fade_table(float(settings.half_life_days)),
        int(settings.window_hours),
        float(settings.prior),
        float(settings.min_count),
        float(settings.min_bits),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="rate",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
)
