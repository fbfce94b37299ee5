"""What is remembered of every actor: recent days in numbers, known values, hours of activity.

Frames are never changed in place, so a `History` is a value: what was true at a day stays so.
Bounded: an actor keeps `DAYS_KEPT` active days, values and hours unseen for `FORGET_DAYS` go, and
so does an actor who is not seen for that long. Memory follows actors and their distinct values.
"""

from dataclasses import dataclass, replace

import polars as pl

DAYS_KEPT = 28
"""Active days of an actor that `usual` is taken from."""
FORGET_DAYS = 90
KINDS = ("action", "app", "country", "asn", "device", "ua_client")
"""Columns whose values are remembered."""
_KNOWN = {"actor": pl.String, "kind": pl.String, "value": pl.String, "seen": pl.Int32}
_HOURS = {"actor": pl.String, "hour": pl.UInt8, "days": pl.Int32, "seen": pl.Int32}


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Everything up to the end of a day."""

    days: pl.DataFrame
    """`actor, peer_group, day` and the features of that day, ordered by actor and day."""
    known: pl.DataFrame
    """`actor, kind, value, seen`: each value of an actor and the last day it was there."""
    hours: pl.DataFrame
    """`actor, hour, days, seen`: on how many days the actor was active in that hour."""


def empty(features: list[str]) -> History:
    days = {"actor": pl.String, "peer_group": pl.String, "day": pl.Int32}
    return History(
        pl.DataFrame(schema=days | dict.fromkeys(features, pl.Float32)),
        pl.DataFrame(schema=_KNOWN),
        pl.DataFrame(schema=_HOURS),
    )


def learn(history: History, number: int, day: pl.DataFrame, measured: pl.DataFrame) -> History:
    """The history with one more day in it.

    Parameters
    ----------
    number     days since 1970-01-01
    day        its activities
    measured   the same in numbers
    """
    row = measured.drop("last").insert_column(2, pl.lit(number, pl.Int32).alias("day"))
    since = number - FORGET_DAYS
    days = (
        pl.concat([history.days, row.select(history.days.columns)])
        .filter(pl.col("day") > since)
        .sort("actor", "day")
        .group_by("actor", maintain_order=True)
        .tail(DAYS_KEPT)
        .select(history.days.columns)
    )
    values = [
        day.select("actor", pl.lit(kind).alias("kind"), pl.col(kind).cast(pl.String).alias("value"))
        for kind in KINDS
    ]
    known = (
        pl.concat(values)
        .drop_nulls("value")
        .unique()
        .with_columns(pl.lit(number, pl.Int32).alias("seen"))
    )
    hours = (
        day.select("actor", (pl.col("hour_of_week") % 24).cast(pl.UInt8).alias("hour"))
        .unique()
        .with_columns(pl.lit(1, pl.Int32).alias("days"), pl.lit(number, pl.Int32).alias("seen"))
    )
    return replace(
        history,
        days=days,
        known=(
            pl.concat([history.known, known])
            .group_by("actor", "kind", "value")
            .agg(pl.col("seen").max())
            .filter(pl.col("seen") > since)
            .sort("actor", "kind", "value")
        ),
        hours=(
            pl.concat([history.hours, hours])
            .group_by("actor", "hour")
            .agg(pl.col("days").sum(), pl.col("seen").max())
            .filter(pl.col("seen") > since)
            .sort("actor", "hour")
        ),
    )
