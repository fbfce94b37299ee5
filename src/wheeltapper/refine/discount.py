"""Discount: what many do at once is a roll-out, not so many intruders.

Entities that show the same new value under the same detector within three days share its evidence:
each keeps what is left after the bits it takes to pick one of so many.
"""

import math

import polars as pl

CAMPAIGN_DAYS = 3
CAMPAIGN_ENTITIES = 5
"""From so many on it is called a campaign."""


def discount(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings with `together` (entities in the same wave) and `evidence` lowered accordingly."""
    waves = (
        findings.with_columns(wave=pl.col("time").dt.truncate(f"{CAMPAIGN_DAYS}d"))
        .group_by("detector", "key", "wave")
        .agg(together=pl.col("entity").n_unique())
    )
    share = math.log2(CAMPAIGN_ENTITIES)
    return (
        findings.with_columns(wave=pl.col("time").dt.truncate(f"{CAMPAIGN_DAYS}d"))
        .join(waves, on=["detector", "key", "wave"], how="left", nulls_equal=True)
        .drop("wave")
        .with_columns(
            evidence=pl.when((pl.col("together") >= CAMPAIGN_ENTITIES) & (pl.col("key") != ""))
            .then(
                pl.col("evidence")
                * (share / pl.col("together").cast(pl.Float64).log(2)).clip(0, 1)
                * 0.5
            )
            .otherwise(pl.col("evidence"))
        )
    )
