"""Where detection stands: a snapshot of its state and a manifest that names it.

The manifest is the truth: it is replaced in one rename, after everything it names is safely on
disk. A process killed before that has done nothing; one killed after it has done all of it.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from wheeltapper.errors import WheeltapperError

MANIFEST = "manifest.json"
VERSION = 1


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


class Checkpoint:
    """The folder `state/` of a workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def manifest(self) -> Manifest:
        path = self.folder / MANIFEST
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
        """Make `manifest`, with these snapshots, the truth; older snapshots go."""
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
        write(self.folder / MANIFEST, json.dumps(asdict(whole), indent=1).encode())
        for old in (*self.folder.glob("detect-*.arrow"), *self.folder.glob("models-*.arrow")):
            if old.name not in names:
                old.unlink()
        return whole

    def clear(self) -> None:
        """Forget everything: the next detection starts at the lake's beginning."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        _sync(self.folder)


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
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
