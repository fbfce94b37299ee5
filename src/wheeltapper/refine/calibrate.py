"""Calibrate: what was said becomes how often the like of it is said here.

A detector's bits are by its own model. What they are worth shows in the reference: a detector that
says nine bits of one in thirty entities a day says little with nine bits. Of each finding `rarity`
is the surprise, in bits, of a conformal p-value (Vovk, Gammerman and Shafer, "Algorithmic Learning
in a Random World", 2005): one more than the entity-days of the reference on which the detector said
as much of anybody of the same peer group, of one more than there were. Where a group is small its
share is shrunk to everybody's: `SHRINK` entity-days of everybody stand beside it.

Evidence is a log-likelihood ratio: how much likelier is this on an intruder's day than on an
ordinary one? The detectors' own answer and the reference's, `rarity` less `TRIGGER` (on one in
sixteen of an intruder's days a given detector says as much as it does), are two opinions of it.
They are pooled half and half in logarithms (Genest and Zidek, Statistical Science, 1986), the
reference's half growing with the reference. What an act can harm is added to both.

Of stories the score is log2 of N in `one in N actor-days`: counted in the reference, and beyond its
tail extrapolated as an exponential (peaks over threshold; Coles, "An Introduction to Statistical
Modeling of Extreme Values", 2001, section 4.2, shape 0), whose scale is taken from the median
excess, which a few true attacks in the reference do not move. A fit is only believed so far: what
it adds to the largest N that could be counted approaches `BEYOND_BITS`.
"""

import numpy as np
import polars as pl

from wheeltapper.refine.reference import (
    BINS,
    GRID,
    SPOKEN,
    Floats,
    Ints,
    Reference,
    at_least,
    bins,
    moving,
    numbered,
)
from wheeltapper.refine.warm_up import settled

SHRINK = 200
"""Entity-days of everybody beside those of a peer group; as many make the reference's half count
half of what it will."""
TRIGGER = 5.0
"""Bits."""
TAIL_SHARE = 0.1
"""The tail begins at this share of the stories."""
BEYOND_BITS = 6.0
"""At most 64 times as rare as anything that could have been counted."""
FEWEST = 20
"""With fewer stories than this the tail is not fitted; only counting is left."""


def spoken(findings: pl.DataFrame) -> pl.DataFrame:
    """Counts of a reference (`SPOKEN`): of each entity and day the most that a detector said."""
    return (
        findings.filter(pl.col("evidence") > 0)
        .group_by("detector", "entity_type", "entity", day=pl.col("time").dt.date())
        .agg(pl.col("evidence").max(), pl.col("peer_group").min())
        .with_columns(
            bin=(pl.col("evidence") * GRID).floor().clip(0, BINS - 1).cast(pl.Int64)
        )
        .group_by("day", "detector", "entity_type", "peer_group", "bin")
        .agg(n=pl.len().cast(pl.Int64))
        .select(*SPOKEN)
        .sort(list(SPOKEN)[:-1])
    )  # fmt: skip


def calibrate(findings: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Findings with `rarity`, bits, and `evidence` pooled with it.

    `findings` has `weighed_bits`, what the finding weighed before anything lowered it, and
    `harm_bits`, how much of that was harm. `reference` has their days, too.
    """
    if findings.is_empty() or reference.first is None:
        return findings.with_columns(rarity=pl.lit(0.0))
    ordered = findings.with_row_index("row").sort("time", "row")
    day = numbered(ordered["time"].dt.date())
    evidence = ordered["evidence"].to_numpy()
    rarity, days = _rarities(ordered, day, bins(np.maximum(evidence, 0.0)), reference)
    say = 0.5 * days / (days + SHRINK)
    pooled = ordered.with_columns(rarity=pl.Series(rarity), say=pl.Series(say)).with_columns(
        # Of what lowered the finding, harm is lowered as much.
        harmful=pl.col("harm_bits")
        * (pl.col("evidence") / pl.col("weighed_bits")).clip(0, 1).fill_nan(0.0),
    )
    own = pl.col("evidence") - pl.col("harmful")
    return (
        pooled.with_columns(
            evidence=pl.when(pl.col("evidence") > 0)
            .then(
                (1 - pl.col("say")) * own
                + pl.col("say") * (pl.col("rarity") - TRIGGER).clip(0)
                + pl.col("harmful")
            )
            .otherwise("evidence")
        )
        .sort("row")
        .drop("row", "say", "harmful")
    )


def _rarities(
    ordered: pl.DataFrame, day: Ints, bin: Ints, reference: Reference
) -> tuple[Floats, Floats]:
    """Of each finding its rarity in bits, and the entity-days it was counted in."""
    share, days = _shares(ordered, day, bin, reference, ["detector", "entity_type"])
    of_all = (share + 1) / (days + 1)
    mine, my_days = _shares(ordered, day, bin, reference, ["detector", "entity_type", "peer_group"])
    p = (mine + SHRINK * of_all) / (my_days + SHRINK)
    return -np.log2(np.minimum(p, 1.0)), days


def _shares(
    ordered: pl.DataFrame, day: Ints, bin: Ints, reference: Reference, by: list[str]
) -> tuple[Floats, Floats]:
    """How many entity-days of the reference say as much, and how many there are, by some columns.

    Without a peer group nobody is counted, where it is asked for.
    """
    counts = reference.spoken.sort("day")
    names = pl.concat([counts.select(by), ordered.select(by)]).unique(maintain_order=True)
    names = names.with_row_index("name")
    name = _indices(counts, names, by)
    asked_name = _indices(ordered, names, by)
    active = reference.active.sort("day")
    who = by[1:]
    groups = pl.concat([active.select(who), ordered.select(who)]).unique(maintain_order=True)
    groups = groups.with_row_index("name")
    group = _indices(active, groups, who)
    asked_group = _indices(ordered, groups, who)
    asked, starts = np.unique(day, return_index=True)
    ends = np.append(starts[1:], day.size)
    first = int(numbered(pl.Series([reference.first]))[0])
    said = moving(
        numbered(counts["day"]), name, counts["bin"].to_numpy(), counts["n"].to_numpy(),
        len(names), asked.tolist(), first,
    )  # fmt: skip
    there = moving(
        numbered(active["day"]), group, np.zeros(len(active), np.int64), active["n"].to_numpy(),
        len(groups), asked.tolist(), first,
    )  # fmt: skip
    k, n = np.zeros(day.size), np.zeros(day.size)
    for now, entities, start, end in zip(said, there, starts, ends, strict=True):
        tails = at_least(now)
        mine = slice(int(start), int(end))
        within = bin[mine] < tails.shape[1]
        k[mine] = np.where(
            within, tails[asked_name[mine], np.minimum(bin[mine], tails.shape[1] - 1)], 0
        )
        n[mine] = entities[asked_group[mine], 0]
    if "peer_group" in by:
        without = ordered["peer_group"].is_null().to_numpy()
        k[without] = n[without] = 0
    # A target or an address may be spoken of without having been counted among the active.
    return k, np.maximum(n, k)


def _indices(frame: pl.DataFrame, names: pl.DataFrame, by: list[str]) -> Ints:
    joined = frame.select(by).join(
        names, on=by, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["name"].cast(pl.Int64).to_numpy()


def told(stories: pl.DataFrame) -> pl.DataFrame:
    """Counts of a reference (`TOLD`) from stories with `start` and `evidence`."""
    return (
        stories.with_columns(
            day=pl.col("start").dt.date(),
            bin=(pl.col("evidence").clip(0) * GRID).floor().clip(0, BINS - 1).cast(pl.Int64),
        )
        .group_by("day", "bin")
        .agg(n=pl.len().cast(pl.Int64))
        .select("day", "bin", "n")
        .sort("day", "bin")
    )


def scores(stories: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Stories with `score`: log2 of N, where one in N actor-days of their reference shows as much.

    And `known`, the actor-days that were counted. `reference` has their days, too.
    """
    if stories.is_empty() or reference.first is None:
        return stories.with_columns(score=pl.lit(0.0), known=pl.lit(0, pl.Int64))
    ordered = stories.with_row_index("row").sort("start", "row")
    day = numbered(ordered["start"].dt.date())
    evidence = ordered["evidence"].to_numpy()
    asked, starts = np.unique(day, return_index=True)
    ends = np.append(starts[1:], day.size)
    first = int(numbered(pl.Series([reference.first]))[0])
    warm = settled(reference.logs)
    since = int(numbered(pl.Series([warm]))[0]) if warm else None
    counts = reference.told.sort("day")
    actors = reference.active.filter(pl.col("entity_type") == "actor").sort("day")
    zero = np.zeros(len(counts), np.int64)
    told = moving(
        numbered(counts["day"]), zero, counts["bin"].to_numpy(), counts["n"].to_numpy(), 1,
        asked.tolist(), first, since,
    )  # fmt: skip
    there = moving(
        numbered(actors["day"]), np.zeros(len(actors), np.int64), np.zeros(len(actors), np.int64),
        actors["n"].to_numpy(), 1, asked.tolist(), first, since,
    )  # fmt: skip
    score, known = np.zeros(day.size), np.zeros(day.size, np.int64)
    for now, people, start, end in zip(told, there, starts, ends, strict=True):
        mine = slice(int(start), int(end))
        days = max(int(people[0, 0]), int(now.sum()))
        score[mine] = score_of(evidence[mine], now[0], days)
        known[mine] = days
    return (
        ordered.with_columns(score=pl.Series(score), known=pl.Series(known)).sort("row").drop("row")
    )


def score_of(evidence: Floats, counts: Ints, actor_days: int) -> Floats:
    """log2 of N of each evidence; monotone in it, from 0.

    Parameters
    ----------
    evidence : float64 (stories,)   bits
    counts : int64 (bins,)          stories of the reference by evidence, on the grid
    actor_days : int                of the reference; at least as many as its stories
    """
    tails = at_least(counts)
    bin = bins(evidence)
    as_much = np.where(bin < tails.size, tails[np.minimum(bin, tails.size - 1)], 0)
    counted = np.log2((actor_days + 1) / (as_much + 1))
    stories = int(tails[0]) if tails.size else 0
    if stories < FEWEST:
        return counted
    # The tail begins where no more than its share is left.
    begin = (
        int(np.argmax(tails <= stories * TAIL_SHARE)) if tails[-1] <= stories * TAIL_SHARE else 0
    )
    beyond = tails[begin]
    if begin == 0 or beyond < FEWEST // 4:
        return counted
    middle = int(np.searchsorted(-tails[begin:], -beyond / 2.0, side="left"))
    scale = max((middle + 0.5) / GRID / np.log(2.0), 0.5 / GRID)
    threshold = begin / GRID
    share = beyond / (actor_days + 1)
    fitted = -np.log2(share) + (evidence - threshold) / scale / np.log(2.0)
    # In the bulk counting is exact; in the tail the fit smooths it and reaches beyond it.
    scored = np.where(evidence > threshold, np.maximum(fitted, 0.0), counted)
    most = np.log2(actor_days + 1)
    further = np.maximum(scored - most, 0.0)
    return np.where(
        scored > most, most + BEYOND_BITS * (1.0 - np.exp(-further / BEYOND_BITS)), scored
    )
