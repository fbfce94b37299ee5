"""The event log reader, on real files where they are there, and on broken ones."""

import gzip
import json
import tarfile
from contextlib import closing

import pytest

from wheeltapper.ingest.readers import evtx
from wheeltapper.ingest.readers.reader import Input, Limits
from wheeltapper.ingest.readers.stream import Stream


@pytest.fixture(scope="session")
def logs(shared, tmp_path_factory):
    """Some event log files, smallest first."""
    folder = tmp_path_factory.mktemp("evtx")
    with tarfile.open(shared / "data" / "sigma" / "sigma.tar.xz") as archive:
        members = [m for m in archive.getmembers() if m.name.endswith(".evtx")][:8]
        archive.extractall(folder, members, filter="data")
    return sorted(folder.rglob("*.evtx"), key=lambda path: path.stat().st_size)


def read(path, limits=Limits()):  # noqa: B008 - frozen
    with closing(Stream(path, max_bytes=1 << 30, max_ratio=1e6)) as stream:
        source = Input(path, limits, stream)
        assert evtx.claims(source)
        chunks = list(evtx.read(source))
    assert all(len(chunk.raw) == len(chunk.lines) for chunk in chunks)
    records = [json.loads(raw) for chunk in chunks for raw in chunk.raw]
    return records, [reject for chunk in chunks for reject in chunk.rejects]


def test_events_of_a_file(logs):
    records, rejects = read(logs[0])
    assert rejects == []
    assert records
    for record in records:
        system = record["Event"]["System"]
        assert system["Channel"]
        assert system["TimeCreated"]["#attributes"]["SystemTime"].endswith("Z")


def test_a_packed_file_holds_the_same(logs, tmp_path):
    packed = tmp_path / "log.evtx.gz"
    packed.write_bytes(gzip.compress(logs[0].read_bytes()))
    assert read(packed) == read(logs[0])


def test_other_files_are_not_claimed(tmp_path):
    path = tmp_path / "x.evtx"
    path.write_bytes(b'{"EventID": 1}')
    with closing(Stream(path, max_bytes=1 << 20, max_ratio=10)) as stream:
        assert not evtx.claims(Input(path, Limits(), stream))


@pytest.mark.parametrize("rest", [b"", b"\0" * 4096, b"\xff" * 70_000], ids=["cut", "zero", "ones"])
def test_a_file_that_only_begins_like_one_is_rejected(tmp_path, rest):
    path = tmp_path / "x.evtx"
    path.write_bytes(evtx.MAGIC + rest)
    records, rejects = read(path)
    assert records == []
    assert rejects


def test_a_damaged_file_keeps_what_can_be_read(logs):
    whole = logs[0].read_bytes()
    expected = len(read(logs[0])[0])
    for at in range(4096 + 512, len(whole), len(whole) // 40):
        damaged = logs[0].with_name("damaged.evtx")
        damaged.write_bytes(whole[:at] + b"\xa5" * 64 + whole[at + 64 :])
        records, rejects = read(damaged)
        assert len(records) <= expected
        assert all(reject.line and reject.reason.isprintable() for reject in rejects)


def test_a_file_that_was_cut_keeps_what_it_had(logs):
    whole, _ = read(logs[0])
    cut = logs[0].with_name("cut.evtx")
    for size in (5_000, 30_000, 69_000):
        cut.write_bytes(logs[0].read_bytes()[:size])
        records, rejects = read(cut)
        assert records == whole[: len(records)]
        assert rejects[0].line == 0
        assert "ends in the middle" in rejects[0].reason
    assert records == whole


def test_an_event_that_is_too_long(logs):
    records, rejects = read(logs[0], Limits(max_record_bytes=100))
    assert records == []
    assert {reject.reason for reject in rejects} == {"event is longer than ingest.max_record_mib"}


def test_chunks_are_cut(logs, monkeypatch):
    whole = read(logs[-1])
    monkeypatch.setattr(evtx, "CHUNK_RECORDS", 1)
    assert read(logs[-1]) == whole


def test_giving_up(logs, monkeypatch):
    monkeypatch.setattr(evtx, "MAX_BROKEN", 2)
    monkeypatch.setattr(evtx, "_events", lambda path: iter([RuntimeError("bad\x1b[31m\nx")] * 9))
    records, rejects = read(logs[0])
    assert records == []
    assert [r.reason for r in rejects] == ["event cannot be read: bad?[31m"] * 2


def test_a_parser_that_panics_ends_the_file_not_the_run(logs, monkeypatch):
    class PanicException(BaseException):
        """As the Rust parser raises it."""

    class Parser:
        def __init__(self, *_: object, **__: object) -> None: ...

        def records_json(self):
            yield {"data": "{}"}
            raise PanicException("index out of bounds")

    monkeypatch.setattr(evtx, "PyEvtxParser", Parser)
    records, [rejected] = read(logs[0])
    assert records == [{}]
    assert "the parser gave up: index out of bounds" in rejected.reason
