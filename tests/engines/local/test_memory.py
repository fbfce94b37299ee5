import json

import polars as pl
import pytest

from wheeltapper.engines.local.memory import Memory, Remembered
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine.reference import BARS, NOTHING, Reference


def some(bar):
    from datetime import date

    bars = pl.DataFrame([(date(2026, 1, 5), "", bar, 3)], schema=BARS, orient="row")
    return Reference(bars=bars)


def test_what_was_saved_is_loaded(tmp_path):
    memory = Memory(tmp_path / "refine")
    memory.save(Remembered(step=7, judges="j", run=1), some(4.5))
    known, reference = memory.load("j")
    assert (known.step, known.run) == (7, 1)
    assert reference.bars.equals(some(4.5).bars)
    assert reference.told.schema == NOTHING.told.schema


def test_only_the_last_is_kept(tmp_path):
    memory = Memory(tmp_path)
    memory.save(Remembered(judges="j", run=1), some(4.5))
    memory.save(Remembered(judges="j", run=2), some(5.5))
    assert memory.load("j")[1].bars["bar"].to_list() == [5.5]
    assert {path.stem.rpartition("-")[2] for path in tmp_path.glob("*.parquet")} == {"2"}


def test_killed_before_the_manifest_the_last_still_counts(tmp_path, monkeypatch):
    memory = Memory(tmp_path)
    memory.save(Remembered(judges="j", run=1), some(4.5))
    monkeypatch.setattr("wheeltapper.engines.local.memory.write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        memory.save(Remembered(judges="j", run=2), some(5.5))
    assert memory.load("j")[1].bars["bar"].to_list() == [4.5]


def test_nothing_is_remembered_at_first_and_of_other_judges(tmp_path):
    memory = Memory(tmp_path)
    assert memory.load("j")[1] is NOTHING
    memory.save(Remembered(judges="j", run=3), some(4.5))
    known, reference = memory.load("k")
    assert reference is NOTHING
    assert (known.judges, known.run, known.step) == ("k", 3, 0)
    memory.clear()
    assert memory.load("j")[1] is NOTHING


@pytest.mark.parametrize("damage", ["manifest", "part", "missing"])
def test_damage_is_said_with_what_to_do(tmp_path, damage):
    memory = Memory(tmp_path)
    memory.save(Remembered(judges="j", run=1), some(4.5))
    part = tmp_path / "bars-1.parquet"
    if damage == "manifest":
        (tmp_path / "manifest.json").write_text("{")
    elif damage == "part":
        part.write_bytes(b"PAR1 no more")
    else:
        part.unlink()
    with pytest.raises(WheeltapperError, match="start anew with: wheeltapper detect --replay"):
        memory.load("j")


def test_a_later_version_is_not_guessed_at(tmp_path):
    memory = Memory(tmp_path)
    memory.save(Remembered(judges="j", run=1), some(4.5))
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": 99}))
    with pytest.raises(WheeltapperError, match="later version"):
        memory.load("j")
