"""Habit: what is said again and again about the same account is that account's job.

A rule knows no history: it says the same of the administrator who resets factors every day and of
the intruder who does so once. And a new value is doubted for some days, so that one visit does not
make it a habit: it is news on the first of them. So evidence is divided by one more than the number
of earlier days, within ninety, on which the same detector said the same of the same entity. What
has no value, such as an amount, is judged against history anyway and is left as it is.
"""

import polars as pl

from wheeltapper.refine.reference import HABITS
from wheeltapper.refine.wording import RULE

LASTS = "90d"


def said(findings: pl.DataFrame) -> pl.DataFrame:
    """`HABITS`: on which days which detector said what of whom, where that makes a habit."""
    return (
        findings.filter(pl.col("detector").str.starts_with(RULE) | (pl.col("key") != ""))
        .select("entity_type", "entity", "detector", "key", day=pl.col("time").dt.date())
        .unique()
        .sort(list(HABITS))
    )


def habit(findings: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Findings with `days_before`, and their `evidence` lowered by it.

    `known` (`HABITS`) is what was said on days that the findings do not hold whole.
    """
    keys = ["entity_type", "entity", "detector", "key"]
    days = pl.concat([known.select(*keys, "day"), said(findings).select(*keys, "day")])
    days = days.unique().sort(*keys, "day")
    # Days of the last ninety up to and with this one, less this one.
    before = days.rolling(index_column="day", period=LASTS, group_by=keys).agg(
        days_before=pl.len() - 1
    )
    return (
        findings.with_columns(day=pl.col("time").dt.date())
        .join(before, on=[*keys, "day"], how="left", nulls_equal=True, maintain_order="left")
        .drop("day")
        .with_columns(pl.col("days_before").fill_null(0))
        .with_columns(evidence=pl.col("evidence") / (1 + pl.col("days_before")))
    )
