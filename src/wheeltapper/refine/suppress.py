"""Suppress: what somebody wants hidden weighs nothing, and is shown greyed.

A suppression speaks for findings by their own time, from ninety days before it was made until it
expires; so the same findings and suppressions always make the same cases, and what was hidden in
its time stays hidden. One that was taken back speaks for nothing. A case that was judged keeps its
findings as they were when it was judged.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from wheeltapper.case import Case
from wheeltapper.refine.combine import STORY
from wheeltapper.suppression import SCOPE, Scope, Suppression

_TIME = pl.Datetime("us", "UTC")


def suppress(
    findings: pl.DataFrame, suppressions: Sequence[Suppression], judged: Iterable[Case] = ()
) -> pl.DataFrame:
    """Findings with `suppressed`, the id of what hides each, and `whole`, what they would weigh.

    Where several speak for a finding it is the first of them. `evidence` of what is hidden is 0:
    a tenth was tried, and the tenths of many made a case (docs/suppressions.md).
    """
    by = hidden_by(findings, suppressions)
    kept = _stands_in(findings, judged) if by.null_count() < len(by) else pl.lit(False)
    return findings.with_columns(suppressed=pl.when(~kept).then(by), whole="evidence").with_columns(
        evidence=pl.when(pl.col("suppressed").is_null()).then("evidence").otherwise(0.0)
    )


def as_if_unhidden(findings: pl.DataFrame) -> pl.DataFrame:
    """The same findings with all their evidence."""
    return findings.with_columns(evidence="whole")


def still_told(stories: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Stories of which something is not hidden; where all is, nobody is told."""
    said = findings.filter(pl.col("suppressed").is_null()).select(STORY).unique()
    return stories.join(said, on=STORY, how="semi", maintain_order="left")


def hidden_by(findings: pl.DataFrame, suppressions: Sequence[Suppression]) -> pl.Series:
    """Of each finding the id of the suppression that speaks for it, or null.

    `findings` has `detector, entity, time, value, app, peer_group`.
    """
    said = [
        pl.when(_in_time(one) & speaks(one.scope)).then(pl.lit(one.id))
        for one in suppressions
        if not one.ended
    ]
    none = pl.lit(None, pl.String)
    return findings.with_columns(suppressed=pl.coalesce(*said, none))["suppressed"]


def _in_time(one: Suppression) -> pl.Expr:
    begins, ends = (pl.lit(t).cast(_TIME) for t in (one.since, one.expires))
    return (pl.col("time") >= begins) & (pl.col("time") < ends)


def speaks(scope: Scope) -> pl.Expr:
    """Whether a finding is of the kind."""
    met = pl.lit(True)
    if scope.detector:
        named = pl.col("detector")
        met &= named.str.starts_with(scope.prefix) if scope.prefix else named == scope.detector
    for column in SCOPE[1:]:
        wanted: str = getattr(scope, column)
        if wanted:
            met &= pl.col(column) == pl.lit(wanted)
    return met


def _stands_in(findings: pl.DataFrame, judged: Iterable[Case]) -> pl.Series:
    """Whether each finding stands in a case that was judged, and was not greyed there."""
    cases = list(judged)
    members = [
        (n, case.start, case.end, kind, entity)
        for n, case in enumerate(cases)
        for kind, entity in (
            (case.entity_type, case.entity),
            *((other.entity_type, other.entity) for other in case.others),
        )
    ]
    greyed = [
        (n, f.finding.entity_type, f.finding.entity, f.finding.detector, f.key)
        for n, case in enumerate(cases)
        for f in case.findings
        if f.suppressed is not None
    ]
    named = {"entity_type": pl.String, "entity": pl.String}
    whose = pl.DataFrame(
        members, schema={"case": pl.Int64, "start": _TIME, "end": _TIME, **named}, orient="row"
    )
    hidden = pl.DataFrame(
        greyed,
        schema={"case": pl.Int64, **named, "detector": pl.String, "key": pl.String},
        orient="row",
    )
    rows = (
        findings.select("entity_type", "entity", "detector", "key", "time")
        .with_row_index("row")
        .join(whose, on=[*named])
        .filter(pl.col("time").is_between("start", "end"))
        .join(hidden, on=hidden.columns, how="anti")["row"]
    )
    return pl.int_range(len(findings), eager=True).is_in(rows.unique().implode())
