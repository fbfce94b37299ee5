import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wheeltapper.refine.calibrate import (
    BEYOND_BITS,
    SHRINK,
    TRIGGER,
    calibrate,
    score_of,
    scores,
    spoken,
    told,
)
from wheeltapper.refine.reference import (
    ACTIVE,
    BINS,
    FIRST_DAYS,
    GRID,
    WINDOW_DAYS,
    Reference,
    bins,
)
from wheeltapper.refine.warm_up import DAYS

from .few_findings import MONDAY, finding, frame

FIRST = MONDAY.date()
evidences = arrays(np.float64, st.integers(1, 120), elements=st.floats(0, 70, width=32))


def ready(rows):
    """Findings as they come to be calibrated; without harm."""
    return frame(rows).with_columns(weighed_bits="evidence", harm_bits=pl.lit(0.0))


def world(findings, active, days):
    """A reference with these findings, and so many entities active each day, by peer group."""
    rows = [
        (FIRST + timedelta(days=day), "actor", group, n)
        for day in range(days)
        for group, n in active.items()
    ]
    return Reference(
        active=pl.DataFrame(rows, schema=ACTIVE, orient="row"),
        logs=pl.DataFrame({"source": ["okta"], "day": [FIRST]}),
        spoken=spoken(findings),
    )


def crowd(draws):
    """A finding about each of `draws.shape[1]` people on each of `draws.shape[0]` days."""
    days, people = draws.shape
    said = np.arange(days * people)
    return pl.DataFrame(
        {
            "detector": "d",
            "entity_type": "actor",
            "entity": (said % people).astype(str),
            "peer_group": np.where(said % people < people // 3, "sales", "finance"),
            "time": [MONDAY + timedelta(days=int(d)) for d in said // people],
            "evidence": draws.reshape(-1),
        }
    ).with_columns(
        pl.col("time").cast(pl.Datetime("us", "UTC")),
        weighed_bits="evidence",
        harm_bits=pl.lit(0.0),
    )


def groups_of(people):
    return {"sales": people // 3, "finance": people - people // 3}


def p_values(draws):
    days, people = draws.shape
    found = crowd(draws)
    out = calibrate(found, world(found, groups_of(people), days))
    return 2.0 ** -out["rarity"].to_numpy().reshape(days, people)


ALPHAS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001)


def test_on_clean_data_p_values_are_uniform():
    """10^5 draws: as small as alpha on alpha of the days, whatever a detector's scale is."""
    draws = np.random.default_rng(1).exponential(12.0, (100, 1_000))
    p = p_values(draws)[FIRST_DAYS:]
    for alpha in ALPHAS:
        noise = 4 * np.sqrt(alpha / p.size) + 0.002
        # The grid of an eighth of a bit makes a p-value larger by the share of one bin.
        assert alpha * 0.9 - noise <= (p <= alpha).mean() <= alpha + noise, alpha


def test_a_detector_that_grows_louder_is_uniform_again_after_the_window():
    rng = np.random.default_rng(2)
    draws = rng.exponential(3.0, (40 + WINDOW_DAYS + 30, 150))
    draws[40:] *= 2.0
    p = p_values(draws)
    assert (p[41:44] <= 0.01).mean() > 0.03  # at first it is news
    assert (p[-30:] <= 0.01).mean() == pytest.approx(0.01, abs=0.006)


def test_each_peer_group_is_its_own_measure():
    rng = np.random.default_rng(3)
    draws = rng.exponential(3.0, (80, 900))
    draws[:, 300:] *= 3.0  # finance is always this loud
    p = p_values(draws)[FIRST_DAYS:]
    for mine in (p[:, :300], p[:, 300:]):
        assert (mine <= 0.01).mean() == pytest.approx(0.01, abs=0.004)


PHP = Path(__file__).parents[2] / "samples" / "php" / "php.ndjson.gz"


def test_real_background_is_calibrated():
    """How long real people had been silent before they committed, thirteen years of them.

    They come and go, have habits and holidays: nothing is drawn independently.
    """
    last, rows = {}, []
    with gzip.open(PHP, "rt", encoding="utf-8") as lines:
        for act in sorted((json.loads(line) for line in lines), key=lambda act: act["author_time"]):
            who, then = act["author"], datetime.fromisoformat(act["author_time"])
            if who in last and then > last[who]:
                silent = np.log2(1 + (then - last[who]).total_seconds())
                rows.append((who, then.astimezone(UTC), silent))
            last[who] = max(then, last.get(who, then))
    found = pl.DataFrame(
        rows,
        schema={"entity": pl.String, "time": pl.Datetime("us", "UTC"), "evidence": pl.Float64},
        orient="row",
    ).with_columns(
        detector=pl.lit("d"), entity_type=pl.lit("actor"), peer_group=pl.lit("php"),
        weighed_bits="evidence", harm_bits=pl.lit(0.0),
    )  # fmt: skip
    day = pl.col("time").dt.date()
    active = found.group_by("entity_type", "peer_group", day=day).agg(
        n=pl.col("entity").n_unique().cast(pl.Int64)
    )
    reference = Reference(
        active=active.select(*ACTIVE),
        logs=active.select(source=pl.lit("git"), day="day"),
        spoken=spoken(found),
    )
    out = calibrate(found, reference)
    late = out.filter(day >= out["time"].dt.date().min() + timedelta(days=WINDOW_DAYS))
    of = late.group_by("entity", day).agg(pl.col("rarity").max())["rarity"]
    assert len(of) > 10_000
    for bits in (1, 2, 3, 5, 7):
        assert 0.7 * 2.0**-bits <= (of >= bits).mean() <= 1.4 * 2.0**-bits, bits


def test_a_finding_is_compared_with_the_days_before_it():
    quiet = [{"entity": "ana", "evidence": 8.0, "time": MONDAY + timedelta(days=20)}]
    often = [
        {"entity": f"e{n}", "evidence": 9.0, "time": MONDAY + timedelta(days=21 + n)}
        for n in range(30)
    ]
    base = {"detector": "any.country", "peer_group": "sales", "entity_type": "actor"}
    rows = frame([{**finding(), **base, **row} for row in quiet + often])
    rows = rows.with_columns(weighed_bits="evidence", harm_bits=pl.lit(0.0))
    alone = calibrate(rows.head(1), world(rows.head(1), {"sales": 50}, 60))
    beside = calibrate(rows, world(rows, {"sales": 50}, 60))
    assert alone["rarity"][0] == beside["rarity"][0]
    assert beside["rarity"][-1] < beside["rarity"][1]


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 5), st.sampled_from([0.5, 2.0, 7.0, 30.0])),
        min_size=1,
        max_size=40,
    )
)
def test_louder_is_never_less_and_order_does_not_matter(rows):
    found = ready(
        [{**finding(days=day), "entity": f"e{who}", "evidence": bits} for day, who, bits in rows]
    )
    reference = world(found, {"sales": 6}, 41)
    out = calibrate(found, reference)
    assert out["evidence"].is_finite().all()
    assert (out["rarity"] >= 0).all()
    out = out.with_columns(before=found["evidence"])
    for _, day in out.group_by(pl.col("time").dt.date()):
        for said in ("rarity", "evidence"):
            assert day.sort("before", said)[said].is_sorted()
    again = calibrate(found.reverse(), reference).reverse()
    assert again["evidence"].to_list() == out["evidence"].to_list()


def test_what_is_said_of_everybody_is_worth_nothing_but_its_harm():
    draws = np.full((60, 100), 10.0)
    found = crowd(draws).with_columns(harm_bits=pl.lit(2.0))
    out = calibrate(found, world(found, groups_of(100), 60))
    last = out.filter(pl.col("time") == out["time"].max())["evidence"]
    say = 0.5 * 6_000 / (6_000 + SHRINK)
    assert last.to_list() == pytest.approx([(1 - say) * 8.0 + 2.0] * 100, rel=0.01)


def test_a_reference_of_nothing_changes_nothing():
    found = ready([finding()])
    assert calibrate(found, Reference())["evidence"].to_list() == found["evidence"].to_list()


def test_what_was_never_said_before_is_as_rare_as_there_were_days():
    found = ready([{**finding(), "time": MONDAY + timedelta(days=50)}])
    reference = world(found, {"sales": 100}, 51)
    rarity = calibrate(found, reference)["rarity"][0]
    assert rarity == pytest.approx(np.log2((5_000 + SHRINK) / (SHRINK / 5_001)), abs=0.01)
    assert rarity > TRIGGER


# Stories


def counts_of(evidence):
    return np.bincount(bins(evidence), minlength=BINS).astype(np.int64)


@given(evidences, evidences, st.integers(0, 5000))
def test_scores_are_monotone_never_negative_and_bounded(evidence, before, days):
    days = max(days, before.size)
    score = score_of(evidence, counts_of(before), days)
    order = np.argsort(evidence, kind="stable")
    assert (np.diff(score[order]) >= -1e-9).all()
    assert (score >= 0).all()
    assert (score <= np.log2(days + 1) + BEYOND_BITS).all()


def test_on_clean_data_one_in_n_is_one_in_n():
    rng = np.random.default_rng(1)
    before, now = rng.exponential(6.0, 100_000), rng.exponential(6.0, 100_000)
    score = score_of(now, counts_of(before), before.size)
    for bits in range(1, 12):
        expected = 2.0**-bits
        wide = 5 * np.sqrt(expected / now.size) + 0.03 * expected
        assert (score >= bits).mean() == pytest.approx(expected, abs=wide)


def test_days_without_a_story_make_each_story_rarer():
    draws = np.random.default_rng(2).exponential(6.0, 1_000)
    counts = counts_of(draws)
    rarer = score_of(draws, counts, 64_000) - score_of(draws, counts, 1_000)
    assert rarer[draws <= np.quantile(draws, 0.8)] == pytest.approx(6.0, abs=0.02)
    assert (rarer > 0).all()


def test_a_few_huge_stories_do_not_move_the_others():
    draws = np.random.default_rng(3).exponential(3.0, 10_000)
    with_attacks = np.concatenate([draws, [60.0, 61.0, 63.0]])
    alone = score_of(draws, counts_of(draws), 50_000)
    beside = score_of(draws, counts_of(with_attacks), 50_000)
    assert np.abs(alone - beside).max() < 0.15
    assert score_of(with_attacks, counts_of(with_attacks), 50_000)[-1] > alone.max()


def test_few_stories_are_counted():
    before = np.array([1.0, 5.0])
    assert score_of(before, counts_of(before), 64).tolist() == [
        np.log2(65 / 3), np.log2(65 / 2),
    ]  # fmt: skip


def test_all_alike_is_no_tail():
    before = np.full(50, 7.0)
    assert score_of(before, counts_of(before), 100).tolist() == [np.log2(101 / 51)] * 50


def test_a_story_is_scored_by_the_days_before_it_and_counted_once():
    stories = pl.DataFrame(
        {
            "start": [MONDAY + timedelta(days=d) for d in range(40)],
            "evidence": [float(d % 7) for d in range(40)],
        },
        schema={"start": pl.Datetime("us", "UTC"), "evidence": pl.Float64},
    )
    counts = told(stories)
    assert counts["n"].sum() == 40
    assert set(counts["bin"]) == {d * GRID for d in range(7)}
    days = pl.DataFrame(
        [(FIRST + timedelta(days=d), "actor", "sales", 5) for d in range(40)],
        schema=ACTIVE, orient="row",
    )  # fmt: skip
    reference = Reference(active=days, told=counts, logs=logs())
    whole = scores(stories, reference)
    early = scores(
        stories.head(30),
        Reference(
            active=days.filter(pl.col("day") < FIRST + timedelta(days=30)),
            told=told(stories.head(30)), logs=logs(),
        ),
    )  # fmt: skip
    assert whole.head(30)["score"].to_list() == early["score"].to_list()
    assert whole["known"].to_list()[FIRST_DAYS:] == [5 * d for d in range(FIRST_DAYS, 40)]


def logs():
    return pl.DataFrame({"source": ["okta"], "day": [FIRST]}, schema_overrides={"day": pl.Date})


def settling(evidence_before, days=60):
    """Scores of a story of ten bits a day, after three weeks of stories of another evidence."""
    evidence = [evidence_before if d < DAYS else 10.0 for d in range(days)]
    stories = pl.DataFrame(
        {"start": [MONDAY + timedelta(days=d) for d in range(days)], "evidence": evidence},
        schema={"start": pl.Datetime("us", "UTC"), "evidence": pl.Float64},
    )
    known = [FIRST + timedelta(days=d) for d in range(days)]
    reference = Reference(
        active=pl.DataFrame([(d, "actor", "sales", 5) for d in known], schema=ACTIVE, orient="row"),
        told=told(stories),
        logs=pl.DataFrame({"source": ["okta"] * days, "day": known}),
    )
    return scores(stories, reference)


def test_days_before_the_first_log_had_warmed_up_are_no_reference_of_later_ones():
    quiet, loud = settling(0.0), settling(30.0)
    after = pl.col("start") > MONDAY + timedelta(days=DAYS)
    assert quiet.filter(after).equals(loud.filter(after))
    assert quiet.filter(after)["known"].to_list() == [5 * n for n in range(1, 60 - DAYS)]
    assert quiet["score"][DAYS] > loud["score"][DAYS]  # as yet compared with nothing else
