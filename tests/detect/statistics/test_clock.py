from datetime import UTC, datetime, timedelta
from math import exp, log, log2
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper.detect.statistics.clock import (
    AMERICA,
    AUSTRALIA,
    EUROPE,
    LATEST,
    NONE,
    RULES,
    Settings,
    summer_minutes,
)
from wheeltapper.testing import activities, activity

ALL = {"half_life_days": 20.0, "min_bits": 0.0, "min_llr": -50.0}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = {EUROPE: "Europe/Amsterdam", AMERICA: "America/Chicago", AUSTRALIA: "Australia/Sydney"}


@given(st.integers(0, 25 * 365 * 24), st.sampled_from(sorted(ZONES)))
def test_summer_time_is_that_of_the_zones(hours, rule):
    # The rules of today hold since 2008 in all three.
    when = datetime(2008, 6, 1, tzinfo=UTC) + timedelta(hours=hours)
    local = when.astimezone(ZoneInfo(ZONES[rule]))
    assert summer_minutes(rule, int(when.timestamp()) * 1_000_000) == (
        local.dst().total_seconds() / 60
    )


def reference(table, settings):
    """The module's formulas over all that ever counted, anew for every act."""
    seen, found = [], {}  # seen: (who, group, day, standard time by rule)
    rules, last = {}, {}
    for row, act in enumerate(table.to_pylist()):
        who, group, offset = act["actor"], act["peer_group"], act["utc_offset"]
        unit = act["session"] or act["event_id"]
        if who is None or offset is None or last.get(who) == unit:
            continue
        last[who] = unit
        today = (act["time"] - EPOCH).days
        us = int(act["time"].timestamp()) * 1_000_000
        standard = [offset - summer_minutes(r, us) for r in range(RULES)]

        def left(day, today=today):
            return 2.0 ** ((day - today) / settings.half_life_days)

        own = [s for s in seen if s[0] == who]
        n = sum(left(s[2]) for s in own)
        predicted, of_peers = [], []
        for r in range(RULES):
            share = 0.0
            for level in ("everyone", "group")[: 1 if group is None else 2]:
                days = {
                    (s[0], s[2], s[3][r])
                    for s in seen
                    if s[0] != who and s[2] < today and (level == "everyone" or s[1] == group)
                }
                with_it = sum(left(d) for _, d, v in days if v == standard[r])
                total = sum(left(d) for _, d, _ in days)
                if level == "everyone":
                    share = (with_it + 0.25) / (total + 0.25 * 38)
                else:
                    share = (with_it + share) / (total + 1)
            times = sum(left(s[2]) for s in own if s[3][r] == standard[r])
            predicted.append((times + settings.theta * share) / (n + settings.theta))
            of_peers.append(share)
        so_far = rules.get(who, [0.0] * RULES)
        whole = sum(exp(x) for x in so_far)
        p_own = sum(exp(x) * p for x, p in zip(so_far, predicted, strict=True)) / whole
        if own:  # of a newcomer nothing is said
            found[row] = (
                -log2(min(1, p_own)), log2(sum(of_peers) / RULES / p_own), p_own, len(own)
            )  # fmt: skip
        rules[who] = [LATEST * x + log(p) for x, p in zip(so_far, predicted, strict=True)]
        seen.append((who, group, today, standard))
    return found


@given(ACTS)
def test_equals_the_reference(acts):
    table, one = table_of(acts), detector("clock", unit="session", settings=ALL)
    rows = {id: row for row, id in enumerate(table["event_id"].to_pylist())}
    got = {
        rows[f["event_ids"][0]]: (f["bits"], f["llr"], f["expected"], f["baseline_n"])
        for f in judged(table, [one])[0].to_pylist()
    }
    wanted = reference(table, one.settings)
    assert got.keys() == wanted.keys()
    for row, numbers in wanted.items():
        assert got[row] == pytest.approx(numbers, rel=1e-9, abs=1e-9)


def commits(zone, days, who="ana", every=1):
    """One act a day at noon UTC, with the offset that the zone has on that day."""
    out = []
    for day in range(0, days, every):
        act = activity(who, days=day)
        offset = act["time"].astimezone(ZoneInfo(zone)).utcoffset()
        out.append({**act, "utc_offset": int(offset.total_seconds() // 60)})
    return out


def others(days):
    return [
        act
        for i, zone in enumerate(["Asia/Shanghai", "America/New_York", "Europe/Paris"] * 3)
        for act in commits(zone, days, f"peer{i}", every=7)
    ]


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Asia/Tokyo"])
def test_the_first_change_to_or_from_summer_time_is_no_news(zone):
    table = activities(sorted([*commits(zone, 400), *others(400)], key=lambda a: a["time"]))
    found = judged(table, [detector("clock", settings={"min_bits": 3.0})])[0].to_pylist()
    assert [f for f in found if f["entity"] == "ana"] == []


def test_another_zone_stands_out_though_its_offset_is_the_summers():
    # Two hours east of UTC in January: not Amsterdam, though Amsterdam has it half of the year.
    history = [*commits("Europe/Amsterdam", 400), *others(400)]
    history.sort(key=lambda a: a["time"])
    day = history[-1]["time"] + timedelta(days=1)
    days = (datetime(day.year, 1, 15, tzinfo=UTC) - history[0]["time"]).days + 365
    odd = {**activity(days=days), "utc_offset": 120}
    assert odd["time"].month == 1
    table = activities([*history, odd])
    (found,) = (
        f for f in judged(table, [detector("clock", settings={})])[0].to_pylist()
        if f["entity"] == "ana"
    )  # fmt: skip
    assert found["time"] == odd["time"]
    assert found["bits"] > found["llr"] > 2.0


def test_a_clock_read_before_the_act_is_judged_by_the_summer_time_of_then():
    # Written in October at +2 h, brought in in January.
    table = activities([*commits("Europe/Amsterdam", 380)])
    first = table["time"][0].as_py()
    days = (datetime(first.year + 2, 1, 15, tzinfo=UTC) - first).days
    written = datetime(first.year + 1, 10, 1, tzinfo=UTC)
    late = {**activity(days=days), "utc_offset": 120, "bytes": int(written.timestamp())}
    table = activities([*commits("Europe/Amsterdam", 380), late])
    settings = {"min_bits": 0.0, "min_llr": -50.0}
    (now,) = judged(table, [detector("clock", settings=settings)])[0].to_pylist()[-1:]
    one = detector("clock", settings=settings, measure="bytes")
    (then,) = judged(table, [one])[0].to_pylist()[-1:]
    assert then["bits"] < 1.0 < now["bits"]


@given(st.integers(1, 40), st.integers(1, 40))
def test_the_longer_the_history_the_more_another_zone_says(one, two):
    few, many = min(one, two), max(one, two)

    def llr(days):
        odd = {**activity(days=60), "utc_offset": 480}
        mine = commits("Europe/Amsterdam", 60)[-days:]
        table = activities([*sorted([*mine, *others(60)], key=lambda a: a["time"]), odd])
        return judged(table, [detector("clock", settings=ALL)])[0].to_pylist()[-1]["llr"]

    assert llr(few) <= llr(many) + 1e-12


@pytest.mark.parametrize("zones", [30, 300])
def test_state_stays_within_its_capacity(zones):
    one = detector("clock", settings={**ALL, "capacity": 200})
    rows = [
        {**activity(f"u{i}", days=i // 10), "utc_offset": i % 24 * 60 - 600} for i in range(zones)
    ]
    _, state = judged(activities(rows), [one])
    assert len(state) < 100_000


def test_a_record_without_an_offset_says_nothing():
    rows = [{**activity(days=i), "utc_offset": None if i % 2 else 60} for i in range(10)]
    found = judged(activities(rows), [detector("clock", settings=ALL)])[0].to_pylist()
    assert [f["baseline_n"] for f in found] == [1, 2, 3, 4]  # of the first nothing is said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"theta": 0.0}, "theta must be above 0, got 0.0"),
        ({"half_life_days": -1.0}, "half_life_days must be above 0, got -1.0"),
        ({"capacity": 3}, "capacity must be at least 64, got 3"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


def test_no_rule_is_no_summer():
    assert summer_minutes(NONE, 1_751_000_000_000_000) == 0
