import json

import pytest

from wheeltapper.engines.local.checkpoint import MANIFEST, VERSION, Checkpoint, Manifest
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


def test_only_the_newest_snapshots_stay(checkpoint):
    checkpoint.commit(Manifest(step=1), b"a", b"b")
    kept = checkpoint.commit(Manifest(step=2), b"c", b"d")
    names = {path.name for path in checkpoint.folder.iterdir()}
    assert names == {MANIFEST, kept.snapshot, kept.models}


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
