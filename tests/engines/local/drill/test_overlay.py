import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wheeltapper import workspace
from wheeltapper.engines.local.drill import overlay
from wheeltapper.errors import WheeltapperError

CUT = datetime(2026, 2, 8, tzinfo=UTC)


@pytest.fixture
def ws(office, tmp_path):
    return workspace.open(shutil.copytree(office.root, tmp_path / "work"))


def settings(ws, text):
    path = ws.root / "wheeltapper.toml"
    path.write_text(text, encoding="utf-8")
    return workspace.open(ws.root)


def test_a_workspace_laid_over_another(ws, tmp_path):
    for name in ("rules", "detectors", "models"):
        (ws.root / name).mkdir(exist_ok=True)
        (ws.root / name / "note.txt").write_text(name)
    (ws.root / "who").mkdir()
    (ws.root / "who" / "directory.csv").write_text("actor\nana\n")
    (ws.root / "secret.txt").write_text("of no use")
    ws = settings(
        ws,
        'name = "x"\nlake = "./lake"  # here\ncasebook = "sqlite:///./casebook.sqlite"\n'
        '[enrich]\ndirectory = "who/directory.csv"\n[detect]\noff = ["any.hour"]\n',
    )
    folder = tmp_path / "over"
    overlay.lay(ws, folder)
    made = workspace.open(folder)
    assert made.config.name == "x"
    assert made.config.detect == ws.config.detect
    assert made.cases() == ws.cases()
    assert made.activities().equals(ws.activities())
    assert not len(made.findings())
    assert (folder / "who" / "directory.csv").read_text() == "actor\nana\n"
    assert (folder / "rules" / "note.txt").read_text() == "rules"
    assert not (folder / "secret.txt").exists()
    (folder / "rules" / "note.txt").write_text("changed")
    assert (ws.root / "rules" / "note.txt").read_text() == "rules", "copied, not linked"
    assert (folder / "state" / "secret").read_bytes() == (ws.root / "state" / "secret").read_bytes()


def test_only_what_lies_before_a_day(ws, tmp_path):
    overlay.lay(ws, tmp_path / "over", CUT)
    mine = workspace.open(tmp_path / "over").activities()
    assert len(mine)
    assert mine.equals(ws.activities(until=CUT))


def test_settings_that_cannot_be_given_others_are_an_error(ws, tmp_path):
    ws = settings(ws, 'casebook = """\\\n  sqlite:///casebook.sqlite"""\n')
    with pytest.raises(WheeltapperError):
        overlay.lay(ws, tmp_path / "over")


def test_a_snapshot_stands_where_live_detection_stood(ws, tmp_path):
    kept = overlay.snapshot(ws, CUT, tmp_path / "a", workspace.open, None)
    assert kept.parent == ws.root / "state" / "drill"
    assert not (kept / "secret").exists()
    over = tmp_path / "over"
    overlay.lay(ws, over)
    overlay.restore(kept, over)
    laid = workspace.open(over)
    laid.detect()
    laid.refine()
    columns = ["detector", "entity", "time", "bits", "llr"]
    assert laid.findings().select(columns).equals(ws.findings().select(columns))
    assert laid.cases() == ws.cases(), "detection goes on as it did"


def test_a_snapshot_serves_until_it_would_say_something_else(ws, tmp_path):
    def taken(name):
        return overlay.snapshot(ws, CUT, tmp_path / name, workspace.open, None)

    first = taken("a")
    stamp = (first / "manifest.json").stat().st_mtime_ns
    assert taken("b") == first
    assert (first / "manifest.json").stat().st_mtime_ns == stamp
    (ws.root / "rules").mkdir(exist_ok=True)
    rule = next(overlay.BUILTIN.rglob("*.yml")).read_text(encoding="utf-8")
    (ws.root / "rules" / "mine.yml").write_text(rule.replace("title: ", "title: My "))
    second = taken("c")
    assert second != first
    assert not first.exists(), "one is kept"


def test_a_workspace_that_cannot_be_written_to_is_drilled_without(ws, tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(overlay, "_keep", refused)
    made = overlay.snapshot(ws, CUT, tmp_path / "a", workspace.open, None)
    assert made.is_relative_to(tmp_path / "a")
    assert Path(made / overlay.FINDINGS).exists()
    assert not (ws.root / overlay.SNAPSHOTS).exists()
