"""What tasks leave is what ingest on one machine reads."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import office
from wheeltapper import activity, workspace
from wheeltapper.engines.reading import NAME, Reading, acts_in, left, mapped
from wheeltapper.enrich import Enricher
from wheeltapper.ingest import read
from wheeltapper.testing import activities
from wheeltapper.testing import activity as act

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ws(tmp_path):
    return workspace.init(tmp_path / "work")


def job(ws, tmp_path, *parts):
    folder = tmp_path / "attempt"
    folder.mkdir()
    return Reading(
        root=str(ws.root), folder=str(folder), first=3, parts=parts, source=None, now=NOW
    )


def ran(job, *numbers):
    given = pa.RecordBatch.from_pydict({"id": numbers})
    (said,) = mapped(job)(iter([given]))
    return said[NAME].to_pylist()


def test_batches_are_left_whole_with_what_could_not_be_used(ws, tmp_path):
    logs = office.write(tmp_path / "logs")
    files = sorted(str(path) for path in logs.rglob("*") if path.is_file())
    doing = job(ws, tmp_path, ("unused",), tuple(files))
    names = ran(doing, 4)
    assert names == sorted(names)
    assert names == ran(doing, 4)
    enricher = Enricher(ws.config.enrich, root=ws.root, timezone="UTC")
    expected = list(read(files, settings=ws.config.ingest, now=NOW))
    for name, one in zip(names, expected, strict=True):
        batch = left(tmp_path / "attempt" / name)
        assert batch.activities.equals(enricher.enrich(one.activities))
        assert (batch.batch_id, batch.source, batch.files) == (one.batch_id, one.source, one.files)
        assert (batch.rejects, batch.records) == (one.rejects, one.records)


def test_activities_in_parquet_are_taken_as_they_are(ws, tmp_path):
    acts = activities([act(f"person{n}", minutes=n, late=True) for n in range(5)])
    path = tmp_path / "acts.parquet"
    pq.write_table(acts.drop_columns(["region", "received"]), path)
    (name,) = ran(job(ws, tmp_path, (str(path),)), 3)
    batch = left(tmp_path / "attempt" / name)
    assert batch.activities.schema == activity.SCHEMA
    same = [n for n in activity.SCHEMA.names if n not in {"region", "received", "late"}]
    assert batch.activities.select(same).equals(acts.select(same))
    assert set(batch.activities["received"].to_pylist()) == {NOW}
    assert set(batch.activities["late"].to_pylist()) == {False}
    assert [len(one.activities) for one in acts_in(str(path), NOW, 2)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"a": [1]}, "it has no column action, event_id, source, time"),
        ({"event_id": [b"1"], "time": [NOW], "source": ["s"], "action": ["a"]}, "not 16 bytes"),
        ({"event_id": [b"1" * 16], "time": [NOW], "source": ["s"], "action": [None]},
         "action has 1 rows without a value"),
    ],
)  # fmt: skip
def test_parquet_that_holds_none_is_rejected_with_the_reason(tmp_path, table, says):
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table(table), path)
    (batch,) = acts_in(str(path), NOW, 10)
    (rejected,) = batch.rejects
    assert (len(batch.activities), rejected.file) == (0, str(path))
    assert says in rejected.reason
    path.write_bytes(b"no Parquet")
    assert [len(one.rejects) for one in acts_in(str(path), NOW, 10)] == [1]
