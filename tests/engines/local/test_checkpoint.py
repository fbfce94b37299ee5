import json

import pytest

from wheeltapper.engines.local.checkpoint import (
    BEFORE,
    MANIFEST,
    VERSION,
    Checkpoint,
    Manifest,
    Standing,
)
from wheeltapper.errors import WheeltapperError


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "state")


def test_nothing_judged_yet(checkpoint):
    assert checkpoint.manifest() == Manifest()
    assert checkpoint.manifest().watermark_us is None


def test_what_was_committed_is_read_again(checkpoint):
    kept = checkpoint.commit(Manifest(step=3, watermark_us=17, late_us=19), b"kernels", b"models")
    assert checkpoint.manifest() == kept
    assert (kept.step, kept.watermark_us, kept.late_us) == (3, 17, 19)
    assert checkpoint.read(kept.snapshot, kept.checksum) == b"kernels"
    assert checkpoint.read(kept.models, kept.models_checksum) == b"models"


def names(checkpoint):
    return {path.name for path in checkpoint.folder.iterdir()}


def test_the_newest_snapshots_and_those_before_stay(checkpoint):
    kept = [checkpoint.commit(Manifest(step=step), b"a", b"b") for step in (1, 2, 3)]
    files = {name for one in kept[1:] for name in (one.snapshot, one.models)}
    assert names(checkpoint) == {MANIFEST, BEFORE, *files}
    checkpoint.clear()
    assert names(checkpoint) == files


def test_a_damaged_snapshot_leads_back_to_the_one_before(checkpoint):
    before = checkpoint.commit(Manifest(step=1), b"a", b"b")
    newest = checkpoint.commit(Manifest(step=2), b"c", b"d")
    assert Checkpoint(checkpoint.folder).sound() == Standing(newest, b"c", b"d")
    (checkpoint.folder / newest.models).write_bytes(b"?")
    again = Checkpoint(checkpoint.folder)
    assert again.sound() == Standing(before, b"a", b"b")
    # What is kept from then on is what was seen to be whole.
    last = again.commit(Manifest(step=3), b"e", b"f")
    (checkpoint.folder / last.snapshot).unlink()
    assert Checkpoint(checkpoint.folder).sound() == Standing(before, b"a", b"b")
    (checkpoint.folder / before.snapshot).unlink()
    with pytest.raises(WheeltapperError, match=r"detect-3\.arrow: damaged or missing .*--replay"):
        Checkpoint(checkpoint.folder).sound()


def test_forgetting_starts_at_the_beginning(checkpoint):
    checkpoint.commit(Manifest(step=1), b"a", b"b")
    checkpoint.clear()
    assert checkpoint.manifest() == Manifest()
    checkpoint.clear()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"step": 1, "colour": "red"}'])
def test_a_damaged_manifest_is_told_with_its_file(checkpoint, damage):
    (checkpoint.folder / MANIFEST).write_bytes(damage)
    with pytest.raises(WheeltapperError, match=r"manifest\.json: cannot be read .*--replay"):
        checkpoint.manifest()


def test_a_manifest_of_a_later_version_is_not_touched(checkpoint):
    later = json.dumps({"version": VERSION + 1})
    (checkpoint.folder / MANIFEST).write_text(later)
    with pytest.raises(WheeltapperError, match="later version of wheeltapper; update it"):
        checkpoint.manifest()
    assert (checkpoint.folder / MANIFEST).read_text() == later


def test_a_snapshot_that_is_another_or_missing_is_told_with_its_file(checkpoint):
    kept = checkpoint.commit(Manifest(step=1), b"a", b"b")
    (checkpoint.folder / kept.snapshot).write_bytes(b"x")
    with pytest.raises(WheeltapperError, match=r"detect-1\.arrow: damaged or missing"):
        checkpoint.read(kept.snapshot, kept.checksum)
    (checkpoint.folder / kept.models).unlink()
    with pytest.raises(WheeltapperError, match=r"models-1\.arrow: damaged or missing"):
        checkpoint.read(kept.models, kept.models_checksum)
