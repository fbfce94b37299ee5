"""Where detection stands: a snapshot of its state and a manifest that names it.

The manifest is the truth: it is replaced in one rename, after everything it names is safely on
disk. A process killed before that has done nothing; one killed after it has done all of it.
The manifest before it is kept with its snapshots: should a disk damage the newest, detection goes
on from there.
"""

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wheeltapper.errors import WheeltapperError

MANIFEST = "manifest.json"
BEFORE = "manifest.before.json"
"""What the manifest was before."""
VERSION = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What has been detected so far."""

    step: int = 0
    """Steps done; findings of later steps do not count."""
    watermark_us: int | None = None
    """Acts up to and including this time have been judged."""
    late_us: int | None = None
    """Late acts received up to this time have been judged."""
    snapshot: str = ""
    checksum: str = ""
    models: str = ""
    """Snapshot of the models' state."""
    models_checksum: str = ""
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Standing:
    """A manifest, and the snapshots that it names; both empty where nothing was judged yet."""

    manifest: Manifest = field(default_factory=Manifest)
    state: bytes = b""
    models: bytes = b""


class Checkpoint:
    """The folder `state/` of a workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._standing = Manifest()
        """The last whose snapshots were seen whole, or written, by this object."""

    def sound(self) -> "Standing":
        """The newest manifest whose snapshots are whole, and their bytes.

        Where it is not the newest of all, findings of the steps after it have to be taken back.

        Raises
        ------
        WheeltapperError   if there is none.
        """
        newest = self.manifest()
        try:
            found = self._whole(newest)
        except WheeltapperError as error:
            before = self._read(self.folder / BEFORE)
            if before == newest or not before.snapshot:
                raise
            try:
                found = self._whole(before)
            except WheeltapperError:
                raise error from None
            _log.warning("%s; until then it goes on from step %d, before it", error, before.step)
        self._standing = found.manifest
        return found

    def _whole(self, manifest: Manifest) -> "Standing":
        if not manifest.snapshot:
            return Standing(manifest)
        return Standing(
            manifest,
            self.read(manifest.snapshot, manifest.checksum),
            self.read(manifest.models, manifest.models_checksum),
        )

    def manifest(self) -> Manifest:
        return self._read(self.folder / MANIFEST)

    def _read(self, path: Path) -> Manifest:
        if not path.exists():
            return Manifest()
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            manifest = Manifest(**values)
        except (ValueError, TypeError) as error:
            raise WheeltapperError(
                f"{path}: cannot be read ({error}); start anew with: wheeltapper detect --replay"
            ) from error
        if manifest.version > VERSION:
            raise WheeltapperError(f"{path}: written by a later version of wheeltapper; update it")
        return manifest

    def read(self, name: str, checksum: str) -> bytes:
        """A snapshot's bytes.

        Raises
        ------
        WheeltapperError   if they are not the ones that were written.
        """
        path = self.folder / name
        data = path.read_bytes() if path.exists() else b""
        if _checksum(data) != checksum:
            raise WheeltapperError(
                f"{path}: damaged or missing (its checksum differs); start anew with: "
                "wheeltapper detect --replay"
            )
        return data

    def commit(self, manifest: Manifest, state: bytes, models: bytes) -> Manifest:
        """Make `manifest`, with these snapshots, the truth; those before the last go."""
        before = self._standing
        names = f"detect-{manifest.step}.arrow", f"models-{manifest.step}.arrow"
        for name, data in zip(names, (state, models), strict=True):
            write(self.folder / name, data)
        whole = Manifest(
            **{
                **asdict(manifest),
                "snapshot": names[0],
                "checksum": _checksum(state),
                "models": names[1],
                "models_checksum": _checksum(models),
            }
        )
        if before.snapshot:
            write(self.folder / BEFORE, _json(before))
        write(self.folder / MANIFEST, _json(whole))
        self._standing = whole
        kept = {*names, before.snapshot, before.models}
        for old in (*self.folder.glob("detect-*.arrow"), *self.folder.glob("models-*.arrow")):
            if old.name not in kept:
                old.unlink()
        return whole

    def clear(self) -> None:
        """Forget everything: the next detection starts at the lake's beginning."""
        (self.folder / BEFORE).unlink(missing_ok=True)
        (self.folder / MANIFEST).unlink(missing_ok=True)
        sync(self.folder)


def _json(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), indent=1).encode()


def _checksum(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def write(path: Path, data: bytes) -> None:
    """Replace a file in one step; it is on disk when this returns."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make sure that the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
