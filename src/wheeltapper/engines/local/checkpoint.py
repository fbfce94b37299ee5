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
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
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
    shards: int = 1
    """Parts that accounts are dealt to; with more than one, their states are in `files`."""
    files: dict[str, str] = field(default_factory=dict)
    """Checksums of the shards' snapshots, by name."""
    saved: int = 0
    """The step after which those were saved."""
    version: int = VERSION

    @property
    def snapshots(self) -> dict[str, str]:
        """Checksums of all files that it names, by name; none where nothing was judged yet."""
        if not self.snapshot:
            return self.files
        return {self.snapshot: self.checksum, self.models: self.models_checksum}


@dataclass(frozen=True, slots=True)
class Standing:
    """A manifest, and the snapshots that it names; both empty where nothing was judged yet.

    Those of several shards stay where they are: each worker reads its own.
    """

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
            if before == newest or not before.snapshots:
                raise
            try:
                found = self._whole(before)
            except WheeltapperError:
                raise error from None
            _log.warning("%s; until then it goes on from step %d, before it", error, before.step)
        self._standing = found.manifest
        return found

    def before(self) -> Manifest:
        """What can be gone back to where the newest is damaged; of step 0 where there is nothing.

        Raises
        ------
        WheeltapperError   if it is damaged itself.
        """
        return self._whole(self._read(self.folder / BEFORE)).manifest

    def _whole(self, manifest: Manifest) -> "Standing":
        if manifest.snapshot:
            return Standing(
                manifest,
                self.read(manifest.snapshot, manifest.checksum),
                self.read(manifest.models, manifest.models_checksum),
            )
        for name, checksum in manifest.files.items():
            self.read(name, checksum)
        return Standing(manifest)

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
        if checksum_of(data) != checksum:
            raise WheeltapperError(
                f"{path}: damaged or missing (its checksum differs); start anew with: "
                "wheeltapper detect --replay"
            )
        return data

    def commit(self, manifest: Manifest, state: bytes, models: bytes) -> Manifest:
        """Make `manifest`, with these snapshots, the truth; those before the last go."""
        names = f"detect-{manifest.step}.arrow", f"models-{manifest.step}.arrow"
        checksums = [self.put(*one) for one in zip(names, (state, models), strict=True)]
        return self._true(
            replace(
                manifest, snapshot=names[0], checksum=checksums[0],
                models=names[1], models_checksum=checksums[1], files={},
            )
        )  # fmt: skip

    def put(self, name: str, data: bytes) -> str:
        """A snapshot's bytes, safely on disk; their checksum. They count when a manifest says so.

        Files of one step are named after it; whoever tries the step again writes them again.
        """
        write(self.folder / name, data)
        return checksum_of(data)

    def commit_shards(self, manifest: Manifest, files: Mapping[str, str]) -> Manifest:
        """The same with the snapshots of several shards, which were `put` there already."""
        return self._true(
            replace(
                manifest, files=dict(sorted(files.items())),
                snapshot="", checksum="", models="", models_checksum="",
            )
        )  # fmt: skip

    def _true(self, whole: Manifest) -> Manifest:
        before = self._standing
        if before.snapshots:
            write(self.folder / BEFORE, _json(before))
        write(self.folder / MANIFEST, _json(whole))
        self._standing = whole
        kept = {*whole.snapshots, *before.snapshots}
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


def checksum_of(data: bytes) -> str:
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
