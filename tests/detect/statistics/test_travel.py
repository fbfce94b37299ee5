import json
from datetime import UTC, datetime
from math import acos, asin, cos, log2, radians, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, detector, judged, table_of

from wheeltapper.detect.places import number_of
from wheeltapper.detect.statistics.travel import Settings, great_circle_km
from wheeltapper.testing import activities, activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALL = {"half_life_days": 20.0, "min_bits": 0.0, "min_llr": -50.0, "grace": 1.0}
EARTH = 6371.0088
AMSTERDAM, BERLIN, LAGOS = (52.37, 4.9), (52.52, 13.4), (6.45, 3.4)
COUNTRY = "26 * ascii(country) + ascii(substr(country, 2)) - 1755"


def haversine(one, other):
    (a, b), (c, d) = (tuple(radians(x) for x in place) for place in (one, other))
    half = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return 2 * EARTH * asin(min(1, sqrt(half)))


def reference(table, settings):
    """The module's formulas over all that ever happened, anew for every act."""
    acts, hops, found = [], [], {}
    for row, act in enumerate(table.to_pylist()):
        who, network, group = act["actor"], act["action"], act["peer_group"]
        place = (act["latitude"], act["longitude"])
        if who is None or network is None or place[0] is None:
            continue
        today = (act["time"] - EPOCH).days
        own = [a for a in acts if a["who"] == who]
        now = {"who": who, "network": network, "place": place, "day": today, "time": act["time"],
               "group": group}  # fmt: skip
        acts.append(now)
        if not own:
            continue
        last = own[-1]
        km = haversine(last["place"], place) - settings.error_km
        hours = (act["time"] - last["time"]).total_seconds() / 3600
        excess = km - settings.speed_kmh * hours
        pair = tuple(sorted((last["network"], network)))
        mine = [h for h in hops if h["who"] == who]
        done = any(h["pair"] == pair and h["day"] == today for h in mine)
        if km < settings.min_km or excess <= 0 or done:
            continue

        def faded(days, today=today):
            """Days before today, each once."""
            return sum(2.0 ** ((d - today) / settings.half_life_days) for d in days if d < today)

        n = faded({a["day"] for a in own})
        explained, egress = None, 0.0
        for end in (network, last["network"]):
            share = 0.5
            for level in ("everyone", "group")[: 1 if group is None else 2]:
                others = [x for x in acts if x["who"] != who and x["day"] < today
                          and (level == "everyone" or x["group"] == group)]  # fmt: skip
                hopped = {h["who"] for h in hops if end in h["pair"] and h["day"] < today}
                of = {x["who"] for x in others}
                share = (len(hopped & of) + share) / (len(of) + 1)
            egress = max(egress, 0.1 * share)
            known = faded({a["day"] for a in own if a["network"] == end}) / (n + settings.prior)
            best = max(share, known)
            if explained is None or best < explained:
                explained, had = best, len(hopped & of)
        unseen = 0.5 / (len({a["who"] for a in acts if a["day"] < today} - {who}) + 1)
        unseen /= 1 if group is None else len(of) + 1
        c = max(0, faded({h["day"] for h in mine if h["pair"] == pair}) - 1)
        k = max(0, faded({h["day"] for h in mine}) - 1)
        mass = c + settings.discount * k + settings.prior * max(explained, egress)
        p_own = min(1, mass / (n + settings.prior))
        far = log2(1 + excess / settings.wrong_km)
        hops.append({"who": who, "pair": pair, "day": today})
        bits, llr = far - log2(p_own), far + log2(unseen / p_own)
        known_days = len({a["day"] for a in own} - {today})
        if bits >= settings.min_bits and llr >= settings.min_llr and known_days >= settings.grace:
            found[row] = {
                "bits": bits, "llr": llr, "observed": km + settings.error_km,
                "expected": hours * 60, "baseline_n": known_days,
                "peers": had, "of_peers": len(of),
            }  # fmt: skip
    return found


def close(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        evidence = json.loads(one["evidence"])
        for name, value in other.items():
            told = evidence[name] if name in evidence else one[name]
            assert told == pytest.approx(value, abs=1e-4, rel=1e-6), name


@given(ACTS)
def test_it_says_what_the_formulas_say(acts):
    table = table_of(acts)
    found, _ = judged(table, [detector("travel", settings=ALL)])
    expected = reference(table, Settings(**ALL))
    rows = {id: i for i, id in enumerate(table["event_id"].to_pylist())}
    ordered = sorted(found.to_pylist(), key=lambda f: rows[f["event_ids"][0]])
    assert [rows[f["event_ids"][0]] for f in ordered] == sorted(expected)
    close(ordered, [expected[row] for row in sorted(expected)])


ANYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(ANYWHERE, ANYWHERE)
def test_distances_are_those_of_the_spherical_law_of_cosines(one, other):
    (a, b), (c, d) = (tuple(radians(x) for x in place) for place in (one, other))
    cosine = sin(a) * sin(c) + cos(a) * cos(c) * cos(d - b)
    expected = EARTH * acos(max(-1, min(1, cosine)))
    assert great_circle_km(*one, *other) == pytest.approx(expected, abs=0.5)


def test_a_known_distance():
    # Amsterdam to Lagos, as airlines' tables have it within a per cent.
    assert great_circle_km(*AMSTERDAM, *LAGOS) == pytest.approx(5080, rel=0.01)


# What an analyst expects


def act(actor="ana", *, at=AMSTERDAM, network="home", **more):
    return activity(actor, latitude=at[0], longitude=at[1], action=network, **more)


def office(days=30, people=("ana", "kim", "lee", "sam", "eve", "joe", "pat", "max")):
    return [act(p, days=d, network=f"home of {p}") for d in range(days) for p in people]


def said(rows, **settings):
    one = detector("travel", settings=settings, peers="")
    ordered = sorted(rows, key=lambda a: a["time"])
    return judged(activities(ordered), [one])[0].to_pylist()


def far(minutes=20.0, actor="ana", day=30, network="theirs", at=LAGOS):
    return [
        act(actor, days=day, network=f"home of {actor}"),
        act(actor, days=day, minutes=minutes, network=network, at=at),
    ]


def test_amsterdam_then_lagos_in_twenty_minutes():
    (found,) = said([*office(), *far()])
    assert found["entity"] == "ana"
    assert found["bits"] > 9
    assert found["llr"] > 4
    assert found["observed"] == pytest.approx(5080, rel=0.01)
    assert found["expected"] == 20
    assert json.loads(found["evidence"])["of_peers"] == 7


def test_in_its_first_days_it_says_nothing():
    assert said([*office(4), *far(day=4)], min_bits=0.0, min_llr=-50.0) == []
    assert said([*office(5), *far(day=5)], min_bits=0.0, min_llr=-50.0) != []


def test_a_flight_later_it_is_a_journey():
    assert said([*office(), *far(minutes=60 * 6)]) == []


def test_a_neighbouring_country_is_no_distance():
    assert said([*office(), *far(at=(50.85, 4.35))]) == []


def test_the_further_the_more():
    bits = [
        said([*office(), *far(at=(52.0 - lat, 4.9))], min_bits=0.0)[0]["bits"]
        for lat in (20, 40, 80)
    ]
    assert bits == sorted(bits)
    assert bits[0] < bits[1] < bits[2]


def test_a_hop_to_what_others_hop_to_is_the_companys_way_out():
    others = [a for p in ("kim", "lee", "sam", "eve", "joe") for a in far(actor=p, day=29)]
    alone = said([*office(), *far()], min_bits=0.0)[-1]
    shared = [f for f in said([*office(), *others, *far()], min_bits=0.0) if f["entity"] == "ana"]
    assert alone["llr"] - (shared[0]["llr"] if shared else 0) > 3
    assert [f for f in said([*office(), *others, *far()]) if f["entity"] == "ana"] == []


def test_behind_the_companys_way_out_one_may_be_anywhere():
    # Others hop between their homes and the egress; ana goes from the egress to a new place.
    people = ["ana", *(f"p{i}" for i in range(40))]
    others = [a for p in people[1:31] for a in far(actor=p, day=29)]
    away = [
        act(days=30, minutes=600, network="theirs", at=LAGOS),
        act(days=30, minutes=610, network="hotel", at=(38.7, -9.1)),
    ]
    bits = [
        next(f["bits"] for f in said([*office(people=people), *more, *away], min_bits=0.0)
             if f["entity"] == "ana")
        for more in (others, [])
    ]  # fmt: skip
    assert bits[0] < bits[1] - 2


def test_two_networks_of_its_own_are_no_news():
    both = [act(days=d, minutes=600, network="theirs", at=LAGOS) for d in range(30)]
    assert said([*office(), *both, *far()]) == []


def test_it_becomes_a_habit_on_the_third_day_and_not_on_the_second():
    days = {f["time"].day for f in said([*office(), *(a for d in (30, 31, 32, 33, 34)
                                                      for a in far(day=d))])}  # fmt: skip
    assert 4 in days  # 30 days after 5 January
    assert 8 not in days


def test_an_account_shared_by_two_countries_is_told_of_a_few_times_only():
    hops = [a for d in range(20, 40) for a in far(day=d, network=f"n{d}")]
    assert 0 < len(said([*office(20), *hops], min_bits=8.0)) < 6


def test_a_hop_is_told_once_a_day():
    again = [act(days=30, minutes=30, network="home of ana"),
             act(days=30, minutes=40, network="theirs", at=LAGOS)]  # fmt: skip
    assert len(said([*office(), *far(), *again])) == 1


@pytest.mark.parametrize("missing", ["action", "latitude", "longitude"])
def test_without_network_or_place_it_says_nothing(missing):
    rows = [a | {missing: None} if a["action"] == "theirs" else a for a in [*office(), *far()]]
    assert said(rows) == []


@pytest.mark.parametrize("hostile", [(91.0, 4.0), (-1e30, 4.0), (52.0, 181.0)])
def test_places_that_are_none_say_nothing(hostile):
    assert said([*office(), *far(at=hostile)]) == []


# Countries


def by_country(rows):
    one = detector("travel", settings={}, peers="", measure=COUNTRY)
    ordered = sorted(rows, key=lambda a: a["time"])
    return judged(activities(ordered), [one])[0].to_pylist()


def abroad(country, minutes=20.0):
    rows = [a | {"latitude": None, "longitude": None, "country": "NL"} for a in office()]
    hop = [a | {"latitude": None, "longitude": None} for a in far(minutes)]
    return [*rows, hop[0] | {"country": "NL"}, hop[1] | {"country": country}]


def test_countries_alone_are_enough():
    (found,) = by_country(abroad("NG"))
    assert found["observed"] == 4200
    before, now = divmod(json.loads(found["evidence"])["before"], 677)
    assert (before, now) == (number_of("NL"), number_of("NG"))


@pytest.mark.parametrize("country", ["BE", "DE", "NL", None, "XX", "ZZ", "nl"])
def test_neighbours_and_what_is_no_country_say_nothing(country):
    assert by_country(abroad(country)) == []


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="speed_kmh must be above 0, got 0"):
        Settings(speed_kmh=0)
    with pytest.raises(ValueError, match="discount must be from 0 to below 1, got 1"):
        Settings(discount=1)
    with pytest.raises(ValueError, match="capacity must be at least 64, got 1"):
        Settings(capacity=1)
