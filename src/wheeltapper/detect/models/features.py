"""What a user-day looks like in numbers: how much, how varied, how new, at which hours.

In go the activities of one day and what is known of their actors from the days before; out comes
one row an actor with the numbers below, as logarithms of counts. `relative` then sets each number
against the actor's own usual days, leaning on the peers' as long as there are few of them, so that
a busy account is not odd for being busy.

Cost: a few group-bys a day; see `history` for what is kept.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from wheeltapper.activity import ACCOUNT_CHANGE, ADMIN, DATA_ACCESS, FAILURE
from wheeltapper.detect.models.history import History

VERSION = 1
"""Goes up whenever a number changes its meaning: a model knows which it was trained on."""
FEATURES: Mapping[str, str] = {
    "acts": "acts",
    "failures": "failed acts",
    "actions": "kinds of action",
    "apps": "applications",
    "targets": "things acted on",
    "addresses": "addresses",
    "networks": "countries and networks",
    "machines": "devices and client programs",
    "hours": "hours of the day with an act",
    "odd_hours": "acts at hours unusual for the actor",
    "account_changes": "changes to accounts and rights",
    "admin": "administrative acts",
    "data_access": "acts that read data",
    "kib": "KiB moved",
    "new_actions": "kinds of action never done before",
    "new_apps": "applications never used before",
    "new_networks": "countries and networks never seen before",
    "new_machines": "devices and client programs never seen before",
}
"""Name of a feature to what it counts, in words."""
COLUMNS = (
    "event_id", "time", "actor", "peer_group", "action", "app", "category", "outcome", "target",
    "bytes", "count", "src_ip", "device", "country", "asn", "ua_client", "hour_of_week",
)  # fmt: skip
"""Columns of an activity that are looked at."""
_NEW = {
    "new_actions": ("action",),
    "new_apps": ("app",),
    "new_networks": ("country", "asn"),
    "new_machines": ("device", "ua_client"),
}
_USUAL_DAYS_SHARE = 0.05
"""An hour is usual when the actor was active in it, or next to it, on so many of the days."""
_PEER_DAYS = 5.0
"""So many days of their own weigh as much with an actor as what is usual among peers."""
_FLOOR = 0.25
"""Least spread, in natural logarithms: a third more or less is never odd."""
_LOW, _HIGH = -2.0, 12.0
"""Far less than usual says little; beyond twelve spreads, more says no more."""

Matrix = npt.NDArray[np.float32]


def measure(day: pl.DataFrame, history: History) -> pl.DataFrame:
    """One row an actor, ordered by actor: `actor`, `peer_group`, `last` act, and the features.

    Parameters
    ----------
    day   `COLUMNS` of one day's activities with an actor, in order of time
    """
    acts = pl.col("count").fill_null(1)
    found = (
        mark(day, history)
        .group_by("actor")
        .agg(
            pl.col("peer_group").last(),
            pl.col("time").max().alias("last"),
            acts.sum().alias("acts"),
            acts.filter(pl.col("outcome") == FAILURE).sum().alias("failures"),
            _distinct("action").alias("actions"),
            _distinct("app").alias("apps"),
            _distinct("target").alias("targets"),
            _distinct("src_ip").alias("addresses"),
            (_distinct("country") + _distinct("asn")).alias("networks"),
            (_distinct("device") + _distinct("ua_client")).alias("machines"),
            (pl.col("hour_of_week") % 24).n_unique().alias("hours"),
            acts.filter(pl.col("odd_hours")).sum().alias("odd_hours"),
            acts.filter(pl.col("category") == ACCOUNT_CHANGE).sum().alias("account_changes"),
            acts.filter(pl.col("category") == ADMIN).sum().alias("admin"),
            acts.filter(pl.col("category") == DATA_ACCESS).sum().alias("data_access"),
            (pl.col("bytes").sum() / 1024).alias("kib"),
            *(
                pl.sum_horizontal(
                    pl.col(column).filter(pl.col(f"new_{column}")).n_unique() for column in columns
                ).alias(name)
                for name, columns in _NEW.items()
            ),
        )
    )
    in_logarithms = (
        pl.col(name).clip(0).cast(pl.Float64).log1p().cast(pl.Float32) for name in FEATURES
    )
    return found.sort("actor").with_columns(in_logarithms).collect()


def mark(activities: pl.DataFrame, history: History) -> pl.LazyFrame:
    """The activities with what is new or odd about each: `new_<column>`, `odd_hours`."""
    day = activities.lazy()
    for column in (column for columns in _NEW.values() for column in columns):
        known = (
            history.known.lazy()
            .filter(pl.col("kind") == column)
            .select("actor", pl.col("value").alias("as_text"), pl.lit(True).alias("was"))
        )
        day = (
            day.with_columns(pl.col(column).cast(pl.String).alias("as_text"))
            .join(known, on=["actor", "as_text"], how="left", maintain_order="left")
            .with_columns(
                (pl.col("was").is_null() & pl.col(column).is_not_null()).alias(f"new_{column}")
            )
            .drop("was", "as_text")
        )
    return (
        day.with_columns((pl.col("hour_of_week") % 24).cast(pl.UInt8).alias("hour"))
        .join(_usual_hours(history), on=["actor", "hour"], how="left", maintain_order="left")
        .with_columns(pl.col("usual").is_null().alias("odd_hours"))
        .drop("usual", "hour")
    )


def relative(
    measured: pl.DataFrame, history: History
) -> tuple[Matrix, Matrix, npt.NDArray[np.int64]]:
    """Each actor's day against their own usual ones.

    Returns
    -------
    float32 (actors, features)   spreads above usual; 0 is usual
    float32 (actors, features)   what is usual, on the scale of `measured`
    int64 (actors,)              days of history behind it
    """
    names = list(FEATURES)
    past = history.days
    own = past.group_by("actor").agg(
        pl.len().alias("n"),
        pl.col("peer_group").last(),
        *(pl.col(name).median().alias(f"{name}_usual") for name in names),
        *(
            (pl.col(name) - pl.col(name).median()).abs().median().alias(f"{name}_spread")
            for name in names
        ),
    )
    summaries = [f"{name}_{what}" for name in names for what in ("usual", "spread")]
    peers = own.group_by("peer_group").agg(pl.col(s).median() for s in summaries)
    everybody = own.select(pl.col(s).median() for s in summaries)
    joined = (
        measured.select("actor", "peer_group")
        .join(own.drop("peer_group"), on="actor", how="left", maintain_order="left")
        .join(
            peers,
            on="peer_group",
            how="left",
            suffix="_peer",
            nulls_equal=True,
            maintain_order="left",
        )
    )
    n = joined["n"].fill_null(0).to_numpy().astype(np.int64)
    weight = (n / (n + _PEER_DAYS))[:, None]

    def summary(what: str) -> npt.NDArray[np.float64]:
        mine = joined.select(pl.col(f"{name}_{what}").fill_null(0) for name in names).to_numpy()
        fallback = [everybody[f"{name}_{what}"][0] or 0.0 for name in names]
        theirs = joined.select(
            pl.col(f"{name}_{what}_peer").fill_null(default)
            for name, default in zip(names, fallback, strict=True)
        ).to_numpy()
        blended: npt.NDArray[np.float64] = weight * mine + (1 - weight) * theirs
        return blended

    usual = summary("usual")
    spread = np.maximum(1.4826 * summary("spread"), _FLOOR)
    deviation = (measured.select(names).to_numpy() - usual) / spread
    return (
        np.clip(deviation, _LOW, _HIGH).astype(np.float32),
        usual.astype(np.float32),
        n,
    )


def _distinct(column: str) -> pl.Expr:
    return pl.col(column).drop_nulls().n_unique()


def _usual_hours(history: History) -> pl.LazyFrame:
    """Actor and hour of the day, for hours that are usual or next to one that is."""
    seen = (
        history.hours.lazy()
        .join(
            history.days.lazy().group_by("actor").agg(pl.len().alias("n")), on="actor", how="inner"
        )
        .filter(pl.col("days") >= _USUAL_DAYS_SHARE * pl.col("n"))
    )
    around = [
        seen.select(
            "actor", ((pl.col("hour").cast(pl.Int16) + step) % 24).cast(pl.UInt8).alias("hour")
        )
        for step in (-1, 0, 1)
    ]
    return pl.concat(around).unique(maintain_order=True).with_columns(pl.lit(True).alias("usual"))
