"""Burst: failure after failure, and then it worked.

Good at guessing that got in: a password, a code, a prompt on the phone that somebody was worn down
to accept, a permission found by trying; from one source or many, as the entry's entity says.
Blind to guessing that never succeeds (use `rate`), to one try on each of many accounts (use
`spread`), and to an account that is guessed at all day, whose owner's own success then tells
nothing. Silent below `min_count` failures, and about acts whose entity is null.

Method: a hurdle model (Mullahy 1986) of the failures before a success. Whether there are any is a
beta-binomial; how many more, once there is one, is beta-geometric (Weinberg and Gladen 1986: each
entity has its own chance to fail again, which is known only as well as its history tells), both
shrunk to the peer group with the weight of `prior` and `prior_runs`, the entity left out:

    P(any)             = (m + prior * peers' share) / (s + prior)
    P(r or more | any) = B(b + r - 1, a) / B(b, a)
    bits               = -log2 P(any) - log2 P(r or more | any)
    a = m + prior_runs * peers' chance to succeed    m: of s successes those after a failure
    b = f + prior_runs * peers' chance to fail       f: failures after the first before each

All are decayed. llr compares with an entity of which nothing but its peers is known. Robust: of a
run no more failures are learned than four and twice the expected, so that one night of guessing
does not make guessing a habit. Failures are counted over the last `looks_back_hours`, in eighths of
it (the oldest eighth may be cut short), and a success ends them. A record that stands for many
failures counts as so many.

Figures: `observed` failures, `expected` how many where there are any, `before` the successes that
came after a failure (faded), `baseline` successes, `peers` the share of the peers' successes that
came after a failure. State: a record of 152 bytes an entity. Cost: O(1) per act.
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
from wheeltapper.detect.tails import LOG2, log_rising

RUNS = np.uint64(1000)
"""Rows of the peer tables with runs and their further failures, beside TOTAL's successes."""
PARTS = 8
"""Of the time that is looked back upon."""
HOUR_US = 3_600_000_000
GROUP_PRIOR = 50.0
"""Successes of a peer group that weigh as much as everyone's, and runs that do."""
GROUP_RUNS = 5.0

ENTITY = np.dtype(
    [("successes", "f8"), ("runs", "f8"), ("more", "f8"), ("closed", "f8", (3,)), ("ever", "f8"),
     ("group", "u8"), ("part", "i8"), ("failures", "f8", (PARTS,)), ("since", "i4"), ("day", "i4"),
     ("moved", "i4"), ("seen", "i4")]
)  # fmt: skip
"""Successes, those after a failure, and failures after the first of those, faded to `day`; the same
without those of `day`, which peer tables hold; successes ever; peer group; number of the last part
of time and the failures of the last eight by their number; first day; whether it changed its peer
group; whether it was ever seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How far to look back, memory, and how many failures are too many."""

    looks_back_hours: float = 1.0
    """Failures longer ago than this before the success do not count."""
    half_life_days: float = 60.0
    prior: float = 20.0
    """Successes of own history that weigh as much as the peers'."""
    prior_runs: float = 4.0
    """Successes after a failure that weigh as much as the peers'."""
    min_count: float = 5.0
    min_bits: float = 8.0
    capacity: int = 4_000_000
    """Not used: one row an entity."""

    def __post_init__(self) -> None:
        if not 0 < self.looks_back_hours <= 24 * 366:
            raise ValueError(
                f"looks_back_hours must be above 0 and at most a year, got {self.looks_back_hours}"
            )
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")
        if not (self.prior > 0 and self.prior_runs > 0):
            raise ValueError(
                f"prior and prior_runs must be above 0, got {self.prior} and {self.prior_runs}"
            )


class Own(NamedTuple):
    """What this shard's entities failed and succeeded in."""

    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros(0, ENTITY))


@njit(cache=True)
def run_bits(failures: float, any_: float, succeed: float, fail: float) -> float:
    """Bits of a success after so many failures or more: `any_` is the chance of one or more.

    `succeed` and `fail` are the parameters a and b of the beta distribution of failing again.
    """
    # log2 of B(b + r - 1, a) / B(b, a), by rising factorials.
    further = log_rising(succeed + fail, failures - 1.0) - log_rising(fail, failures - 1.0)
    return float(max(0.0, -np.log2(any_) + max(0.0, further) / LOG2))


@njit(cache=True)
def _chances_of_peers(
    peers: Records, group: np.uint64, mine: Float64s, moved: int, today: int, fades: Float64s
) -> tuple[float, float, float]:
    """How often peers' successes come after failures, how often one fails again, and entities."""
    # One imaginary success in ten after a failure, and then as likely as not another.
    any_, again, of = 0.1, 0.5, 0.0
    for whole in (True, False):
        if not whole and group == EVERYONE:
            break
        of, successes, _ = look(peers, EVERYONE if whole else group, TOTAL, today, fades)
        _, runs, more = look(peers, EVERYONE if whole else group, RUNS, today, fades)
        if mine[0] > 0.0 and (whole or not moved):
            # The same sums in another order may differ in their last digit.
            of, successes = of - 1.0, max(0.0, successes - mine[0])
            runs, more = max(0.0, runs - mine[1]), max(0.0, more - mine[2])
        n = 10.0 if whole else GROUP_PRIOR
        k = 2.0 if whole else GROUP_RUNS
        any_ = (min(runs, successes) + n * any_) / (successes + n)
        # A run of f failures after the first ended in one success.
        again = (more + k * again) / (more + runs + k)
    return any_, again, of


@njit(cache=True)
def _failures(entities: Records, e: int, part: int) -> float:
    """Failures of the last parts of time, up to `part`, which is the present; older are dropped."""
    passed = part - entities[e].part
    if passed >= PARTS:
        entities[e].failures[:] = 0.0
    else:
        for gone in range(entities[e].part + 1, part + 1):
            entities[e].failures[gone % PARTS] = 0.0
    entities[e].part = part
    total = 0.0
    for k in range(PARTS):
        total += entities[e].failures[k]
    return total


@njit(cache=True)
def _learn(sums: Records, opened: Open, entities: Records, e: int, more: float, ran: bool) -> None:
    """A success, after a run of failures or not. `sums` must have room for two more."""
    entities[e].successes += 1.0
    entities[e].ever += 1.0
    group = entities[e].group
    first = 1.0 if entities[e].ever == 1.0 else 0.0
    add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), first, 1.0, 0.0)
    if ran:
        entities[e].runs += 1.0
        entities[e].more += more
        add(sums, opened.size, mix(group, RUNS), mix(EVERYONE, RUNS), 0.0, 1.0, more)


@njit(cache=True, nogil=True)
def _step(
    entities: Records,
    opened: Open,
    peers: Peers,
    acts: Columns,
    fades: Float64s,
    part_us: int,
    prior: float,
    prior_runs: float,
    min_count: float,
    min_bits: float,
    out: Float64s,
) -> tuple[Open, Peers, int]:
    sums = opened.slots
    day = opened.day[0]
    mine = np.zeros(3)
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
        part = acts.time[i] // part_us
        if entities[e].seen == 0:
            entities[e].seen = 1
            entities[e].since = today
            entities[e].day = today
            entities[e].part = part
            entities[e].group = acts.group[i]
        failures = _failures(entities, e, part)
        if not acts.mark[i]:
            entities[e].failures[part % PARTS] += acts.amount[i]
            continue
        if today != entities[e].day:
            fade = faded(fades, today - entities[e].day)
            entities[e].successes *= fade
            entities[e].runs *= fade
            entities[e].more *= fade
            entities[e].closed[0] = entities[e].successes
            entities[e].closed[1] = entities[e].runs
            entities[e].closed[2] = entities[e].more
            entities[e].day = today
        if entities[e].group != acts.group[i]:
            if entities[e].ever > 0.0:
                entities[e].moved = 1
            entities[e].group = acts.group[i]
        more = 0.0
        if failures > 0.0:
            mine[:] = entities[e].closed
            any_, again, of = _chances_of_peers(
                peers.slots, acts.group[i], mine, entities[e].moved, today, fades
            )
            succeed = entities[e].runs + prior_runs * (1.0 - again)
            fail = entities[e].more + prior_runs * again
            more = min(failures, 4.0 + floor(2.0 * (1.0 + fail / succeed))) - 1.0
        if failures >= min_count and failures > 0.0:
            n = entities[e].successes
            own = (min(entities[e].runs, n) + prior * any_) / (n + prior)
            bits = run_bits(failures, own, succeed, fail)
            if bits >= min_bits:
                out[0, hits] = i
                out[1, hits] = bits
                out[2, hits] = bits - run_bits(
                    failures, any_, prior_runs * (1.0 - again), prior_runs * again
                )
                out[3, hits] = failures
                out[4, hits] = 1.0 + fail / succeed
                out[5, hits] = entities[e].ever
                out[6, hits] = any_
                out[7, hits] = of
                out[8, hits] = entities[e].since
                out[9, hits] = entities[e].runs
                hits += 1
        if 2 * (opened.size[0] + 2) > sums.size:
            sums = with_room(sums, opened.size[0] + 1)
            opened = Open(sums, opened.size, opened.day)
        _learn(sums, opened, entities, e, more, failures > 0.0)
        entities[e].failures[:] = 0.0
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
        max(1, int(settings.looks_back_hours * HOUR_US / PARTS)),
        float(settings.prior),
        float(settings.prior_runs),
        float(settings.min_count),
        float(settings.min_bits),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="burst",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
    needs=("mark",),
)
