"""What is to be read: files, folders and patterns become one sorted list."""

import os
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path

from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest.readers import Input, Limits, readers


def expand(paths: Sequence[Path | str], limits: Limits) -> list[Path]:
    """Every file below the paths, and every folder that a reader claims as a whole.

    A folder's files come sorted, hidden ones left out. Raises WheeltapperError for a path that is
    not there and a pattern that nothing matches.
    """
    found: list[Path] = []
    for path in paths:
        if Path(path).exists():
            found += _below(Path(path), limits)
        elif matches := sorted(glob(str(path), recursive=True)):  # noqa: PTH207 (a pattern may be absolute)
            for match in matches:
                found += _below(Path(match), limits)
        else:
            raise WheeltapperError(f"{path}: there is no such file or folder, nothing to read")
    return list(dict.fromkeys(found))


def _below(path: Path, limits: Limits) -> Iterator[Path]:
    if not path.is_dir() or _claimed(path, limits, given=True):
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in list(folders):
            if _claimed(Path(folder, name), limits, given=False):
                folders.remove(name)
                yield Path(folder, name)
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


def _claimed(path: Path, limits: Limits, *, given: bool) -> bool:
    return any(reader.claims(Input(path, limits, None, given)) for reader in readers())
