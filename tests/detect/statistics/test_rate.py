import json
from datetime import UTC, datetime
from itertools import pairwise
from math import floor, fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper.detect.statistics.rate import Settings
from wheeltapper.detect.tails import negative_binomial
from wheeltapper.testing import activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reference(table, settings):
    """The module's words, with every window ever kept."""
    half_life, prior = settings.half_life_days, settings.prior
    windows = []  # over: day and group when it was under way and when it was learned, amount
    current, found = {}, {}
    for row, act in enumerate(table.to_pylist()):
        who, how = act["actor"], act["hour_of_week"]
        if who is None:
            continue
        since = act["time"] - EPOCH
        today, hour = since.days, since.days * 24 + since.seconds // 3600
        number = hour // settings.window_hours

        def faded(rows, what, today=today):
            return fsum(what(w) * 2.0 ** ((w["day"] - today) / half_life) for w in rows)

        own = [w for w in windows if w["who"] == who]
        now = current.get(who)
        if now is None or now["window"] != number:
            if now is not None:
                n = faded(own, lambda w: 1)
                amount = now["count"] - 1
                if n >= 5:
                    mean = faded(own, lambda w: w["amount"]) / n
                    spread = faded(own, lambda w: w["amount"] ** 2) / n - mean**2
                    amount = min(amount, floor(mean + 8 * max(1, spread) ** 0.5))
                windows.append({"day": today, "who": who, "group": now["group"],
                                "how": now["how"], "amount": amount})  # fmt: skip
                own = [w for w in windows if w["who"] == who]
            first_day = today if now is None else now["since"]
            now = current[who] = {
                "window": number, "group": act["peer_group"], "how": how, "count": 0, "said": 0,
                "since": first_day,
            }  # fmt: skip
        now["count"] += 1 if act["count"] is None else act["count"]
        if now["count"] < settings.min_count or now["count"] < 2 * now["said"]:
            continue
        group = now["group"]
        peer_mean = peer_square = None
        for level in ("everyone", "group")[: 1 if group is None else 2]:
            of_all = [w for w in windows if w["day"] < today
                      and (level == "everyone" or w["group"] == group)]  # fmt: skip
            of = [w for w in of_all if w["who"] != who]
            n, total = faded(of, lambda w: 1), faded(of, lambda w: w["amount"])
            square = faded(of, lambda w: w["amount"] ** 2)
            if peer_mean is None:
                peer_mean, peer_square = (total + 4) / (n + 1), (square + 32) / (n + 1)
            else:
                peer_mean = (total + 5 * peer_mean) / (n + 5)
                peer_square = (square + 5 * peer_square) / (n + 5)
        known = n
        at_hour = [w for w in of_all if w["how"] == now["how"]] if now["how"] is not None else []
        busy = 1.0
        if now["how"] is not None:
            amount, n = faded(at_hour, lambda w: w["amount"]), faded(at_hour, lambda w: 1)
            busy = (amount + 20 * peer_mean + 1) / ((n + 20) * peer_mean + 1)
        n = faded(own, lambda w: 1)
        mean = (faded(own, lambda w: w["amount"]) + prior * peer_mean) / (n + prior)
        square = (faded(own, lambda w: w["amount"] ** 2) + prior * peer_square) / (n + prior)
        doubt = 1 + 2 / (n + known + 1)
        variance = max(square - mean**2, mean) * (doubt + 1 / (n + prior)) * busy**2
        mean *= busy
        count = now["count"] - 1
        if count <= mean:
            continue
        bits = negative_binomial(float(count), mean, variance)[0]
        if bits < settings.min_bits:
            continue
        now["said"] = now["count"]
        peer_variance = max(peer_square - peer_mean**2, peer_mean) * busy**2
        peer_variance *= 1 + 2 / (known + 1)
        peer_bits = negative_binomial(float(count), peer_mean * busy, peer_variance)[0]
        found[row] = {
            "bits": bits, "llr": bits - peer_bits, "observed": now["count"], "expected": mean + 1,
            "baseline_n": len(own),
        }  # fmt: skip
    return found


@given(ACTS, st.sampled_from([0.0, 1.0, 4.0]), st.sampled_from([1, 3, 24]))
def test_equals_the_reference(acts, min_bits, window_hours):
    table = table_of(acts)
    one = detector("rate", settings={
        "min_bits": min_bits, "min_count": 2.0, "half_life_days": 20.0,
        "window_hours": window_hours,
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


def hour_of(acts, day, **columns):
    return [activity(days=day, minutes=i * 50 / acts, count=1, **columns) for i in range(acts)]


WEEKS = [row for day in range(30) for row in hour_of(6, day)]


@given(st.integers(10, 300), st.integers(10, 300))
def test_more_acts_in_the_hour_never_score_less(many, few):
    many, few = max(many, few), min(many, few)
    one = detector("rate", settings={"min_bits": 0.0, "min_count": 10.0})

    def bits(acts):
        found, _ = judged(activities([*WEEKS, *hour_of(acts, 30)]), [one])
        return max(f["bits"] for f in found.to_pylist())

    assert bits(many) >= bits(few)


def test_a_flood_in_an_hour_stands_out_and_speaks_again_when_it_doubled():
    table = activities([*WEEKS, *hour_of(100, 30)])
    found = judged(table, [detector("rate", settings={})])[0].to_pylist()
    counts = [f["observed"] for f in found]
    assert counts
    assert all(later >= 2 * earlier for earlier, later in pairwise(counts))
    assert all(f["observed"] > f["expected"] for f in found)
    assert found[0]["baseline_n"] == 30
    assert found[0]["expected"] == pytest.approx(6, abs=1)


def test_what_an_account_always_does_is_not_said():
    busy = [row for day in range(60) for row in hour_of(80, day)]
    found, _ = judged(activities(busy), [detector("rate", settings={})])
    assert all(f["baseline_n"] < 10 for f in found.to_pylist())


def test_a_flood_does_not_become_the_habit():
    one = detector("rate", settings={})
    flood = [*WEEKS, activity(days=30, count=100_000), *hour_of(6, 31), *hour_of(100, 32)]
    found = judged(activities(flood), [one])[0].to_pylist()
    assert found[-1]["observed"] >= 15
    assert found[-1]["expected"] < 15


def test_a_window_reaches_over_batches_and_midnight():
    one = detector("rate", settings={"window_hours": 24, "min_bits": 0.0})
    table = activities([*WEEKS, *hour_of(40, 30)])
    whole = judged(table, [one])[0].to_pylist()
    cut = judged(table, [one], [len(table) - 20])[0].to_pylist()
    assert whole == cut
    assert whole[-1]["observed"] > 20


def test_one_record_may_stand_for_many_acts():
    one = detector("rate", settings={})
    table = activities([*WEEKS, activity(days=30, count=90)])
    assert judged(table, [one])[0].to_pylist()[-1]["observed"] == 90


def test_both_hours_of_the_night_the_clocks_go_back_are_their_own_window():
    # 02:30 twice in Amsterdam on 25 October 2026: the same hour of the week, two hours of UTC.
    one = detector("rate", settings={"min_bits": 0.0, "min_count": 5.0})
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    rows = [
        activity(time=first, minutes=minutes, count=50, hour_of_week=6 * 24 + 2)
        for minutes in (30, 90)
    ]
    found = judged(activities(rows), [one])[0].to_pylist()
    assert [f["observed"] for f in found] == [50, 50]


def peers_and(mine, hourly=(2, 4, 18)):
    """Three peers with so many acts in an hour, for twenty days, and `mine`, of Ana."""
    peers = [
        row for day in range(20) for actor, acts in zip(("kim", "lee", "max"), hourly, strict=True)
        for row in hour_of(acts, day, actor=actor, peer_group="red")
    ]  # fmt: skip
    return activities([*peers, *(row | {"peer_group": "red"} for row in mine)])


def test_an_entity_is_no_peer_of_its_own():
    one = detector("rate", settings={})
    busy = [row for day in range(40) for row in hour_of(80, day)]
    alone = judged(peers_and([*busy, *hour_of(900, 41)]), [one])[0].to_pylist()[-1]
    assert json.loads(alone["evidence"])["peers"] == pytest.approx(8, abs=0.5)
    assert json.loads(alone["evidence"])["of_peers"] == 3
    assert alone["expected"] > 60
    # Nor is it where the workspace knows nobody else: what it does is not what "everyone" does.
    only = judged(activities([*busy, *hour_of(900, 41)]), [one])[0].to_pylist()[-1]
    evidence = json.loads(only["evidence"])
    assert (evidence["peers"], evidence["of_peers"]) == (5.0, 0.0)


def test_who_changed_the_group_counts_among_its_new_peers():
    one = detector("rate", settings={})
    moved = [row | {"peer_group": "blue" if day < 20 else "red"}
             for day in range(40) for row in hour_of(8, day)]  # fmt: skip
    peers = peers_and([]).to_pylist()
    flood = [row | {"peer_group": "red"} for row in hour_of(300, 41)]
    found, _ = judged(activities([*peers, *moved, *flood]), [one])
    assert json.loads(found["evidence"][-1].as_py())["of_peers"] == 3


@pytest.mark.parametrize("family_of", ["peers", "alone"])
def test_a_joiner_is_judged_by_peers_and_then_more_and_more_by_its_own_history(family_of):
    one, said = detector("rate", settings={}), []
    for days in (0, 1, 3, 9, 20):
        history = [row for day in range(20 - days, 20) for row in hour_of(3, day)]
        mine = [*history, activity(days=21, count=100)]
        table = peers_and(mine) if family_of == "peers" else activities(mine)
        said.append(judged(table, [one])[0].to_pylist()[-1])
    assert [f["baseline_n"] for f in said] == [0, 1, 3, 9, 20]
    bits, expected = [f["bits"] for f in said], [f["expected"] for f in said]
    assert bits == sorted(bits)
    assert bits[-1] > bits[0] + 5
    assert expected == sorted(expected, reverse=True)


def test_where_nobody_is_known_less_is_surprising_than_where_peers_are():
    one = detector("rate", settings={"min_bits": 0.0})
    flood = [activity(days=21, count=60)]
    new, known = (
        judged(t, [one])[0].to_pylist()[-1]
        for t in (activities(flood), peers_and(flood, (5, 5, 5)))
    )
    assert new["baseline_n"] == known["baseline_n"] == 0
    assert new["bits"] < known["bits"] / 2


def test_evidence_says_what_peers_do():
    peers = [
        row for day in range(20) for actor in ("kim", "lee")
        for row in hour_of(8, day, actor=actor, peer_group="red")
    ]  # fmt: skip
    mine = hour_of(60, 21, actor="ana", peer_group="red")
    found = judged(activities([*peers, *mine]), [detector("rate", settings={})])[0].to_pylist()
    evidence = json.loads(found[-1]["evidence"])
    assert evidence["of_peers"] == 2
    assert evidence["peers"] == pytest.approx(8, abs=1.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window_hours": 0}, "window_hours must be at least 1, got 0"),
        ({"prior": 0.0}, "prior must be above 0, got 0.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)
