import json
from datetime import UTC, datetime
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, SECRET, detector, judged, table_of

from wheeltapper.detect.process import process, start
from wheeltapper.detect.statistics.novelty import Settings
from wheeltapper.testing import activities, activity

ALL = {"half_life_days": 20.0, "min_bits": 0.0, "min_llr": -50.0}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unit_of(act, unit, day):
    return {"act": act["event_id"], "day": day}.get(unit) or act["session"] or act["event_id"]


def reference(table, settings, unit):
    """The module's formulas over all that ever counted, anew for every act."""
    log, found, doubts = [], {}, {}  # doubts: (who, value) to the days on which it came
    for row, act in enumerate(table.to_pylist()):
        who, group, value = act["actor"], act["peer_group"], act["action"]
        today = (act["time"] - EPOCH).days
        this = unit_of(act, unit, today)
        own = [c for c in log if c["who"] == who]
        seen = [c for c in own if c["value"] == value]
        same = [c for c in seen if c["known"]]
        if who is None or value is None or (seen and seen[-1]["unit"] == this):
            continue

        def faded(counted, today=today):
            return sum(
                c["came"] * 2.0 ** ((c["day"] - today) / settings.half_life_days) for c in counted
            )

        def units(counted, today=today):
            return sum(2.0 ** ((c["day"] - today) / settings.half_life_days) for c in counted)

        n, k = units(c for c in own if c["new_unit"]), units(c for c in own if c["new_value"])
        d, times = sum(c["now_known"] for c in own), faded(same)
        theta = settings.theta
        p_own_tail = min(1, (theta + settings.discount * k + d * times) / (n + theta))
        had, of, p_peers, p_value = 0, 0, 0.5, 0.5
        for level in ("everyone", "group")[: 1 if group is None else 2]:
            before = [
                c for c in log if c["day"] < today and (level == "everyone" or c["group"] == group)
            ]
            with_value = [c for c in before if c["value"] == value]
            had = len({c["who"] for c in with_value} - {who})
            of = len({c["who"] for c in before} - {who})
            p_peers = min(1, (had + p_peers) / (of + 1))
            total = units(c for c in before if c["new_unit"])
            p_value = min(1, (units(with_value) + p_value) / (total + 1))
        prior = theta + settings.discount * k
        p_own = (times + prior * p_value) / (n + prior)
        bits, llr = -log2(p_own_tail) - log2(p_peers), log2(p_value / p_own)
        found[row] = {
            "bits": bits,
            "llr": llr,
            "expected": p_own,
            "baseline_n": sum(c["new_unit"] for c in own),
            "peers": had,
            "of_peers": of,
            "before": times,
            "since_day": min([c["day"] for c in own], default=today),
        }
        days = doubts.setdefault((who, value), set())
        doubted = not same and bits >= settings.doubt_bits and llr > 0
        if doubted:
            days.add(today)
        known = not doubted or len(days) >= settings.confirm_days
        log.append(
            {
                "day": today, "who": who, "group": group, "value": value, "unit": this,
                "new_value": not seen, "new_unit": not own or own[-1]["unit"] != this,
                "known": known, "now_known": known and not same,
                # What was doubted and is believed now counts with the days it came on.
                "came": max(1, len(days)) if known and not same else 1,
            }
        )  # fmt: skip
    return found


def said(table, found):
    rows = {id: row for row, id in enumerate(table["event_id"].to_pylist())}
    evidence = ("peers", "of_peers", "before", "since_day")
    return {
        rows[f["event_ids"][0]]: {
            **{name: f[name] for name in ("bits", "llr", "expected", "baseline_n")},
            **{name: json.loads(f["evidence"])[name] for name in evidence},
        }
        for f in found.to_pylist()
    }


@given(ACTS, st.sampled_from(["act", "session", "day"]), st.sampled_from([1.0, 2.5, 8.0]))
def test_equals_the_reference(acts, unit, doubt_bits):
    settings = {**ALL, "doubt_bits": doubt_bits, "confirm_days": 2.0}
    table, one = table_of(acts), detector("novelty", unit=unit, settings=settings)
    got, wanted = said(table, judged(table, [one])[0]), reference(table, one.settings, unit)
    assert got.keys() == wanted.keys()
    for row, numbers in wanted.items():
        for name in ("peers", "of_peers", "before"):  # rounded for people
            assert got[row].pop(name) == pytest.approx(numbers.pop(name), abs=1e-4)
        assert got[row] == pytest.approx(numbers, rel=1e-12, abs=1e-12)


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_value_seen_more_often_never_surprises_more(often, seldom):
    often, seldom = max(often, seldom), min(often, seldom)
    one = detector("novelty", settings=ALL)

    def bits(times):
        days = [activity(days=i, action="read" if i < times else f"x{i}") for i in range(12)]
        table = activities([*days, activity(days=13, action="read")])
        return judged(table, [one])[0].to_pylist()[-1]["bits"]

    assert bits(often) <= bits(seldom)


@given(st.integers(0, 8), st.integers(0, 8))
def test_a_value_that_more_peers_had_never_surprises_more(many, few):
    many, few = max(many, few), min(many, few)
    one = detector("novelty", settings=ALL)

    def bits(peers):
        others = [
            activity(f"peer{i}", action="write" if i < peers else "read", peer_group="red")
            for i in range(8)
        ]
        mine = activity(days=1, action="write", peer_group="red")
        return judged(activities([*others, mine]), [one])[0].to_pylist()[-1]["bits"]

    assert bits(many) <= bits(few)


def test_a_long_habit_of_one_country_makes_another_stand_out():
    one = detector("novelty", value="country", unit="day", settings={"min_bits": 6.0})
    habit = [activity(f"u{u}", days=d, country="NL") for u in range(20) for d in range(60)]
    table = activities([*habit, activity("u7", days=60, country="KP")])
    (found,) = judged(table, [one])[0].to_pylist()
    assert (found["entity"], json.loads(found["evidence"])["value"]) == ("u7", "KP")
    assert found["baseline_n"] == 60
    assert found["llr"] > 0


def test_on_the_day_it_first_did_it_an_entity_is_not_taken_out_of_its_peers():
    # Of yesterday's peers one had it; that ana did so an hour ago does not unmake that peer.
    one = detector("novelty", settings=ALL)
    table = activities([activity("kim"), activity(days=1), activity(days=1, minutes=60)])
    found = [json.loads(f["evidence"]) for f in judged(table, [one])[0].to_pylist()]
    assert [(f["peers"], f["of_peers"]) for f in found] == [(0, 0), (1, 1), (1, 1)]


@pytest.mark.parametrize("actions", [1, 90, 2000])
def test_state_stays_within_its_capacity(actions):
    capacity = 100
    one = detector("novelty", settings={**ALL, "capacity": capacity})
    rows = [activity(minutes=i, action=f"a{i % actions}") for i in range(2000)]
    state = start([one])
    table = activities(rows)
    for first in range(0, 2000, 250):
        state, _ = process(state, table[first : first + 250], [one], SECRET)
        own = state.detectors[one.name].own
        kept, evicted = own.size
        assert kept <= capacity
        assert (own.pairs["key"] != 0).sum() == kept
        assert own.pairs.size <= 256
    assert kept + evicted == actions


def test_the_longest_unseen_go_first():
    one = detector("novelty", settings={**ALL, "capacity": 64})
    old = [activity(days=0, minutes=i, action=f"old{i}") for i in range(32)]
    new = [activity(days=9, minutes=i, action=f"new{i}") for i in range(33)]
    again = [activity(days=10, minutes=i, action=f"new{i}") for i in range(33)]
    found = judged(activities([*old, *new, *again]), [one])[0].to_pylist()
    assert all(json.loads(f["evidence"])["before"] > 0 for f in found[-33:])


def test_memory_is_a_matter_of_values_and_not_of_acts():
    one = detector("novelty", unit="day", settings=ALL)
    few, many = (
        len(judged(activities(activity(minutes=i, action=f"a{i % 5}") for i in range(n)), [one])[1])
        for n in (50, 1000)
    )
    assert few == many


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"discount": 1.0}, "discount must be from 0 to below 1, got 1.0"),
        ({"theta": 0.0}, "theta must be above 0, got 0.0"),
        ({"capacity": 3}, "capacity must be at least 64, got 3"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)
