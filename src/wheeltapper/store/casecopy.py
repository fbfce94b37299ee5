"""A casebook copied aside, without a byte being written where it came from."""

import shutil
from pathlib import Path

import sqlalchemy as sa

from wheeltapper.errors import WheeltapperError
from wheeltapper.store import database
from wheeltapper.store.tables import Base

_TRIES = 20
_LOG = "-wal"
_ROWS = 1_000


def copy(url: str, into: Path) -> None:
    """Copy the casebook at an SQLAlchemy URL to an SQLite file; nothing where there is none.

    An SQLite casebook is copied as a file: even opening it would write beside it.

    Raises
    ------
    WheeltapperError   if it cannot be read, or is written to without a pause.
    """
    if url.startswith("sqlite:///"):
        _copy_file(Path(url.removeprefix("sqlite:///")), into)
        return
    source, target = database.open_engine(url), database.open_engine(f"sqlite:///{into}")
    try:
        database.migrate(target)
        with source.connect() as reading, target.begin() as writing:
            for table in Base.metadata.sorted_tables:
                for part in reading.execute(sa.select(table)).mappings().partitions(_ROWS):
                    writing.execute(sa.insert(table), [dict(row) for row in part])
    except sa.exc.DBAPIError as error:
        shown = source.url.render_as_string(hide_password=True)
        raise WheeltapperError(
            f"casebook {shown} cannot be copied: {error.orig}; bring it up to date with: "
            "wheeltapper cases"
        ) from error
    finally:
        source.dispose()
        target.dispose()


def _copy_file(path: Path, into: Path) -> None:
    """The file and its write-ahead log, as they were at one moment."""
    log = path.with_name(path.name + _LOG)
    if not path.exists():
        return
    for _ in range(_TRIES):
        before = _stamp(path), _stamp(log)
        shutil.copyfile(path, into)
        if log.exists():
            shutil.copyfile(log, into.with_name(into.name + _LOG))
        if before == (_stamp(path), _stamp(log)):
            return
        into.with_name(into.name + _LOG).unlink(missing_ok=True)
    raise WheeltapperError(f"{path}: is written to all the time; try again later")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return seen.st_mtime_ns, seen.st_size
