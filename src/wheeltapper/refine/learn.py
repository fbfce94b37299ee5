"""Learn: what people have said of cases makes findings of the same kind weigh more or less.

Each judged case is a trial of what stands in it, by how much it weighs beside the weightiest: was
it worth a person's time? The probability that a finding's kind is comes from Betas, from broad to
narrow: of all cases, of what the detector says of a log, of that within the peer group, of that
with the same value, of that with the same account. Each mean is the next one's prior, and holds
`HOLDS` cases that were worth it; so where few are, it takes many verdicts to say that a kind is
worth less. The odds of the narrowest against those of all are x bits; evidence of e bits becomes
log2(1 + 2^x (2^e - 1)): what is left if so much less often such a finding has no ordinary reason. x
is bounded both ways, so no number of verdicts hides what is loud, and what says nothing still does.

Beside that, the same again: what was called expected of an account keeps a tenth when the same
detector says the same of it again, as far as it is no more surprising than what was judged.

A verdict fades, and speaks for what comes after the case that it is about. That case itself is
shown as it was judged. The order of verdicts and of findings does not matter.

Method: hierarchical Beta-binomial (Gelman et al., "Bayesian Data Analysis", 3rd ed., 2013, chapter
5), each mean plugged in below it; priors that hold a fixed number of events, as in DuMouchel,
"Bayesian data mining in large frequency tables", The American Statistician 53, 1999. What each
verdict means, and what was measured: docs/decisions/0013-learning-from-verdicts.md.
"""

from collections.abc import Iterable
from math import log

import polars as pl

from wheeltapper.case import Case
from wheeltapper.refine.heard import AGAIN, COUNTS, SUMS, heard, lessons

BASE_SHARE, BASE_CASES = 0.1, 10.0
"""Before anything is judged one case in ten is worth a person's time; so many cases hold that."""
HOLDS = 0.25
"""Cases worth a person's time that the prior of a level holds."""
MOST_LOWERED_BITS, MOST_RAISED_BITS = 4.0, 3.0
"""What a finding's kind takes from it, or adds to it, at most."""
WRONG_COUNTS = 10.0
"""Expected cases that one of wrong data is worth: there was nothing to judge."""
LEFT = 0.1
"""Share of its evidence that is left of the same again, after one fresh verdict of expected."""
FEW = 3
"""A change is told by the narrowest level of which so many cases were judged."""

LOG, GROUP, VALUE, ACCOUNT, SAME = "log", "group", "value", "account", "same"
"""By what a change is told."""
LEVELS = {
    LOG: ("detector", "source"),
    GROUP: ("detector", "source", "peer_group"),
    VALUE: ("detector", "source", "peer_group", "value"),
    ACCOUNT: ("detector", "source", "entity_type", "entity"),
}
"""From broad to narrow. A finding without a peer group, or without a value, skips those."""
_UNSAID = {
    "learned_share": pl.lit(1.0),
    "learned_by": pl.lit(None, pl.String),
    **{name: pl.lit(0, pl.Int64) for name in COUNTS},
    "learned": pl.lit("", pl.String),
}


def learn(findings: pl.DataFrame, judged: Iterable[Case]) -> pl.DataFrame:
    """Findings with `evidence` changed by what was said of their like.

    `learned_share` is what it was multiplied by, above 0. Why stands in `learned_by`, a level or
    null, and `cases, cases_malicious, cases_policy, cases_wrong`: how many that hold its like were
    judged, and what they were. What stands in a case that was judged has `learned` instead: what
    was said of it then.
    """
    valued = pl.when(pl.col("key") != "").then("key").alias("value")
    said = lessons(judged).with_columns(valued)
    if said.is_empty() or findings.is_empty():
        return findings.with_columns(**_UNSAID)
    # A rule's finding names no group; its account has one all the same.
    group = pl.coalesce("peer_group", pl.col("peer_group").max().over("entity_type", "entity"))
    rows = findings.select(
        "time", "bits", "evidence", *AGAIN, valued, pl.col("source").fill_null(""), peer_group=group
    )
    rows = _again(_kind(rows, said), said)
    learned = findings.hstack(rows.select(*list(_UNSAID)[:-1]).get_columns())
    return _as_judged(learned, said).with_columns(
        evidence=pl.col("evidence") * pl.col("learned_share")
    )


def as_if_unlearned(findings: pl.DataFrame) -> pl.DataFrame:
    """The same findings as if nobody had said anything."""
    return findings.with_columns(evidence=pl.col("evidence") / pl.col("learned_share"))


def _kind(rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `learned_share` by their kind, and the level and the counts that tell it."""
    of_all = heard(rows, said, ())
    base = (BASE_SHARE * BASE_CASES + of_all["worth"]) / (
        BASE_CASES + of_all["worth"] + of_all["benign"]
    )
    rows = rows.with_columns(base=base, chance=base)
    chance = pl.col("chance")
    for level, on in LEVELS.items():
        of_it = heard(rows, said, on)
        worth, benign, unusual, wrong = (of_it[name] for name in SUMS)
        if level == LOG:
            benign += WRONG_COUNTS * wrong
        # A prior of HOLDS / chance cases. What was benign and right to show makes it firmer.
        posterior = (HOLDS + worth + unusual * chance) / (HOLDS / chance + worth + benign + unusual)
        rows = rows.with_columns(
            of_it.select(pl.col(*COUNTS).name.suffix(f"_{level}")).get_columns(),
            chance=pl.when(of_it["cases"] > 0).then(posterior).otherwise(chance),
        )
    odds, of_base = (c / (1 - c) for c in (chance, pl.col("base")))
    moved = (odds.log(2) - of_base.log(2)).clip(-MOST_LOWERED_BITS, MOST_RAISED_BITS)
    evidence = pl.col("evidence")
    weighed = (pl.lit(2.0).pow("moved") * (pl.lit(2.0).pow(evidence) - 1)).log1p() / log(2)
    return (
        rows.with_columns(moved=pl.when(chance != pl.col("base")).then(moved).otherwise(0.0))
        .with_columns(
            learned_share=pl.when((pl.col("moved") != 0) & (evidence > 0))
            .then(weighed / evidence)
            .otherwise(1.0),
            learned_by=_telling(),
        )
        .with_columns(
            pl.coalesce(
                pl.when(pl.col("learned_by") == level).then(f"{name}_{level}") for level in LEVELS
            )
            .fill_null(0)
            .alias(name)
            for name in COUNTS
        )
    )


def _telling() -> pl.Expr:
    """The narrowest level that says what happened to the evidence; null where nothing did."""
    lower, some = pl.col("moved") < 0, []
    for level in reversed(LEVELS):
        cases = pl.col(f"cases_{level}")
        worth = pl.col(f"cases_malicious_{level}") + pl.col(f"cases_policy_{level}")
        usual = pl.col("base") * cases
        some.append(
            pl.when(lower & (cases >= FEW) & (worth < usual)).then(pl.lit(level))
            .when(~lower & (worth > usual)).then(pl.lit(level))
        )  # fmt: skip
    any_ = [pl.when(pl.col(f"cases_{level}") > 0).then(pl.lit(level)) for level in LEVELS]
    return pl.when(pl.col("moved") != 0).then(pl.coalesce(*some, *any_))


def _again(rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The same, of which less is left where just this was called expected of just this entity."""
    again = heard(rows, said, AGAIN, whole=True)
    holds = LEFT / (1 - LEFT)
    left = (holds + again["worth"]) / (holds + again["worth"] + again["benign"])
    # One verdict about ten files says nothing of a hundred.
    beyond = (1 - again["loudest"] / pl.col("bits").clip(1e-9)).clip(0)
    before = pl.col("learned_share")
    same = pl.when(again["benign"] > 0).then(left + (1 - left) * beyond).otherwise(1.0)
    # Told by what takes more.
    tells = (pl.col("same") < 1) & ((1 - pl.col("same")) * before > 1 - before)
    return rows.with_columns(same=same).with_columns(
        learned_share=before * pl.col("same"),
        learned_by=pl.when(tells).then(pl.lit(SAME)).otherwise("learned_by"),
        **{name: pl.when(tells).then(again[name]).otherwise(name) for name in COUNTS},
    )


def _as_judged(findings: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The same, with what had been learned of the findings of judged cases by then."""
    rows = findings.with_row_index("row")
    then = (
        rows.select("row", "time", *AGAIN)
        .join(said.select("case", "start", "then_share", "then_said", *AGAIN, end="time"), on=AGAIN)
        .filter(pl.col("time").is_between("start", "end"))
        .sort("row", "case")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "then_share", "then_said")
    )
    own = pl.col("then_share").is_not_null()
    return (
        rows.join(then, on="row", how="left", maintain_order="left")
        .with_columns(
            learned_share=pl.coalesce("then_share", "learned_share"),
            learned_by=pl.when(~own).then("learned_by"),
            learned=pl.coalesce("then_said", pl.lit("")),
        )
        .drop("row", "then_share", "then_said")
    )
