"""Rate: more acts in an hour than the entity's own rhythm explains.

Good at sudden amounts: secrets read, files changed, sign-ins that failed. Blind to a rise that
stays within a busy entity's habit and to slow growth. Silent below `min_count` acts, and hesitant
while an entity has few windows: then its peers' amounts, and how much they differ, are expected of
it; where nobody has a history, little is certain and so little is surprising.

Method: acts in a window in which the entity is active, less one, are gamma-Poisson (negative
binomial; Gelman et al., BDA3, section 2.6) with mean and variance by moments, decayed, shrunk to
the peer group's with the weight of `prior` windows, and scaled by how busy the peer group is at
that hour of the week. Both moments are estimates: the variance grows by 1 / (n + prior) for the
mean's and by 2 / (N + 1) for its own, like that of a Student's t with N + 3 degrees of freedom
(BDA3, section 3.2); n: own windows, N: own and peers'. Peers are the others: what their tables hold
of the entity itself is taken off, but for how busy an hour is.
bits = -log2 P(as many or more); llr compares with the same under peers. A window speaks when it
first crosses `min_bits` above its mean, and again each time its count has doubled. Learned amounts
are whole and capped at eight standard deviations, so a flood does not become the habit; a window is
learned when the entity's next one begins.

Cost: O(1) per act, 104 bytes per entity. It says nothing about an act whose entity is null. An
entity that has changed its peer group is counted among the new one's.
"""

from dataclasses import dataclass
from math import floor
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
from wheeltapper.detect.tails import negative_binomial

HOURS = 168
# Values that this family's rows of the peer tables stand under, beside TOTAL.
AMOUNT = np.uint64(1000)
FIRST_HOUR = np.uint64(1)
LARGEST = 2.0**20
"""Of a window's amount as it is learned: sums of squares stay exact."""

ENTITY = np.dtype(
    [("windows", "f8"), ("sum", "f8"), ("square", "f8"), ("count", "f8"), ("look_at", "f8"),
     ("ever", "f8"), ("window", "i8"), ("group", "u8"), ("closed", "f8", (3,)),
     ("hour_of_week", "i4"), ("since", "i4"), ("day", "i4"), ("moved", "i4")]
)  # fmt: skip
"""Moments of (count - 1), faded to `day`; of the window under way its acts, the count at which it
is worth a look, number, peer group and hour of week; windows ever; the moments without those of
`day`, which peer tables hold; first day; whether it changed its peer group."""


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
def _others(
    peers: Records, group: np.uint64, mine: Float64s, today: int, fades: Float64s
) -> tuple[float, float, float, float]:
    """Entities, windows, and sum and sum of squares of (count - 1), of a group but for `mine`."""
    entities, windows, _ = look(peers, group, TOTAL, today, fades)
    _, amount, square = look(peers, group, AMOUNT, today, fades)
    if mine[0] > 0.0:
        entities -= 1.0
    # The same sums in another order may differ in their last digit.
    return (
        max(0.0, entities),
        max(0.0, windows - mine[0]),
        max(0.0, amount - mine[1]),
        max(0.0, square - mine[2]),
    )


@njit(cache=True)
def _moments_of_peers(
    peers: Records, group: np.uint64, mine: Float64s, moved: int, today: int, fades: Float64s
) -> tuple[float, float, float, float]:
    """Mean, mean square, entities, windows of a group's (count - 1), shrunk to everyone's.

    `mine` is what the tables hold of the entity itself.
    """
    entities, windows, amount, square = _others(peers, EVERYONE, mine, today, fades)
    # One imaginary window with 4 acts, so that a young workspace has some expectation.
    mean, mean_square = (amount + 4.0) / (windows + 1.0), (square + 32.0) / (windows + 1.0)
    if group != EVERYONE:
        if moved:
            mine = np.zeros(3)
        entities, windows, amount, square = _others(peers, group, mine, today, fades)
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
    mine = np.zeros(3)
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
                    entities[e].closed[0] = entities[e].windows
                    entities[e].closed[1] = entities[e].sum
                    entities[e].closed[2] = entities[e].square
                if 2 * (opened.size[0] + 3) > sums.size:
                    sums = with_room(sums, opened.size[0] + 2)
                    opened = Open(sums, opened.size, opened.day)
                _learn(sums, opened, entities, e)
                if entities[e].group != acts.group[i]:
                    entities[e].moved = 1
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
        n = entities[e].windows
        if entities[e].day == today:
            mine[:] = entities[e].closed
        else:  # a window that began on another day: all that was learned is in the tables
            mine[0], mine[1], mine[2] = n, entities[e].sum, entities[e].square
            mine *= faded(fades, today - entities[e].day)
        peer_mean, peer_square, of, windows = _moments_of_peers(
            peers.slots, group, mine, entities[e].moved, today, fades
        )
        mean = (entities[e].sum + prior * peer_mean) / (n + prior)
        square = (entities[e].square + prior * peer_square) / (n + prior)
        how = entities[e].hour_of_week
        busy = _season(peers.slots, group, how, peer_mean, today, fades)
        # Mean and variance are themselves uncertain, which adds to the next window's variance.
        doubt = 1.0 + 2.0 / (n + windows + 1.0)
        variance = max(square - mean * mean, mean) * (doubt + 1.0 / (n + prior)) * busy * busy
        mean *= busy
        if count - 1.0 <= mean:
            entities[e].look_at = floor(mean) + 2.0
            continue
        bits, step = negative_binomial(count - 1.0, mean, variance)
        if bits < min_bits:
            # Sooner it cannot cross.
            entities[e].look_at = count + max(1.0, floor((min_bits - bits) / step))
            continue
        peer_variance = max(peer_square - peer_mean * peer_mean, peer_mean) * busy * busy
        peer_variance *= 1.0 + 2.0 / (windows + 1.0)
        peer_bits, _ = negative_binomial(count - 1.0, peer_mean * busy, peer_variance)
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
