"""Dormant: back after a long silence.

Good at accounts and keys that everybody had forgotten: of somebody who left, of a project that is
over. Blind to a sleeper that is kept warm by an act now and then, to accounts that were never used
before, and to an intruder in an account that is in use. Silent about silences under `min_days`,
about an entity with fewer than `grace` active days, and where nobody else acted: then time did not
pass. An account that comes back in a thousand acts is told of once.

Method: the chance of a silence as long, or longer, between two active days: the entity's own share
of its gaps, shrunk to the peers' share with the weight of `prior` gaps (a Dirichlet process whose
base is the peers; Ferguson 1973), the peers' to everyone's, and theirs to a Lomax tail of index 1
with one gap's weight; the entity is not among its peers. Gaps are counted from four days on in
levels a factor of the square root of two apart, so each share is a count: the tail is as heavy as
it was seen to be, holidays and parental leave in it, and no distribution is believed beyond.

    own   = (own gaps so long + prior * peers) / (own gaps + prior)
    peers = (gaps of the group so long + 5 * everyone) / (gaps of the group + 5)
    bits  = -log2 own               llr = log2 peers / own

A gap is measured in the others' activity (operational time; Feller 1971, section X.7): the active
days of other entities that passed in it, over how many pass in a day on average since the entity
was first seen. A closed week at Christmas, or one whose logs are lost, is hardly any time.

Figures: `observed` silent days of the calendar, `expected` the longest silence before, `before` own
gaps as long (faded), `baseline` active days, `peers` of `of_peers` who ever were silent as long.
State: a record of 188 bytes an entity. Cost: O(1) per act, which but for the first of a day is one
comparison. Who is forgotten by the shard (the longest unseen of a million) is not recognised.
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
from wheeltapper.detect.table import Float64s, Records, with_room

LEVELS = 16
SHORTEST = 4.0
"""Days of the shortest gap that is told from the others; the longest level begins at 724."""
STEEP = 2.0**0.5
# Values that this family's rows of the peer tables stand under, beside TOTAL's gaps.
ACTIVE = np.uint64(1000)
FIRST_LEVEL = np.uint64(2000)
GROUP_PRIOR = 5.0
"""Gaps of a peer group that weigh as much as everyone's."""

ENTITY = np.dtype(
    [("gaps", "f8"), ("as_long", "f8", (LEVELS,)), ("ever", "f8"), ("first_count", "f8"),
     ("last_count", "f8"), ("group", "u8"), ("since", "i4"), ("last", "i4"), ("longest", "i4"),
     ("levels", "i4"), ("moved", "i4")]
)  # fmt: skip
"""Gaps, and those of each level or longer, faded to day `last`; active days ever; active days of
all entities before the first and before the last day; peer group; first and last day; longest
silence in days; how many levels it ever reached; whether it changed its peer group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long a silence has to be, and how odd."""

    min_days: float = 30.0
    """A shorter silence is never worth a word, by the calendar or by what others did meanwhile."""
    half_life_days: float = 365.0
    prior: float = 10.0
    """Gaps of own history that weigh as much as the peers'."""
    grace: float = 5.0
    """Active days before anything is said."""
    min_bits: float = 8.0
    capacity: int = 4_000_000
    """Not used: one row an entity."""

    def __post_init__(self) -> None:
        if not self.min_days >= SHORTEST:
            raise ValueError(f"min_days must be at least {SHORTEST:g}, got {self.min_days}")
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not self.prior > 0:
            raise ValueError(f"prior must be above 0, got {self.prior}")


class Own(NamedTuple):
    """When this shard's entities were active."""

    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros(0, ENTITY))


@njit(cache=True)
def levels_of(gap: float) -> int:
    """How many levels a gap of so many days reaches; 0 below four days."""
    reached, at = 0, SHORTEST
    while reached < LEVELS and gap >= at:
        reached += 1
        # Every second is a whole power of two, to the bit.
        at = SHORTEST * 2.0 ** (reached // 2) * (STEEP if reached % 2 else 1.0)
    return reached


@njit(cache=True)
def _gap(entities: Records, e: int, today: int, count: float) -> float:
    """Days since the last active day, in the others' activity; 0 where nobody else acted.

    `count` is how many active days of entities the closed days hold.
    """
    passed = count - entities[e].last_count - 1.0
    ever_passed = count - entities[e].first_count - entities[e].ever
    if passed <= 0.0 or ever_passed <= 0.0:
        return 0.0
    return float(passed * (today - entities[e].since) / ever_passed)


@njit(cache=True)
def _share_of_peers(
    peers: Records,
    entities: Records,
    e: int,
    levels: int,
    gap: float,
    fade: float,
    today: int,
    fades: Float64s,
) -> tuple[float, float, float]:
    """The peers' share of gaps as long, how many of them ever had one, and how many there are."""
    group = entities[e].group
    at = FIRST_LEVEL + np.uint64(levels - 1)
    share, had, of = 1.0 / (1.0 + gap), 0.0, 0.0
    for whole in (True, False):
        if not whole and group == EVERYONE:
            break
        of, gaps, _ = look(peers, EVERYONE if whole else group, TOTAL, today, fades)
        had, as_long, _ = look(peers, EVERYONE if whole else group, at, today, fades)
        if entities[e].gaps > 0.0 and (whole or not entities[e].moved):
            # The same sums in another order may differ in their last digit.
            of, gaps = of - 1.0, max(0.0, gaps - fade * entities[e].gaps)
            as_long = max(0.0, as_long - fade * entities[e].as_long[levels - 1])
            had -= 1.0 if entities[e].levels >= levels else 0.0
        prior = 1.0 if whole else GROUP_PRIOR
        share = min(1.0, (as_long + prior * share) / (gaps + prior))
    return share, had, of


@njit(cache=True)
def _learn(
    sums: Records, opened: Open, entities: Records, e: int, levels: int, silent: int
) -> None:
    """A gap that is over. `sums` must have room for one more and all levels."""
    group = entities[e].group
    first = 1.0 if entities[e].ever == 1.0 else 0.0
    entities[e].gaps += 1.0
    add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), first, 1.0, 0.0)
    for k in range(levels):
        entities[e].as_long[k] += 1.0
        value = FIRST_LEVEL + np.uint64(k)
        new = 1.0 if k >= entities[e].levels else 0.0
        add(sums, opened.size, mix(group, value), mix(EVERYONE, value), new, 1.0, 0.0)
    entities[e].levels = max(levels, entities[e].levels)
    entities[e].longest = max(silent, entities[e].longest)


@njit(cache=True, nogil=True)
def _step(
    entities: Records,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    min_days: float,
    prior: float,
    grace: float,
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
        newcomer = entities[e].ever == 0.0
        if not newcomer and entities[e].last == today:
            continue
        if today != day:
            peers = turned(peers, opened, today, fades)
            day = today
        if 2 * (opened.size[0] + LEVELS + 2) > sums.size:
            sums = with_room(sums, sums.size // 2)
            opened = Open(sums, opened.size, opened.day)
        count, _, _ = look(peers.slots, EVERYONE, ACTIVE, today, fades)
        group = acts.group[i]
        if newcomer:
            entities[e].since = today
            entities[e].first_count = count
        else:
            if entities[e].group != group:
                entities[e].moved = 1
            entities[e].group = group
            gap, silent = _gap(entities, e, today, count), today - entities[e].last
            levels = levels_of(gap)
            fade = faded(fades, silent)
            if gap >= min_days and silent >= min_days and entities[e].ever >= grace:
                of_peers, had, of = _share_of_peers(
                    peers.slots, entities, e, levels, gap, fade, today, fades
                )
                gaps, as_long = fade * entities[e].gaps, fade * entities[e].as_long[levels - 1]
                own = (as_long + prior * of_peers) / (gaps + prior)
                bits = max(0.0, -np.log2(own))
                if bits >= min_bits:
                    out[0, hits] = i
                    out[1, hits] = bits
                    out[2, hits] = np.log2(of_peers / own)
                    out[3, hits] = silent
                    out[4, hits] = entities[e].longest
                    out[5, hits] = entities[e].ever
                    out[6, hits] = had
                    out[7, hits] = of
                    out[8, hits] = entities[e].since
                    out[9, hits] = as_long
                    hits += 1
            entities[e].gaps *= fade
            for k in range(LEVELS):
                entities[e].as_long[k] *= fade
            _learn(sums, opened, entities, e, levels, silent)
        entities[e].group = group
        entities[e].last = today
        entities[e].last_count = count
        entities[e].ever += 1.0
        add(sums, opened.size, mix(group, ACTIVE), mix(EVERYONE, ACTIVE), 1.0, 1.0, 0.0)
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
        float(settings.min_days),
        float(settings.prior),
        float(settings.grace),
        float(settings.min_bits),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="dormant",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
)
