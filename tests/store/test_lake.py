import itertools
import os
import signal
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import START, activities, event_id

from wheeltapper import finding
from wheeltapper.activity import SCHEMA
from wheeltapper.errors import WheeltapperError
from wheeltapper.store import Lake
from wheeltapper.store.delta import Delta

DAY = 86_400


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "a lake ü'"))


def ordered(*tables):
    """What a lake should say: each event once, by (time, event_id)."""
    rows = {row["event_id"]: row for table in tables for row in table.to_pylist()}
    return sorted(rows.values(), key=lambda row: (row["time"], row["event_id"]))


def findings(*rows, detector="a.b"):
    return pa.Table.from_pylist(
        [
            {
                "detector": detector,
                "entity_type": "actor",
                "entity": entity,
                "time": START + timedelta(seconds=seconds),
                "bits": 3.0,
                "event_ids": [event_id(seconds)],
                "attack": ["T1"],
                "evidence": "{}",
            }
            for seconds, entity in rows
        ],
        schema=finding.SCHEMA,
    )


class TestEmpty:
    def test_answers_with_nothing(self, lake):
        assert lake.activities().equals(SCHEMA.empty_table())
        assert lake.findings().equals(finding.SCHEMA.empty_table())
        assert list(lake.scan()) == []
        assert lake.events([b"x"], START, START).num_rows == 0
        assert lake.sql("select count(*) n from activities, findings")["n"].to_pylist() == [0]
        assert lake.span() == (None, None, 0)
        assert lake.days() == {}
        assert lake.compact() == 0
        lake.replace_findings()
        lake.drop_findings(after="")

    def test_stays_empty_when_nothing_is_appended(self, lake):
        assert lake.append(SCHEMA.empty_table(), "b") == 0
        assert lake.span() == (None, None, 0)


class TestAppend:
    def test_comes_back_sorted_with_every_column(self, lake):
        table = activities(
            [5, DAY + 1, 3, 3],
            names="abcd",
            actor=["ana", None, "bo\0", "π\n"],
            count=[1, 2, None, 2**62],
            utc_offset=[-600, 0, None, 345],
            late=[True, False, None, None],
            latitude=[1.5, None, -0.25, 0],
            raw=['{"a": 1}', None, "", "x" * 100_000],
        )
        assert lake.append(table, "one") == 4
        assert lake.activities().to_pylist() == ordered(table)
        assert lake.activities().schema == SCHEMA

    def test_the_same_batch_again_adds_nothing(self, lake):
        assert lake.append(activities([1, 2]), "one") == 2
        assert lake.append(activities([1, 2]), "one") == 0
        # The id alone decides: it names what is in the batch.
        assert lake.append(activities([1, 2, 3]), "one") == 0

    def test_the_same_event_again_adds_nothing(self, lake):
        assert lake.append(activities([1, 2, 1]), "one") == 2
        assert lake.append(activities([2, 3, DAY, 3]), "two") == 2
        assert lake.append(activities([DAY, 1]), "three") == 0
        assert lake.activities().num_rows == 4

    def test_two_records_of_one_moment_are_two_events(self, lake):
        assert lake.append(activities([1, 1], names="ab"), "one") == 2
        assert lake.append(activities([1, 1], names="bc"), "two") == 1
        assert lake.activities()["event_id"].to_pylist() == sorted(map(event_id, "abc"))

    def test_dictionary_columns_and_others_are_taken_too(self, lake):
        table = activities([1, 2], actor=["ana", "bo"])
        place = table.column_names.index("actor")
        coded = table.set_column(place, "actor", table["actor"].dictionary_encode())
        coded = coded.append_column("extra", pa.array([1, 2]))
        assert lake.append(coded, "one") == 2
        assert lake.activities().equals(table)

    def test_what_cannot_be_kept_is_refused_before_anything_is_written(self, lake):
        with pytest.raises(ValueError, match="event_id must have 16 bytes"):
            lake.append(activities([1, 2], event_id=[b"short", b"x" * 16]), "one")
        with pytest.raises(ValueError, match="without time"):
            lake.append(activities([1], time=[None]), "one")
        assert lake.span() == (None, None, 0)

    def test_a_path_that_the_lake_cannot_lie_in_is_named(self, tmp_path):
        with pytest.raises(WheeltapperError, match=r"lake\[1\].* may not have \[ \] in it"):
            Lake(str(tmp_path / "lake[1]"))

    @settings(max_examples=15)  # each writes a lake
    @given(
        st.lists(
            st.lists(st.tuples(st.integers(0, 80), st.integers(0, 3)), max_size=12),
            min_size=1,
            max_size=4,
        )
    )
    def test_appended_twice_is_once(self, tmp_path_factory, batches):
        lake = Lake(str(tmp_path_factory.mktemp("twice")))
        tables = [
            # The time belongs to the record: the same id always comes with the same time.
            activities(
                [s // 1000 * 1000 for s, _ in batch], names=[(s // 1000, n) for s, n in batch]
            )
            for batch in batches
        ]
        added = sum(lake.append(table, f"b{n}") for n, table in enumerate(tables))
        want = ordered(*tables)
        assert added == len(want)
        assert lake.activities().to_pylist() == want
        again = [lake.append(t, f"{run}{n}") for run in "bc" for n, t in enumerate(tables)]
        assert sum(again) == 0
        assert lake.activities().to_pylist() == want


class TestRead:
    def test_bounds_are_since_included_until_excluded(self, lake):
        lake.append(activities([0, 1, 1.000001, 2, DAY]), "one")

        def seconds(**asked):
            times = lake.activities(**asked, columns=["time"])["time"].to_pylist()
            return [(time - START).total_seconds() for time in times]

        second = timedelta(seconds=1)
        assert seconds(since=START + second, until=START + 2 * second) == [1, 1.000001]
        assert seconds(since=START + second + timedelta(microseconds=1)) == [1.000001, 2, DAY]
        assert seconds(until=START + second) == [0]
        assert seconds(since=START + timedelta(days=9)) == []

    def test_statistics_in_milliseconds_hide_no_row(self, lake):
        lake.append(activities([0, 1.000999]), "one")
        last = START + timedelta(microseconds=1_000_999)
        assert lake.activities(since=last).num_rows == 1
        assert lake.events([event_id(1.000999)], last, last).num_rows == 1
        assert sum(t.num_rows for t in lake.scan(after=last - timedelta(microseconds=1))) == 1
        assert lake.span() == (START, last, 2)

    def test_where_columns_and_params(self, lake):
        lake.append(activities([1, 2, 3], actor=["ana", "bo", "o'x; --"]), "one")
        found = lake.activities(where="actor = ? -- note", params=["o'x; --"], columns=["actor"])
        assert found.to_pylist() == [{"actor": "o'x; --"}]
        with pytest.raises(duckdb.Error, match="nosuch"):
            lake.activities(where="nosuch = 1")
        with pytest.raises(ValueError, match="names no zone"):
            lake.activities(since=datetime(2023, 7, 10))  # noqa: DTZ001  that is the mistake

    def test_events_by_id(self, lake):
        table = activities([1, 2, DAY + 3])
        lake.append(table, "one")
        ids = [event_id(DAY + 3), event_id(1), event_id("other")]
        found = lake.events(ids, START, START + timedelta(days=2))
        assert found.to_pylist() == [table.to_pylist()[0], table.to_pylist()[2]]
        assert lake.events(ids, START, START + timedelta(seconds=9)).num_rows == 1
        assert lake.events([], START, START + timedelta(days=2)).num_rows == 0

    def test_sql_sees_both_tables_and_no_other_file(self, lake, tmp_path):
        lake.append(activities([1, 2], actor=["ana", "ana"]), "one")
        lake.append_findings(findings((1, "ana")), "s1")
        found = lake.sql(
            "select actor, count(*) as n from activities join findings f on f.entity = actor "
            "where actor = $who group by 1",
            {"who": "ana"},
        )
        assert found.to_pylist() == [{"actor": "ana", "n": 2}]
        assert lake.sql("select time from activities limit 1")["time"].type.tz == "UTC"
        extra = pa.table({"actor": ["ana"], "team": ["red"]})
        found = lake.sql(
            "select distinct team from activities join t using (actor)", tables={"t": extra}
        )
        assert found["team"].to_pylist() == ["red"]
        secret = tmp_path / "secret.csv"
        secret.write_text("a\n1\n")
        with pytest.raises(duckdb.Error, match=r"disabled|not allowed"):
            lake.sql(f"select * from read_csv('{secret}')")
        with pytest.raises(duckdb.Error, match=r"disabled|not allowed"):
            lake.sql(f"copy (select 1) to '{tmp_path / 'out.csv'}'")

    def test_span_and_days(self, lake):
        lake.append(activities([1, 5 * DAY + 1.5, 5 * DAY]), "one")
        assert lake.span() == (
            START + timedelta(seconds=1),
            START + timedelta(days=5, seconds=1.5),
            3,
        )
        assert list(lake.days().items()) == [(date(2023, 7, 10), 1), (date(2023, 7, 15), 2)]

    def test_acts_before_1970_and_far_ahead_are_in_their_place(self, lake):
        lake.append(activities([-70 * 365 * DAY, 0, 900 * 365 * DAY]), "one")
        assert lake.span()[2] == 3
        assert list(lake.days()) == sorted(lake.days())
        assert [t["time"].to_pylist() for t in lake.scan(rows=1)] == [
            [time] for time in lake.activities()["time"].to_pylist()
        ]


class TestScan:
    @settings(max_examples=15)  # each writes a lake
    @given(
        st.lists(
            st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), min_size=1, max_size=30),
            min_size=1,
            max_size=4,
        ),
        st.integers(1, 40),
    )
    def test_pieces_are_the_sorted_whole(self, tmp_path_factory, batches, rows):
        lake = Lake(str(tmp_path_factory.mktemp("scan")))
        for n, batch in enumerate(batches):
            seconds = [day * DAY // 4 + s for day, s in batch]
            lake.append(activities(seconds, names=[(n, s) for s in enumerate(seconds)]), f"b{n}")
        whole = lake.activities()
        for dictionary in (False, True):
            pieces = list(lake.scan(rows=rows, dictionary=dictionary))
            assert pa.concat_tables(pieces, promote_options="permissive").cast(SCHEMA) == whole
            assert all(piece.num_rows for piece in pieces)
            ends = [(p["time"][0].as_py(), p["time"][-1].as_py()) for p in pieces]
            assert all(a[1] < b[0] for a, b in itertools.pairwise(ends))
        first, last = START + timedelta(days=2), START + timedelta(days=5)
        part = pa.concat_tables(
            [SCHEMA.empty_table(), *lake.scan(after=first, until=last, rows=rows)]
        )
        inside = pc.and_(pc.greater(whole["time"], first), pc.less(whole["time"], last))
        assert part == whole.filter(inside)

    def test_one_big_day_comes_in_pieces_of_about_the_size_asked_for(self, lake):
        # Three files over the same day, most of it within one hour, many at the same second.
        for n in range(3):
            seconds = [s % 3600 if s % 10 else s for s in range(0, DAY, 2)]
            lake.append(activities(seconds, names=[(n, i) for i, _ in enumerate(seconds)]), f"b{n}")
        sizes = [piece.num_rows for piece in lake.scan(rows=10_000, columns=["time"])]
        assert sum(sizes) == 3 * DAY // 2
        assert max(sizes) < 13_000

    def test_many_small_days_are_read_together(self, lake):
        lake.append(activities([day * DAY for day in range(300)]), "one")
        sizes = [piece.num_rows for piece in lake.scan(rows=100, columns=["event_id"])]
        assert sizes == [100, 100, 100]

    def test_dictionary_columns_have_each_text_once_a_file(self, lake):
        actors = [None, "ana", "bo", "ana", "bo", "bo"]
        seconds = [1, DAY, 2 * DAY, 3 * DAY, 3 * DAY + 1, 3 * DAY + 2]
        lake.append(activities(seconds, actor=actors), "one")
        (piece,) = lake.scan(columns=["actor", "raw", "time"], dictionary=True)
        assert piece.column_names == ["actor", "raw", "time"]
        assert piece["actor"].type == pa.dictionary(pa.int32(), pa.string())
        assert piece["raw"].type == pa.string()
        assert piece["actor"].to_pylist() == actors
        assert piece["actor"].chunk(3).dictionary.to_pylist() == ["ana", "bo"]
        together = piece.unify_dictionaries()["actor"].chunk(0).dictionary
        assert sorted(together.to_pylist()) == ["ana", "bo"]

    def test_files_that_overlap_are_put_in_order_with_their_dictionaries(self, lake):
        lake.append(activities([1, 3, 5], names="ace", actor=["ana", "bo", "ana"]), "one")
        lake.append(activities([2, 3, 4], names="bdf", actor=["bo", None, "cy"]), "two")
        (piece,) = lake.scan(columns=["actor"], dictionary=True)
        assert piece["actor"].to_pylist() == lake.activities()["actor"].to_pylist()


class TestOtherWriters:
    """Lakes that are older than the code, or that other programs wrote."""

    def test_missing_columns_are_null_and_come_with_the_next_write(self, lake, tmp_path):
        table = activities([1, 2], actor=["ana", "bo"])
        old = table.select(["event_id", "time", "actor"])
        old = old.append_column("day", table["time"].cast(pa.date32()))
        folder = f"{tmp_path}/a lake ü'/activities"
        write_deltalake(folder, old, partition_by=["day"])
        assert lake.activities().equals(table)
        assert next(lake.scan(dictionary=True))["country"].to_pylist() == [None, None]
        assert lake.append(activities([2, 3], actor=["bo", "cy"], country=["NL", "FR"]), "b") == 1
        assert lake.activities()["country"].to_pylist() == [None, None, "FR"]
        (piece,) = lake.scan()
        assert piece["country"].to_pylist() == [None, None, "FR"]
        assert piece["actor"].to_pylist() == ["ana", "bo", "cy"]

    def test_a_lake_of_an_older_version_is_read(self, tmp_path):
        """Made with fewer columns by this very code; files with and without them side by side."""
        names = ["event_id", "time", "actor"]
        few = pa.schema([SCHEMA.field(name) for name in names])
        old = Delta(str(tmp_path / "activities"), few, by_day=True)
        old.append(activities([2], actor=["bo"]).select(names), "one")
        lake = Lake(str(tmp_path))
        lake.append(activities([1, 3, DAY], country=["NL", "FR", "US"]), "two")
        for found in (lake.activities(), pa.concat_tables(lake.scan())):
            assert found["country"].to_pylist() == ["NL", None, "FR", "US"]
            assert found["actor"].to_pylist() == [None, "bo", None, None]

    def test_files_without_statistics_are_read(self, lake, tmp_path):
        table = activities([1, 2, DAY])
        with_day = table.append_column("day", table["time"].cast(pa.date32()))
        folder = f"{tmp_path}/a lake ü'/activities"
        write_deltalake(
            folder,
            with_day,
            partition_by=["day"],
            configuration={"delta.dataSkippingStatsColumns": "actor"},
        )
        assert lake.activities(since=START + timedelta(seconds=2)).num_rows == 2
        assert sum(piece.num_rows for piece in lake.scan(rows=1)) == 3
        assert lake.append(activities([1, 2, DAY, 5]), "b") == 1
        assert lake.span() == (START + timedelta(seconds=1), START + timedelta(days=1), 4)

    def test_any_reader_of_parquet_reads_it(self, lake, tmp_path):
        lake.append(activities([1, DAY], actor=["ana", "bo"]), "one")
        files = DeltaTable(str(tmp_path / "a lake ü'" / "activities")).to_pyarrow_dataset()
        assert sorted(files.to_table()["actor"].to_pylist()) == ["ana", "bo"]

    def test_a_lake_behind_a_url_is_the_same_lake(self, tmp_path):
        lake = Lake(f"file://{tmp_path}/lake")
        table = activities([2, 1, DAY], actor=["ana", "bo", "ana"])
        assert lake.append(table, "one") == 3
        assert lake.append(table, "two") == 0
        assert lake.activities(where="actor = 'ana'").to_pylist() == [
            row for row in ordered(table) if row["actor"] == "ana"
        ]
        assert [row for piece in lake.scan() for row in piece.to_pylist()] == ordered(table)
        assert lake.span()[2] == 3


class TestCompact:
    def test_a_scattered_day_becomes_few_files_and_says_the_same(self, lake, tmp_path):
        for n in range(12):
            lake.append(activities([n, 100 - n, DAY + n] if n < 3 else [n, 100 - n]), f"b{n}")
        before = lake.activities()
        folder = str(tmp_path / "a lake ü'" / "activities")
        assert len(DeltaTable(folder).file_uris()) == 15
        assert lake.compact() == 1
        assert len(DeltaTable(folder).file_uris()) == 4
        assert lake.activities() == before
        assert pa.concat_tables(lake.scan(rows=5)) == before
        assert lake.compact() == 0
        assert lake.append(activities([1]), "new id") == 0
        assert lake.append(activities([1, 999]), "b1") == 0  # batch ids are still known


class TestFindings:
    def test_many_small_files_of_them_are_put_together(self, lake, tmp_path):
        for step in range(34):
            lake.append_findings(findings((step, "ana")), f"s{step:02d}")
        before = lake.findings()
        folder = str(tmp_path / "a lake ü'" / "findings")
        assert len(DeltaTable(folder).file_uris()) == 34
        lake.compact()
        assert len(DeltaTable(folder).file_uris()) == 1
        assert lake.findings() == before
        lake.append_findings(findings((1, "ana")), "s03")
        assert lake.findings() == before
        lake.drop_findings(after="s30")
        assert len(lake.findings()) == 31

    def test_a_step_is_kept_once(self, lake):
        lake.append_findings(findings((5, "ana"), (3, "bo")), "s1")
        lake.append_findings(findings((9, "no")), "s1")
        lake.append_findings(findings(), "s2")
        lake.append_findings(findings((4, "ana"), detector="c.d"), "s3")
        found = lake.findings()
        assert found.schema == finding.SCHEMA
        assert [f.entity for f in finding.from_table(found)] == ["bo", "ana", "ana"]
        assert lake.sql("select step from findings order by time")["step"].to_pylist() == [
            "s1",
            "s3",
            "s1",
        ]

    def test_are_chosen_by_time_detector_and_entity(self, lake):
        lake.append_findings(findings((1, "ana"), (2, "o'x")), "s1")
        lake.append_findings(findings((3, "ana"), detector="c.d"), "s2")

        def entities(**asked):
            return lake.findings(**asked)["entity"].to_pylist()

        assert entities(detector="c.d") == ["ana"]
        assert entities(entity="o'x") == ["o'x"]
        assert entities(detector="a.b", entity="ana") == ["ana"]
        second = timedelta(seconds=1)
        assert entities(since=START + 2 * second, until=START + 3 * second) == ["o'x"]

    def test_a_replay_can_append_the_same_steps_again(self, lake):
        lake.append_findings(findings((1, "ana")), "s1")
        lake.replace_findings()
        assert lake.findings().num_rows == 0
        lake.append_findings(findings((1, "ana")), "s1")
        lake.append_findings(findings((1, "ana")), "s1")
        assert lake.findings().num_rows == 1

    def test_an_unfinished_step_is_taken_back_and_done_again(self, lake):
        for step in ("s'1", "s'2", "s'3"):
            lake.append_findings(findings((1, step)), step)
        lake.drop_findings(after="s'1")
        assert lake.findings()["entity"].to_pylist() == ["s'1"]
        lake.drop_findings(after="s'1")
        for _ in range(2):
            lake.append_findings(findings((2, "s'2 again")), "s'2")
        assert lake.findings()["entity"].to_pylist() == ["s'1", "s'2 again"]


WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from rows import activities
from wheeltapper.store.lake import Lake
lake = Lake(sys.argv[1])
for batch in range(10_000):
    names = [(batch, n) for n in range(400)]
    lake.append(activities([n * 3600 for n in range(400)], names=names), f"b{batch}")
    print(batch, flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_point_the_lake_is_readable_and_has_whole_batches(tmp_path):
    """Kill −9 while batches are written, look, go on: what was there is all there, once."""
    folder = str(tmp_path / "lake")
    for round_number in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, folder, str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        # From the first lines on it may end anywhere in a write; the number of lines differs.
        told = -1
        for _ in range(2 + 3 * round_number):
            told = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()
        lake = Lake(folder)
        _, _, rows = lake.span()
        batches = rows // 400
        assert batches > told
        ids = lake.activities(columns=["event_id"])["event_id"].to_pylist()
        assert sorted(ids) == sorted(event_id((b, n)) for b in range(batches) for n in range(400))
        assert sum(piece.num_rows for piece in lake.scan(rows=1000)) == rows


# Laid under another


def test_a_lake_laid_under_another_holds_the_same_and_is_not_changed(lake, tmp_path):
    whole = activities([0, DAY, DAY + 1, 2 * DAY])
    lake.append(whole, "a")
    lake.append_findings(findings((0, "ana")), "1")
    files = sorted(p for p in tmp_path.rglob("*") if p.is_file())
    stamps = [p.stat().st_mtime_ns for p in files]
    above = lake.laid_under(str(tmp_path / "above"))
    assert above.activities().equals(lake.activities())
    assert above.span() == lake.span()
    assert not above.findings().num_rows
    assert above.append(activities([3 * DAY]), "b") == 1
    assert above.append(whole, "c") == 0, "what lies under it is known"
    above.compact()
    assert above.activities().num_rows == 5
    assert lake.activities().num_rows == 4
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file() and p in set(files)) == files
    assert [p.stat().st_mtime_ns for p in files] == stamps


def test_a_lake_laid_under_up_to_a_day(lake, tmp_path):
    lake.append(activities([0, DAY, 2 * DAY]), "a")
    until = START.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    above = lake.laid_under(str(tmp_path / "above"), until.date())
    assert above.activities().equals(lake.activities(until=until))
    assert 0 < above.activities().num_rows < 3


def test_where_files_cannot_be_linked_it_says_where_they_can(lake, tmp_path, monkeypatch):
    lake.append(activities([0, DAY]), "a")

    def refused(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    with pytest.raises(WheeltapperError, match=r"\(Invalid cross-device link\); use a folder on"):
        lake.laid_under(str(tmp_path / "above"))


def test_an_empty_lake_laid_under_is_empty(lake, tmp_path):
    assert lake.laid_under(str(tmp_path / "above")).span() == (None, None, 0)


def test_an_object_stores_files_cannot_be_linked(tmp_path, monkeypatch):
    monkeypatch.setattr(Delta, "open", lambda self: self)
    with pytest.raises(WheeltapperError, match="object store's files cannot be linked"):
        Lake("memory://there").laid_under(str(tmp_path / "above"))


def test_windows_are_the_pieces_of_time_that_a_scan_reads(lake):
    lake.append(activities(range(0, 4 * DAY, 600)), "a")
    pieces = lake.windows(rows=200)
    assert len(pieces) > 1
    assert all(a[1] + 1 == b[0] for a, b in itertools.pairwise(pieces))
    found = [lake.window(first, last, ["actor", "time"]) for first, last in pieces]
    assert pa.concat_tables(found)["time"] == lake.activities()["time"]
    assert found[0].column_names == ["actor", "time"]
    assert found[0]["actor"].type == pa.dictionary(pa.int32(), pa.string())


def test_a_window_without_acts_is_empty(lake):
    lake.append(activities([0]), "a")
    far = lake.window(10**15, 10**15 + 1, ["time", "actor"])
    assert (far.num_rows, far.column_names) == (0, ["time", "actor"])
