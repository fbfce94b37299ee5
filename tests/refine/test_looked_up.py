from datetime import timedelta

import polars as pl
import pyarrow as pa
import pytest

from wheeltapper.activity import ENTITY_COLUMNS
from wheeltapper.refine import looked_up
from wheeltapper.refine.wording import Wording
from wheeltapper.store import Lake
from wheeltapper.testing import MONDAY, activities, activity

IN_THE_HOUR = Wording(
    name="x", family="rate", about="", says="{did}", filter="action = 'read'", window_hours=1
)
COUNTRY = Wording(
    name="y", family="novelty", about="", says="from {value}", filter="true", value="country",
    unit="day",
)  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    rows = [
        *(activity("ana", days=d, country="NL", peer_group="a") for d in range(5)),
        *(activity("ana", days=d, minutes=5, country="DE", peer_group="a") for d in range(2)),
        activity("ana", days=9, action="read", target="x", count=3, peer_group="a"),
        activity("ana", days=9, minutes=1, action="read", target="y", peer_group="a"),
        activity("ana", days=9, minutes=70, action="read", peer_group="a"),
        activity("ben", days=9, peer_group="a", src_ip="192.0.2.1"),
        activity(None, days=9, src_ip="192.0.2.1"),
        activity("x' or true --", days=9),
    ]
    lake.append(activities(rows), "1")
    return lake


def stories(entity="ana", hours=1.0) -> pa.Table:
    start = MONDAY + timedelta(days=9)
    return pa.Table.from_pylist(
        [{"story": 0, "entity": entity, "start": start, "end": start + timedelta(hours=hours)}]
    )


def test_who_was_active_on_which_day(lake):
    every = looked_up.active(lake, None)
    actors = every.filter(pl.col("entity_type") == "actor")
    assert actors["n"].sum() == 5 + 1 + 1 + 1
    assert set(every["entity_type"]) <= set(ENTITY_COLUMNS)
    last = every["day"].max()
    assert looked_up.active(lake, last).equals(every.filter(pl.col("day") == last))


def test_on_which_days_there_was_anything_of_a_log(lake):
    every = looked_up.days_of_sources(lake, None)
    assert every.equals(every.unique(maintain_order=True))
    last = every["day"].max()
    assert looked_up.days_of_sources(lake, last)["day"].unique().to_list() == [last]


def test_acts_within_a_story_are_summed_up_by_kind(lake):
    (one,) = looked_up.acts(lake, "actor", stories()).to_dicts()
    assert (one["action"], one["n"], one["targets"]) == ("read", 4, 2)
    assert looked_up.acts(lake, "src_ip", stories("192.0.2.1"))["n"].to_list() == [2]


def test_what_was_known_before(lake):
    (one,) = looked_up.baselines(lake, "actor", stories()).to_dicts()
    assert (one["acts"], one["days"], one["since"], one["peer_group"]) == (7, 5, MONDAY, "a")
    assert looked_up.baselines(lake, "actor", stories("nobody")).is_empty()


def test_peers(lake):
    assert looked_up.peer_counts(lake) == {"a": 2}


def test_the_acts_behind_a_count_are_those_of_its_window(lake):
    start = MONDAY + timedelta(days=9)
    asked = pa.Table.from_pylist(
        [{"story": 0, "finding": 7, "entity": "ana", "start": start,
          "until": start + timedelta(hours=1)}]
    )  # fmt: skip
    found = looked_up.windows(lake, IN_THE_HOUR, "actor", asked)
    assert found["target"].to_list() == ["x", "y"]
    assert set(found["finding"]) == {7}


def test_what_was_usual_counts_in_the_detectors_unit(lake):
    rows = looked_up.usual(lake, COUNTRY, "actor", stories()).to_dicts()
    assert [(r["value"], r["n"]) for r in rows] == [("NL", 5), ("DE", 2)]


def test_a_name_that_would_be_sql_is_a_name(lake):
    hostile = "x' or true --"
    assert looked_up.acts(lake, "actor", stories(hostile))["n"].to_list() == [1]
    entities = pa.table({"entity_type": ["actor"], "entity": [hostile]})
    gathered = looked_up.gathered(lake, entities, with_raw=False)
    found = gathered.sql("select count(*)::bigint n, min(actor) actor from activities").to_pylist()
    assert found == [{"n": 1, "actor": hostile}]


def test_gathered_holds_all_of_the_chosen_and_nobody_else(lake):
    entities = pa.table({"entity_type": ["actor", "src_ip"], "entity": ["ana", "192.0.2.1"]})
    gathered = looked_up.gathered(lake, entities, with_raw=True)
    rows = gathered.sql("select actor, raw from activities")
    assert set(rows["actor"].to_pylist()) == {"ana", "ben", None}
    for question in (looked_up.acts, looked_up.baselines):
        assert question(gathered, "actor", stories()).equals(question(lake, "actor", stories()))


def test_of_too_many_acts_the_lake_itself_is_asked(lake, monkeypatch):
    entities = pa.table({"entity_type": ["actor"], "entity": ["ana"]})
    acts = len(looked_up.gathered(lake, entities, with_raw=True).sql("from activities"))
    monkeypatch.setattr(looked_up, "MOST_GATHERED", acts)
    assert looked_up.gathered(lake, entities, with_raw=True) is not lake
    monkeypatch.setattr(looked_up, "MOST_GATHERED", acts - 1)
    assert looked_up.gathered(lake, entities, with_raw=True) is lake


def test_an_entity_that_is_no_column_is_refused(lake):
    with pytest.raises(ValueError, match="'actor; drop table x' is no entity column"):
        looked_up.acts(lake, "actor; drop table x", stories())


def test_what_was_done_around_a_story_without_what_it_tells(lake):
    told = lake.sql("select event_id from activities where target = 'x'")
    asked = stories(hours=1 / 120)  # half a minute
    rows = looked_up.around(lake, "actor", asked, told).to_dicts()
    assert [(r["phase"], r["action"], r["n"]) for r in rows] == [(looked_up.AFTER, "read", 1)]
    later = MONDAY + timedelta(days=9, minutes=30)
    asked = pa.Table.from_pylist([{"story": 0, "entity": "ana", "start": later, "end": later}])
    rows = looked_up.around(lake, "actor", asked, told).to_dicts()
    assert [(r["phase"], r["n"]) for r in rows] == [(looked_up.BEFORE, 1), (looked_up.AFTER, 1)]


def test_what_comes_after_ends_with_the_day(tmp_path):
    lake = Lake(str(tmp_path))
    rows = [activity("ana", minutes=m, action=f"a{m}") for m in (0, 20)]
    late = MONDAY.replace(hour=23, minute=50)
    lake.append(activities([{**r, "time": late + timedelta(minutes=n * 20)}
                            for n, r in enumerate(rows)]), "1")  # fmt: skip
    asked = pa.Table.from_pylist([{"story": 0, "entity": "ana", "start": late, "end": late}])
    nothing = pa.table({"event_id": pa.array([], pa.binary())})
    rows = looked_up.around(lake, "actor", asked, nothing).to_dicts()
    assert [r["phase"] for r in rows] == [looked_up.MEANWHILE]


def test_from_where_and_whether_that_was_used_before(lake):
    (row,) = looked_up.places(lake, "actor", stories("ben")).to_dicts()
    assert (row["src_ip"], row["n"], row["days"], row["known"]) == ("192.0.2.1", 1, 0, False)


def test_who_acted_from_an_address(lake):
    asked = stories("192.0.2.1")
    (row,) = looked_up.actors(lake, "src_ip", asked).to_dicts()
    assert (row["actor"], row["n"]) == ("ben", 1)
