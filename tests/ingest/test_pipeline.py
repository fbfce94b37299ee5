import gzip
import json
from datetime import UTC, datetime
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wheeltapper import config
from wheeltapper.activity import NATIVE_SCHEMA
from wheeltapper.ingest import Progress, Sources, pipeline, read, waiting
from wheeltapper.ingest.readers import json_text, linewise

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SOURCES = Sources.load()


def trail(number: int) -> dict[str, object]:
    return {
        "eventVersion": "1.08",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "eu-west-1",
        "eventTime": f"2026-11-01T10:00:{number % 60:02}Z",
        "eventID": f"trail-{number}",
        "userIdentity": {"type": "IAMUser", "userName": "kim"},
    }


def okta(number: int) -> dict[str, object]:
    return {
        "uuid": f"okta-{number}",
        "published": "2026-11-01T10:00:00Z",
        "eventType": "user.session.start",
        "severity": "INFO",
        "version": "0",
        "outcome": {"result": "SUCCESS"},
        "actor": {"alternateId": "kim@example.com", "type": "User"},
    }


def plain(number: int) -> dict[str, object]:
    return {"time": 1793527200 + number, "user": "kim", "action": "open", "id": f"plain-{number}"}


def broken(number: int) -> dict[str, object]:
    return {"note": f"no time {number}"}


def run(*paths, batch=100_000, **more):
    return list(read(paths, settings=config.Ingest(batch=batch), now=NOW, sources=SOURCES, **more))


def ids(batches) -> list[str]:
    return [i for b in batches for i in b.activities.column("native_id").to_pylist()]


def lines(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_a_document_becomes_a_batch(tmp_path):
    path = tmp_path / "trail.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"Records": [trail(1), trail(2)]}).encode()))
    [batch] = run(path)
    assert batch.activities.schema == NATIVE_SCHEMA
    assert (batch.source, batch.records, batch.rejects) == ("aws_cloudtrail", 2, [])
    assert batch.files == (str(path),)
    [first, second] = batch.activities.to_pylist()
    assert json.loads(first["raw"]) == trail(1)
    assert len(first["event_id"]) == 16
    assert first["event_id"] != second["event_id"]
    assert (first["received"], first["late"]) == (NOW, False)


def test_the_text_of_a_record_is_kept_as_it_came(tmp_path):
    text = '{"time":  1793527200.50, "user":"k\\u00efm","note" : [ 1.0, 1e2 ],"action":"open"}'
    path = tmp_path / "log.json"
    path.write_text(f'[\n  {text} , {{"event": {text}}}\n]')
    [batch] = run(path)
    assert batch.activities.column("raw").to_pylist() == [text, text]
    first, second = batch.activities.column("event_id").to_pylist()
    assert first == second  # the same record, wrapped or not, is one event


def test_small_files_of_one_kind_share_a_batch(tmp_path):
    for number in range(20):
        (tmp_path / f"{number:02}.json").write_text(json.dumps({"Records": [trail(number)]}))
    [batch] = run(tmp_path)
    assert ids([batch]) == [f"trail-{n}" for n in range(20)]
    assert len(batch.files) == 20
    assert [len(b.activities) for b in run(tmp_path, batch=8)] == [8, 8, 4]


def test_the_same_files_give_the_same_batches(tmp_path):
    (tmp_path / "a.ndjson").write_text(lines(*(trail(n) for n in range(50))))
    first, second = run(tmp_path, batch=20), run(tmp_path, batch=20)
    assert [b.batch_id for b in first] == [b.batch_id for b in second]
    assert len({b.batch_id for b in first}) == 3


def test_a_file_may_mix_kinds(tmp_path):
    path = tmp_path / "mixed.ndjson"
    path.write_text(lines(trail(1), okta(1), broken(1), plain(1), trail(2), {"event": okta(2)}))
    batches = run(path)
    found = {b.source: ids([b]) for b in batches if len(b.activities)}
    assert found == {
        "aws_cloudtrail": ["trail-1", "trail-2"],
        "okta": ["okta-1", "okta-2"],
        "generic_json": ["plain-1"],
    }
    [rejected] = [r for b in batches for r in b.rejects]
    assert rejected.line == 3
    assert rejected.reason.startswith("has no time")
    assert sum(b.records for b in batches) == 6


def test_a_given_source_is_not_looked_for(tmp_path):
    path = tmp_path / "log.ndjson"
    path.write_text(lines({"event": okta(1)}, {"published": "2026-11-01", "eventType": "x"}))
    [batch] = run(path, source="okta")
    assert batch.source == "okta"
    assert batch.activities.column("action").to_pylist() == ["user.session.start", "x"]


def test_a_users_own_mapping_wins(tmp_path):
    (tmp_path / "plain.toml").write_text(
        'name = "plain"\nabout = "Ours"\n[detect]\nhas = ["$.time", "$.user", "$.action"]\n'
        '[fields]\ntime = ["$.time"]\nactor = ["$.user"]\n'
    )
    path = tmp_path / "log.ndjson"
    path.write_text(lines(plain(1)))
    batches = list(read([path], settings=config.Ingest(), now=NOW, sources=Sources.load(tmp_path)))
    assert [b.source for b in batches] == ["plain"]


def test_progress_ends_at_the_whole(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.ndjson").write_text(lines(*(trail(n) for n in range(100))))
    seen: list[Progress] = []
    run(tmp_path, progress=seen.append)
    assert [p.files_done for p in seen] == sorted(p.files_done for p in seen)
    assert [p.bytes_done for p in seen] == sorted(p.bytes_done for p in seen)
    last = seen[-1]
    assert (last.files_done, last.files, last.records) == (3, 3, 300)
    assert last.bytes_done == last.bytes == sum(p.stat().st_size for p in tmp_path.iterdir())


def test_paths_may_be_patterns_folders_and_given_twice(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.ndjson").write_text(lines(trail(1)))
    (tmp_path / "b" / "c.ndjson").write_text(lines(trail(2)))
    (tmp_path / ".hidden.ndjson").write_text(lines(trail(3)))
    assert ids(run(str(tmp_path / "**" / "*.ndjson"))) == ["trail-1", "trail-2"]
    assert ids(run(tmp_path, tmp_path / "a.ndjson")) == ["trail-1", "trail-2"]


def test_who_stops_early_leaves_no_thread(tmp_path):
    import threading

    for number in range(40):
        (tmp_path / f"{number:02}.ndjson").write_text(lines(*(trail(n) for n in range(50))))
    batches = read([tmp_path], settings=config.Ingest(batch=50), now=NOW, sources=SOURCES)
    next(iter(batches))
    batches.close()  # type: ignore[attr-defined]  # an Iterator in the signature, a generator here
    assert not [t for t in threading.enumerate() if t.name == "wheeltapper-reader"]


MAKERS = st.sampled_from([trail, okta, plain, broken])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(
    made=st.lists(MAKERS, min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 39), max_size=3),
    batch=st.integers(5, 50),
    batch_bytes=st.sampled_from([3000, 1 << 28]),
    chunk=st.integers(1, 9),
    form=st.sampled_from(["lines", "document"]),
)
def test_cutting_the_input_anywhere_gives_the_same_activities(
    tmp_path_factory, made, cuts, batch, batch_bytes, chunk, form
):
    folder = tmp_path_factory.mktemp("cut")
    records = [maker(number) for number, maker in enumerate(made)]
    edges = sorted({0, len(records), *(c for c in cuts if c < len(records))})
    for number, (start, stop) in enumerate(pairwise(edges)):
        some = records[start:stop]
        path = folder / f"{number:02}.json"
        path.write_text(lines(*some) if form == "lines" else json.dumps({"Records": some}))
    whole = folder / "whole.ndjson"
    whole.write_text(lines(*records))
    expected = rows(run(whole))
    whole.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "BATCH_BYTES", batch_bytes)
        patch.setattr(waiting, "BATCH_BYTES", batch_bytes)
        patch.setattr(linewise, "CHUNK_RECORDS", chunk)
        patch.setattr(json_text, "CHUNK_RECORDS", chunk)
        cut = run(folder, batch=batch)
    assert rows(cut) == expected
    assert sum(b.records for b in cut) == len(records)
    assert max(len(b.activities) for b in cut) <= batch


def rows(batches):
    """Activities in an order of their own, and how many records were rejected."""
    table = pa.concat_tables([b.activities for b in batches]).sort_by("event_id")
    return table.to_pylist(), sum(len(b.rejects) for b in batches)
