import json
from datetime import UTC, datetime
from itertools import pairwise
from math import floor, fsum, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, SECRET, detector, judged, sharded, table_of

from wheeltapper.detect.hashing import hash_column
from wheeltapper.detect.statistics.spread import BITS, FEW, Settings, counted
from wheeltapper.detect.tails import negative_binomial
from wheeltapper.testing import activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def distinct(values):
    """As many as there are; more than eight, as many as the bits they set tell."""
    if len(values) <= FEW:
        return len(values)
    hashes = hash_column(activities(activity(action=v) for v in sorted(values))["action"], SECRET)
    zeros = BITS - len({int(h) >> 53 for h in hashes})
    return max(FEW, floor(-BITS * log(max(zeros, 1) / BITS) + 0.5))


def reference(table, settings):
    """The module's words, with every window ever kept."""
    half_life, prior = settings.half_life_days, settings.prior
    windows, current, found = [], {}, {}
    for row, act in enumerate(table.to_pylist()):
        who, value = act["actor"], act["action"]
        if who is None or value is None:
            continue
        since = act["time"] - EPOCH
        today, hour = since.days, since.days * 24 + since.seconds // 3600

        def faded(rows, what, today=today):
            return fsum(what(w) * 2.0 ** ((w["day"] - today) / half_life) for w in rows)

        own = [w for w in windows if w["who"] == who]
        now = current.get(who)
        if now is None or now["window"] != hour // settings.window_hours:
            if now is not None:
                n = faded(own, lambda w: 1)
                amount = distinct(now["values"]) - 1
                if n >= 5:
                    mean = faded(own, lambda w: w["amount"]) / n
                    spread = faded(own, lambda w: w["amount"] ** 2) / n - mean**2
                    amount = min(amount, floor(mean + 8 * max(1, spread) ** 0.5))
                windows.append({"day": today, "who": who, "group": now["group"], "amount": amount})
                own = [w for w in windows if w["who"] == who]
            now = current[who] = {"window": hour // settings.window_hours, "values": set(),
                                  "group": act["peer_group"], "said": 0}  # fmt: skip
        grown = distinct(now["values"] | {value}) > distinct(now["values"])
        now["values"].add(value)
        count = distinct(now["values"])
        if not grown or count < settings.min_count or count < 2 * now["said"]:
            continue
        mean = square = None
        for level in ("everyone", "group")[: 1 if now["group"] is None else 2]:
            of = [w for w in windows if w["day"] < today and w["who"] != who
                  and (level == "everyone" or w["group"] == now["group"])]  # fmt: skip
            n, total = faded(of, lambda w: 1), faded(of, lambda w: w["amount"])
            squares = faded(of, lambda w: w["amount"] ** 2)
            if mean is None:
                mean, square = (total + 1) / (n + 1), (squares + 4) / (n + 1)
            else:
                mean, square = (total + 5 * mean) / (n + 5), (squares + 5 * square) / (n + 5)
        known, peer_mean, peer_square = n, mean, square
        n = faded(own, lambda w: 1)
        mean = (faded(own, lambda w: w["amount"]) + prior * peer_mean) / (n + prior)
        square = (faded(own, lambda w: w["amount"] ** 2) + prior * peer_square) / (n + prior)
        variance = max(square - mean**2, mean) * (1 + 2 / (n + known + 1) + 1 / (n + prior))
        if count - 1 <= mean:
            continue
        bits = negative_binomial(count - 1.0, mean, variance)[0]
        if bits < settings.min_bits:
            continue
        now["said"] = count
        peer_variance = max(peer_square - peer_mean**2, peer_mean) * (1 + 2 / (known + 1))
        peer_bits = negative_binomial(count - 1.0, peer_mean, peer_variance)[0]
        found[row] = {
            "bits": bits, "llr": bits - peer_bits, "observed": count, "expected": mean + 1,
            "baseline_n": len(own), "peers": peer_mean + 1, "before": known,
            "of_peers": len({w["who"] for w in of}),
        }  # fmt: skip
    return found


def agrees(table, settings):
    found, _ = judged(table, [detector("spread", settings=settings)])
    expected = reference(table, Settings(**settings))
    rows = {id: i for i, id in enumerate(table["event_id"].to_pylist())}
    told = {rows[f["event_ids"][0]]: f for f in found.to_pylist()}
    assert sorted(told) == sorted(expected)
    for row, figures in expected.items():
        evidence = json.loads(told[row]["evidence"])
        for name, value in figures.items():
            said = evidence[name] if name in evidence else told[row][name]
            assert said == pytest.approx(value, abs=2e-4, rel=1e-6), name
    return len(expected)


LOUD = {"half_life_days": 20.0, "min_bits": 0.0, "min_count": 2.0}


@given(ACTS)
def test_it_says_what_the_formulas_say(acts):
    agrees(table_of(acts), LOUD)


SWEEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 60, 90, 1440, 4000]),  # minutes before it
        st.sampled_from(["ana", "kim", "lee"]),
        st.integers(0, 5),  # which values
        st.sampled_from([1, 3, 8, 9, 30]),  # how many
    ),
    max_size=8,
)


def sweeps(drawn):
    return [
        (minutes if i == 0 else 0, who, f"v{first + i}", None, 1, True, None, None, (None, None))
        for minutes, who, first, many in drawn
        for i in range(many)
    ]


@given(SWEEPS, st.sampled_from([1, 24]))
def test_it_says_so_of_windows_with_more_than_eight(drawn, hours):
    agrees(table_of(sweeps(drawn)), LOUD | {"window_hours": hours})


@given(SWEEPS, st.lists(st.integers(0, 200), max_size=4))
def test_pieces_and_shards_give_what_the_whole_gives(drawn, cuts):
    table, one = table_of(sweeps(drawn)), detector("spread")
    found, state = judged(table, [one])
    again, same = judged(table, [one], [min(cut, len(table)) for cut in cuts])
    assert (again.to_pylist(), same) == (found.to_pylist(), state)
    alone = {(f["bits"], f["observed"]) for f in found.to_pylist()}
    assert {(hit[1], hit[3]) for hit in sharded(table, one, 3)} == alone


@pytest.mark.parametrize(("many", "off"), [(9, 1), (100, 4), (1_000, 60), (10_000, 1_500)])
def test_linear_counting_is_as_exact_as_it_says(many, off):
    # Three standard errors: 2 % and 5 % (Whang et al., eq. 4).
    values = activities(activity(action=f"x{i}") for i in range(many))["action"]
    hashes = hash_column(values, SECRET)
    zeros = BITS - len(np.unique(hashes >> np.uint64(53)))
    assert abs(counted(zeros) - many) <= off


def test_linear_counting_never_falls_and_ends():
    counts = [counted(zeros) for zeros in range(BITS, -1, -1)]
    assert counts == sorted(counts)
    assert (counts[0], counts[1], counts[-1]) == (0, 1, 15615)


# What an analyst expects


def sweep(many, who="ana", day=30, first=0, minutes=0.1):
    return [activity(who, days=day, minutes=i * minutes, action=f"v{first + i}")
            for i in range(many)]  # fmt: skip


def usual(days=30, many=3, who="ana"):
    return [a for day in range(days) for a in sweep(many, who, day)]


def said(rows, **settings):
    one = detector("spread", settings=settings, peers="")
    return judged(activities(rows), [one])[0].to_pylist()


def test_a_sweep_is_told_as_it_grows():
    found = said([*usual(), *sweep(100)])
    counts = [f["observed"] for f in found]
    assert counts[0] >= 8
    assert all(b >= 2 * a for a, b in pairwise(counts))
    assert [f["bits"] for f in found] == sorted(f["bits"] for f in found)


def test_the_same_thing_a_thousand_times_is_no_spread():
    same = [activity(days=30, minutes=i / 100, action="v1") for i in range(1000)]
    assert said([*usual(), *same]) == []


def test_whose_habit_is_breadth_may_be_broad():
    assert {f["time"].day for f in said([*usual(many=40), *sweep(45)])} <= {5}  # its first day


def test_a_sweep_does_not_become_the_habit():
    found = said([*usual(), *sweep(500, day=30), *sweep(500, day=31, first=1000)])
    assert {f["time"].day for f in found} == {4, 5}


def test_a_slow_sweep_is_seen_by_the_day():
    slow = sweep(20, minutes=40)
    assert said([*usual(), *slow]) == []
    assert said([*usual(), *slow], window_hours=24)


def test_a_thousand_sweeping_entities_count_on_in_few_bitmaps():
    # With room for 64, each entity's own last acts are still counted while it has its bitmap.
    rows = [a for i in range(200) for a in sweep(20, who=f"e{i}", day=i / 4000)]
    rows.sort(key=lambda a: a["time"])
    one = detector("spread", settings={"min_bits": 0.0, "capacity": 64}, peers="")
    found, state = judged(activities(rows), [one], [500, 2500])
    again, same = judged(activities(rows), [one])
    assert (found.to_pylist(), state) == (again.to_pylist(), same)
    assert len(state) < 200_000
    assert max(f["observed"] for f in found.to_pylist()) <= 21


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="window_hours must be at least 1, got 0"):
        Settings(window_hours=0)
    with pytest.raises(ValueError, match="prior must be above 0, got 0"):
        Settings(prior=0)
    with pytest.raises(ValueError, match="capacity must be at least 64, got 1"):
        Settings(capacity=1)
