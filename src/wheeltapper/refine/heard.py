"""Heard: what people had said of cases that hold the like of a finding, by the finding's time.

Verdicts come apart into lessons, one for each finding of a judged case; lessons that are equal in
some columns are added up in order of time, and each finding reads off the sums of before its time.
A verdict speaks from the end of its case on and fades; the order in which verdicts or findings come
in does not matter. A million findings and ten thousand lessons take three to five seconds.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from wheeltapper.case import EXPECTED, MALICIOUS, POLICY_VIOLATION, UNUSUAL, WRONG_DATA, Case

HALF_LIFE_DAYS = 180.0
"""After so long a verdict counts half."""
AGAIN = ("entity_type", "entity", "detector", "key")
"""What is the same when the same is said again."""
SUMS = ("worth", "benign", "unusual", "wrong")
"""Cases, in parts, that were worth a person's time, expected, unusual but benign, wrong data."""
COUNTS = ("cases", "cases_malicious", "cases_policy", "cases_wrong")

_TIME = pl.Datetime("us", "UTC")
_LESSONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "case": pl.Int64, "start": _TIME, "time": _TIME, "verdict": pl.String, "of_case": pl.Float64,
    "entity_type": pl.String, "entity": pl.String, "detector": pl.String, "key": pl.String,
    "source": pl.String, "peer_group": pl.String, "bits": pl.Float64,
    "then_share": pl.Float64, "then_said": pl.String,
}  # fmt: skip


def lessons(judged: Iterable[Case]) -> pl.DataFrame:
    """One row for each finding of the judged cases, with its share in them.

    `of_case` is its evidence as a share of that of the weightiest, which the case was judged by.
    `time` is when the case ended; `then_share` and `then_said` are what had been learned of the
    finding when it was judged.
    """
    rows: list[Sequence[object]] = []
    for number, case in enumerate(sorted(judged, key=lambda c: (c.end, c.id))):
        # What was greyed was not looked at.
        seen = [f for f in case.findings if case.verdict and f.suppressed is None]
        top = max((f.bits for f in seen), default=0.0)
        for f in seen:
            group = f.finding.evidence.get("peer_group")
            if group is None and f.finding.entity == case.entity:
                group = case.peer_group or None
            before = f.bits - f.learned_bits
            rows.append((
                number, case.start, case.end, case.verdict,
                f.bits / top if top > 0 else 1.0,
                f.finding.entity_type, f.finding.entity, f.finding.detector, f.key,
                f.finding.evidence.get("source") or "", group, f.finding.bits,
                f.bits / before if f.bits > 0 and before > 0 else 1.0, f.learned,
            ))  # fmt: skip
    return pl.DataFrame(rows, schema=_LESSONS, orient="row")


def heard(
    rows: pl.DataFrame, said: pl.DataFrame, on: Sequence[str], *, whole: bool = False
) -> pl.DataFrame:
    """For each of `rows` what had been said, in `said`, of those that are equal in `on`.

    Columns `SUMS`, faded by the row's time, `COUNTS` in whole cases, and `loudest`, the bits of the
    most surprising that was expected. Of a case the largest share counts, or with `whole` all of
    it that is benign: a case that is expected is so from end to end, one that is malicious is not.
    Null in a column of `on` is equal to nothing. Wrong data speaks of a detector in a log, not of
    those who stand in it: it counts in `wrong`, and with `whole` as expected.
    """
    columns = [*on, "every"]
    some = said.with_columns(every=pl.lit(0)).drop_nulls(columns)
    nodes = some.select(columns).unique().with_row_index("node").cast({"node": pl.Int64})
    moments = said["time"].unique().sort()
    some = some.join(nodes, on=columns).with_columns(fade=_two_to(pl.col("time"), moments, 1))
    told = _added_up(some, whole=whole)
    # Of each node the last that was said before: node and moment as one number, in order.
    asked = rows.select("time", *on).with_columns(every=pl.lit(0))
    node = asked.join(nodes, on=columns, how="left", maintain_order="left")["node"].fill_null(-1)
    there = told["node"] * len(moments) + moments.search_sorted(told["time"], "left")
    wanted = node * len(moments) + moments.search_sorted(asked["time"], "left")
    last = there.search_sorted(wanted, "left").cast(pl.Int64) - 1
    return (
        told.select(pl.all().gather(last.set(last < 0, None)))
        .with_columns(
            known=pl.col("node") == node,
            fade=asked.select(_two_to(pl.col("time"), moments, -1)).to_series(),
        )
        .select(
            pl.when("known").then(pl.col(*SUMS) * pl.col("fade")).otherwise(0.0),
            pl.when("known").then(pl.col(*COUNTS)).otherwise(0),
            pl.when("known").then("loudest").otherwise(0.0),
        )
    )


def _two_to(time: pl.Expr, moments: pl.Series, sign: int) -> pl.Expr:
    """2 to the half-lives from the last of `moments` to `time`: by one and the inverse it fades."""
    past = (time - pl.lit(moments[-1], _TIME)).dt.total_microseconds()
    return pl.lit(2.0).pow(sign * past / (HALF_LIFE_DAYS * 86_400e6))


def _added_up(some: pl.DataFrame, *, whole: bool) -> pl.DataFrame:
    """`node, time` and, up to and with it, `SUMS`, `COUNTS` and `loudest`; in that order."""
    verdict, share = pl.col("verdict"), pl.col("of_case")
    benign = pl.lit(1.0) if whole else share
    expected = verdict.is_in([EXPECTED, WRONG_DATA] if whole else [EXPECTED])
    cases = (
        some.group_by("node", "time", "case", "verdict", "fade")
        # One case is one trial, however many of its findings are alike.
        .agg(share.max(), pl.col("bits").max())
        .sort("node", "time", "case")
        .with_columns(
            worth=pl.when(verdict.is_in([MALICIOUS, POLICY_VIOLATION])).then(share),
            benign=pl.when(expected).then(benign),
            unusual=pl.when(verdict == UNUSUAL).then(benign),
            wrong=pl.when(verdict == WRONG_DATA).then(share),
            loudest=pl.when(expected).then("bits").otherwise(0.0),
            cases=1,
            cases_malicious=verdict == MALICIOUS,
            cases_policy=verdict == POLICY_VIOLATION,
            cases_wrong=verdict == WRONG_DATA,
        )
    )
    return cases.select(
        "node",
        "time",
        (pl.col(*SUMS).fill_null(0.0) * pl.col("fade")).cum_sum().over("node"),
        pl.col(*COUNTS).cast(pl.Int64).cum_sum().over("node"),
        pl.col("loudest").cum_max().over("node"),
    ).unique(["node", "time"], keep="last", maintain_order=True)
