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
    until: datetime


def scopes(judged: Iterable[Case]) -> list[Scope]:
    """Scopes of the cases that were called expected."""
    return [
        Scope(f.finding.detector, case.entity, f.key, case.start, case.end + LASTS)
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
    table = (
        pl.DataFrame(rules, schema=Scope._fields, orient="row")
        .group_by("detector", "entity", "key")
        .agg(pl.col("start").min(), pl.col("until").max(), ends=pl.col("until").min() - LASTS)
        .with_columns(
            pl.col("start", "until", "ends").cast(pl.Datetime("us", "UTC")),
        )
    )
    return (
        findings.join(table, on=["detector", "entity", "key"], how="left", nulls_equal=True)
        .with_columns(
            suppressed=(
                (pl.col("time") > pl.col("ends")) & (pl.col("time") <= pl.col("until"))
            ).fill_null(False)
        )
        .drop("start", "until", "ends")
        .with_columns(
            evidence=pl.when("suppressed").then(pl.col("evidence") * LEFT).otherwise("evidence")
        )
    )
