import json
from datetime import UTC, datetime
from itertools import pairwise
from math import fsum, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper.detect.statistics.volume import Settings
from wheeltapper.detect.tails import student
from wheeltapper.testing import activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MB = 1_000_000


def reference(table, settings):
    """The module's words in doublings instead of 64ths, with every window ever kept."""
    half_life, prior = settings.half_life_days, settings.prior
    windows = []  # over: day on which it was learned, who, group, level
    current, found = {}, {}

    def moments(who, group, today):
        """Own (n, mean, deviations), peers' (mean, variance, windows)."""

        def faded(rows, what):
            return fsum(what(w) * 2.0 ** ((w["day"] - today) / half_life) for w in rows)

        own = [w for w in windows if w["who"] == who]
        n = faded(own, lambda w: 1)
        mean = faded(own, lambda w: w["level"]) / n if n else None
        deviations = faded(own, lambda w: (w["level"] - mean) ** 2) if n else 0.0
        others = [w for w in windows if w["who"] != who and w["day"] < today]
        total = faded(others, lambda w: 1)
        centre = mean if n else (faded(others, lambda w: w["level"]) / total if total else 0.0)
        peer_mean, peer_variance = centre, 9.0
        for weight, of in ((1, others), (5, [w for w in others if w["group"] == group]))[
            : 1 if group is None else 2
        ]:
            k = faded(of, lambda w: 1)
            square = faded(of, lambda w: w["level"] ** 2)
            square = (square + weight * (peer_variance + peer_mean**2)) / (k + weight)
            peer_mean = (faded(of, lambda w: w["level"]) + weight * peer_mean) / (k + weight)
            peer_variance = max(0.25, square - peer_mean**2)
        return n, mean, deviations, peer_mean, peer_variance, k

    def predicted(n, own, deviations, peer_mean, peer_variance):
        k = n + prior
        own = peer_mean if own is None else own
        mean = (n * own + prior * peer_mean) / k
        variance = max(0.25, (deviations + prior * peer_variance) / k)
        return mean, (variance * (1 + 1 / k) + (own - mean) ** 2) ** 0.5, min(k, 8)

    for row, act in enumerate(table.to_pylist()):
        who, moved, group = act["actor"], act["bytes"], act["peer_group"]
        if who is None or not moved:
            continue
        since = act["time"] - EPOCH
        today = since.days
        number = (today * 24 + since.seconds // 3600) // settings.window_hours
        now = current.get(who)
        if now is None or now["window"] != number:
            if now is not None:
                level = round(64 * log2(1 + now["amount"])) / 64
                n, own, deviations, mean, variance, known = moments(who, now["group"], today)
                if n + known >= prior:
                    centre, scale, _ = predicted(n, own, deviations, mean, variance)
                    level = max(0, min(max(level, centre - 3 * scale), centre + 3 * scale))
                    level = round(64 * level) / 64
                windows.append({"day": today, "who": who, "group": now["group"], "level": level})
            now = current[who] = {
                "window": number, "group": group, "amount": 0, "said": 0, "day": today,
                "ever": 0 if now is None else now["ever"] + 1,
            }  # fmt: skip
        now["amount"] += moved
        if now["amount"] < max(settings.min_amount, 2 * now["said"]):
            continue
        n, own, deviations, mean, variance, known = moments(who, now["group"], today)
        # Of a window that lasts until another day, own history is that of its beginning.
        if now["day"] != today:
            n *= 2.0 ** ((today - now["day"]) / half_life) ** -1
        if n + known < settings.grace:
            continue
        centre, scale, freedom = predicted(n, own, deviations, mean, variance)
        level = log2(1 + now["amount"])
        bits = student((level - centre) / scale, freedom)
        if level < centre or bits < settings.min_bits:
            continue
        now["said"] = now["amount"]
        peers = prior + known
        peer_scale = (variance * (1 + 1 / peers)) ** 0.5
        found[row] = {
            "bits": bits, "observed": now["amount"], "expected": 2**centre - 1,
            "llr": bits - student((level - mean) / peer_scale, min(peers, 8)),
            "baseline_n": now["ever"],
        }  # fmt: skip
    return found


@given(ACTS, st.sampled_from([0.0, 2.0, 5.0]), st.sampled_from([1, 3, 24]))
def test_equals_the_reference(acts, min_bits, window_hours):
    table = table_of(acts)
    one = detector("volume", settings={
        "min_bits": min_bits, "grace": 2.0, "half_life_days": 20.0, "window_hours": window_hours,
        "min_amount": 1000.0,
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


def day_of(megabytes, day, **columns):
    """An hour with some transfers of about so much in all."""
    wobble = (1.3, 0.8, 1.0, 0.6, 1.7)[day % 5]
    return [
        activity(days=day, minutes=i, bytes=int(megabytes * MB * wobble / 4), **columns)
        for i in range(4)
    ]


WEEKS = [row for day in range(30) for row in day_of(40, day)]


@given(st.integers(1, 10**13), st.integers(1, 10**13))
def test_more_never_scores_less(many, few):
    many, few = max(many, few), min(many, few)
    one = detector("volume", settings={"min_bits": 0.0, "grace": 2.0})

    def bits(amount):
        rows = [*WEEKS, activity(days=30, bytes=amount)]
        found = judged(activities(rows), [one])[0].to_pylist()
        return sum(f["bits"] for f in found if f["observed"] == amount)

    assert bits(many) >= bits(few)


def test_an_export_stands_out_and_speaks_again_when_it_doubled():
    rows = [activity(days=30, minutes=i / 2, bytes=300 * MB) for i in range(31)]
    found = judged(activities([*WEEKS, *rows]), [detector("volume", settings={})])[0].to_pylist()
    amounts = [f["observed"] for f in found]
    assert amounts[0] < 2000 * MB
    assert amounts[-1] > 4000 * MB
    assert all(later >= 2 * earlier for earlier, later in pairwise(amounts))
    assert found[0]["baseline_n"] == 30
    assert found[0]["expected"] == pytest.approx(40 * MB, rel=0.3)


def test_what_an_account_always_moves_is_not_said():
    backup = [row for day in range(60) for row in day_of(90_000, day)]
    assert judged(activities(backup), [detector("volume", settings={})])[0].num_rows == 0


def test_nothing_is_said_where_no_amount_is_told_or_none_was_moved():
    rows = [activity(days=30, bytes=amount) for amount in (None, 0, -(2**62))]
    one = detector("volume", settings={"min_bits": 0.0, "grace": 2.0})
    found, state = judged(activities([*WEEKS, *rows]), [one])
    alone, same = judged(activities(WEEKS), [one])
    assert found.to_pylist() == alone.to_pylist()
    assert len(state) == len(same)


def test_while_too_few_windows_are_known_nothing_is_said():
    one = detector("volume", settings={"min_bits": 2.0, "grace": 20.0})
    for days, said in ((18, 0), (26, 1)):
        rows = [*(row for day in range(days) for row in day_of(40, day)),
                activity(days=27, bytes=10**12)]  # fmt: skip
        found = judged(activities(rows), [one])[0].to_pylist()
        assert len([f for f in found if f["observed"] == 10**12]) == said


@pytest.mark.parametrize("poison", [10**12, 1])
def test_neither_a_flood_nor_dust_becomes_the_habit(poison):
    one = detector("volume", settings={})

    def expected(rows):
        last = activity(days=50, bytes=10**15)
        return judged(activities([*rows, last]), [one])[0].to_pylist()[-1]

    before = expected(WEEKS)
    after = expected([*WEEKS, *(activity(days=30 + i, bytes=poison) for i in range(3))])
    assert 0.3 < after["expected"] / before["expected"] < 3
    assert after["bits"] > before["bits"] / 2


def peers_and(mine, daily=(4, 30, 200)):
    peers = [
        row for day in range(20) for actor, size in zip(("kim", "lee", "max"), daily, strict=True)
        for row in day_of(size, day, actor=actor, peer_group="red")
    ]  # fmt: skip
    return activities([*peers, *(row | {"peer_group": "red"} for row in mine)])


def test_a_joiner_is_judged_by_peers_and_then_more_and_more_by_its_own_history():
    one, said = detector("volume", settings={}), []
    for days in (0, 1, 4, 12, 20):
        history = [row for day in range(20 - days, 20) for row in day_of(10, day)]
        mine = [*history, activity(days=21, bytes=10**12)]
        said.append(judged(peers_and(mine), [one])[0].to_pylist()[-1])
    assert [f["baseline_n"] for f in said] == [0, 1, 4, 12, 20]
    bits, expected = [f["bits"] for f in said], [f["expected"] for f in said]
    assert bits == sorted(bits)
    assert bits[-1] > 2 * bits[0]
    assert expected[0] == pytest.approx(29 * MB, rel=0.2)
    assert expected[-1] == pytest.approx(12 * MB, rel=0.3)


def test_an_entity_is_no_peer_of_its_own():
    one = detector("volume", settings={})
    large = [row for day in range(40) for row in day_of(5000, day)]
    mine = [*large, activity(days=41, bytes=10**13)]
    (said,) = judged(peers_and(mine), [one])[0].to_pylist()[-1:]
    evidence = json.loads(said["evidence"])
    assert evidence["of_peers"] == 3
    assert evidence["peers"] < 60 * MB
    assert said["expected"] > 2000 * MB
    only = judged(activities(mine), [one])[0].to_pylist()[-1]
    assert json.loads(only["evidence"])["of_peers"] == 0


def test_who_changed_the_group_is_not_taken_off_one_that_never_counted_them():
    rows = [row | {"peer_group": "blue"} for row in WEEKS]
    peers = peers_and([]).to_pylist()
    odd = activity(days=30, bytes=10**13, peer_group="red")
    (found,) = judged(activities([*peers, *rows, odd]), [detector("volume", settings={})])[
        0
    ].to_pylist()[-1:]
    evidence = json.loads(found["evidence"])
    assert evidence["of_peers"] == 3
    assert evidence["peers"] == pytest.approx(29 * MB, rel=0.3)


def test_the_ratio_tells_what_peers_would_do_from_what_nobody_does():
    mine = [*WEEKS, activity(days=30, bytes=20_000 * MB)]
    one = detector("volume", settings={})
    small, large = (
        judged(peers_and(mine, daily), [one])[0].to_pylist()[-1]
        for daily in ((4, 30, 200), (9_000, 20_000, 50_000))
    )
    # What peers' habits would make of it: nothing they do, or any day of theirs.
    assert small["bits"] - small["llr"] > 8
    assert large["bits"] - large["llr"] < 3
    assert large["llr"] > 8


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
