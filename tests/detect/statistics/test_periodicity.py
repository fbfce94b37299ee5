import json
from datetime import UTC, datetime
from math import exp, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper.detect.statistics.periodicity import Settings, machine_bits
from wheeltapper.testing import activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOUD = {
    "half_life_days": 20.0, "min_bits": 0.0, "min_llr": -50.0, "min_beats": 3, "min_hours": 0.1,
    "regular_bits": 1.0,
}  # fmt: skip


class Run:
    """A period being followed, in the module's words; times in seconds."""

    def __init__(self, now):
        self.last = now
        self.begin(now)

    def begin(self, now, gap=None):
        self.score, self.period, self.beats = 0.0, gap, 2 if gap else 1
        self.beat, self.steady = now, gap or 0
        self.jitter = max(0.5, 0.05 * gap) if gap else None

    def act(self, now, settings):
        shortest, longest = 60 * settings.min_minutes, 3600 * settings.max_hours
        gap = now - self.last
        self.last = now
        if gap < shortest / 2:
            return
        guess = gap if shortest <= gap <= longest else None
        if self.period is None:
            self.begin(now, guess)
            return
        periods = int((now - self.beat) / self.period + 0.5)
        off = now - self.beat - periods * self.period
        density = 0.0
        if 1 <= periods <= 8:
            density = 0.9 * 0.7 * 0.3 ** (periods - 1)
            density *= self.period / (2 * self.jitter) * exp(-abs(off) / self.jitter)
        bits = log2(density + 0.1)
        if bits < 0 and self.score + bits <= 0:
            self.begin(now, guess)
            return
        self.score = min(60.0, self.score + bits)
        if periods > 8:
            self.beat = now
        elif periods and abs(off) <= 4 * self.jitter:
            self.steady += now - self.beat
            share = 1 / min(self.beats, 16)
            self.period = min(max(self.period + share * off / periods, shortest), longest)
            self.jitter += share * (abs(off) - self.jitter)
            least = max(0.5, 0.005 * self.period)
            self.jitter = min(max(self.jitter, least), 0.15 * self.period)
            self.beat = now
            self.beats += 1


def reference(table, settings):
    """The module's words, everything that ever counted kept."""
    runs, acts, regular, found = {}, [], [], {}
    for row, act in enumerate(table.to_pylist()):
        who, value, group = act["actor"], act["action"], act["peer_group"]
        if who is None or value is None:
            continue
        since = act["time"] - EPOCH
        today, now = since.days, since.total_seconds()
        acts.append({"who": who, "day": today, "group": group})
        run = runs.get((who, value))
        if run is None:
            runs[who, value] = Run(now)
            continue
        run.act(now, settings)
        mine = [r for r in regular if (r["who"], r["value"]) == (who, value)]
        if (
            run.score < settings.regular_bits
            or run.beats < settings.min_beats
            or run.steady < settings.min_hours * 3600
            or any(r["day"] == today for r in mine)
        ):
            continue

        def faded(days, today=today):
            return sum(2.0 ** ((d - today) / settings.half_life_days) for d in days)

        share = unseen = 0.5
        for level in ("everyone", "group")[: 1 if group is None else 2]:
            others = {a["who"] for a in acts if a["day"] < today and a["who"] != who
                      and (level == "everyone" or a["group"] == group)}  # fmt: skip
            had = others & {r["who"] for r in regular if r["value"] == value and r["day"] < today}
            share = (len(had) + share) / (len(others) + 1)
            unseen /= len(others) + 1
        own_days = {a["day"] for a in acts if a["who"] == who and a["day"] < today}
        times = faded(r["day"] for r in mine)
        p_own = max(0, times - 1) + settings.prior * share
        p_own = min(1, p_own / (faded(own_days) + settings.prior))
        bits = max(0.0, -log2(min(1, 2**-run.score + p_own)))
        found[row] = {
            "bits": bits, "llr": log2(unseen) + bits, "observed": run.beats,
            "expected": run.period, "baseline_n": len(own_days), "peers": len(had),
            "of_peers": len(others), "before": times,
        }  # fmt: skip
        regular.append({"who": who, "value": value, "day": today})
    return found


def agrees(table):
    found, _ = judged(table, [detector("periodicity", settings=LOUD)])
    expected = reference(table, Settings(**LOUD))
    rows = {id: i for i, id in enumerate(table["event_id"].to_pylist())}
    told = {rows[f["event_ids"][0]]: f for f in found.to_pylist()}
    assert sorted(told) == sorted(expected)
    for row, figures in expected.items():
        evidence = json.loads(told[row]["evidence"])
        for name, value in figures.items():
            said = evidence[name] if name in evidence else told[row][name]
            assert said == pytest.approx(value, abs=2e-4, rel=1e-6), name
    return len(expected)


@given(ACTS)
def test_it_says_what_the_formulas_say(acts):
    agrees(table_of(acts))


BEATS = st.lists(
    st.tuples(
        st.sampled_from(["ana", "kim", "lee"]),
        st.sampled_from([0, 1, 2, 30, 7000]),  # minutes until it begins
        st.sampled_from([2.0, 7.0, 45.0]),  # minutes between beats
        st.sampled_from([0.0, 0.3, 2.0]),  # minutes by which every third is off
        st.integers(2, 12),  # beats
    ),
    max_size=6,
)


def beats(drawn):
    acts = []
    for who, begins, every, off, many in drawn:
        for i in range(many):
            gap = begins if i == 0 else every + (off if i % 3 == 0 else 0)
            acts.append((gap, who, "read", None, 1, True, None, None, (None, None)))
    return acts


@given(BEATS)
def test_it_says_so_of_beats(drawn):
    agrees(table_of(beats(drawn)))


def test_the_reference_has_something_to_agree_on():
    assert agrees(table_of(beats([("ana", 0, 7.0, 0.3, 12), ("kim", 7000, 2.0, 0.0, 12)]))) == 2


@given(st.floats(1, 20_000), st.floats(0.005, 0.15), st.integers(1, 8))
def test_a_person_gains_nothing_on_average(period, jitter, periods):
    # A likelihood ratio's mean under the alternative is at most 1: what Ville's inequality needs.
    off = (np.arange(4000) + 0.5) / 4000 * period - period / 2
    ratios = [2 ** machine_bits(r, periods, period, jitter * period) for r in off]
    assert np.mean(ratios) <= 1.0


@given(st.floats(1, 1000), st.floats(0, 500), st.floats(0, 500), st.integers(1, 8))
def test_further_off_a_beat_is_never_better(period, one, other, periods):
    near, far = sorted([one, other])
    assert machine_bits(near, periods, period, period / 20) >= machine_bits(
        -far, periods, period, period / 20
    )


# What an analyst expects


def said(rows, **settings):
    one = detector("periodicity", settings=settings, peers="")
    ordered = sorted(rows, key=lambda a: a["time"])
    return judged(activities(ordered), [one])[0].to_pylist()


def work(days=30, people=("ana", "kim", "lee", "sam", "eve", "joe", "pat", "max"), seed=1):
    """People's days: pauses of a minute to hours, as heavy-tailed as theirs are."""
    chance = np.random.default_rng(seed)
    return [
        activity(who, days=day, minutes=float(minute), action="read")
        for day in range(days)
        for who in people
        for minute in np.cumsum(10 ** chance.uniform(0, 2, 25))
        if minute < 600
    ]


def script(who="ana", day=30, every=5.0, many=100, jitter=0.0, action="read", miss=0.0, seed=2):
    chance = np.random.default_rng(seed)
    return [
        activity(
            who, days=day, action=action,
            minutes=i * every + float(chance.uniform(-jitter, jitter)),
        )
        for i in range(many) if chance.random() >= miss
    ]  # fmt: skip


def test_people_say_nothing():
    assert said(work(), min_bits=0.0, min_llr=-50.0) == []


def test_fifty_people_for_six_weeks_say_nothing():
    people = [f"p{i}" for i in range(50)]
    assert said(work(40, people, seed=7), min_bits=0.0, min_llr=-50.0) == []


def test_a_script_that_asks_every_five_minutes():
    (found,) = said([*work(), *script()], min_bits=6.0)
    assert found["entity"] == "ana"
    assert found["expected"] == pytest.approx(300, rel=0.01)
    assert found["observed"] >= 12
    # It takes until `min_hours` have gone by.
    assert (found["time"] - activity(days=30)["time"]).total_seconds() >= 3 * 3600


@pytest.mark.parametrize(
    "how",
    [
        {"jitter": 0.5},
        {"miss": 0.3},
        {"jitter": 0.3, "miss": 0.1},
        {"every": 60, "many": 40},
        {"every": 1, "many": 600},
    ],
)  # fmt: skip
def test_jitter_missed_beats_and_long_periods_do_not_hide_it(how):
    assert said([*work(), *script(**how)], min_bits=6.0)


def test_its_owner_at_work_meanwhile_does_not_hide_it():
    own = [a for a in work(31, ["ana"], seed=5) if a["time"] >= activity(days=30)["time"]]
    assert said([*work(), *own, *script()], min_bits=6.0)


def test_what_many_are_regular_at_weighs_little():
    many = [a for who in ("kim", "lee", "sam", "eve", "joe") for a in script(who, 28)]
    alone = said([*work(), *script()], min_bits=0.0)
    among = [f for f in said([*work(), *many, *script()], min_bits=0.0, min_llr=-50.0)
             if f["entity"] == "ana"]  # fmt: skip
    assert alone[0]["llr"] - among[0]["llr"] > 3


def test_it_becomes_a_habit_on_the_third_day_and_not_on_the_second():
    rows = [*work(40), *(a for day in range(30, 36) for a in script(day=day, action="poll"))]
    days = [f["time"].day for f in said(rows, min_bits=5.0)]
    assert days == [4, 5]  # 30 and 31 days after 5 January


def test_clicking_and_bursts_are_no_beats():
    clicks = [activity(days=30, minutes=i / 20, action="read") for i in range(2000)]
    assert said([*work(), *clicks], min_bits=0.0) == []


def test_the_same_hour_each_day_is_a_persons():
    daily = [activity(days=day, minutes=1, action="sign in") for day in range(60)]
    assert said([*work(), *daily], min_bits=0.0, min_llr=-50.0) == []


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="min_beats must be at least 2, got 1"):
        Settings(min_beats=1)
    with pytest.raises(ValueError, match="regular_bits must be at most 60, got 61"):
        Settings(regular_bits=61)
    with pytest.raises(ValueError, match="max_hours must be above 0, got 0"):
        Settings(max_hours=0)
    with pytest.raises(ValueError, match="capacity must be at least 64, got 1"):
        Settings(capacity=1)
