import threading

import pytest

from wheeltapper.ingest import reading
from wheeltapper.ingest.readers import Limits
from wheeltapper.ingest.reading import file_parts, parts


def test_a_file_is_given_in_parts_that_say_first_and_last(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"n": 1}\n' * 20_000)
    found = list(file_parts(path, Limits()))
    assert [part.first for part in found] == [True] + [False] * (len(found) - 1)
    assert [part.last for part in found] == [False] * (len(found) - 1) + [True]
    assert [line for part in found for line in part.lines] == list(range(1, 20_001))
    assert all(len(part.text or []) == len(part.raw) for part in found)
    assert found[-1].packed_bytes == path.stat().st_size


def test_files_come_in_the_order_they_were_named(tmp_path):
    paths = [tmp_path / f"{n}.ndjson" for n in (3, 1, 2)]
    for path in paths:
        path.write_bytes(b'{"n": 1}\n')
    found = [part.file for part in parts(paths, Limits()) if part.raw]
    assert found == [str(path) for path in paths]


def test_a_fault_of_ours_in_the_thread_is_raised_where_it_is_seen(tmp_path, monkeypatch):
    def fails(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(reading, "file_parts", fails)
    with pytest.raises(ZeroDivisionError, match="ours"):
        list(parts([tmp_path], Limits()))


def test_who_stops_early_ends_the_thread(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"n": 1, "x": "' + b"y" * 1000 + b'"}\n' * 1 + b'{"n": 1}\n' * 400_000)
    going = parts([path] * 20, Limits())
    next(going)
    going.close()  # type: ignore[attr-defined]  # an Iterator in the signature, a generator here
    assert "wheeltapper-reader" not in {thread.name for thread in threading.enumerate()}
