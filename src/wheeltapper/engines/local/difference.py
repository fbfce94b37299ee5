"""Difference: two versions of a detector side by side: their fields, and what each would have said.

Findings of both come in as frames and leave as one, with `change`: same, added or gone; then they
are counted by day and by entity.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from wheeltapper.detect.catalogue import Detector

SAME, ADDED, GONE = "same", "added", "gone"
MOST_ENTITIES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field in which two versions of an entry differ."""

    field: str
    before: str
    now: str


def changes_of(before: object, now: object) -> tuple[Change, ...]:
    """The fields in which two versions of an entry differ."""
    if not (isinstance(before, Detector) and isinstance(now, Detector)):
        return ()
    a, b = _flat(before), _flat(now)
    return tuple(
        Change(field=name, before=_told(a.get(name, "")), now=_told(b.get(name, "")))
        for name in dict.fromkeys([*a, *b])
        if a.get(name, "") != b.get(name, "")
    )


def _told(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _flat(entry: Detector) -> Mapping[str, object]:
    fields = dataclasses.asdict(entry)
    settings = fields.pop("settings")
    fields |= {"attack": ", ".join(entry.attack)}
    return {k: v for k, v in fields.items() if k not in ("file", "name")} | {
        f"settings.{k}": v for k, v in settings.items()
    }


def compared(now: pl.DataFrame, before: pl.DataFrame | None, *, alike: bool) -> pl.DataFrame:
    """Findings of both with `change`.

    The same is said where both speak, for the nth time that day, of the same entity and value: a
    version with another threshold may speak of the same burst at another of its acts. Values are
    left aside where the versions compare different ones.
    """
    if before is None:
        return now.with_columns(change=pl.lit(SAME))
    keys = ["entity_type", "entity", "day", *(["value"] if alike else [])]

    def numbered(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(day=pl.col("time").dt.date()).with_columns(
            nth=pl.int_range(pl.len()).over(keys)
        )

    new, old = numbered(now), numbered(before)
    on = [*keys, "nth"]
    known = old.select(*on, known=pl.lit(True))
    new = new.join(known, on=on, how="left", nulls_equal=True).with_columns(
        change=pl.when(pl.col("known")).then(pl.lit(SAME)).otherwise(pl.lit(ADDED))
    )
    gone = old.join(new.select(on), on=on, how="anti", nulls_equal=True).with_columns(
        change=pl.lit(GONE)
    )
    columns = [*now.columns, "change"]
    return pl.concat([new.select(columns), gone.select(columns)]).sort(
        "time", "entity_type", "entity", "value", "change", nulls_last=True
    )


def _counted() -> list[pl.Expr]:
    change = pl.col("change")
    return [
        (change != GONE).sum().cast(pl.Int64).alias("findings"),
        (change == ADDED).sum().cast(pl.Int64).alias("added"),
        (change == GONE).sum().cast(pl.Int64).alias("gone"),
    ]


def _local_day(timezone: str) -> pl.Expr:
    return pl.col("time").dt.convert_time_zone(timezone).dt.date()


def by_day(findings: pl.DataFrame, since: datetime, until: datetime, timezone: str) -> pl.DataFrame:
    """`day, findings, entities, added, gone` of every day from `since` to before `until`."""
    last = max(since, until - timedelta(microseconds=1))
    window = pl.Series("time", [since, last], dtype=pl.Datetime("us", "UTC"))
    first_day, last_day = pl.DataFrame(window).select(_local_day(timezone))["time"].to_list()
    days = pl.DataFrame({"day": pl.date_range(first_day, last_day, eager=True)})
    entities = pl.struct("entity_type", "entity").filter(pl.col("change") != GONE).n_unique()
    counts = findings.group_by(day=_local_day(timezone)).agg(*_counted(), entities=entities)
    return (
        days.join(counts, on="day", how="left", maintain_order="left")
        .with_columns(pl.col("findings", "added", "gone", "entities").fill_null(0).cast(pl.Int64))
        .select("day", "findings", "entities", "added", "gone")
    )


def by_entity(findings: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """`entity, entity_type, findings, days, bits, added, gone`: the loudest first."""
    return (
        findings.group_by("entity", "entity_type")
        .agg(
            *_counted(),
            days=_local_day(timezone).filter(pl.col("change") != GONE).n_unique().cast(pl.Int64),
            bits=pl.col("bits").max(),
        )
        .sort(["findings", "bits", "entity"], descending=[True, True, False])
        .head(MOST_ENTITIES)
        .select("entity", "entity_type", "findings", "days", "bits", "added", "gone")
    )
