"""Weigh: how much a finding says, on one scale for all detectors.

A finding has two figures in bits: its surprise under the entity's own history, and how much better
a peer's habits would explain it. Half of each counts, times the detector's weight: own surprise
alone is fooled by entities whose habit is novelty, the ratio alone forgets that nobody else does
it either. Harm is added: of two equally unusual acts the one that can hurt comes first.
"""

from collections.abc import Callable, Mapping

import polars as pl

from wheeltapper.refine.wording import Wordings

HARM_SHARE = 0.5
"""Bits of evidence for each bit of harm that an act of this kind can do."""
BITS_CAP = 40.0
"""No single finding weighs more, however small a probability a kernel computed."""


def weigh(
    findings: pl.DataFrame,
    wordings: Wordings,
    severity: Callable[[str, str, str], float],
) -> pl.DataFrame:
    """Findings with `key` (what was unusual), `harm` and `evidence` in bits.

    `findings` has the columns of `finding.SCHEMA` and, unpacked from its evidence, `value`, `app`,
    `action`, `source`. `severity(source, app, action)` is from 0 to 6 bits.
    """
    names = findings["detector"].unique().to_list()
    weights: Mapping[str, float] = {n: wordings.of(n).weight for n in names}
    # A detector of attributes (a country, an hour) says nothing about what can be harmed.
    acting = {n for n in names if "{did}" in wordings.of(n).says}
    acts = findings.select("source", "app", "action").unique()
    harm = acts.with_columns(
        pl.Series(
            "harm",
            [severity(s or "", a or "", c or "") for s, a, c in acts.iter_rows()],
            dtype=pl.Float64,
        )
    )
    return (
        findings.join(harm, on=["source", "app", "action"], how="left", nulls_equal=True)
        .with_columns(
            weight=pl.col("detector").replace_strict(weights, return_dtype=pl.Float64),
            harm=pl.when(pl.col("detector").is_in(list(acting)))
            .then(pl.col("harm"))
            .otherwise(0.0),
            key=pl.coalesce(pl.col("value"), pl.lit("")),
        )
        .with_columns(
            evidence=pl.col("weight")
            * (
                (pl.col("bits").clip(0, BITS_CAP) + pl.col("llr").clip(0, BITS_CAP)) / 2
                + HARM_SHARE * pl.col("harm")
            )
        )
    )
