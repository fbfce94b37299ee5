"""docs/add-a-log-source.md does what it says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from wheeltapper import config
from wheeltapper.ingest import Sources, read

PAGE = (Path(__file__).parent.parent.parent / "docs" / "add-a-log-source.md").read_text()
NOT_SHOWN = ["event_id", "received", "late", "raw"]


def block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, mark
    return found[1]


def test_the_example_becomes_what_the_page_shows(tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "doors.toml").write_text(block("mapping: doors"))
    log = tmp_path / "doors.ndjson"
    log.write_text(block("records"))
    now = datetime(2026, 11, 24, tzinfo=UTC)
    [batch] = read([log], settings=config.Ingest(), now=now, sources=Sources.load(sources))
    assert batch.rejects == []
    rows = batch.activities.drop(NOT_SHOWN).to_pylist()
    for row in rows:
        row["time"] = row["time"].isoformat()
    shown = [json.loads(line) for line in block("activities").splitlines()]
    assert [{k: v for k, v in row.items() if v is not None} for row in rows] == shown


def test_the_files_it_points_to_are_there():
    package = Path(__file__).parent.parent.parent / "src" / "wheeltapper" / "ingest"
    for name in re.findall(r"`sources/(\w+\.toml)`", PAGE):
        assert (package / "sources" / name).is_file() or name == "doors.toml"
    assert (package / "readers" / "plain_text.py").is_file()
