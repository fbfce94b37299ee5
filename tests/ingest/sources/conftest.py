"""Records of one source in, Activities out, beside what they were when somebody last looked."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wheeltapper import config
from wheeltapper.ingest import read

DATA = Path(__file__).parent.parent.parent / "data"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
CHANGED = datetime(2026, 4, 1, tzinfo=UTC)
NOT_SHOWN = ("event_id", "received", "late", "raw")


def _rows(*paths: Path):
    """Activities as dictionaries without empty columns, and the rejects."""
    found, rejects = [], []
    for batch in read(paths, settings=config.Ingest(), now=NOW):
        rejects += batch.rejects
        for row in batch.activities.drop(list(NOT_SHOWN)).to_pylist():
            row |= {n: row[n].isoformat() for n in ("time", "began") if row[n]}
            found.append({name: value for name, value in row.items() if value is not None})
    return found, rejects


@pytest.fixture
def rows():
    """Call it with paths; gives Activities as dictionaries, and the rejects."""
    return _rows


@pytest.fixture
def batch_of(tmp_path):
    """Call it with records; gives the batch that they become."""

    def made(*records: dict[str, object]):
        path = tmp_path / "raws.ndjson"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        [batch] = read([path], settings=config.Ingest(), now=NOW)
        return batch

    return made


@pytest.fixture
def activities(tmp_path):
    """Call it with records (dictionaries); gives their Activities, none of them rejected."""

    def made(*records: dict[str, object]):
        path = tmp_path / "records.ndjson"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        found, rejects = _rows(path)
        assert rejects == []
        return found

    return made


@pytest.fixture
def golden(tmp_path):
    """Call it with a source and its file in tests/data; compares with the golden file there."""

    def check(source: str, file: str = "records.ndjson", golden: str = "golden.ndjson"):
        # A copy that was changed on a day that is known: lines without a year take it from there.
        copy = tmp_path / file
        copy.write_bytes((DATA / source / file).read_bytes())
        os.utime(copy, (CHANGED.timestamp(), CHANGED.timestamp()))
        found, rejects = _rows(copy)
        assert rejects == []
        assert {row["source"] for row in found} == {source}
        rendered = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
        kept = DATA / source / golden
        if os.environ.get("WHEELTAPPER_GOLDEN"):
            kept.write_text(rendered, encoding="utf-8")
        assert rendered == kept.read_text(encoding="utf-8")

    return check


@pytest.fixture
def counted():
    """Call it with paths; gives how many Activities each source has, and the rejects."""

    def count(*paths: Path):
        found: Counter[str] = Counter()
        rejects = []
        for batch in read(paths, settings=config.Ingest(), now=NOW):
            found[batch.source] += batch.activities.num_rows
            rejects += batch.rejects
        return +found, rejects

    return count
