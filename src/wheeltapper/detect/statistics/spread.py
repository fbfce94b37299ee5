"""Spread: one entity touches many different others in a short time.

Good at one password tried on many accounts, at hosts and shares that are walked through, secrets
that are listed; and turned round (the target as entity, actors as values) at an attack spread over
accounts so thinly that none stands out. Blind to many acts on few things (use `rate`), to a spread
that stays within a busy entity's habit, and to one slower than the window: a catalogue asks twice,
by the hour and by the day. An act without entity or value says nothing. Below `min_count` it is
silent, and hesitant while an entity has few windows: then its peers' breadth is expected of it.

Method: windows of the clock. Up to eight different values of a window are kept as they are, more in
a bitmap of 2,048 bits by linear counting (Whang, Vander-Zanden and Taylor, "A linear-time
probabilistic counting algorithm", 1990, eq. 1): standard error 2 % up to 1,000 values, 5 % at
10,000, where HyperLogLog's (Flajolet et al. 2007) is 5 to 6.5 % for the same 256 bytes; it ends
at 15,600. Different values in a window in which the entity is active, less one, are
gamma-Poisson (negative binomial; Gelman et al., BDA3, section 2.6) with mean and variance by
moments, decayed, shrunk to the peers', the entity itself left out, with the weight of `prior`
windows. bits = -log2 P(as many or more); llr compares with the same under peers. A window speaks
when it first crosses `min_bits` above its mean, and each time its count has doubled since. Learned
amounts are capped at eight standard deviations, so a sweep does not become the habit.

`observed` is the count so far, `expected` the mean, `peers` the peers' mean, `before` how many
windows of theirs stand behind it.

Cost: O(1) per act and O(2,048 bits) once for a window of more than eight; 140 bytes an entity, 280
for each whose window ever had more. Of bitmaps the `capacity` used last are kept; an entity whose
bitmap went to another within a window counts no further in it.
"""

from dataclasses import dataclass
from math import floor, log
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
from wheeltapper.detect.table import SMALLEST, Float64s, Int64s, Records, with_room
from wheeltapper.detect.tails import negative_binomial

AMOUNT = np.uint64(1000)
"""What sums of breadths stand under in the peer tables, beside TOTAL."""
FEW = 8
BITS = 2048
BYTES = BITS // 8
WIDTH = 11
"""2 ** WIDTH is BITS."""
LOST = -1
"""In place of a number of values kept: the window's bitmap went to another entity."""
PRIOR_MEAN, PRIOR_SQUARE = 1.0, 4.0
"""Of one imaginary window, so that a young workspace has some expectation."""
GROUP_WINDOWS = 5.0
"""Windows of a group that weigh as much as everyone's."""

ENTITY = np.dtype(
    [("windows", "f8"), ("sum", "f8"), ("square", "f8"), ("count", "f8"), ("look_at", "f8"),
     ("ever", "f8"), ("window", "i8"), ("group", "u8"), ("closed", "f8", (3,)),
     ("sketch", "i4"), ("few", "i4"), ("since", "i4"), ("day", "i4"), ("moved", "i4"),
     ("values", "u4", (FEW,))]
)  # fmt: skip
"""Moments of (count - 1), faded to `day`; of the window under way its different values, the count
at which it is worth a look, number and peer group; windows ever; the moments without those of
`day`, which peer tables hold; row of its bitmap, from 1; how many `values` are kept as they are;
first day; whether it changed its peer group."""
SKETCH = np.dtype([("key", "u8"), ("window", "i8"), ("zeros", "i4"), ("bits", "u1", (BYTES,))])
"""The entity and window a bitmap is of, and how many of its bits are 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Windows, memory, and how broad is too broad."""

    window_hours: int = 1
    half_life_days: float = 60.0
    prior: float = 5.0
    """Windows of own history that weigh as much as the peers'."""
    min_count: float = 8.0
    """Fewer different values in a window are never worth a word."""
    min_bits: float = 8.0
    min_llr: float = -50.0
    """Below this nothing is said: by default, peers may be as broad."""
    capacity: int = 16_384
    """Entities whose windows of more than eight values are counted at a time."""

    def __post_init__(self) -> None:
        if self.window_hours < 1:
            raise ValueError(f"window_hours must be at least 1, got {self.window_hours}")
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not self.prior > 0:
            raise ValueError(f"prior must be above 0, got {self.prior}")
        if self.capacity < SMALLEST:
            raise ValueError(f"capacity must be at least {SMALLEST}, got {self.capacity}")


class Own(NamedTuple):
    """What this shard's entities did."""

    entities: Records
    """`ENTITY` by number."""
    sketches: Records
    """`SKETCH`, in order of first use."""
    size: Int64s
    """Bitmaps given out so far."""


def start() -> Own:
    return Own(np.zeros(0, ENTITY), np.zeros(SMALLEST, SKETCH), np.zeros(1, np.int64))


@njit(cache=True)
def counted(zeros: int) -> float:
    """How many different values leave so many of the bits 0: whole; -m ln(zeros / m)."""
    return floor(BITS * log(BITS / max(zeros, 1)) + 0.5)


@njit(cache=True)
def _set(sketches: Records, row: int, bit: int) -> None:
    one = np.uint8(1 << (bit & 7))
    if not sketches[row].bits[bit >> 3] & one:
        sketches[row].bits[bit >> 3] |= one
        sketches[row].zeros -= 1


@njit(cache=True)
def _bitmap(
    entities: Records, e: int, entity: np.uint64, sketches: Records, size: Int64s, capacity: int
) -> Records:
    """Give the entity an empty bitmap: its own of an earlier window, or the next in turn."""
    row = entities[e].sketch - 1
    if row < 0 or sketches[row].key != entity:
        row = int(size[0] % capacity)
        size[0] += 1
        if row >= sketches.size:
            wider = np.zeros(min(2 * sketches.size, capacity), sketches.dtype)
            wider[: sketches.size] = sketches
            sketches = wider
    sketches[row].key = entity
    sketches[row].window = entities[e].window
    sketches[row].zeros = BITS
    for b in range(BYTES):
        sketches[row].bits[b] = 0
    entities[e].sketch = row + 1
    return sketches


@njit(cache=True)
def _see(
    entities: Records,
    e: int,
    entity: np.uint64,
    value: np.uint64,
    sketches: Records,
    size: Int64s,
    capacity: int,
) -> tuple[Records, bool]:
    """Count a value in the window under way; whether the count has grown."""
    short = np.uint32(value >> np.uint64(32))
    few = entities[e].few
    if few == LOST:
        return sketches, False
    if few <= FEW:
        for j in range(few):
            if entities[e].values[j] == short:
                return sketches, False
        if few < FEW:
            entities[e].values[few] = short
            entities[e].few = few + 1
            entities[e].count += 1.0
            return sketches, True
        sketches = _bitmap(entities, e, entity, sketches, size, capacity)
        for j in range(FEW):
            _set(sketches, entities[e].sketch - 1, int(entities[e].values[j]) >> (32 - WIDTH))
        entities[e].few = FEW + 1
    row = entities[e].sketch - 1
    if sketches[row].key != entity or sketches[row].window != entities[e].window:
        entities[e].few = LOST
        return sketches, False
    _set(sketches, row, int(short) >> (32 - WIDTH))
    count = counted(sketches[row].zeros)
    grown = count > entities[e].count
    if grown:
        entities[e].count = count
    return sketches, grown


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
    """Mean, mean square, entities, windows of a group's (count - 1), shrunk to everyone's."""
    entities, windows, amount, square = _others(peers, EVERYONE, mine, today, fades)
    mean = (amount + PRIOR_MEAN) / (windows + 1.0)
    mean_square = (square + PRIOR_SQUARE) / (windows + 1.0)
    if group != EVERYONE:
        if moved:
            mine = np.zeros(3)
        entities, windows, amount, square = _others(peers, group, mine, today, fades)
        mean = (amount + GROUP_WINDOWS * mean) / (windows + GROUP_WINDOWS)
        mean_square = (square + GROUP_WINDOWS * mean_square) / (windows + GROUP_WINDOWS)
    return mean, mean_square, entities, windows


@njit(cache=True)
def _learn(sums: Records, opened: Open, entities: Records, e: int) -> None:
    """The window under way is over. `sums` must have room for two more."""
    amount = entities[e].count - 1.0
    windows = entities[e].windows
    if windows >= 5.0:
        mean = entities[e].sum / windows
        spread = entities[e].square / windows - mean * mean
        amount = min(amount, floor(mean + 8.0 * max(1.0, spread) ** 0.5))
    entities[e].windows += 1.0
    entities[e].sum += amount
    entities[e].square += amount * amount
    group = entities[e].group
    first = 1.0 if entities[e].ever == 1 else 0.0
    size = opened.size
    add(sums, size, mix(group, TOTAL), mix(EVERYONE, TOTAL), first, 1.0, 0.0)
    add(sums, size, mix(group, AMOUNT), mix(EVERYONE, AMOUNT), 0.0, amount, amount * amount)


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    window_hours: int,
    prior: float,
    min_count: float,
    min_bits: float,
    min_llr: float,
    capacity: int,
    out: Float64s,
) -> tuple[Own, Open, Peers, int]:
    entities, sketches, sums = own.entities, own.sketches, opened.slots
    mine = np.zeros(3)
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
                if 2 * (opened.size[0] + 2) > sums.size:
                    sums = with_room(sums, opened.size[0] + 1)
                    opened = Open(sums, opened.size, opened.day)
                _learn(sums, opened, entities, e)
                if entities[e].group != acts.group[i]:
                    entities[e].moved = 1
            entities[e].day = today
            entities[e].window = window
            entities[e].group = acts.group[i]
            entities[e].count = 0.0
            entities[e].few = 0
            entities[e].look_at = min_count
            entities[e].ever += 1.0
        sketches, grown = _see(entities, e, acts.entity[i], value, sketches, own.size, capacity)
        count = entities[e].count
        if not grown or count < entities[e].look_at:
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
        # Mean and variance are themselves uncertain, which adds to the next window's variance.
        doubt = 1.0 + 2.0 / (n + windows + 1.0)
        variance = max(square - mean * mean, mean) * (doubt + 1.0 / (n + prior))
        if count - 1.0 <= mean:
            entities[e].look_at = floor(mean) + 2.0
            continue
        bits, step = negative_binomial(count - 1.0, mean, variance)
        if bits < min_bits:
            # Sooner it cannot cross.
            entities[e].look_at = count + max(1.0, floor((min_bits - bits) / step))
            continue
        peer_variance = max(peer_square - peer_mean * peer_mean, peer_mean)
        peer_variance *= 1.0 + 2.0 / (windows + 1.0)
        peer_bits, _ = negative_binomial(count - 1.0, peer_mean, peer_variance)
        entities[e].look_at = 2.0 * count
        if bits - peer_bits < min_llr:
            continue
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
    return Own(entities, sketches, own.size), opened, peers, hits


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
        int(settings.window_hours),
        float(settings.prior),
        float(settings.min_count),
        float(settings.min_bits),
        float(settings.min_llr),
        int(settings.capacity),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="spread",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
    needs=("value",),
)
