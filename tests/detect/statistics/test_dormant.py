import json
from datetime import UTC, datetime, timedelta
from math import fsum, log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper.detect.statistics.dormant import Settings, levels_of
from wheeltapper.testing import MONDAY, activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reference(table, settings):
    """The module's words, with every active day ever kept."""
    half_life, prior = settings.half_life_days, settings.prior
    active, gaps, groups, found = {}, [], {}, {}
    for row, act in enumerate(table.to_pylist()):
        who, group = act["actor"], act["peer_group"]
        if who is None:
            continue
        today = (act["time"] - EPOCH).days
        mine = active.setdefault(who, [])
        groups[who] = group
        if mine and mine[-1] == today:
            continue
        if mine:
            silent = today - mine[-1]
            others = [d for one, days in active.items() if one != who for d in days]
            in_gap = sum(mine[-1] <= d < today for d in others)
            ever = sum(mine[0] <= d < today for d in others)
            gap = in_gap * (today - mine[0]) / ever if in_gap else 0.0

            def share(of, base, weight, gap=gap, today=today):
                fade = [2.0 ** ((g["day"] - today) / half_life) for g in of]
                # As long: at least where this gap's level begins.
                at = max((4 * 2 ** (k / 2) for k in range(16) if gap >= 4 * 2 ** (k / 2) - 1e-9),
                         default=0.0)  # fmt: skip
                long = fsum(f for f, g in zip(fade, of, strict=True) if g["gap"] >= at - 1e-9)
                return (long + weight * base) / (fsum(fade) + weight)

            if (
                gap >= settings.min_days
                and silent >= settings.min_days
                and (len(mine) >= settings.grace)
            ):
                before = [g for g in gaps if g["day"] < today and g["who"] != who]
                peers = share(before, 1 / (1 + gap), 1)
                if group is not None:
                    peers = share([g for g in before if groups[g["who"]] == group], peers, 5)
                own = share([g for g in gaps if g["who"] == who], peers, prior)
                if -log2(own) >= settings.min_bits:
                    found[row] = {
                        "bits": -log2(own), "llr": log2(peers / own), "observed": silent,
                        "expected": max((g["silent"] for g in gaps if g["who"] == who), default=0),
                        "baseline_n": len(mine),
                    }  # fmt: skip
            gaps.append({"who": who, "day": today, "gap": gap, "silent": silent})
        mine.append(today)
    return found


DAYS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 1, 3, 9, 40]), st.sampled_from(["ana", "kim", "kim", "lee"])
    ),
    max_size=50,
)


def tables(days):
    day, rows = 0, []
    for later, who in days:
        day += later
        rows.append((1440 * later, who, "read", None, 1, True, "success", 1, (None, None)))
    return table_of(rows)


@given(st.one_of(ACTS.map(table_of), DAYS.map(tables)), st.sampled_from([0.0, 2.0, 6.0]))
def test_equals_the_reference(table, min_bits):
    one = detector("dormant", settings={
        "min_bits": min_bits, "min_days": 4.0, "grace": 2.0, "half_life_days": 20.0,
    })  # fmt: skip
    wanted = reference(table, one.settings)
    rows = {id: row for row, id in enumerate(table["event_id"].to_pylist())}
    got = {
        rows[f["event_ids"][0]]: {
            name: f[name] for name in ("bits", "llr", "observed", "expected", "baseline_n")
        }
        for f in judged(table, [one])[0].to_pylist()
    }
    assert got.keys() == wanted.keys()
    for row, numbers in wanted.items():
        assert got[row] == pytest.approx(numbers, rel=1e-9, abs=1e-9)


def test_levels_are_half_doublings_from_four_days_on():
    assert [levels_of(days) for days in (0.0, 3.99, 4.0, 5.65, 5.66, 8.0, 724.0, 725.0, 1e9)] == [
        0, 0, 1, 1, 2, 3, 15, 16, 16
    ]  # fmt: skip


def team(days, people=6):
    """Everybody at work on working days; in turns one is a week away."""
    return [
        activity(f"p{i}", days=day, peer_group="red")
        for day in range(days) if day % 7 < 5
        for i in range(people) if day // 7 % 11 != i
    ]  # fmt: skip


def ana(*days, **columns):
    return [activity(days=day, peer_group="red", **columns) for day in days]


DAILY = [day for day in range(60) if day % 7 < 5]
ONE = detector("dormant", settings={})


def said(rows, one=ONE):
    return judged(activities(rows), [one])[0].to_pylist()


def test_back_after_months_is_told_once_with_how_long_and_how_active_before():
    back = [row | {"time": row["time"] + timedelta(minutes=i)} for i in range(50)
            for row in ana(200)]  # fmt: skip
    (found,) = said([*team(230), *ana(*DAILY), *back, *ana(201, 202)])
    assert (found["entity"], found["observed"], found["baseline_n"]) == ("ana", 141, len(DAILY))
    assert found["expected"] == 3
    assert found["bits"] > 12
    assert found["llr"] > 1
    evidence = json.loads(found["evidence"])
    assert (evidence["peers"], evidence["of_peers"], evidence["before"]) == (0, 6, 0)


@settings(max_examples=20)
@given(st.integers(61, 400), st.integers(61, 400))
def test_a_longer_silence_never_scores_less(one, other):
    talkative = detector("dormant", settings={"min_bits": 0.0, "min_days": 4.0})
    rows = [*team(401), *ana(*DAILY)]

    def bits(day):
        return sum(f["bits"] for f in said([*rows, *ana(day)], talkative) if f["entity"] == "ana")

    assert bits(max(one, other)) >= bits(min(one, other))


def test_a_holiday_that_all_have_is_no_silence():
    everyone = [f"p{i}" for i in range(6)]
    rows = [activity(who, days=day) for day in [*range(100), *range(140, 150)] for who in everyone]
    assert said(rows) == []
    # Nor are logs that are lost; but who stays away for as long after them is missed.
    assert [f["entity"] for f in said([*rows, *ana(*range(50), 148)])] == ["ana"]


def test_who_is_often_away_is_not_missed():
    monthly = ana(*range(0, 800, 45))
    found = said([*team(800), *monthly])
    assert all(f["baseline_n"] < 8 for f in found)
    assert said([*team(900), *ana(*range(0, 400, 45), *range(400, 900, 46))])[8:] == []


def test_where_nobody_else_acts_no_time_passes():
    assert said(ana(*DAILY, 300)) == []


def test_an_account_hardly_ever_used_says_nothing():
    assert said([*team(230), *ana(0, 1, 2, 200)]) == []


def test_a_joiner_is_judged_by_peers_and_then_by_its_own_history():
    found = [said([*team(400), *ana(*DAILY[-days:], 130)])[-1] for days in (5, 10, 20, 40)]
    assert [f["baseline_n"] for f in found] == [5, 10, 20, 40]
    bits = [f["bits"] for f in found]
    assert bits == sorted(bits)
    assert bits[-1] > bits[0] + 1
    # Where peers were away for as long, it is less of a surprise.
    leave = [activity(f"q{i}", days=day, peer_group="red") for i in range(6)
             for day in (*range(20), *range(130, 134))]  # fmt: skip
    after = said([*team(400), *leave, *ana(*DAILY, 135)])[-1]
    assert after["entity"] == "ana"
    evidence = json.loads(after["evidence"])
    assert (evidence["peers"], evidence["of_peers"]) == (6, 12)
    assert after["bits"] < bits[-1]


def test_an_entity_is_no_peer_of_its_own():
    sleepy = ana(*range(10), *range(80, 90), *range(300, 310))
    found = said([*team(400), *sleepy], detector("dormant", settings={"min_bits": 2.0}))
    evidence = json.loads(found[-1]["evidence"])
    assert found[-1]["observed"] == 211
    assert (evidence["peers"], evidence["of_peers"]) == (0, 6)


def test_who_changed_the_group_is_not_taken_off_one_that_never_counted_them():
    moved = [row | {"peer_group": "blue"} for row in ana(*DAILY)]
    (found,) = said([*team(230), *moved, *ana(200)])
    assert json.loads(found["evidence"])["of_peers"] == 6


def test_days_are_utc_days_whatever_the_hour():
    late, early = MONDAY.replace(hour=23, minute=59), MONDAY.replace(hour=0, minute=1)
    rows = [activity(time=late, days=day) for day in range(9)]
    rows += [activity("kim", days=day) for day in range(90)]
    found = said([*rows, activity(time=early, days=60)])
    assert [f["observed"] for f in found] == [52]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_days": 3.0}, "min_days must be at least 4, got 3.0"),
        ({"prior": 0.0}, "prior must be above 0, got 0.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)
