"""Weigh: how much a finding says, on one scale for all detectors.

Where weights were learned (`exchange`), a finding's evidence is what its log-likelihood ratio
against peers was worth among exchanged sessions. Elsewhere half its surprise under the entity's
own history and half the ratio count, times the detector's weight in the catalogue: own surprise
alone is fooled by entities whose habit is novelty, the ratio alone forgets that nobody else does
it either. A ratio that outweighs all surprise downwards speaks *for* the entity: its evidence is
negative. Harm is added to what speaks against it: of two equally unusual acts the one that can
hurt comes first.
"""

from collections.abc import Callable, Mapping

import numpy as np
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
    """Findings with `key` (what was unusual) and `evidence` in bits.

    Of `evidence`, `harm_bits` are the harm's; `weighed_bits` keeps what it is now, when later steps
    have lowered it.

    `findings` has the columns of `finding.SCHEMA` and, unpacked from its evidence, `value`, `app`,
    `action`, `source`. `severity(source, app, action)` is from 0 to 6 bits.
    """
    names = findings["detector"].unique().to_list()
    weights: Mapping[str, float] = {n: wordings.of(n).weight for n in names}
    aspects: Mapping[str, str] = {n: wordings.of(n).aspect for n in names}
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
    bits, llr = pl.col("bits").clip(0, BITS_CAP), pl.col("llr").clip(-BITS_CAP, BITS_CAP)
    for_it = bits + llr < 0
    said = pl.when(for_it).then((bits + llr) / 2).otherwise((bits + llr.clip(0)) / 2)
    return (
        findings.with_columns(learned=_learned(findings, wordings))
        .join(harm, on=["source", "app", "action"], how="left", nulls_equal=True)
        .with_columns(
            weight=pl.col("detector")
            .replace_strict(weights, return_dtype=pl.Float64)
            .cast(pl.Float64, strict=False),  # of no findings it stays text
            harm=pl.when(pl.col("detector").is_in(list(acting)) & ~for_it)
            .then(pl.col("harm"))
            .otherwise(0.0),
            key=pl.coalesce(pl.col("value"), pl.lit("")),
            aspect=pl.col("detector").replace_strict(aspects, return_dtype=pl.String),
        )
        .with_columns(harm_bits=pl.col("weight") * HARM_SHARE * pl.col("harm"))
        .with_columns(
            evidence=pl.coalesce("learned", pl.col("weight") * said) + pl.col("harm_bits")
        )
        .with_columns(weighed_bits="evidence")
        .drop("learned")
    )


def _learned(findings: pl.DataFrame, wordings: Wordings) -> pl.Series:
    """Evidence as the detectors' curves have it, bits; null where there is none."""
    out = np.full(len(findings), np.nan)
    detector, llr = findings["detector"].to_numpy(), findings["llr"].to_numpy()
    for name in findings["detector"].unique().to_list():
        curve = wordings.of(name).curve
        if curve is not None:
            of_it = detector == name
            out[of_it] = np.interp(llr[of_it], *curve.points())
    return pl.Series("learned", out).fill_nan(None)
