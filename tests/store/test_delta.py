import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rows import activities

from wheeltapper.activity import SCHEMA
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.delta import Delta

DAY = 86_400


@pytest.fixture
def delta(tmp_path):
    return Delta(str(tmp_path / "table"), SCHEMA, by_day=True, plain=("event_id", "raw"))


def test_a_write_with_an_id_happens_once(delta):
    assert delta.open() is None
    assert delta.version("one") is None
    assert delta.append(activities([1]), "one")
    assert not delta.append(activities([2]), "one")
    assert (delta.version("one"), delta.version("two")) == (1, None)
    assert sum(file.rows for file in delta.snapshot().files) == 1


def test_ids_of_writes_are_forgotten_in_the_end_and_those_that_count_are_not(delta):
    delta.append(activities([1]), "one")
    delta.delete(None, "emptied", 1)
    log = Path(delta.url) / "_delta_log"
    written = [
        json.loads(line) for path in log.glob("*.json") for line in path.read_text().splitlines()
    ]
    ids = {one["txn"]["appId"]: one["txn"] for one in written if "txn" in one}
    assert ids["one"]["lastUpdated"] > 1_700_000_000_000
    assert ids["emptied"].get("lastUpdated") is None
    table = delta.open()
    assert table.metadata().configuration["delta.logRetentionDuration"] == "interval 1 days"


def test_files_know_their_day_and_span(delta):
    delta.append(activities([5, DAY + 1, 7.000001]), "one")
    first, second = delta.snapshot().between(None, None)
    start = 1_688_947_200_000_000
    assert (first.rows, first.day, first.first_us) == (
        2,
        start // 86_400_000_000,
        start + 5_000_000,
    )
    assert start + 7_000_001 <= first.last_us < start + 7_002_000
    assert second.day == first.day + 1
    assert delta.snapshot().between(second.first_us, None) == [second]
    assert delta.snapshot().between(None, first.first_us) == [first]
    assert delta.snapshot().between(first.last_us + 1, second.first_us - 1) == []


def test_rows_taken_out_are_counted_by_their_id(delta):
    delta.append(activities([1, 2], actor=["ana", "bo"]), "one")
    delta.delete("actor = 'ana'", "cut", 7)
    assert delta.version("cut") == 7
    assert sum(file.rows for file in delta.snapshot().files) == 1
    delta.delete(None, "cut", 8)
    assert delta.version("cut") == 8
    assert delta.snapshot().files == ()


def test_days_of_many_rows_are_packed_tighter(delta):
    delta.append(activities([1]), "few")
    delta.append(activities([DAY + n / 100 for n in range(2000)]), "many")
    few, many = delta.snapshot().between(None, None)
    packing = [pq.read_metadata(f.uri).row_group(0).column(0).compression for f in (few, many)]
    assert packing == ["SNAPPY", "ZSTD"]


def test_a_table_to_which_columns_came_later_is_not_uniform(tmp_path):
    few = pa.schema([SCHEMA.field(name) for name in ("event_id", "time", "actor")])
    old = Delta(str(tmp_path / "t"), few, by_day=True)
    old.append(activities([1], actor=["ana"]).select(few.names), "one")
    assert old.snapshot().uniform
    new = Delta(str(tmp_path / "t"), SCHEMA, by_day=True)
    assert not new.snapshot().uniform
    new.append(activities([2], actor=["bo"], country=["NL"]), "two")
    assert not new.snapshot().uniform
    assert new.snapshot().columns >= set(SCHEMA.names)


def test_rewriting_leaves_other_days_alone(delta):
    for n in range(3):
        delta.append(activities([n, DAY + n]), f"b{n}")
    delta.rewrite([date(2023, 7, 11)])
    days = [file.day for file in delta.snapshot().files]
    assert sorted(days.count(day) for day in set(days)) == [1, 3]
    delta.rewrite([])


def test_a_table_without_days(tmp_path):
    delta = Delta(
        str(tmp_path / "t"), pa.schema([pa.field("time", SCHEMA.field("time").type)]), by_day=False
    )
    delta.append(activities([1, DAY]).select(["time"]), "one")
    (file,) = delta.snapshot().files
    assert (file.rows, file.day) == (2, None)


@pytest.mark.parametrize("name", ["a[b", "a]b", "a^b", "a|b", "a%41b", "a\\b", "a*b", "what?"])
def test_a_path_that_cannot_be_used_is_named(tmp_path, name):
    with pytest.raises(WheeltapperError, match=r"cannot lie in .* use another folder"):
        Delta(str(tmp_path / name), SCHEMA, by_day=True)
