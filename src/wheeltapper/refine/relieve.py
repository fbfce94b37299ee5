"""Relieve: what speaks for an entity is taken off what speaks against it in the same session.

A detector may say that an act is very much the entity's own: a clock that fits where it lives. Then
an odd hour or an odd folder of the same commit is less likely to be somebody else's. Findings of
one session share the relief in proportion; those that speak for the entity are told no further.
"""

import polars as pl

SESSION = ["entity_type", "entity", "unit"]


def relieve(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings with evidence above 0, lowered by the evidence below 0 of the same session.

    Of each detector the strongest counts either way, as in `combine`; an act without a session is
    one by itself.
    """
    if not (findings["evidence"] < 0).any():
        return findings
    act = pl.col("event_ids").list.first().bin.encode("hex")
    named = findings.with_columns(unit=pl.coalesce("session", act))
    strongest = named.group_by(*SESSION, "detector").agg(
        against=pl.col("evidence").max().clip(0), relief=pl.col("evidence").min().clip(None, 0)
    )
    share = (
        strongest.group_by(SESSION)
        # Sorted: a sum in another order may differ in its last bit.
        .agg(pl.col("against").sort().sum(), pl.col("relief").sort().sum())
        .filter((pl.col("against") > 0) & (pl.col("relief") < 0))
        .select(*SESSION, left=(1 + pl.col("relief") / pl.col("against")).clip(0))
    )
    return (
        named.filter(pl.col("evidence") > 0)
        .join(share, on=SESSION, how="left", maintain_order="left")
        .with_columns(evidence=pl.col("evidence") * pl.col("left").fill_null(1.0))
        .filter(pl.col("evidence") > 0)
        .drop("unit", "left")
    )
