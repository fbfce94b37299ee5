"""Warm-up: while a log is new to the workspace, everything in it is new to everybody.

That none of an actor's peers ever did a thing means little when they have been watched for a week.
So the evidence of history grows with the history of the log that it rests on: from nothing on the
log's first day to all of it after three weeks, by when people have shown what they do in a month's
better part. Days on which the log was silent do not count: one record with a clock years ahead is
no history. Rules are exempt: they do not argue from history.

A day on which evidence is held down is no measure for one on which it is not. So the days before
the first log has warmed up are compared with what would have been told on them of whole evidence,
and later days not with them.
"""

from datetime import date

import polars as pl

from wheeltapper.refine.wording import RULE

DAYS = 21


def warm_up(findings: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Findings with `evidence` lowered by how many days their log was known before.

    What it was is kept as `warm`. `days` has `source, day`: each day of each log. What names no
    log is compared with the one that is known longest.
    """
    counted = _counted(days)
    longest = None if days.is_empty() else counted.sort("before", "source")["source"][-1]
    share = (
        findings.select(
            source=pl.col("source").fill_null(pl.lit(longest, dtype=pl.String)),
            day=pl.col("time").dt.date(),
        )
        .with_row_index("row")
        .sort("day")
        .join_asof(counted, on="day", by="source", check_sortedness=False)
        .sort("row")
        .select((pl.col("before").fill_null(0) / DAYS).clip(0, 1))
        .to_series()
    )
    argues = ~pl.col("detector").str.starts_with(RULE)
    return findings.with_columns(
        evidence=pl.when(argues).then(pl.col("evidence") * share).otherwise(pl.col("evidence")),
        warm="evidence",
    )


def as_if_warm(findings: pl.DataFrame) -> pl.DataFrame:
    """The same findings with the evidence that they would have, had their logs long been known."""
    return findings.with_columns(evidence="warm")


def settled(days: pl.DataFrame) -> date | None:
    """The first day on which some log had warmed up; None: there was none yet."""
    day = _counted(days).filter(pl.col("before") >= DAYS)["day"].min()
    return day if isinstance(day, date) else None


def _counted(days: pl.DataFrame) -> pl.DataFrame:
    """With `before`, how many days of the log there were before."""
    return days.sort("day").with_columns(before=pl.int_range(pl.len()).over("source"))
