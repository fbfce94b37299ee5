import json
from datetime import UTC, datetime
from math import log2, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, SECRET, detector, judged, table_of

from wheeltapper.detect.process import process, start
from wheeltapper.detect.statistics.sequence import MOST_STEPS, ONE_OF, Settings
from wheeltapper.testing import activities, activity

ALL = {"half_life_days": 20.0, "min_bits": 0.0, "grace": 1.0, "trust": 0.5, "patience": 2.0}
LEARNS_ALL = {**ALL, "trust": 1e-9}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unit_of(act, unit, day):
    return {"act": act["event_id"], "day": day}.get(unit) or act["session"] or act["event_id"]


def of_context(log, k, context):
    return [c for c in log if c["k"] == k and c["context"] == context]


def reference(table, s, unit):
    """The module's formulas over all that was ever learned, anew for every act."""
    log, who_is, found = [], {}, {}
    calm = log2(s.enter / (1 - s.enter))

    def faded(learned, today):
        return sum(2.0 ** ((c["day"] - today) / s.half_life_days) for c in learned)

    for row, act in enumerate(table.to_pylist()):
        who, group, value = act["actor"], act["peer_group"], act["action"]
        if who is None or value is None:
            continue
        today = (act["time"] - EPOCH).days
        this = unit_of(act, unit, today)
        me = who_is.setdefault(who, {"unit": None, "odds": calm, "learned": 0, "doubted": 0})
        me.setdefault("since", today)
        if me["unit"] != this:
            if me["unit"] is not None:
                believed = me["odds"] <= log2((1 - s.trust) / s.trust)
                me["doubted"] = 0 if believed else me["doubted"] + 1
                if believed or me["doubted"] > s.patience:
                    me["learned"] += 1
                    log += [
                        {"who": who, "group": group, "day": today, "k": k,
                         "context": context, "value": v}
                        for step in me["steps"]
                        for k, context, v in step["new"]
                    ]  # fmt: skip
                other = 1 / (1 + 2.0 ** -me["odds"])
                then = other * s.stay + (1 - other) * s.enter
                me["odds"] = log2(then / (1 - then))
            me |= {"unit": this, "before": me["odds"], "past": [], "steps": [], "sum": 0.0}
            me |= {"known": 0, "taken": set()}
        contexts = [tuple((me["past"] + [None] * s.order)[:k]) for k in range(s.order + 1)]
        me["past"].insert(0, value)
        new = [(k, c, value) for k, c in enumerate(contexts) if (k, c, value) not in me["taken"]]
        if new[-1:] != [(s.order, contexts[-1], value)]:
            continue
        me["taken"] |= set(new)
        me["steps"].append({"new": new})
        # The peers', then the entity's own chance of the step, from short to long contexts.
        p = ONE_OF
        for k, context in enumerate(contexts):
            closed = [c for c in of_context(log, k, context) if c["day"] < today]
            for level in ("everyone", "group")[: 1 if group is None else 2]:
                theirs = [
                    c for c in closed
                    if c["who"] != who and (level == "everyone" or c["group"] == group)
                ]  # fmt: skip
                times = faded([c for c in theirs if c["value"] == value], today)
                p = (times + s.peers_prior * p) / (faded(theirs, today) + s.peers_prior)
        p_own, mine = p, []
        for k, context in enumerate(contexts):
            own = [c for c in of_context(log, k, context) if c["who"] == who]
            mine = [c for c in own if c["value"] == value]
            firsts = {c["value"]: c for c in reversed(own)}.values()
            c, n, kinds = (faded(x, today) for x in (mine, own, firsts))
            base = (s.theta + s.discount * kinds) * p_own
            p_own = (c - s.discount * min(c, 1) + base) / (n + s.theta)
        times = faded(mine, today)
        me["known"] += times > 0
        if me["learned"] < s.grace:
            continue
        me["sum"] += min(max(log2(p / p_own), -s.most_bits), s.most_bits)
        me["odds"] = me["before"] + s.strength * me["sum"] / sqrt(len(me["steps"]))
        peers = [c for c in log if (c["day"] < today and c["group"] == group) or group is None]
        peers = [c for c in peers if c["day"] < today and c["who"] != who]
        found[row] = {
            "bits": log2(1 + 2.0 ** me["odds"]),
            "llr": me["odds"] - calm,
            "observed": len(me["steps"]),
            "expected": me["known"],
            "baseline_n": me["learned"],
            "peers": len(
                {c["who"] for c in of_context(peers, s.order, contexts[-1]) if c["value"] == value}
            ),
            "of_peers": len({c["who"] for c in peers}),
            "before": times,
            "since_day": me["since"],
        }
    return found


def said(table, found):
    rows = {id: row for row, id in enumerate(table["event_id"].to_pylist())}
    figures = ("bits", "llr", "observed", "expected", "baseline_n")
    evidence = ("peers", "of_peers", "before", "since_day")
    return {
        rows[f["event_ids"][0]]: {
            **{name: f[name] for name in figures},
            **{name: json.loads(f["evidence"])[name] for name in evidence},
        }
        for f in found.to_pylist()
    }


def numbers(**settings):
    return st.fixed_dictionaries({k: st.sampled_from(v) for k, v in settings.items()})


@given(
    ACTS,
    st.sampled_from(["act", "session", "day"]),
    numbers(order=[0, 1, 2, 3], grace=[0.0, 1.0, 3.0], trust=[0.05, 0.5, 0.95], patience=[0.0, 2.0],
            stay=[0.3, 0.8], half_life_days=[2.0, 180.0]),
)  # fmt: skip
def test_equals_the_reference(acts, unit, settings):
    table, one = table_of(acts), detector("sequence", unit=unit, settings={**ALL, **settings})
    got, wanted = said(table, judged(table, [one])[0]), reference(table, one.settings, unit)
    assert got.keys() == wanted.keys()
    for row, figures in wanted.items():
        # Own counts are kept with seven digits, evidence is rounded for people.
        assert got[row] == pytest.approx(figures, rel=1e-4, abs=1e-4)


def habit(who="ana", steps="abcd", days=range(20), **columns):
    return [
        activity(who, days=day, minutes=i, action=step, peer_group="red", **columns)
        for day in days
        for i, step in enumerate(steps)
    ]


def last(rows, **settings):
    one = detector("sequence", unit="day", settings={**LEARNS_ALL, **settings})
    return judged(activities(rows), [one])[0].to_pylist()[-1]


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_step_taken_more_often_never_speaks_more_for_somebody_else(often, seldom):
    often, seldom = max(often, seldom), min(often, seldom)

    def bits(times):
        days = [activity(days=i, action="read" if i < times else f"x{i}") for i in range(12)]
        # After twelve days of grace the filter has nothing to remember of them.
        today = activity(days=13, action="read")
        return last([*days, today], order=0, grace=12.0)["bits"]

    assert bits(often) <= bits(seldom)


@given(st.integers(0, 8), st.integers(0, 8))
def test_a_step_that_more_peers_take_never_speaks_less_for_somebody_else(many, few):
    many, few = max(many, few), min(many, few)

    def bits(peers):
        others = [
            act for i in range(8) for act in habit(f"peer{i}", "rs" if i < peers else "tu", [0, 1])
        ]
        return last([*others, *habit(days=range(3)), activity(days=4, action="r")])["bits"]

    assert bits(many) >= bits(few)


def test_it_is_the_order_that_counts():
    peers = [act for i in range(5) for act in habit(f"peer{i}", "dcbahgfe")]
    mine = habit(steps="abcdefgh")
    own = last([*peers, *mine, *habit(steps="abcdefgh", days=[20])])
    theirs = last([*peers, *mine, *habit(steps="dcbahgfe", days=[20])])
    assert own["bits"] < 0.01
    assert theirs["llr"] > own["llr"] + 10
    assert (own["expected"], theirs["expected"]) == (8, 0)


@pytest.mark.parametrize("times", [2, 50])
def test_the_hundredth_round_of_a_script_is_no_evidence(times):
    once, again = (last([*habit(), *habit(steps="xyx" + "yx" * n, days=[20])]) for n in (1, times))
    figures = ("bits", "llr", "observed", "expected")
    assert [once[f] for f in figures] == [again[f] for f in figures]


def months(odd_days, **settings):
    """Findings about Ana, who for days on end does what only her peers do."""
    peers = [act for i in range(5) for act in habit(f"peer{i}", "stuvwxyz", range(100))]
    odd = habit(steps="stuvwxyz", days=range(40, 40 + odd_days))
    back = habit(steps="abcdefgh", days=range(40 + odd_days, 100))
    rows = [*peers, *habit(steps="abcdefgh", days=range(40)), *odd, *back]
    one = detector("sequence", unit="day", settings={"trust": 0.9, **settings})
    return [f for f in judged(activities(rows), [one])[0].to_pylist() if f["entity"] == "ana"]


def test_a_unit_is_told_of_once():
    assert len(months(1, min_bits=1.0)) == 1
    assert len(months(3, min_bits=1.0)) == 3


def test_what_is_doubted_is_not_learned_until_it_lasts():
    told = months(50, min_bits=0.0, patience=20.0)
    before = [json.loads(f["evidence"])["before"] for f in told if f["observed"] == 8]
    learned = [f["baseline_n"] for f in told if f["observed"] == 8]
    odd = slice(10, 60)  # thirty units of grace, ten days of her own, fifty of somebody else
    assert before[odd][:21] == [0.0] * 21
    assert set(learned[odd][:21]) == {40}
    assert min(before[odd][22:]) > 0
    assert told[-1]["bits"] < 0.1


def test_nothing_is_said_with_too_little_history():
    rows = [*habit(days=range(9)), *habit(steps="stuvwxyz", days=[9])]
    one = detector("sequence", unit="day", settings={"min_bits": 0.0, "grace": 10.0})
    assert judged(activities(rows), [one])[0].num_rows == 0


@pytest.mark.parametrize("actions", [1, 60, 2000])
def test_state_stays_within_its_capacity(actions):
    one = detector("sequence", settings={**LEARNS_ALL, "capacity": 100}, unit="session")
    rows = [
        activity(minutes=i, session=f"s{i // 5}", action=f"a{i % actions}") for i in range(2000)
    ]
    state, table = start([one]), activities(rows)
    for first in range(0, 2000, 250):
        state, _ = process(state, table[first : first + 250], [one], SECRET)
        own = state.detectors[one.name].own
        kept, evicted = own.size
        assert kept <= 100
        assert (own.steps["key"] != 0).sum() == kept
        assert own.steps.size <= 256
        assert own.pending.size == 64
    assert (evicted > 0) == (actions > 1)


def test_a_flood_in_one_unit_counts_only_so_far():
    rows = [activity(minutes=i / 10, action=f"a{i}") for i in range(MOST_STEPS + 500)]
    one = detector("sequence", unit="day", settings={**LEARNS_ALL, "grace": 0.0})
    found = judged(activities(rows), [one])[0].to_pylist()
    assert [f["observed"] for f in found] == list(range(1, MOST_STEPS + 1))


def test_memory_is_a_matter_of_steps_and_not_of_acts():
    one = detector("sequence", unit="day", settings=LEARNS_ALL)
    few, many = (
        len(judged(activities(habit(steps="abcab" * 2, days=range(n))), [one])[1]) for n in (5, 90)
    )
    assert few == many


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": 4}, "order must be from 0 to 3, got 4"),
        ({"discount": 1.0}, "discount must be from 0 to below 1, got 1.0"),
        ({"theta": 0.0}, "theta must be above 0, got 0.0"),
        ({"strength": float("nan")}, "strength must be above 0, got nan"),
        ({"stay": 1.0}, "stay must be between 0 and 1, got 1.0"),
        ({"capacity": 3}, "capacity must be at least 64, got 3"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)
