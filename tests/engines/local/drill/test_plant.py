import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest
from village import MONDAY

from wheeltapper import activity
from wheeltapper.engines.local.drill.past import Past
from wheeltapper.engines.local.drill.plant import Unfit, plant, rewritten
from wheeltapper.engines.local.drill.scenario import Member, Scenario, Step

CUT = MONDAY + timedelta(days=14)
DAYS = [(CUT + timedelta(days=n)).date() for n in range(7)]


@dataclass
class Stage:
    lake: object
    past: Past
    taken: set = field(default_factory=set)
    busy: set = field(default_factory=set)

    def plant(self, *steps, seed="1", on="work", **who):
        cast = {"lead": Member(rule="actor = 'ana'"), **who}
        one = Scenario(name="s", about="a", on=on, who=cast, step=steps)
        made, table = plant(one, self.past, self.lake, DAYS, seed, 1, self.taken, self.busy)
        assert table.schema.equals(activity.SCHEMA)
        return made, table.to_pylist()


@pytest.fixture
def stage(small):
    return Stage(small, Past(small, CUT, None))


def test_own_acts_done_again_differ_only_in_when(stage):
    made, rows = stage.plant(Step(like="action = 'read'", times=3, every_s=60))
    assert made.cast == {"lead": "ana"}
    assert (made.first, made.last) == (rows[0]["time"], rows[-1]["time"])
    assert made.events == {row["event_id"].hex() for row in rows}
    assert made.native_ids == {row["native_id"] for row in rows}
    assert len(made.events) == 3
    for row in rows:
        assert row["time"] >= CUT
        same = {"actor": "ana", "action": "read", "target": "plan", "src_ip": "192.0.2.3",
                "country": "NL", "ua_client": "Firefox", "peer_group": "people",
                "late": False}  # fmt: skip
        assert {name: row[name] for name in same} == same
        east = row["time"] + timedelta(hours=1)
        assert row["hour_of_week"] == east.weekday() * 24 + east.hour
        assert row["workday"]
        assert json.loads(row["raw"])["on"] == f"{row['time']:%Y-%m-%d}"
    # Where nothing is said of the hour, it is among the acts of that day.
    assert rows[0]["time"].hour in (9, 10)


def test_anothers_acts_are_done_by_the_actor_from_where_they_are(stage):
    _, rows = stage.plant(Step(like="actor_type = 'service'", whose="anybody", times=4))
    for row in rows:
        assert (row["actor"], row["action"], row["actor_type"]) == ("ana", "sweep", "human")
        assert row["src_ip"] == "192.0.2.3"
        raw = json.loads(row["raw"])
        assert raw["who"] == "ana", "rules see what they would see"
        assert raw["from"] == "192.0.2.3"


@pytest.mark.parametrize(("place", "kind"), [("abroad", "residential"), ("hosting", "hosting")])
def test_from_a_place_that_is_nobodys(stage, place, kind):
    step = Step(like="true", place=place, client="new", times=6, session="own")
    made, rows = stage.plant(step)
    (address,) = {row["src_ip"] for row in rows}
    assert address.startswith(("203.0.113.", "198.51.100.")), "reserved for documentation"
    assert all(address in row["raw"] for row in rows)
    assert {row["ip_class"] for row in rows} == {kind}
    assert {row["country"] for row in rows}.isdisjoint({"NL"})
    assert {row["ua_client"] for row in rows} == {"python-requests"}
    assert {row["session"] for row in rows} == {f"ana-{made.first:%d}"}, "the one they are in"


def test_a_colleagues_session_under_anothers_name(stage):
    other = Member(rule="actor = 'ben'")
    step = Step(like="true", whose="other", place="copied", client="copied", whole=True,
                hour="copied", times=2)  # fmt: skip
    made, rows = stage.plant(step, other=other)
    assert made.cast == {"lead": "ana", "other": "ben"}
    assert {(row["actor"], row["src_ip"]) for row in rows} == {("ana", "192.0.2.3")}
    assert rows[0]["time"].hour == 11, "at the hour at which ben does it"
    assert len({row["session"] for row in rows}) == 2
    assert not {row["session"] for row in rows} & {f"ben-{n:02}" for n in range(32)}


def test_a_new_account_acts_and_is_named(stage):
    steps = (
        Step(like="category = 'admin'", set={"target": "{made}", "bytes": 7}),
        Step(like="true", whose="others", by="made", after_s=60, times=2),
    )
    made, rows = stage.plant(*steps, made=Member(new="svc-x"))
    assert made.cast == {"lead": "ana", "made": "svc-x"}
    assert (rows[0]["actor"], rows[0]["target"], rows[0]["bytes"]) == ("ana", "svc-x", 7)
    assert {row["actor"] for row in rows[1:]} == {"svc-x"}
    assert rows[1]["time"] - rows[0]["time"] == timedelta(seconds=60)
    assert {row["peer_group"] for row in rows[1:]} == {None}, "nothing is known of it"


def test_how_often_and_when(stage):
    _, rows = stage.plant(Step(like="action = 'read'", fold=40, every_s=1, rhythm="regular"))
    assert len(rows) == 40
    gaps = {(b["time"] - a["time"]).total_seconds() for a, b in pairwise(rows)}
    assert all(0.99 < gap < 1.01 for gap in gaps)
    _, rows = stage.plant(Step(like="true", times=2, for_days=3, hour=3.0, different=1))
    assert len({row["time"].date() for row in rows}) == 3
    assert len({row["action"] for row in rows}) == 1
    assert {row["time"].hour for row in rows} == {2}, "three o'clock where ana is"
    _, rows = stage.plant(Step(like="true", hour=3.0), on="off")
    assert {row["time"].weekday() for row in rows} <= {5, 6}
    assert not any(row["workday"] for row in rows)


def test_a_crowd_does_one_act_each(stage):
    stage.busy.add("ben")
    step = Step(like="action = 'read'", whose="anybody", by="crowd", place="hosting")
    with pytest.raises(Unfit, match="nobody else acted there"):
        stage.plant(step)
    stage.busy.clear()
    _, rows = stage.plant(step)
    assert [row["actor"] for row in rows] == ["ben"]
    assert rows[0]["src_ip"].startswith("198.51.100.")


def test_the_same_seed_plants_the_same(stage):
    step = Step(like="true", whose="anybody", place="abroad", times=5)
    one, two, three = (stage.plant(step, seed=seed) for seed in ("1", "1", "2"))
    assert one == two
    assert one[0].events.isdisjoint(three[0].events)


def test_others_lead_the_next_time(small):
    stage = Stage(small, Past(small, CUT, None))
    anybody = Member(rule="actor_type = 'human'")
    leads = [stage.plant(Step(like="true"), lead=anybody)[0].lead for _ in range(3)]
    assert set(leads[:2]) == {"ana", "ben"}
    assert leads[2] in leads[:2], "there is nobody else"


@pytest.mark.parametrize(
    ("step", "who", "said"),
    [
        (Step(like="action = 'fly'"), {}, "step 1: no act of ana is like action = 'fly'"),
        (Step(like="true"), {"lead": Member(rule="acts > 9999")}, "nobody in the lake fits who.le"),
        (Step(like="true"), {"b": Member(rule="acts > 9999")}, "nobody in the lake fits who.b"),
        (Step(like="true", for_days=9), {}, "no 9 of the 7 days fit"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(stage, step, who, said):
    with pytest.raises(Unfit) as told:
        stage.plant(step, **who)
    assert str(told.value).startswith(said)


def test_a_short_name_is_replaced_only_where_it_stands_alone():
    copied = {"actor": "al", "time": MONDAY}
    row = {"copied": copied, "actor": "bo", "time": MONDAY + timedelta(days=1)}
    for name in ("session", "target", "action", "src_ip", "user_agent", "native_id"):
        copied[name] = row[name] = None
    raw = '{"who": "al", "what": "general", "on": "2026-01-05T09"}'
    assert rewritten(raw, row) == '{"who": "bo", "what": "general", "on": "2026-01-06T09"}'
    copied["actor"], row["actor"] = 'q"uote', "x\\y"
    assert json.loads(rewritten(json.dumps({"who": 'q"uote'}), row)) == {"who": "x\\y"}
