import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from wheeltapper.config import Ingest
from wheeltapper.errors import ConfigError
from wheeltapper.ingest import Sources
from wheeltapper.ingest.mapper import Mapper
from wheeltapper.ingest.waiting import Segment

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GENERIC = Sources.load().named("generic_json")
OKTA = Sources.load().named("okta")


def segment(*records: dict[str, object], file: str = "a.json") -> Segment:
    text = pa.array([json.dumps(record) for record in records])
    return Segment(file, NOW, text, range(1, len(records) + 1))


def mapper(**settings: object) -> Mapper:
    return Mapper(Ingest(**settings), now=NOW, timezone="UTC", hint="; a hint")


GOOD = {"time": "2026-01-01", "user": "kim"}


def test_each_record_is_an_activity_a_reject_or_a_misfit():
    parts = [segment(GOOD, {"x": 1}, GOOD), segment({"time": "soon"}, GOOD, file="b.json")]
    mapped = mapper().map(GENERIC, parts, certain=True)
    assert len(mapped.activities) == 3
    assert [(r.file, r.line) for r in mapped.rejects] == [("a.json", 2), ("b.json", 1)]
    assert mapped.rejects[0].raw == '{"x": 1}'
    assert mapped.rejects[0].reason.endswith("where generic_json keeps it; a hint")
    assert mapped.misfits == []


def test_records_keep_their_order():
    # With five values, IN becomes a join in DuckDB, and a join gives rows as it likes.
    trail = Sources.load().named("aws_cloudtrail")
    made = [
        {"eventName": "X", "eventTime": "2026-01-01", "awsRegion": "x", "eventSource": "s",
         "eventID": str(n), "userIdentity": {"type": "Root"}}
        for n in range(40_000)
    ]  # fmt: skip
    parts = [segment(*made[at : at + 5000]) for at in range(0, len(made), 5000)]
    mapped = mapper().map(trail, parts, certain=False)
    ids = mapped.activities.column("native_id").to_pylist()
    assert ids == [record["eventID"] for record in made]


def test_records_of_another_kind_are_given_back():
    parts = [segment(GOOD, GOOD), segment(GOOD, file="b.json")]
    mapped = mapper().map(OKTA, parts, certain=False)
    assert (len(mapped.activities), mapped.rejects) == (0, [])
    assert mapped.misfits == [(parts[0], [0, 1]), (parts[1], [0])]
    assert mapped.misfit_records == 3


def test_the_same_record_is_the_same_event_whatever_stands_around_it():
    alone = mapper().map(GENERIC, [segment(GOOD)], certain=True).activities
    among = (
        mapper()
        .map(GENERIC, [segment({"x": 1}, GOOD), segment(GOOD, {"time": 0})], certain=True)
        .activities
    )
    ids = among.column("event_id").to_pylist()
    assert ids == alone.column("event_id").to_pylist() * 2


def test_a_part_of_a_segment_is_hashed_as_what_it_is():
    whole = segment({**GOOD, "n": 1}, {**GOOD, "n": 2}, {**GOOD, "n": 3})
    ids = mapper().map(GENERIC, [whole], certain=True).activities.column("event_id").to_pylist()
    middle = mapper().map(GENERIC, [whole.part(1, 3)], certain=True).activities
    assert middle.column("event_id").to_pylist() == ids[1:]
    assert len(set(ids)) == 3


def test_the_hash_depends_on_the_source():
    record = {**GOOD, "published": "2026-01-01"}
    one = mapper().map(GENERIC, [segment(record)], certain=True).activities
    other = mapper().map(OKTA, [segment(record)], certain=True).activities
    assert one.column("event_id") != other.column("event_id")


@pytest.mark.parametrize("earliest", ["2026-02-01", "2026-02-01T00:00:00+02:00"])
def test_the_earliest_day_is_a_setting(earliest):
    mapped = mapper(earliest=earliest).map(GENERIC, [segment(GOOD)], certain=True)
    assert len(mapped.rejects) == 1
    assert "too early" in mapped.rejects[0].reason


def test_an_earliest_day_that_is_none():
    with pytest.raises(ConfigError, match="write it like 2000-01-01"):
        mapper(earliest="1 January")
