from datetime import UTC, datetime
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper.detect.statistics.schedule import HOURS, Settings, own_density
from wheeltapper.testing import activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEAR = {-2: 0.06, -1: 0.24, 0: 0.4, 1: 0.24, 2: 0.06}


def density_of(active, prior, peers):
    """Half from the hours around it, half from those hours on other days of its kind."""

    def kind(hour):
        return hour >= 120

    def day_profile(hour):  # mean over the days of this hour's kind
        same = [h for h in range(HOURS) if kind(h) == kind(hour) and h % 24 == hour % 24]
        return lambda shift: sum(
            active[h // 24 * 24 + (hour + shift) % 24] for h in same
        ) / (2 if kind(hour) else 5)  # fmt: skip

    out = []
    for hour in range(HOURS):
        of_day = day_profile(hour)
        out.append(
            sum(
                0.5 * weight * (active[(hour + shift) % HOURS] + of_day(shift))
                for shift, weight in NEAR.items()
            )
            + prior * peers[hour]
        )
    return [value / sum(out) for value in out]


@given(st.lists(st.floats(0, 100), min_size=HOURS, max_size=HOURS), st.floats(0.1, 50))
def test_the_density_is_as_written(active, prior):
    active = np.array(active, np.float32)
    peers, out = np.full(HOURS, 1 / HOURS), np.empty(HOURS)
    own_density(active, prior, peers, out)
    assert out.sum() == pytest.approx(1.0)
    assert out.tolist() == pytest.approx(
        density_of([float(x) for x in active], prior, peers), rel=1e-12
    )


def reference(table, settings):
    hours, found = [], {}  # every active hour ever: day, who, group, hour of week, hour
    for row, act in enumerate(table.to_pylist()):
        who, how, group = act["actor"], act["hour_of_week"], act["peer_group"]
        since = act["time"] - EPOCH
        today, hour = since.days, since.days * 24 + since.seconds // 3600
        own = [a for a in hours if a["who"] == who]
        if who is None or how is None or (own and own[-1]["hour"] == hour):
            continue

        def profile(rows, today=today):
            out = [0.0] * HOURS
            for a in rows:
                out[a["how"]] += 2.0 ** ((a["day"] - today) / settings.half_life_days)
            return out

        mine = profile(own)
        known = len(own) >= settings.grace and today - own[0]["day"] >= 7
        if known and mine[how] * 20 < sum(mine):
            before = [a for a in hours if a["day"] < today]
            everyone = profile(before)
            peers = [(w + 0.25) / (sum(everyone) + 0.25 * HOURS) for w in everyone]
            if group is not None:
                its = profile(a for a in before if a["group"] == group)
                peers = [(w + 20 * p) / (sum(its) + 20) for w, p in zip(its, peers, strict=True)]
            density = density_of(mine, settings.prior, peers)
            # What differs only by rounding is as improbable.
            tail = sum(p for p in density if p <= density[how] * (1 + 1e-12))
            bits = -log2(min(1.0, tail))
            if bits >= settings.min_bits and density[how] < 0.5 / HOURS:
                found[row] = {
                    "bits": bits, "llr": log2(peers[how] / density[how]),
                    "expected": density[how], "baseline_n": len(own),
                }  # fmt: skip
        hours.append({"day": today, "who": who, "group": group, "how": how, "hour": hour})
    return found


@given(ACTS)
def test_equals_the_reference(acts):
    table = table_of(acts)
    one = detector("schedule", settings={"min_bits": 0.0, "grace": 2.0, "half_life_days": 20.0})
    wanted = reference(table, one.settings)
    rows = {id: row for row, id in enumerate(table["event_id"].to_pylist())}
    got = {
        rows[f["event_ids"][0]]: {
            name: f[name] for name in ("bits", "llr", "expected", "baseline_n")
        }
        for f in judged(table, [one])[0].to_pylist()
    }
    assert got.keys() == wanted.keys()
    for row, numbers in wanted.items():
        # Profiles are kept in 32 bits: a relative 6e-8 each.
        assert got[row] == pytest.approx(numbers, rel=1e-5, abs=1e-6)


def office(weeks, actor="ana", hours=range(9, 17), **columns):
    return [
        activity(actor, days=7 * week + day, minutes=60 * (hour - 9), **columns)
        for week in range(weeks) for day in range(5) for hour in hours
    ]  # fmt: skip


AT_NIGHT = activity(days=7 * 8 + 5, minutes=60 * -6)  # Saturday, 03:00


def test_a_saturday_night_stands_out_for_somebody_with_office_hours():
    found = judged(activities([*office(8), AT_NIGHT]), [detector("schedule", settings={})])[0]
    (said,) = found.to_pylist()
    assert said["time"].hour == 3
    assert said["llr"] > 0
    assert said["baseline_n"] == 8 * 40


def test_it_stands_out_less_where_peers_work_at_night():
    one = detector("schedule", settings={"min_bits": 0.0})
    columns = {"peer_group": "red"}
    mine = [*office(8, **columns), {**AT_NIGHT, **columns}]
    nights = [
        activity(f"peer{i}", days=day, minutes=60 * -6, **columns)
        for i in range(5) for day in range(7 * 8)
    ]  # fmt: skip

    def bits(rows):
        found = judged(activities(rows), [one])[0].to_pylist()
        return [f["bits"] for f in found if f["time"] == AT_NIGHT["time"]] or [0.0]

    assert bits([*mine, *nights]) < bits(mine)


@given(st.integers(0, 6), st.integers(0, 6))
def test_an_hour_that_was_used_more_never_surprises_more(more, less):
    more, less = max(more, less), min(more, less)
    one = detector("schedule", settings={"min_bits": 0.0})

    def bits(nights):
        rows = [activity(days=7 * week + 5, minutes=60 * -6) for week in range(8 - nights, 8)]
        table = activities([*office(8), *rows, AT_NIGHT])
        found = judged(table, [one])[0].to_pylist()
        return found[-1]["bits"] if found and found[-1]["time"] == AT_NIGHT["time"] else 0.0

    assert bits(more) <= bits(less)


def test_around_the_clock_nothing_is_odd():
    rows = [activity(minutes=60 * i) for i in range(24 * 7 * 4)]
    assert judged(activities(rows), [detector("schedule", settings={})])[0].num_rows == 0


def test_an_hour_counts_once_however_much_happens_in_it():
    one = detector("schedule")
    once = judged(activities(office(4)), [one])
    minutes = [
        {**row, "time": row["time"].replace(minute=m)} for row in office(4) for m in (0, 20, 40)
    ]
    often = judged(activities(minutes), [one])
    assert [f["bits"] for f in often[0].to_pylist()] == [f["bits"] for f in once[0].to_pylist()]


def test_without_an_hour_nothing_is_said_or_learned():
    rows = [activity(days=i, hour_of_week=None) for i in range(60)]
    assert judged(activities(rows), [detector("schedule")])[0].num_rows == 0


def test_both_hours_of_the_night_the_clocks_go_back_count():
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    rows = [
        activity(time=first, minutes=minutes, hour_of_week=6 * 24 + 2) for minutes in (30, 90, 95)
    ]
    one = detector("schedule", settings={"min_bits": 0.0, "grace": 1.0, "prior": 0.1})
    table = activities([*rows, activity(time=first, days=9, hour_of_week=60)])
    assert judged(table, [one])[0].to_pylist()[-1]["baseline_n"] == 2


def test_nothing_is_said_in_the_first_week():
    one = detector("schedule", settings={"min_bits": 3.0, "grace": 1.0})
    nights = [activity(days=5, minutes=60 * -6), activity(days=13, minutes=60 * 12)]
    (found,) = judged(activities([*office(2), *nights]), [one])[0].to_pylist()
    assert found["time"] == nights[1]["time"]


def test_grace_is_kept():
    one = detector("schedule", settings={"min_bits": 0.0, "grace": 30.0})
    found = judged(activities([*office(4)[:29], AT_NIGHT]), [one])[0]
    assert found.num_rows == 0


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"prior must be above 0, got 0\.0"):
        Settings(prior=0.0)


def test_what_was_done_at_another_hour_than_recorded_is_judged_by_the_hour_it_was_done():
    # Always recorded at one hour of the week; done on weekday mornings, and once at night.
    one = detector("schedule", measure="bytes", settings={"min_bits": 3.0, "grace": 5.0})
    habit = [activity(days=d, minutes=i, bytes=9 + 24 * (d % 5) + i)
             for d in range(60) for i in range(2)]  # fmt: skip
    night = activity(days=61, minutes=0, bytes=27)
    untold = activity(days=61, minutes=1)
    found, _ = judged(activities([*habit, night, untold]), [one])
    assert found["event_ids"].to_pylist() == [[activities([night])["event_id"][0].as_py()]]
    # Two hours that were recorded in one both count.
    assert found["baseline_n"].to_pylist() == [120]


def test_every_session_of_an_hour_is_judged_where_the_entry_asks_for_it():
    habit = [activity(days=d, minutes=60 * i) for d in range(60) for i in range(2)]
    night = [
        activity(days=61, minutes=60 * 15 + i, session=f"s{i // 2}", hour_of_week=3)
        for i in range(6)
    ]
    once, each = (
        judged(activities([*habit, *night]), [detector("schedule", unit="session", settings={
            "min_bits": 2.0, "grace": 5.0, "every_unit": every})])[0]
        for every in (0.0, 1.0)
    )  # fmt: skip
    assert (len(once), len(each)) == (1, 3)
    # The hour counts once.
    assert each["baseline_n"].to_pylist() == [120, 121, 121]
