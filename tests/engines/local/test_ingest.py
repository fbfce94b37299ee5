"""Batches reach the lake once, rejects their file once, and what comes late is marked."""

import json
from datetime import timedelta
from itertools import chain

import pytest

from wheeltapper.activity import NATIVE_SCHEMA
from wheeltapper.config import Enrich
from wheeltapper.engines.local.ingest import ingest
from wheeltapper.enrich import Enricher
from wheeltapper.ingest.batch import Batch, Reject
from wheeltapper.store import Lake
from wheeltapper.testing import MONDAY, activities, activity

HOSTILE = Reject(
    file="logs/\x1b[31m\n.json",
    line=7,
    reason="is no JSON",
    raw='{"a": "\u202e\x00"',
    truncated=False,
)


def batch(name, rows, *, source="okta", files=("a.json",), rejects=()):
    table = activities(rows).select(NATIVE_SCHEMA.names)
    return Batch(
        activities=table,
        rejects=list(rejects),
        batch_id=name,
        files=files,
        source=source,
        records=len(table) + len(rejects),
    )


@pytest.fixture
def put(tmp_path):
    """Ingests batches into one lake."""
    lake = Lake(str(tmp_path / "lake"))
    enricher = Enricher(Enrich(), root=tmp_path, timezone="UTC")

    def put(*batches, watermark_us=None, progress=None, more=()):
        return ingest(
            chain(batches, more), enricher, lake, tmp_path / "rejects",
            watermark_us=watermark_us, progress=progress,
        )  # fmt: skip

    put.lake = lake
    return put


def test_counts_are_those_of_the_lake(put):
    seen = []
    done = put(
        batch("1", [activity("ana"), activity("kim")]),
        batch("2", [activity("ana", days=1)], source="sshd", files=("a.json", "b.log")),
        progress=lambda so_far: seen.append(so_far.added),
    )
    assert (done.records, done.added, done.known, done.late, done.rejected) == (3, 3, 0, 0, 0)
    assert done.sources == {"okta": 2, "sshd": 1}
    assert done.files == 2
    assert seen == [2, 3]
    assert put.lake.span()[2] == 3


def test_the_same_again_adds_nothing(put):
    rows = [activity("ana"), activity("kim")]
    put(batch("1", rows))
    done = put(batch("1", rows), batch("2", [*rows, activity("new")]))
    assert (done.added, done.known) == (1, 4)
    assert put.lake.span()[2] == 3


def test_acts_up_to_the_watermark_are_late_and_known_ones_stay_what_they_were(put):
    put(batch("1", [activity("ana")]))
    known = activities([activity("ana")]).to_pylist()[0]
    now = MONDAY + timedelta(days=1)
    passed = int(MONDAY.timestamp() * 1e6) + 60_000_000
    done = put(
        batch("2", [known, *(activity("kim", minutes=n, received=now) for n in (1, 2))]),
        watermark_us=passed,
    )
    rows = put.lake.activities(columns=["actor", "time", "late"]).to_pylist()
    assert [(r["actor"], r["late"]) for r in rows] == [
        ("ana", False), ("kim", True), ("kim", False),
    ]  # fmt: skip
    assert (done.added, done.late) == (2, 1)


def test_rejects_are_kept_once_with_file_line_and_reason(put, tmp_path):
    for _ in range(2):
        done = put(batch("1", [activity()], rejects=[HOSTILE]))
        assert done.rejected == 1
    (path,) = (tmp_path / "rejects").iterdir()
    (line,) = path.read_bytes().splitlines()
    assert line.isascii()
    assert b"\x1b" not in line
    kept = json.loads(line)
    assert (kept["file"], kept["line"], kept["reason"]) == (HOSTILE.file, 7, "is no JSON")
    assert kept["raw"] == HOSTILE.raw


def test_a_batch_of_nothing_but_rejects(put):
    done = put(batch("1", [], source="", rejects=[HOSTILE]))
    assert (done.records, done.added, done.rejected) == (1, 0, 1)
    assert put.lake.span() == (None, None, 0)


def test_what_goes_wrong_while_reading_ends_the_run_and_keeps_what_was_read(put):
    def broken():
        yield batch("1", [activity()])
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        put(more=broken())
    assert put.lake.span()[2] == 1
