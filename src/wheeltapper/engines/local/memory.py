"""What refinement remembers from one run to the next: the folder `state/refine/` of a workspace.

The manifest names one Parquet file for each part of the `Reference`; it is replaced in one rename
after they are safely on disk, and what it does not name is taken away. Cases are saved before: a
process killed between the two refines the same days again, with the same outcome.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from wheeltapper.engines.local.checkpoint import MANIFEST, write
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine.reference import NOTHING, Reference

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Where refinement stands."""

    step: int = 0
    """Of detection: what later steps found is new."""
    judges: str = ""
    """Digest of what judged: of other judges' bits other counts would have come."""
    run: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Memory:
    """The folder."""

    folder: Path

    def load(self, judges: str) -> tuple[Remembered, Reference]:
        """What is remembered of the same judges; nothing otherwise: all is refined anew then.

        Raises
        ------
        WheeltapperError   if the files are damaged or were written by a later version.
        """
        path = self.folder / MANIFEST
        nothing = Remembered(judges=judges)
        if not path.exists():
            return nothing, NOTHING
        again = "; start anew with: wheeltapper detect --replay"
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            known = Remembered(**values)
            if known.version > VERSION:
                raise WheeltapperError(
                    f"{path}: written by a later version of wheeltapper; update it"
                )
            if known.judges != judges:
                return Remembered(judges=judges, run=known.run), NOTHING
            frames = {
                f.name: pl.read_parquet(self._file(f.name, known.run)).cast(
                    dict(getattr(NOTHING, f.name).schema)
                )
                for f in fields(Reference)
            }
        except (ValueError, TypeError, OSError, PolarsError) as error:
            raise WheeltapperError(f"{path}: cannot be read ({error}){again}") from error
        return known, Reference(**frames)

    def save(self, known: Remembered, reference: Reference) -> None:
        """Make this what is remembered."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in fields(Reference):
            getattr(reference, part.name).write_parquet(self._file(part.name, known.run))
        write(self.folder / MANIFEST, json.dumps(asdict(known), indent=1).encode())
        for old in self.folder.glob("*.parquet"):
            if old.stem.rpartition("-")[2] != str(known.run):
                old.unlink()

    def clear(self) -> None:
        """Forget everything: all findings are refined anew."""
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def _file(self, part: str, run: int) -> Path:
        return self.folder / f"{part}-{run}.parquet"


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
