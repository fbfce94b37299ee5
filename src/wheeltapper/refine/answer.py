"""Answer: what somebody said of their own account counts as evidence, never as a verdict.

"That was not me" doubles what the account's findings weigh, from the beginning of the case and for
two weeks after it: it is, or was, in other hands. "That was me" halves what the same values weigh
for as long; it came through the account's owner or through whoever has the account, so it must not
silence. A yes whose origin is in doubt counts nothing, and neither does "I am not sure".
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import polars as pl

from wheeltapper.question import ANSWERED, NO, YES, Question

LASTS = timedelta(days=14)
DENIED, CONFIRMED = 2.0, 0.5
_TIME = pl.Datetime("us", "UTC")
_SCHEMA: Mapping[str, type[pl.DataType] | pl.DataType] = {
    "entity": pl.String, "detector": pl.String, "key": pl.String, "start": _TIME, "end": _TIME,
    "weight": pl.Float64,
}  # fmt: skip


def answered(findings: pl.DataFrame, answers: Iterable[Question]) -> pl.DataFrame:
    """Findings whose evidence is what it is after what their actors said.

    Of several answers about one finding a no counts before a yes, and each counts once.
    """
    rows = [row for question in answers for row in _rows(question)]
    if not rows:
        return findings
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    time, numbered = pl.col("time"), findings.with_row_index("row")
    mine = numbered.filter(pl.col("entity_type") == "actor").select(
        "row", "entity", "detector", pl.col("key").fill_null(""), "time"
    )
    spoken = (
        mine.join(table.rename({"detector": "of", "key": "value"}), on="entity")
        .filter(
            time.is_between("start", pl.col("end") + LASTS),
            pl.col("of").is_null()
            | ((pl.col("of") == pl.col("detector")) & (pl.col("value") == pl.col("key"))),
        )
        .group_by("row")
        .agg(pl.col("weight").max())
    )
    return (
        numbered.join(spoken, on="row", how="left", maintain_order="left")
        .with_columns(evidence=pl.col("evidence") * pl.col("weight").fill_null(1.0))
        .drop("row", "weight")
    )


def _rows(question: Question) -> Iterable[tuple[object, ...]]:
    if question.state != ANSWERED:
        return
    if question.answer == NO:
        yield question.actor, None, None, question.start, question.end, DENIED
    elif question.answer == YES and not question.doubt:
        for detector, key in question.about:
            yield question.actor, detector, key, question.start, question.end, CONFIRMED
