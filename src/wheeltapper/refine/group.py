"""Group: findings of one entity that lie close together in time are one story."""

import polars as pl


def group(findings: pl.DataFrame, gap_hours: float) -> pl.DataFrame:
    """Findings with `span`, a number that the findings of one story share.

    A story ends where its entity has no finding for `gap_hours`.
    """
    gap_us = int(gap_hours * 3_600_000_000)
    keys = ["entity_type", "entity"]
    ordered = findings.sort(*keys, "time", "detector")
    apart = (pl.col("time").diff().dt.total_microseconds() > gap_us).fill_null(True)
    return ordered.with_columns(
        span=(apart.over(keys) | pl.struct(keys).ne_missing(pl.struct(keys).shift(1))).cum_sum()
    )
