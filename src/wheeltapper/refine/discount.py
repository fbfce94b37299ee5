"""Discount: what many do at once is a roll-out, and what a team does at once is its work.

Entities that show the same new value under the same detector within three days share its evidence:
each keeps what is left after the bits it takes to pick one of so many, and half of it at most.

What has no value, such as an amount, is compared with the entity's peers of the same day: when a
month ends, finance is busy together. If k + 1 of n + 1 peers stand out alike, that one of them does
is worth log2((n + 1) / (k + 1)) bits and no more: a conformal p-value over the peers (Vovk,
Gammerman and Shafer, 2005), which holds whatever made the day unlike others.
"""

import math

import polars as pl

CAMPAIGN_DAYS = 3
CAMPAIGN_ENTITIES = 5
"""From so many on it is called a campaign."""
TEAM_ENTITIES = 3
"""From so many on peers are busy together: two accounts may be in the same wrong hands."""


def discount(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings with `together` (entities in the same wave), their `evidence` lowered accordingly,
    and `alone`, what it was before.
    """
    waves = (
        findings.with_columns(wave=pl.col("time").dt.truncate(f"{CAMPAIGN_DAYS}d"))
        .group_by("detector", "key", "wave")
        .agg(together=pl.col("entity").n_unique())
    )
    share = math.log2(CAMPAIGN_ENTITIES)
    picked = pl.col("together").cast(pl.Float64).log(2)
    return _among_peers(
        findings.with_columns(wave=pl.col("time").dt.truncate(f"{CAMPAIGN_DAYS}d"))
        .join(waves, on=["detector", "key", "wave"], how="left", nulls_equal=True)
        .drop("wave")
        .with_columns(
            alone="evidence",
            evidence=pl.when((pl.col("together") >= CAMPAIGN_ENTITIES) & (pl.col("key") != ""))
            .then(
                pl.min_horizontal(
                    pl.col("evidence") * (share / picked).clip(0, 1) * 0.5,
                    (pl.col("evidence") - picked).clip(0),
                )
            )
            .otherwise(pl.col("evidence")),
        )
    )


def _among_peers(findings: pl.DataFrame) -> pl.DataFrame:
    """The same, with the evidence of amounts no more than the peers of the day leave of it."""
    on = ["detector", "peer_group"]
    # Two grids of days, half a day apart: what lies within twelve hours is together in one.
    days = [
        pl.col("time").dt.truncate("1d").alias("day"),
        pl.col("time").dt.offset_by("12h").dt.truncate("1d").alias("night"),
    ]  # fmt: skip
    numbered = findings.with_columns(*days)
    entities = pl.col("entity").n_unique()
    alike = pl.max_horizontal(entities.over(*on, "day"), entities.over(*on, "night"))
    peers = pl.max_horizontal(pl.col("of_peers") + 1, alike).cast(pl.Float64)
    left = (peers / alike.cast(pl.Float64)).log(2)
    team = (pl.col("key") == "") & pl.col("peer_group").is_not_null() & (alike >= TEAM_ENTITIES)
    return numbered.with_columns(
        evidence=pl.when(team)
        .then(pl.min_horizontal("evidence", left))
        .otherwise(pl.col("evidence"))
    ).drop("day", "night")
