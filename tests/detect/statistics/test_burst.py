import json
from datetime import UTC, datetime
from math import floor, fsum, log2, prod

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper import config, ingest
from wheeltapper.detect import catalogue
from wheeltapper.detect.statistics.burst import Settings, run_bits
from wheeltapper.enrich import Enricher
from wheeltapper.testing import activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def tail(failures, any_, succeed, fail):
    """Chance of so many failures or more, factor by factor."""
    more = prod((fail + i) / (succeed + fail + i) for i in range(int(failures) - 1))
    return any_ * more


@given(st.integers(1, 300), st.floats(0.01, 1), st.floats(0.1, 50), st.floats(0.1, 50))
def test_the_tail_is_the_product_of_its_chances(failures, any_, succeed, fail):
    wanted = -log2(max(1e-300, tail(failures, any_, succeed, fail)))
    assert run_bits(float(failures), any_, succeed, fail) == pytest.approx(
        wanted, rel=1e-7, abs=1e-7
    )


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.floats(0.01, 1e5), st.floats(0.01, 1e5))
def test_more_failures_are_never_less_surprising(failures, more, succeed, fail):
    few, many = (run_bits(float(n), 0.1, succeed, fail) for n in (failures, failures + more))
    assert 0 <= few <= many + 1e-6 * (1 + many) < float("inf")


def reference(table, settings):
    """The module's words, with every success ever kept."""
    half_life = settings.half_life_days
    part_us = int(settings.looks_back_hours * 3.6e9 / 8)
    trials, waiting, since, found = [], {}, {}, {}
    for row, act in enumerate(table.to_pylist()):
        who, group = act["actor"], act["peer_group"]
        if who is None:
            continue
        elapsed = act["time"] - EPOCH
        today = elapsed.days
        part = (elapsed // (EPOCH.resolution)) // part_us
        since.setdefault(who, today)
        failed = waiting.setdefault(who, [])
        failed[:] = [(p, n) for p, n in failed if p > part - 8]
        if act["outcome"] != "success":
            failed.append((part, 1 if act["count"] is None else act["count"]))
            continue
        failures = sum(n for _, n in failed)

        def faded(rows, what, today=today):
            return fsum(what(t) * 2.0 ** ((t["day"] - today) / half_life) for t in rows)

        own = [t for t in trials if t["who"] == who]
        s, m = faded(own, lambda t: 1), faded(own, lambda t: t["ran"])
        f = faded(own, lambda t: t["more"])
        any_, again = 0.1, 0.5
        for n, k, level in ((10, 2, "everyone"), (50, 5, "group"))[: 1 if group is None else 2]:
            of = [t for t in trials if t["who"] != who and t["day"] < today
                  and (level == "everyone" or t["group"] == group)]  # fmt: skip
            runs, more = faded(of, lambda t: t["ran"]), faded(of, lambda t: t["more"])
            any_ = (runs + n * any_) / (faded(of, lambda t: 1) + n)
            again = (more + k * again) / (more + runs + k)
        a, b = settings.prior_runs * (1 - again), settings.prior_runs * again
        most = 4 + floor(2 * (1 + (f + b) / (m + a)))
        if failures and failures >= settings.min_count:
            p_any = (m + settings.prior * any_) / (s + settings.prior)
            bits = -log2(tail(failures, p_any, m + a, f + b))
            if bits >= settings.min_bits:
                found[row] = {
                    "bits": bits, "llr": bits + log2(tail(failures, any_, a, b)),
                    "observed": failures, "expected": 1 + (f + b) / (m + a), "baseline_n": len(own),
                }  # fmt: skip
        more = min(failures, most) - 1 if failures else 0
        trials.append({"day": today, "who": who, "group": group, "ran": int(failures > 0),
                       "more": more})  # fmt: skip
        failed.clear()
    return found


@given(ACTS, st.sampled_from([0.0, 2.0, 6.0]), st.sampled_from([1.0, 24.0, 2000.0]))
def test_equals_the_reference(acts, min_bits, looks_back_hours):
    table = table_of(acts)
    one = detector("burst", settings={
        "min_bits": min_bits, "min_count": 1.0, "half_life_days": 20.0,
        "looks_back_hours": looks_back_hours,
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
        assert got[row] == pytest.approx(numbers, rel=1e-7, abs=1e-7)


def tries(failures, day, who="ana", minutes=0.0, **columns):
    """So many failures half a minute apart, and then it works."""
    acts = [activity(who, days=day, minutes=minutes + i / 2, outcome="failure", **columns)
            for i in range(failures)]  # fmt: skip
    return [*acts, activity(who, days=day, minutes=minutes + failures / 2, **columns)]


def habit(failures, days=40, who="ana"):
    """A month of signing in three times a day; on Mondays after so many typos."""
    return [
        row for day in range(days) for i in range(3)
        for row in tries(failures if day % 7 == 0 and i == 0 else 0, day, who, 60.0 * i)
    ]  # fmt: skip


ONE = detector("burst", settings={})


def said(rows, one=ONE):
    return judged(activities(rows), [one])[0].to_pylist()


def test_guessing_that_worked_stands_out_by_the_act_that_worked():
    rows = [*habit(1), *tries(40, 41)]
    (found,) = said(rows)
    assert found["observed"] == 40
    assert found["bits"] > 15
    assert found["llr"] > 3
    assert found["baseline_n"] == 120
    last = activities(rows).to_pylist()[-1]
    assert found["event_ids"] == [last["event_id"]]
    assert last["outcome"] == "success"


def test_mondays_typos_are_a_habit_and_so_is_a_broken_script():
    assert said([*habit(2), *tries(3, 42)]) == []
    broken = [row for day in range(40) for row in tries(30, day)]
    assert all(f["baseline_n"] < 10 for f in said(broken))


def test_guessing_that_never_works_is_not_said_here():
    rows = habit(0) + [activity(days=41, minutes=i, outcome="failure") for i in range(300)]
    assert said(rows) == []


def test_failures_from_many_addresses_count_for_the_account():
    rows = [row | {"src_ip": f"203.0.113.{i}"} for i, row in enumerate(tries(40, 41))]
    assert [f["entity"] for f in said([*habit(1), *rows])] == ["ana"]
    by_address = detector("burst", settings={}, entity="src_ip")
    assert said([*habit(1), *rows], by_address) == []
    rows = [
        row | {"src_ip": "203.0.113.1", "actor": f"u{i}"} for i, row in enumerate(tries(40, 41))
    ]
    assert [f["entity"] for f in said([*habit(1), *rows], by_address)] == ["203.0.113.1"]


def test_failures_of_long_ago_do_not_count():
    slowly = [activity(days=41, minutes=20 * i, outcome="failure") for i in range(40)]
    rows = [*habit(0), *slowly, activity(days=41, minutes=801)]
    assert said(rows) == []
    (found,) = said(rows, detector("burst", settings={"looks_back_hours": 24.0}))
    assert found["observed"] == 40


def test_a_night_of_guessing_does_not_make_guessing_a_habit():
    again = said([*habit(0), *tries(1000, 41), *habit(0, 3), *tries(40, 45)])
    first = said([*habit(0), *tries(40, 45)])
    assert again[-1]["observed"] == first[-1]["observed"] == 40
    assert again[-1]["bits"] > first[-1]["bits"] - 8
    assert again[-1]["expected"] < 10


def test_a_record_that_stands_for_many_failures_counts_as_so_many():
    rows = [*habit(0), activity(days=41, outcome="failure", count=40),
            activity(days=41, minutes=1)]  # fmt: skip
    assert [f["observed"] for f in said(rows)] == [40]


def test_a_joiner_is_judged_by_peers_and_then_by_its_own_history():
    clumsy = [
        row | {"peer_group": "red"} for who in ("kim", "lee", "max") for row in habit(3, 30, who)
    ]
    talkative, found = detector("burst", settings={"min_bits": 2.0}), []
    for days in (0, 2, 10, 30):
        mine = [row | {"peer_group": "red"} for row in [*habit(0, days), *tries(12, 41)]]
        found.append(said([*clumsy, *mine], talkative)[-1])
    assert [f["baseline_n"] for f in found] == [0, 6, 30, 90]
    bits = [f["bits"] for f in found]
    assert bits == sorted(bits)
    assert bits[-1] > bits[0] + 2
    evidence = json.loads(found[0]["evidence"])
    assert evidence["of_peers"] == 3
    assert 0.03 < evidence["peers"] < 0.07  # one success in 21 came after typos


def test_who_changed_the_group_is_not_taken_off_one_that_never_counted_them():
    peers = [row | {"peer_group": "red"} for who in ("kim", "lee") for row in habit(1, 30, who)]
    mine = [row | {"peer_group": "blue"} for row in habit(1, 30)]
    (found,) = said([*peers, *mine, *(row | {"peer_group": "red"} for row in tries(40, 41))])
    evidence = json.loads(found["evidence"])
    assert evidence["of_peers"] == 2
    assert 0.02 < evidence["peers"] < 0.08


def test_an_entity_is_no_peer_of_its_own():
    (found,) = said([*[row for day in range(9) for row in tries(2, day)], *tries(90, 10)])
    evidence = json.loads(found["evidence"])
    assert evidence["of_peers"] == 0
    assert evidence["peers"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"looks_back_hours": 0.0}, "looks_back_hours must be above 0 and at most a year, got 0.0"),
        ({"prior": 0.0}, "prior and prior_runs must be above 0, got 0.0 and 4.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


@pytest.mark.slow
def test_real_guessing_is_silent_until_it_works(shared, tmp_path):
    lines = (shared / "data" / "linux" / "OpenSSH_2k.log").read_text()
    assert "Accepted password for fztu from 119.137.62.142" in lines
    (one,) = (d for d in catalogue.load() if d.name == "any.guessing_worked")

    def found(text):
        path = tmp_path / "sshd.log"
        path.write_text(text)
        enricher = Enricher(config.Enrich(), root=tmp_path, timezone="UTC")
        batches = ingest.read([path], settings=config.Ingest(), now=NOW)
        table = pa.concat_tables([enricher.enrich(batch.activities) for batch in batches])
        order = [("time", "ascending"), ("event_id", "ascending")]
        return judged(table.sort_by(order), [one])[0].to_pylist()

    # Hundreds guess in vain, and one person signs in as usual.
    assert found(lines) == []
    last = (
        "Dec 10 11:05:00 LabSZ sshd[25600]: Accepted password for root from 183.62.140.253 "
        "port 50000 ssh2\n"
    )
    (worked,) = found(lines.rstrip("\n") + "\n" + last)
    assert worked["entity"] == "183.62.140.253"
    assert worked["observed"] == 286  # its lines `Failed password`, each once
    assert worked["bits"] > 12
