from datetime import date, timedelta

import pytest
from village import MONDAY

from wheeltapper.engines.local.drill import past as pasts
from wheeltapper.engines.local.drill.past import PROFILE, Past, since_of

CUT = MONDAY + timedelta(days=14)


@pytest.fixture(scope="module")
def past(small):
    return Past(small, CUT, None)


def test_what_is_known_of_an_actor(past):
    ana = past.who("ana").known
    assert list(ana) == PROFILE.names
    told = {"acts": 20, "days": 10, "days_30": 10, "hours": 2, "changes": 10, "reads": 10,
            "targets": 1, "known_days": 14, "quiet_days": 3, "sessions": 10, "countries": 1,
            "clients": 1, "hours_east": 1, "sources": ["test"]}  # fmt: skip
    assert {name: ana[name] for name in told} == told
    assert past.who("sweeper").known["hours"] == 24


def test_life_goes_on_through_the_drills_days(past):
    ana = past.who("ana")
    assert len(ana.life) == 30
    assert [row["action"] for row in ana.on(date(2026, 1, 19))] == ["edit", "read"]
    assert ana.on(date(2026, 1, 24)) == []  # a Saturday
    last = ana.latest(CUT)
    assert last is not None
    assert last["time"] == MONDAY + timedelta(days=11, hours=10)
    assert ana.latest(CUT, "elsewhere") is None


def test_actors_by_rule_in_an_order_by_chance(past):
    assert set(past.actors("actor_type = 'human'", None, "1")) == {"ana", "ben"}
    assert past.actors("hours = 24", None, "1") == ["sweeper"]
    assert past.actors("actor_type = lead.actor_type", "ana", "1") == ["ben"]
    both = {tuple(past.actors("actor_type = 'human'", None, str(seed))) for seed in range(20)}
    assert len(both) == 2
    assert past.actors("true -- all of them", None, "1") == past.actors("true", None, "1")


def test_acts_to_copy(past):
    ana, ben = past.who("ana"), past.who("ben")

    def drawn(like, whose, who=ana, most=1_000, **more):
        found = past.like(like, whose, who, who, most, "seed", **{"whole": False, **more})
        return {(row["actor"], row["action"]) for acts in found for row in acts}, len(found)

    assert drawn("true", "own") == ({("ana", "edit"), ("ana", "read")}, 20)
    assert drawn("true", "own", most=3)[1] == 3
    assert drawn("true", "others") == ({("ben", "read")}, 10)
    assert drawn("done_before = 0", "anybody") == ({("sweeper", "sweep")}, 14 * 24)
    assert drawn("touched_before = 0", "others")[1] == 10
    assert drawn("done_by = 1", "peers", ben) == ({("ana", "edit"), ("sweeper", "sweep")}, 346)
    sessions, count = drawn("action = 'edit'", "own", whole=True)
    assert sessions == {("ana", "edit"), ("ana", "read")}, "all of a session that such an act is in"
    assert count == 10


def test_acts_are_drawn_by_seed_and_from_before_the_drill(past):
    ben = past.who("ben")
    again = [past.like("true", "own", ben, ben, 4, seed, whole=False) for seed in "aab"]
    assert again[0] == again[1] != again[2]
    assert all(
        row["time"] < CUT for (row,) in past.like("true", "own", ben, ben, 99, "", whole=False)
    )
    assert past.a_day("action = 'read'", ben) == 1
    assert past.a_day("action = 'sweep'", past.who("sweeper")) == 24
    assert past.a_day("action = 'sweep'", ben) == 0


def test_a_crowd_is_a_share_of_people_who_are_not_busy(past):
    assert {who.name for who in past.crowd("test", 1.0, "s", ())} == {"ana", "ben"}
    assert [who.name for who in past.crowd("test", 1.0, "s", {"ana"})] == ["ben"]
    assert len(past.crowd("test", 0.5, "s", ())) == 1
    assert past.crowd("elsewhere", 1.0, "s", ()) == []


def test_of_a_big_lake_the_last_days_are_read(monkeypatch):
    monkeypatch.setattr(pasts, "MOST_ACTS", 10)
    days = {date(2026, 1, n): n for n in range(1, 6)}
    assert since_of(days).date() == date(2026, 1, 4)
    assert since_of({date(2026, 1, 5): 99}).date() == date(2026, 1, 5)
    assert since_of({}) is None
