"""What bad input gets: a reject with file, line and reason; the run goes on, nothing is lost."""

import gzip
import json
import os
import resource
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from wheeltapper import config
from wheeltapper.errors import ConfigError, WheeltapperError
from wheeltapper.ingest import read

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def act(number: int, **more: object) -> dict[str, object]:
    return {"time": "2026-11-01T10:00:00Z", "user": "kim", "action": "open", "id": number} | more


def line(number: int, **more: object) -> bytes:
    return json.dumps(act(number, **more)).encode() + b"\n"


def read_all(*paths: Path, source: str | None = None, **settings: object):
    """(native ids that became activities, rejects, records counted)."""
    made = config.Ingest(**settings)
    batches = list(read(paths, settings=made, now=NOW, source=source))
    ids = [i for b in batches for i in b.activities.column("native_id").to_pylist()]
    return ids, [r for b in batches for r in b.rejects], sum(b.records for b in batches)


def test_a_truncated_gzip_keeps_what_was_readable(tmp_path):
    path = tmp_path / "cut.json.gz"
    noise = [os.urandom(200).hex() for _ in range(200)]
    whole = gzip.compress(b"".join(line(n, noise=noise[n]) for n in range(200)))
    path.write_bytes(whole[: len(whole) // 2])
    good = tmp_path / "good.ndjson"
    good.write_bytes(line(1000))
    ids, rejects, records = read_all(path, good)
    assert 80 < len(ids) < 120
    assert ids == [*map(str, range(len(ids) - 1)), "1000"]
    cut, file = rejects
    assert (cut.file, cut.line) == (str(path), len(ids))
    assert cut.reason.startswith("not valid JSON")
    assert (file.file, file.line) == (str(path), 0)
    assert file.reason.startswith("cut or corrupt: the gzip data ends in the middle")
    assert records == len(ids) + 1


def test_a_truncated_zstd_keeps_what_was_readable(tmp_path):
    path = tmp_path / "cut.zst"
    noise = [os.urandom(300).hex() for _ in range(400)]
    text = b"".join(line(n, noise=noise[n]) for n in range(400))
    whole = pa.Codec("zstd").compress(text, asbytes=True)
    path.write_bytes(whole[: len(whole) * 3 // 4])
    ids, rejects, _ = read_all(path)
    assert len(ids) > 150
    assert ids == [*map(str, range(len(ids)))]
    assert any(r.line == 0 and r.reason.startswith("cut or corrupt") for r in rejects)


def test_a_gzip_with_a_broken_checksum_is_told(tmp_path):
    path = tmp_path / "bad.gz"
    whole = bytearray(gzip.compress(line(1) + line(2)))
    whole[-5] ^= 0xFF
    path.write_bytes(whole)
    ids, rejects, _ = read_all(path)
    assert set(ids) <= {"1", "2"}
    assert [r.line for r in rejects] == [0]
    assert rejects[0].reason.startswith("cut or corrupt")


def test_a_document_cut_in_the_middle_keeps_its_whole_records(tmp_path):
    path = tmp_path / "trail.json"
    records = [act(n) for n in range(5)]
    path.write_text(json.dumps({"Records": records})[:-40])
    ids, [cut], records_counted = read_all(path)
    assert ids == ["0", "1", "2", "3"]
    assert (cut.file, cut.line) == (str(path), 5)
    assert cut.reason == "ends in the middle of a record"
    assert cut.raw.startswith('{"time"')
    assert records_counted == 5


def test_one_broken_record_in_a_document_costs_only_itself(tmp_path):
    path = tmp_path / "trail.json"
    text = json.dumps({"Records": [act(n) for n in range(3)]})
    path.write_text(text.replace('"id": 1', '"id": NaN'))
    ids, [bad], _ = read_all(path)
    assert ids == ["0", "2"]
    assert bad.line == 2
    assert bad.reason.startswith("not valid JSON")


def test_a_wrong_source_is_told_record_by_record(tmp_path):
    path = tmp_path / "log.ndjson"
    path.write_bytes(line(1) + line(2))
    ids, rejects, records = read_all(path, source="okta")
    assert ids == []
    assert [(r.file, r.line) for r in rejects] == [(str(path), 1), (str(path), 2)]
    assert "has no time that can be read where okta keeps it" in rejects[0].reason
    assert "leave --source out" in rejects[0].reason
    assert records == 2


def test_a_source_nobody_knows_is_the_users_mistake(tmp_path):
    path = tmp_path / "log.ndjson"
    path.write_bytes(line(1))
    with pytest.raises(WheeltapperError, match=r"no log kind is called 'oktaa'; there are: .*okta"):
        read_all(path, source="oktaa")


def test_a_file_that_is_not_there_is_the_users_mistake(tmp_path):
    with pytest.raises(WheeltapperError, match=r"none\.json: there is no such file"):
        read_all(tmp_path / "none.json")


def test_an_earliest_day_that_is_none_is_the_users_mistake(tmp_path):
    with pytest.raises(ConfigError, match=r"ingest\.earliest is 'soon'"):
        read_all(tmp_path, earliest="soon")


@pytest.mark.parametrize(
    ("time", "word"),
    [
        ("1970-01-01T00:00:00Z", "too early (ingest.earliest)"),
        (0, "too early (ingest.earliest)"),
        ("2099-12-31T23:59:59Z", "too far ahead (ingest.latest_ahead_hours)"),
        ("2026-11-25T01:00:00Z", "too far ahead"),
        ("infinity", "too far ahead"),
        ("294000-01-01", "too far ahead"),
    ],
)
def test_a_broken_clock(tmp_path, time, word):
    path = tmp_path / "log.ndjson"
    path.write_bytes(line(1) + line(2, time=time) + line(3))
    ids, [bad], records = read_all(path)
    assert ids == ["1", "3"]
    assert (bad.line, records) == (2, 3)
    assert word in bad.reason
    assert "broken clock" in bad.reason


@pytest.mark.parametrize("time", ["yesterday", "", None, True, [1], "2026-13-45T00:00:00Z"])
def test_a_time_that_cannot_be_read(tmp_path, time):
    path = tmp_path / "log.ndjson"
    path.write_bytes(line(1) + line(2, time=time))
    ids, [bad], records = read_all(path)
    assert (ids, bad.line, records) == (["1"], 2, 2)
    assert "no time" in bad.reason


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_100_mb_is_not_held(tmp_path, packed):
    path = tmp_path / "long.ndjson"
    opener = gzip.open if packed else open
    with opener(path, "wb") as file:
        file.write(line(1) + b'{"time": "2026-11-01T10:00:00Z", "user": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n' + line(3))
    read_all(path, max_record_mib=1.0, max_ratio=1e6)  # whatever has to be loaded is now
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ids, [bad], _ = read_all(path, max_record_mib=1.0, max_ratio=1e6)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert ids == ["1", "3"]
    assert (bad.line, bad.truncated, len(bad.raw)) == (2, True, 1 << 20)
    assert bad.reason == "line longer than 1 MiB (ingest.max_record_mib)"
    assert grown_mib < 40


def test_a_record_that_is_too_long_in_a_document(tmp_path):
    path = tmp_path / "trail.json"
    path.write_text(json.dumps([act(1), act(2, note="x" * 3_000_000), act(3)]))
    ids, [bad], _ = read_all(path, max_record_mib=1.0)
    assert ids == ["1", "3"]
    assert (bad.line, bad.truncated) == (2, True)
    assert "longer than 1 MiB" in bad.reason


def test_a_zip_bomb_is_left_alone(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb") as file:
        file.write(line(1))
        for _ in range(90):
            file.write(b"x" * (1 << 20))
    ids, [line_of_x, bomb], _ = read_all(path, max_ratio=100.0)
    assert ids == ["1"]
    assert line_of_x.line == 2
    assert (bomb.file, bomb.line) == (str(path), 0)
    assert "unpacks to more than 100 times its size" in bomb.reason


def test_a_file_that_holds_too_much(tmp_path):
    path = tmp_path / "big.ndjson"
    path.write_bytes(b"".join(line(n) for n in range(50_000)))
    ids, rejects, _ = read_all(path, max_file_gib=0.001)
    assert 0 < len(ids) < 50_000
    assert any("holds more than 0.001 GiB" in r.reason and r.line == 0 for r in rejects)


@pytest.mark.parametrize("name", ["log.ndjson", "log.json"])
def test_invalid_utf_8(tmp_path, name):
    path = tmp_path / name
    bad = line(2).replace(b"kim", b"k\xffm")
    if name == "log.ndjson":
        path.write_bytes(line(1) + bad + line(3))
    else:
        path.write_bytes(b"[" + b",".join(x.strip() for x in (line(1), bad, line(3))) + b"]")
    ids, [wrong], _ = read_all(path)
    assert ids == ["1", "3"]
    assert wrong.line == 2
    assert wrong.reason.startswith("not valid UTF-8: ")
    assert r"k\xffm" in wrong.raw


def test_invalid_utf_8_in_text_and_csv(tmp_path):
    csv = tmp_path / "a.csv"
    csv.write_bytes(b"time,user,id\n2026-11-01T10:00:00Z,k\xffm,1\n2026-11-01T10:00:00Z,kim,2\n")
    text = tmp_path / "b.log"
    text.write_bytes(
        b"2026-11-01T10:00:00Z h sshd[1]: Invalid user k\xffm from 192.0.2.1\n"
        b"2026-11-01T10:00:00Z h sshd[1]: Invalid user kim from 192.0.2.1\n"
    )
    ids, rejects, records = read_all(csv, text)
    assert ids == ["2", None]
    assert [(Path(r.file).name, r.line) for r in rejects] == [("a.csv", 2), ("b.log", 1)]
    assert records == 4


def test_nul_bytes(tmp_path):
    path = tmp_path / "log.ndjson"
    # A log that was rotated by copying begins with a hole; a NUL inside a string is no JSON;
    # an escaped one is.
    path.write_bytes(
        b"\0" * 5000 + line(1) + line(2).replace(b"kim", b"k\0m") + line(3, user="k\0m")
    )
    ids, [bad], _ = read_all(path)
    assert ids == ["1", "3"]
    assert bad.line == 2
    assert bad.reason.startswith("not valid JSON")


def test_a_hundred_thousand_brackets(tmp_path):
    path = tmp_path / "log.ndjson"
    deep = b"[" * 100_000 + b"]" * 100_000
    path.write_bytes(line(1) + b'{"time": ' + deep + b"}\n" + deep + b"\n" + line(4))
    ids, rejects, _ = read_all(path)
    assert ids == ["1", "4"]
    assert [r.line for r in rejects] == [2, 3]
    assert all("nested too deeply" in r.reason for r in rejects)


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"01", b"tru", b'"\\ud800"'])
def test_what_strict_json_has_not(tmp_path, text):
    path = tmp_path / "log.ndjson"
    path.write_bytes(line(1) + line(2).replace(b'"kim"', text) + line(3))
    ids, [bad], _ = read_all(path)
    assert ids == ["1", "3"]
    assert bad.line == 2
    assert bad.reason.startswith("not valid JSON")


def test_of_a_key_given_twice_the_first_holds(tmp_path):
    path = tmp_path / "log.ndjson"
    path.write_bytes(line(1).replace(b'"user"', b'"user": "mia", "user"'))
    [batch] = read([path], settings=config.Ingest(), now=NOW)
    assert batch.activities.column("actor").to_pylist() == ["mia"]
    assert batch.rejects == []


def test_an_empty_file_is_nothing(tmp_path):
    (tmp_path / "empty.json").touch()
    (tmp_path / "empty.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "none.json").write_text('{"Records": []}')
    assert read_all(tmp_path) == ([], [], 0)


def test_a_folder_with_a_binary_file(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(line(1))
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.ndjson").write_bytes(line(2))
    ids, [bad], _ = read_all(tmp_path)
    assert ids == ["1", "2"]
    assert (Path(bad.file).name, bad.line) == ("logo.png", 0)
    assert "was not read" in bad.reason


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    good, closed = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    good.write_bytes(line(1))
    closed.write_bytes(line(2))
    if os.geteuid() == 0:  # root may read everything: what others get is raised for it
        opened = Path.open

        def refused(path, *args, **kwargs):
            if path == closed:
                raise PermissionError(13, "Permission denied")
            return opened(path, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refused)
    else:
        closed.chmod(0)
    ids, [bad], _ = read_all(tmp_path)
    assert ids == ["1"]
    assert (bad.file, bad.line) == (str(closed), 0)
    assert bad.reason == "cannot be opened: Permission denied; was not read"


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    ids, [bad], _ = read_all(tmp_path)
    assert ids == []
    assert bad.reason == "cannot be opened: not a file; was not read"


def test_a_text_log_that_nobody_knows(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("the first line\nand another\n\n")
    ids, rejects, records = read_all(path)
    assert (ids, records) == ([], 2)
    assert [r.line for r in rejects] == [1, 2]
    assert "write a mapping: docs/add-a-log-source.md" in rejects[0].reason


def test_rows_that_do_not_fit_the_header(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time,user,id\n2026-11-01,kim,1\n2026-11-01,kim,2,more\n2026-11-01,kim\n")
    ids, rejects, _ = read_all(path)
    assert ids == ["1"]
    assert [(r.line, r.reason) for r in rejects] == [
        (3, "has 4 fields where the header has 3"),
        (4, "has 2 fields where the header has 3"),
    ]


def test_many_rejects_do_not_pile_up(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no log\n" * 25_000)
    batches = list(read([path], settings=config.Ingest(batch=1000), now=NOW))
    assert sum(len(b.rejects) for b in batches) == 25_000
    assert max(len(b.rejects) for b in batches) < 25_000
