"""Suppress: what a person has called expected weighs little the next time.

A verdict of `benign_expected` or `wrong_data` on a case speaks for its entity, its detectors and
their values, for ninety days. Nothing is deleted: the finding stays, greyed, with the verdict.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from wheeltapper.case import EXPECTED, WRONG_DATA, Case

LASTS = timedelta(days=90)
LEFT = 0.1
"""Share of its evidence that a suppressed finding keeps."""


class Scope(NamedTuple):
    """What one verdict speaks for."""

    detector: str
    entity: str
    key: str
    start: datetime
    end: datetime
    """Of the case that was judged; the verdict speaks for what comes after it."""


_TIME = pl.Datetime("us", "UTC")


def scopes(judged: Iterable[Case]) -> list[Scope]:
    """Scopes of the cases that were called expected."""
    return [
        Scope(f.finding.detector, case.entity, f.key, case.start, case.end)
        for case in judged
        if case.verdict in (EXPECTED, WRONG_DATA)
        for f in case.findings
    ]


def suppress(findings: pl.DataFrame, judged: Iterable[Case]) -> pl.DataFrame:
    """Findings with `suppressed`; theirs is a tenth of the evidence.

    The case that was judged keeps its own findings whole: it is shown as it was judged.
    """
    rules = scopes(judged)
    if not rules:
        return findings.with_columns(suppressed=pl.lit(False))
    table = pl.DataFrame(rules, schema=Scope._fields, orient="row").with_columns(
        pl.col("start", "end").cast(_TIME)
    )
    time = pl.col("time")
    rows = findings.with_row_index("row")
    spoken = (
        rows.select("row", "detector", "entity", "key", "time")
        .join(table, on=["detector", "entity", "key"])
        .group_by("row")
        .agg(
            later=((time > pl.col("end")) & (time <= pl.col("end") + LASTS)).any(),
            own=time.is_between("start", "end").any(),
        )
        .select("row", suppressed=pl.col("later") & ~pl.col("own"))
    )
    return (
        rows.join(spoken, on="row", how="left", maintain_order="left")
        .drop("row")
        .with_columns(pl.col("suppressed").fill_null(False))
        .with_columns(
            evidence=pl.when("suppressed").then(pl.col("evidence") * LEFT).otherwise("evidence")
        )
    )
