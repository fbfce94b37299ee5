"""Warm-up: while the workspace is young, everything is new to everybody.

That none of an actor's peers ever did a thing means little when they have been watched for a week.
So the evidence of history grows with the history: from nothing on its first day to all of it after
three weeks, by when people have shown what they do in a month's better part. Rules are exempt:
they do not argue from history.
"""

from datetime import datetime

import polars as pl

from wheeltapper.refine.wording import RULE

DAYS = 21.0


def warm_up(findings: pl.DataFrame, first: datetime) -> pl.DataFrame:
    """Findings with the `evidence` of those within three weeks of `first` lowered."""
    age = (pl.col("time") - pl.lit(first)).dt.total_seconds() / 86_400
    share = (
        pl.when(pl.col("detector").str.starts_with(RULE))
        .then(1.0)
        .otherwise((age / DAYS).clip(0, 1))
    )
    return findings.with_columns(evidence=pl.col("evidence") * share)
