"""What needs no Spark to be seen; the rest is in test_kill.py and in engines/test_parity.py."""

import pytest
from click.testing import CliRunner

from wheeltapper import workspace
from wheeltapper.cli import main
from wheeltapper.config import Kafka
from wheeltapper.engines.spark.stream import Stream
from wheeltapper.errors import WheeltapperError


@pytest.fixture
def ws(tmp_path):
    return workspace.init(tmp_path / "work")


def test_what_spark_has_seen_is_kept_for_these_folders_alone(ws, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    kept = Stream(ws, [one, two], None).kept
    assert kept.parent == ws.root / "state"
    assert kept == Stream(ws, [two, one, two], None).kept
    assert kept != Stream(ws, [one], None).kept


def test_what_cannot_be_followed_is_said_at_once(ws, tmp_path):
    file = tmp_path / "okta.ndjson"
    file.touch()
    for path in (file, tmp_path / "gone"):
        with pytest.raises(WheeltapperError, match=r"is no folder; Spark follows folders"):
            Stream(ws, [path], None)
    with pytest.raises(WheeltapperError, match="no log kind is called 'tea'"):
        Stream(ws, [tmp_path], None, source="tea")
    for how in (["--follow"], [str(tmp_path), "--listen", "127.0.0.1:0"]):
        said = CliRunner().invoke(main, ["-w", str(ws.root), "run", "--engine", "spark", *how])
        assert said.exit_code == 2
        assert "follows folders" in said.output
    with pytest.raises(WheeltapperError, match="no log kind is called 'tea'"):
        Stream(ws, [], None, topics=Kafka(topics={"audit": "tea"}))
