"""Rate: more acts in an hour than the entity's own rhythm explains.

Good at sudden amounts: secrets read, files changed, sign-ins that failed. Blind to a rise that
stays within a busy entity's habit and to slow growth. Silent below `min_count` acts, and hesitant
while an entity has few windows: then its peers' amounts are expected of it.

Method: acts in a window in which the entity is active, less one, are gamma-Poisson (negative
binomial; Gelman et al., BDA3, section 2.6) with mean and variance by moments, decayed, shrunk to
the peer group's with the weight of `prior` windows, and scaled by how busy the peer group is at
that hour of the week. bits = -log2 P(as many or more); llr compares with the same under peers.
A window speaks when it first crosses `min_bits`, and again each time its count has doubled.
Learned amounts are capped at eight standard deviations, so a flood does not become the habit.

Cost: O(1) per act, 72 bytes per entity. It says nothing about an act whose entity is null.
"""

from dataclasses import dataclass
from math import exp, lgamma, log
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.family import FIELDS, Columns, Family, Hits, hits_of
from wheeltapper.detect.peers import EVERYONE, TOTAL, Open, Peers, look, push
from wheeltapper.detect.table import Float64s, Int32s, Int64s

HOURS = 168
# Values that this family's rows of the peer tables stand under, beside TOTAL.
AMOUNT = np.uint64(1000)
FIRST_HOUR = np.uint64(1)
TAIL_TERMS = 20_000


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
    """One row per entity."""

    moments: Float64s
    """Windows, sum and sum of squares of (count - 1), faded to the last day."""
    window: Int64s
    """The window under way, and its hour of week."""
    counts: Float64s
    """Acts in it; count when it last spoke; windows ever."""
    days: Int32s
    """First day, last day."""
    group: np.ndarray[tuple[int], np.dtype[np.uint64]]
    """Peer group of the window under way."""


def start() -> Own:
    return Own(
        np.zeros((0, 3)),
        np.zeros((0, 2), np.int64),
        np.zeros((0, 3)),
        np.zeros((0, 2), np.int32),
        np.zeros(0, np.uint64),
    )


@njit(cache=True)
def negative_binomial_tail(count: float, mean: float, variance: float) -> float:
    """P(X >= count) for a negative binomial with these moments; Poisson where none is wider."""
    if count <= 0:
        return 1.0
    variance = max(variance, mean * 1.000001 + 1e-12)
    size = mean * mean / (variance - mean)
    q = mean / (mean + size)  # ratio that successive terms tend to
    log_term = (
        lgamma(count + size)
        - lgamma(size)
        - lgamma(count + 1.0)
        + size * log(size / (size + mean))
        + count * log(q)
    )
    total, term, k = 1.0, 1.0, count
    for _ in range(TAIL_TERMS):
        ratio = (k + size) / (k + 1.0) * q
        term *= ratio
        total += term
        k += 1.0
        if ratio < 1.0 and term < 1e-12 * total * (1.0 - ratio):
            break
    return min(1.0, exp(min(0.0, log_term + log(total))))


@njit(cache=True)
def _moments_of_peers(
    peers: Peers, group: np.uint64, today: int, half_life: float
) -> tuple[float, float, float, float]:
    """Mean, mean square, entities, windows of a group's (count - 1), shrunk to everyone's."""
    entities, windows, _ = look(peers, EVERYONE, TOTAL, today, half_life)
    _, amount, square = look(peers, EVERYONE, AMOUNT, today, half_life)
    # One imaginary window with 4 acts, so that a young workspace has some expectation.
    mean, mean_square = (amount + 4.0) / (windows + 1.0), (square + 32.0) / (windows + 1.0)
    if group != EVERYONE:
        entities, windows, _ = look(peers, group, TOTAL, today, half_life)
        _, amount, square = look(peers, group, AMOUNT, today, half_life)
        mean = (amount + 5.0 * mean) / (windows + 5.0)
        mean_square = (square + 5.0 * mean_square) / (windows + 5.0)
    return mean, mean_square, entities, windows


@njit(cache=True)
def _season(
    peers: Peers, group: np.uint64, hour_of_week: int, mean: float, today: int, half_life: float
) -> float:
    """How busy the group is at this hour of the week, against its own mean."""
    if hour_of_week < 0:
        return 1.0
    _, windows, amount = look(peers, group, FIRST_HOUR + np.uint64(hour_of_week), today, half_life)
    return (amount + 20.0 * mean + 1.0) / ((windows + 20.0) * mean + 1.0)


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    rows: Open,
    peers: Peers,
    acts: Columns,
    today: int,
    window_hours: int,
    half_life: float,
    prior: float,
    min_count: float,
    min_bits: float,
    out: Float64s,
) -> tuple[Open, int]:
    hits = 0
    for i in range(acts.row.size):
        e = acts.number[i]
        if e < 0:
            continue
        window = acts.hour[i] // window_hours
        newcomer = own.counts[e, 2] == 0
        if newcomer or own.window[e, 0] != window:
            if not newcomer:
                # The window before is over: learn it.
                if own.days[e, 1] != today:
                    own.moments[e] *= 2.0 ** (-(today - own.days[e, 1]) / half_life)
                amount = own.counts[e, 0] - 1.0
                weight = own.moments[e, 0]
                if weight >= 5.0:
                    mean = own.moments[e, 1] / weight
                    spread = own.moments[e, 2] / weight - mean * mean
                    amount = min(amount, mean + 8.0 * max(1.0, spread) ** 0.5)
                own.moments[e, 0] += 1.0
                own.moments[e, 1] += amount
                own.moments[e, 2] += amount * amount
                group = own.group[e]
                first = 1.0 if own.counts[e, 2] == 1 else 0.0
                rows = push(rows, group, TOTAL, first, 1.0, 0.0)
                rows = push(rows, group, AMOUNT, 0.0, amount, amount * amount)
                if own.window[e, 1] >= 0:
                    at = FIRST_HOUR + np.uint64(own.window[e, 1])
                    rows = push(rows, group, at, 0.0, 1.0, amount)
            else:
                own.days[e, 0] = today
            own.days[e, 1] = today
            own.window[e, 0] = window
            own.window[e, 1] = acts.hour_of_week[i]
            own.group[e] = acts.group[i]
            own.counts[e, 0] = 0.0
            own.counts[e, 1] = 0.0
            own.counts[e, 2] += 1.0
        own.counts[e, 0] += acts.amount[i]
        count = own.counts[e, 0]
        if count < min_count or count < 2.0 * own.counts[e, 1]:
            continue
        group = own.group[e]
        peer_mean, peer_square, of, windows = _moments_of_peers(peers, group, today, half_life)
        n = own.moments[e, 0]
        mean = (own.moments[e, 1] + prior * peer_mean) / (n + prior)
        square = (own.moments[e, 2] + prior * peer_square) / (n + prior)
        busy = _season(peers, group, own.window[e, 1], peer_mean, today, half_life)
        # The mean is itself uncertain: its variance adds to the next window's.
        variance = max(square - mean * mean, mean) * (1.0 + 1.0 / (n + prior)) * busy * busy
        mean *= busy
        tail = negative_binomial_tail(count - 1.0, mean, variance)
        bits = -np.log2(max(tail, 1e-300))
        if bits < min_bits:
            continue
        peer_variance = max(peer_square - peer_mean * peer_mean, peer_mean) * busy * busy
        peer_tail = negative_binomial_tail(count - 1.0, peer_mean * busy, peer_variance)
        own.counts[e, 1] = count
        out[0, hits] = acts.row[i]
        out[1, hits] = bits
        out[2, hits] = bits + np.log2(max(peer_tail, 1e-300))
        out[3, hits] = count
        out[4, hits] = mean + 1.0
        out[5, hits] = own.counts[e, 2] - 1.0
        out[6, hits] = peer_mean + 1.0
        out[7, hits] = of
        out[8, hits] = own.days[e, 0]
        out[9, hits] = windows
        hits += 1
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
        settings.window_hours,
        settings.half_life_days,
        settings.prior,
        settings.min_count,
        settings.min_bits,
        out,
    )
    return own, rows, hits_of(out[:, :hits])


FAMILY = Family(
    name="rate",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("moments", "window", "counts", "days", "group"),
    needs_value=False,
)
