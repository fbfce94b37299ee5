"""Text lists and CSV tables that a user gives, read with the line that is wrong."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from wheeltapper.errors import ConfigError


def text(path: Path) -> str:
    """The whole file. Raises ConfigError if it is not there or not UTF-8."""
    try:
        # Line ends as they are: a cell in quotes may hold some.
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file; correct [enrich] in wheeltapper.toml (paths are relative to it)"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def entries(path: Path) -> Iterator[tuple[str, str]]:
    """`file:line` and text of each line that says something; `#` begins a comment."""
    for number, line in enumerate(text(path).splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if entry:
            yield f"{path}:{number}", entry


def rows(
    path: Path, *, needed: Sequence[str], known: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """`file:line` and cells by column name of each row of a CSV file with a header.

    Raises
    ------
    ConfigError   for a column that is not in `known`, one of `needed` that is not there, a row
                  with more cells than the header.
    """
    reader = csv.reader(io.StringIO(text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        for name in header:
            if name not in known:
                raise ConfigError(f"{path}:1: {name!r} is no column; there are: {', '.join(known)}")
        for name in needed:
            if name not in header:
                raise ConfigError(f"{path}:1: column {name} is missing; the first line names them")
        if len(set(header)) < len(header):
            raise ConfigError(f"{path}:1: a column is there twice")
        start = reader.line_num + 1
        for cells in reader:
            at, start = f"{path}:{start}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise ConfigError(
                    f"{at}: {len(cells)} cells, but the header names {len(header)} columns; "
                    "a comma inside a cell needs quotes around the cell"
                )
            cells += [""] * (len(header) - len(cells))
            yield at, {n: cell.strip() for n, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: not CSV: {error}") from error
