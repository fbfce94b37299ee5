"""Combine: what the findings of one story say together.

Findings are dependent: the sixtieth new action of an afternoon adds little to the first, and who is
in another country is in another network. So of one aspect (`Wording.aspect`: the place, the
program, or what a detector alone looks at) the weightiest finding counts whole, the next half, the
next a quarter; of one kind of value each counts once. Different aspects add up. The sum is additive
and monotone: more evidence never lowers it, and it can be told term by term.
"""

import polars as pl

HALVING = 0.5
STORY = ["entity_type", "entity", "span"]


def added(findings: pl.DataFrame) -> pl.DataFrame:
    """The findings with `adds`, the bits that each brings to its story: they sum to `combine`'s."""
    numbered = findings.with_row_index("row")
    adds = (
        numbered.sort("evidence", descending=True, maintain_order=True)
        .unique([*STORY, "detector", "key"], keep="first", maintain_order=True)
        .with_columns(nth=pl.int_range(pl.len()).over(*STORY, "aspect"))
        .select("row", adds=pl.col("evidence") * pl.lit(HALVING).pow(pl.col("nth")))
    )
    return (
        numbered.join(adds, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("adds").fill_null(0.0))
        .drop("row")
    )


def combine(findings: pl.DataFrame) -> pl.DataFrame:
    """One row a story: `entity_type, entity, span, start, end, evidence, findings`."""
    # A span is one entity's: numbers are grouped by, the names are put back at the end.
    once = findings.group_by("span", "aspect", "detector", "key").agg(
        pl.col("evidence").max(), start=pl.col("time").min(), end=pl.col("time").max()
    )
    by_aspect = (
        once.with_columns(
            nth=pl.col("evidence").rank("ordinal", descending=True).over("span", "aspect") - 1
        )
        .with_columns(share=pl.col("evidence") * pl.lit(HALVING).pow(pl.col("nth")))
        .group_by("span", "aspect")
        .agg(
            # Sorted: a sum in another order may differ in its last bit, and so might ranks.
            pl.col("share").sort().sum(),
            pl.col("start").min(),
            pl.col("end").max(),
            findings=pl.len(),
        )
    )
    stories = by_aspect.group_by("span").agg(
        evidence=pl.col("share").sort().sum(),
        start=pl.col("start").min(),
        end=pl.col("end").max(),
        findings=pl.col("findings").sum(),
    )
    names = findings.select(STORY).unique("span")
    return (
        names.join(stories, on="span")
        .select(*STORY, "evidence", "start", "end", "findings")
        .sort(STORY)
    )
