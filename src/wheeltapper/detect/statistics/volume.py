"""Volume: more bytes, or more of any other amount, in an hour than the entity's own tail explains.

Good at a few large takings that a count of acts does not see: an export, a dump, one archive.
Blind to what is carried off in portions within the habit, to a busy entity's slow growth, and to
the hour of the day (use `schedule`). Silent about acts that tell no amount (or none above 0), below
`min_amount`, below what is expected, and while fewer than `grace` windows of the entity and its
peers together are known: amounts have no scale of their own.

Method: the amounts of a window in which the entity moved anything, summed; the logarithm of the sum
(base 2, of the sum plus one) is normal with unknown mean and variance, so the next one is Student's
t (Gelman et al., BDA3, section 3.3, normal with conjugate prior), the prior being the peers' mean
and variance with the weight of `prior` windows, those of the peer group shrunk to everyone's, and
everyone's to one imaginary window like the entity's own, three doublings wide. What shrinking the
mean may be off by adds to the scale, in place of the conjugate prior's own such term, which falls
so slowly that a habit unlike the peers' would never be known well:

    k = n + prior                   mean = (n * own mean + prior * peers' mean) / k
    scale^2 = (1 + 1 / k) * (sum of own squared deviations + prior * peers' variance) / k
              + (own mean - mean)^2
    bits = -log2 P(t with min(k, 8) degrees of freedom >= (log amount - mean) / scale)

Never more than eight degrees of freedom, because logarithms of amounts have heavier tails than the
normal distribution, however long a history. n is decayed. llr compares with a t of the peers' own
moments and windows; the entity itself is not among them. A window speaks when it first crosses
`min_bits`, and again each time its amount has doubled. Robust: what is learned is held within three
scales of the mean, so neither a flood nor dust moves the habit far; a scale is at least half a
doubling. A window is learned when the entity's next one begins.

Figures: `observed`, `expected` (the median) and `peers` are amounts; `baseline` counts windows.
State: a record of 112 bytes an entity; logarithms are summed in whole 64ths, so that sums of peers
are exact. Cost: O(1) per act; a tail is worked out only for what may be odd.
"""

from dataclasses import dataclass
from math import inf
from statistics import NormalDist
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
from wheeltapper.detect.tails import student

LEVEL = np.uint64(1000)
"""Rows of the peer tables with sums of log amounts and of their squares, beside TOTAL's windows."""
STEP = 64.0
"""Parts of a doubling in which logarithms are counted."""
MOST = 2.0**60
NARROWEST = (0.5 * STEP) ** 2
"""Least variance of log amounts."""
WIDE = (3.0 * STEP) ** 2
"""Variance of log amounts where nothing is known of anybody."""
MOST_FREEDOM = 8.0
HELD = 3.0
"""Scales from the mean beyond which nothing is learned as it is."""
GROUP_PRIOR = 5.0
"""Windows of a peer group that weigh as much as everyone's."""

ENTITY = np.dtype(
    [("windows", "f8"), ("sum", "f8"), ("square", "f8"), ("amount", "f8"), ("floor", "f8"),
     ("look_at", "f8"), ("ever", "f8"), ("window", "i8"), ("group", "u8"), ("closed", "f8", (3,)),
     ("since", "i4"), ("day", "i4"), ("today", "i4"), ("moved", "i4")]
)  # fmt: skip
"""Windows, log amounts and their squares, faded to `day`; of the window under way its amount, the
one below which nothing is said, the one at which it is worth a look, number, peer group; windows
ever; the sums without those of `day`, which peer tables hold; first day; day of the last act;
whether it changed its peer group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Windows, memory, and how much is too much."""

    window_hours: int = 1
    half_life_days: float = 60.0
    prior: float = 5.0
    """Windows of own history that weigh as much as the peers'."""
    grace: float = 20.0
    """Windows, its own and its peers', before anything is said."""
    min_amount: float = 0.0
    """Less in a window is never worth a word."""
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
    """What this shard's entities moved."""

    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros(0, ENTITY))


@njit(cache=True)
def level(amount: float) -> float:
    """An amount's logarithm in whole 64ths of a doubling."""
    return float(np.round(STEP * np.log2(1.0 + amount)))


@njit(cache=True)
def _amount(of_level: float) -> float:
    return float(2.0 ** (of_level / STEP) - 1.0)


@njit(cache=True)
def _moments_of_peers(
    peers: Records,
    group: np.uint64,
    own_mean: float,
    mine: Float64s,
    moved: int,
    today: int,
    fades: Float64s,
) -> tuple[float, float, float, float]:
    """Mean, variance, entities and windows of a group's levels, but for `mine`.

    `own_mean` is that of the entity, below 0 where it has no history.
    """
    mean = own_mean
    variance, of, windows = WIDE, 0.0, 0.0
    for whole in (True, False):
        if not whole and group == EVERYONE:
            break
        of, windows, _ = look(peers, EVERYONE if whole else group, TOTAL, today, fades)
        _, total, square = look(peers, EVERYONE if whole else group, LEVEL, today, fades)
        if mine[0] > 0.0 and (whole or not moved):
            # The same sums in another order may differ in their last digit.
            of, windows = of - 1.0, max(0.0, windows - mine[0])
            total, square = max(0.0, total - mine[1]), max(0.0, square - mine[2])
        if whole and mean < 0.0:
            mean = total / windows if windows > 0.0 else 0.0
        prior = 1.0 if whole else GROUP_PRIOR
        n = windows + prior
        mean_square = (square + prior * (variance + mean * mean)) / n
        mean = (total + prior * mean) / n
        variance = max(NARROWEST, mean_square - mean * mean)
    return mean, variance, of, windows


@njit(cache=True)
def _predicted(
    n: float, total: float, square: float, peer_mean: float, peer_variance: float, prior: float
) -> tuple[float, float, float]:
    """Mean, scale and degrees of freedom of the next window's level."""
    k = n + prior
    own = total / n if n > 0.0 else peer_mean
    deviations = max(0.0, square - n * own * own)
    variance = max(NARROWEST, (deviations + prior * peer_variance) / k)
    mean = (n * own + prior * peer_mean) / k
    return mean, (variance * (1.0 + 1.0 / k) + (own - mean) ** 2) ** 0.5, min(k, MOST_FREEDOM)


@njit(cache=True)
def _own_mean(entities: Records, e: int) -> float:
    return entities[e].sum / entities[e].windows if entities[e].windows > 0.0 else -1.0


@njit(cache=True)
def _in_tables(entities: Records, e: int, today: int, fades: Float64s, mine: Float64s) -> None:
    """What the peer tables of closed days hold of the entity itself, faded to today."""
    if entities[e].day == today:
        mine[:] = entities[e].closed
        return
    mine[0], mine[1], mine[2] = entities[e].windows, entities[e].sum, entities[e].square
    mine *= faded(fades, today - entities[e].day)


@njit(cache=True)
def _learn(
    sums: Records,
    opened: Open,
    peers: Records,
    entities: Records,
    e: int,
    prior: float,
    mine: Float64s,
    fades: Float64s,
) -> None:
    """The window under way is over. `sums` must have room for two more."""
    group, today = entities[e].group, entities[e].day
    _in_tables(entities, e, today, fades, mine)
    peer_mean, peer_variance, _, windows = _moments_of_peers(
        peers, group, _own_mean(entities, e), mine, entities[e].moved, today, fades
    )
    n = entities[e].windows
    at = level(entities[e].amount)
    if n + windows >= prior:
        mean, scale, _ = _predicted(
            n, entities[e].sum, entities[e].square, peer_mean, peer_variance, prior
        )
        at = float(np.round(max(0.0, min(max(at, mean - HELD * scale), mean + HELD * scale))))
    entities[e].windows += 1.0
    entities[e].sum += at
    entities[e].square += at * at
    first = 1.0 if entities[e].ever == 1 else 0.0
    add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), first, 1.0, 0.0)
    add(sums, opened.size, mix(group, LEVEL), mix(EVERYONE, LEVEL), 0.0, at, at * at)


@njit(cache=True, nogil=True)
def _step(
    entities: Records,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    window_hours: int,
    prior: float,
    grace: float,
    min_amount: float,
    min_bits: float,
    least_t: float,
    out: Float64s,
) -> tuple[Open, Peers, int]:
    sums = opened.slots
    day = opened.day[0]
    mine = np.zeros(3)
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        e = acts.number[i]
        moved = acts.measure[i]
        if e < 0 or not moved > 0.0:
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
                    entities[e].day = today
                if 2 * (opened.size[0] + 2) > sums.size:
                    sums = with_room(sums, opened.size[0] + 1)
                    opened = Open(sums, opened.size, opened.day)
                _learn(sums, opened, peers.slots, entities, e, prior, mine, fades)
                if entities[e].group != acts.group[i]:
                    entities[e].moved = 1
            entities[e].day = today
            entities[e].window = window
            entities[e].group = acts.group[i]
            entities[e].amount = 0.0
            entities[e].floor = min_amount
            entities[e].look_at = min_amount
            entities[e].ever += 1.0
        elif entities[e].today != today:
            entities[e].look_at = entities[e].floor  # peers have another day behind them
        entities[e].today = today
        entities[e].amount = min(MOST, entities[e].amount + moved)
        amount = entities[e].amount
        if amount < entities[e].look_at:
            continue
        group = entities[e].group
        n = entities[e].windows
        _in_tables(entities, e, today, fades, mine)
        peer_mean, peer_variance, of, windows = _moments_of_peers(
            peers.slots, group, _own_mean(entities, e), mine, entities[e].moved, today, fades
        )
        if n + windows < grace:
            continue
        mean, scale, freedom = _predicted(
            n, entities[e].sum, entities[e].square, peer_mean, peer_variance, prior
        )
        at = STEP * np.log2(1.0 + amount)
        t = (at - mean) / scale
        if t < least_t:
            # Sooner it cannot cross: no t has a lighter tail than the normal distribution.
            entities[e].look_at = max(
                entities[e].floor, _amount(mean + least_t * scale) * (1.0 - 1e-9)
            )
            continue
        bits = student(t, freedom)
        if bits < min_bits:
            continue
        _, peer_scale, peer_freedom = _predicted(
            0.0, 0.0, 0.0, peer_mean, peer_variance, windows + prior
        )
        peer_bits = student((at - peer_mean) / peer_scale, peer_freedom)
        entities[e].floor = 2.0 * amount
        entities[e].look_at = 2.0 * amount
        out[0, hits] = i
        out[1, hits] = bits
        out[2, hits] = bits - peer_bits
        out[3, hits] = amount
        out[4, hits] = max(0.0, _amount(mean))
        out[5, hits] = entities[e].ever - 1.0
        out[6, hits] = _amount(peer_mean) if windows > 0.0 else 0.0
        out[7, hits] = of
        out[8, hits] = entities[e].since
        out[9, hits] = windows
        hits += 1
    return opened, peers, hits


def _least_t(min_bits: float) -> float:
    """Below this no Student's t is so surprising, whatever its degrees of freedom."""
    chance = 2.0**-min_bits
    if not 0 < chance < 0.5:
        return 0.0 if chance >= 0.5 else inf
    return -NormalDist().inv_cdf(chance) * (1.0 - 1e-6)


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
        float(settings.grace),
        float(settings.min_amount),
        float(settings.min_bits),
        _least_t(float(settings.min_bits)),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="volume",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
    needs=("measure",),
)
