"""Wave: what many accounts met for the first time within days, more than chance has them meet it.

Findings of one detector that name the same value fall into windows of `DAYS` days. A window is a
wave where `LEAST_ACCOUNTS` or more are in it, and more than chance would bring together. Chance is
a Poisson process whose rate is that of the days up to a week before, so that a wave is not taken
for its own habit: the value's accounts a day, half an account more for what has not been seen yet.
The surprise is the log-likelihood ratio of the count
that was seen against the one that was expected,

    n log2(n / m) - (n - m) / ln 2      bits, m expected

as in a scan statistic (Kulldorff, Communications in Statistics, 1997); that chance brings together
as many or more is no likelier than 2 to minus as many bits (Chernoff). Windows that touch are one
wave. Assumed: accounts come to a value independently of each other unless something brings them
there, and a value's rate does not grow by itself from one half-week to the next. A value that
somebody new meets every day makes no wave. Nor does anything in the first days of the findings that
are looked at: what is usual is not known yet.

Waves whose accounts are mostly the same, at the same time, are one happening: a new way out of the
house shows as a new network, a new country and a journey that nobody can have made.
"""

import polars as pl

from wheeltapper.refine.reference import NOTHING

DAYS = 3
LAG_DAYS = 7
"""Before a window; the days before them say how usual a value is."""
LEAST_ACCOUNTS = 5
LEAST_SURPRISE = 10.0
"""Bits: chance makes at most one of a thousand windows a wave."""
LEAST_EVIDENCE = 1.5
"""Bits that it says of each account, on average: what is no news of one is none of many."""
SAME = 0.5
"""Share of the smaller wave's accounts that two waves of one happening have in common."""
WAVE = ["detector", "key", "wave"]


def waves(findings: pl.DataFrame, known: pl.DataFrame = NOTHING.habits) -> pl.DataFrame:
    """What is in a wave, one row an account and value, by time.

    Parameters
    ----------
    findings : `detector, key, time, own_type, own_entity, peer_group, event_ids, bits, llr, attack,
        suppressed` and `alone`, bits before they were discounted
    known : `HABITS`, who met which value on which day, of days before the findings too

    Returns
    -------
    `happening, detector, key, wave, entity, time, last, alone, peer_group, findings, event_ids,
    surprise, bits, llr, attack`: `findings` counts them; `time`, `bits`, `llr` and `attack` are
    those of the first. Happenings are numbered by time.
    """
    said = findings.filter(
        (pl.col("own_type") == "actor")
        & (pl.col("key") != "")
        & (pl.col("alone") > 0)
        & pl.col("suppressed").is_null()
    ).select(
        "detector", "key", "time", "alone", "peer_group", "event_ids", "bits", "llr", "attack",
        entity="own_entity", day=pl.col("time").dt.date(),
    )  # fmt: skip
    many = (
        said.select("detector", "key", "entity")
        .unique()
        .group_by("detector", "key")
        .len()
        .filter(pl.col("len") >= LEAST_ACCOUNTS)
        .drop("len")
    )
    said = said.join(many, on=["detector", "key"], how="semi")
    came = pl.concat(
        [
            said.select("detector", "key", "entity", "day"),
            known.filter(pl.col("entity_type") == "actor")
            .join(many, on=["detector", "key"], how="semi")
            .select("detector", "key", "entity", "day"),
        ]
    ).unique()
    begins = pl.concat([findings["time"].dt.date(), known["day"]]).min()
    days = _numbered(came, begins)
    members = (
        said.join(days, on=["detector", "key", "day"])
        .sort("time", "entity", pl.col("event_ids").list.first())
        .group_by(*WAVE, "entity", maintain_order=True)
        .agg(
            pl.col("time", "bits", "llr", "attack").first(),
            pl.col("alone").max(),
            pl.col("peer_group").drop_nulls().first(),
            pl.col("surprise").max(),
            pl.col("event_ids").list.explode(keep_nulls=False, empty_as_null=False),
            last=pl.col("time").max(),
            findings=pl.len(),
        )
        .filter(
            (pl.len().over(WAVE) >= LEAST_ACCOUNTS)
            & (pl.col("alone").mean().over(WAVE) >= LEAST_EVIDENCE)
        )
        .with_columns(pl.col("surprise").max().over(WAVE))
    )
    return _together(members).sort("happening", *WAVE, "time", "entity")


def _numbered(came: pl.DataFrame, first: object) -> pl.DataFrame:
    """`detector, key, day, wave, surprise` of the days that are in a wave.

    `came`: `detector, key, entity, day`, each once; history begins on the day `first`.
    """
    by = ["detector", "key"]
    # Each account counts once in each window that one of its days is in; a window is named by its
    # last day.
    counted = (
        pl.concat([came.with_columns(pl.col("day").dt.offset_by(f"{n}d")) for n in range(DAYS)])
        .unique()
        .group_by(*by, "day")
        .agg(n=pl.len().cast(pl.Float64))
        .sort(*by, "day")
    )
    each = came.group_by(*by, "day").agg(on_it=pl.len()).sort("day")
    seen = each.with_columns(until=pl.col("on_it").cum_sum().over(by))
    before = counted.with_columns(ends=pl.col("day").dt.offset_by(f"-{DAYS + LAG_DAYS}d")).sort(
        "ends"
    )
    rated = (
        before.join_asof(
            seen.select(*by, ends="day", before="until"), on="ends", by=by, check_sortedness=False
        )
        .with_columns(
            expected=DAYS
            * (pl.col("before").fill_null(0) + 0.5)
            / ((pl.col("ends") - pl.lit(first, pl.Date)).dt.total_days().clip(0) + DAYS)
        )
        .with_columns(surprise=surprise(pl.col("n"), pl.col("expected")))
        .filter(
            (pl.col("n") >= LEAST_ACCOUNTS)
            & (pl.col("surprise") >= LEAST_SURPRISE)
            & (pl.col("ends") >= pl.lit(first, pl.Date))
        )
    )
    windows = rated.select(*by, "surprise", reaches="day").sort("reaches")
    in_one = (
        each.join_asof(
            windows, left_on="day", right_on="reaches", by=by, strategy="forward",
            tolerance=f"{DAYS - 1}d", check_sortedness=False,
        )
        .filter(pl.col("surprise").is_not_null())
        .sort(*by, "day")
    )  # fmt: skip
    apart = (pl.col("day").diff().over(by).dt.total_days() > DAYS).fill_null(True)
    return in_one.with_columns(wave=apart.cum_sum().over(by)).select(*by, "day", "wave", "surprise")


def surprise(n: pl.Expr, expected: pl.Expr) -> pl.Expr:
    """Bits by which a count is more than it was expected to be; 0 where it is not."""
    bits = n * (n / expected).log(2) - (n - expected) / pl.lit(2.0).log()
    return pl.when(n > expected).then(bits).otherwise(0.0)


def _together(members: pl.DataFrame) -> pl.DataFrame:
    """Members with `happening`, which waves of mostly the same accounts share."""
    spans = (
        members.group_by(WAVE)
        .agg(begins=pl.col("time").min(), ends=pl.col("last").max(), size=pl.len())
        .sort("begins", *WAVE)
        .with_row_index("number")
        .with_columns(pl.col("number").cast(pl.Int64))
    )
    who = members.select(*WAVE, "entity").join(spans, on=WAVE).drop(WAVE)
    day = pl.duration(days=1)
    pairs = (
        who.join(who, on="entity", suffix="_b")
        .filter(
            (pl.col("number") < pl.col("number_b"))
            & (pl.col("begins_b") <= pl.col("ends") + day)
            & (pl.col("begins") <= pl.col("ends_b") + day)
        )
        .group_by("number", "number_b")
        .agg(both=pl.len(), smaller=pl.min_horizontal("size", "size_b").first())
        .filter(pl.col("both") >= SAME * pl.col("smaller"))
        .sort("number", "number_b")
    )
    first = {number: number for number in spans["number"].to_list()}

    def root(number: int) -> int:
        while first[number] != number:
            number = first[number]
        return number

    for a, b in pairs.select("number", "number_b").rows():
        a, b = sorted((root(a), root(b)))
        first[b] = a
    named = spans.with_columns(
        happening=pl.Series([root(n) for n in spans["number"].to_list()], dtype=pl.Int64)
    )
    return members.join(named.select(*WAVE, "happening"), on=WAVE, maintain_order="left")
