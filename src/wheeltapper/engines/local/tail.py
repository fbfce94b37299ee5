"""Tail: what is new in files and folders goes into the spool, each byte at least once.

Lines are taken as they are written, from where the last look ended, up to the last whole line. A
file is known by its device and number and by its first bytes: one that is renamed, as when logs are
rotated, is read on under its new name, and one that is cut off or written anew is read from its
beginning. A document is taken whole once it has not changed between two looks.

Where reading stands is kept in `follow.json`, which is replaced in one step after what was read is
safe in the spool. Losing it costs reading again, which adds nothing to the lake.
"""

import hashlib
import json
import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from wheeltapper.engines.local.checkpoint import write
from wheeltapper.engines.local.spool import About, Spool
from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest.inputs import expand
from wheeltapper.ingest.readers import Limits
from wheeltapper.ingest.shape import Shape, shape_of

FILE = "follow.json"
"""In the folder `state/`."""
PIECE_BYTES = 16 << 20
"""Lines that become one entry of the spool."""
HEAD_BYTES = 1024
"""Of a file, that it is known by."""
_COPY_BYTES = 1 << 20
_JSON = (b"{", b"[")
_log = logging.getLogger(__name__)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(slots=True)
class Known:
    """How far one file was read."""

    path: str
    device: int
    inode: int
    read_bytes: int = 0
    """Of these the spool has, or had, every line."""
    lines: int = 0
    """And so many they are."""
    head_bytes: int = 0
    head: str = ""
    """Hash of that many first bytes."""
    shape: Shape = Shape.UNKNOWN
    size: int = -1
    changed_ns: int = -1
    """As they were at the last look."""
    read_ns: int = -1
    """When the file had last changed when all of it was read."""


class Tail:
    """Files and folders that are read as they grow."""

    def __init__(self, paths: Sequence[str | Path], state: Path, limits: Limits) -> None:
        """`state` is the folder of `follow.json`.

        Raises
        ------
        WheeltapperError   for a path that is not there.
        """
        self._paths = [str(path) for path in paths]
        self._limits = limits
        self._file = state / FILE
        self._known = load(self._file)
        self._saved = ""
        self._told: set[str] = set()
        for path in self._paths:
            expand([path], limits)

    def look(self, spool: Spool, source: str = "") -> Iterator[None]:
        """Put what is new into the spool; yields after each piece, so that it can be emptied.

        Raises
        ------
        OSError   if the spool's disk is full; the next look goes on where this one ended.
        """
        seen: dict[tuple[int, int], Known] = {}
        for path in self._files():
            try:
                status = path.stat()
            except OSError:  # gone since the folder was listed
                continue
            if not stat.S_ISREG(status.st_mode):
                self._tell(path, "is no file, and only files are followed; read it with: run")
                continue
            key = status.st_dev, status.st_ino
            if key in seen:  # a second name of the same file
                continue
            known = self._known.get(key) or Known(str(path), *key)
            known.path = str(path)
            seen[key] = self._known[key] = known
            try:
                yield from self._look_at(path, status, known, spool, source)
            except FileNotFoundError:
                continue
            except PermissionError as error:
                self._tell(path, f"cannot be read: {error.strerror}")
        self._known = seen

    def _files(self) -> Iterator[Path]:
        for path in self._paths:
            try:
                found = expand([path], self._limits)
            except WheeltapperError:  # between two files of that name
                found = []
            if not Path(path).is_dir():
                yield from self._renamed(path)
            yield from found

    def _renamed(self, path: str) -> Iterator[Path]:
        """Files that were followed as `path` and now lie beside it under another name."""
        wanted = {(k.device, k.inode) for k in self._known.values() if k.path == path}
        if not wanted:
            return
        try:
            with os.scandir(Path(path).parent) as beside:
                for entry in beside:
                    if entry.path != path and entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        if (status.st_dev, status.st_ino) in wanted:
                            yield Path(entry.path)
        except OSError:
            return

    def _look_at(
        self, path: Path, status: os.stat_result, known: Known, spool: Spool, source: str
    ) -> Iterator[None]:
        settled = (status.st_size, status.st_mtime_ns) == (known.size, known.changed_ns)
        known.size, known.changed_ns = status.st_size, status.st_mtime_ns
        if (status.st_size, status.st_mtime_ns) == (known.read_bytes, known.read_ns):
            return
        with path.open("rb") as file:
            if known.read_bytes and (
                status.st_size < known.read_bytes or _head(file, known.head_bytes) != known.head
            ):
                _log.info("%s was written anew; it is read from its beginning", path)
                known.read_bytes = known.lines = known.head_bytes = 0
                known.read_ns = -1
                known.shape = Shape.UNKNOWN
            if known.shape == Shape.UNKNOWN:
                known.shape = shape_of(path, self._limits)
            about = About(origin=str(path), source=source, changed_ns=status.st_mtime_ns)
            if known.shape == Shape.DOCUMENT:
                if settled and status.st_size:
                    spool.put(_blocks(file, status.st_size), about)
                    self._read(file, known, status.st_size, 0)
                    yield
            elif known.shape != Shape.UNKNOWN:
                yield from self._lines(file, status.st_size, known, spool, about, settled)

    def _lines(
        self, file: BinaryIO, size: int, known: Known, spool: Spool, about: About, settled: bool
    ) -> Iterator[None]:
        while known.read_bytes < size:
            file.seek(known.read_bytes)
            piece = file.read(min(PIECE_BYTES, size - known.read_bytes))
            end = piece.rfind(b"\n") + 1
            if not end and len(piece) < PIECE_BYTES:
                if not (settled and _is_record(piece)):
                    return  # the rest of the line is still to come
                end = len(piece)
            piece = piece[: end or len(piece)]  # a line longer than this will be rejected in parts
            line = known.lines + 1
            for part in _like(piece, known.shape):
                spool.put(
                    [part],
                    About(
                        origin=about.origin, source=about.source, line=line,
                        changed_ns=about.changed_ns,
                    ),
                )  # fmt: skip
                line += part.count(b"\n")
            self._read(file, known, known.read_bytes + len(piece), piece.count(b"\n"))
            yield

    def _read(self, file: BinaryIO, known: Known, size: int, lines: int) -> None:
        known.read_bytes = size
        known.lines += lines
        if size == known.size:
            known.read_ns = known.changed_ns
        if known.head_bytes < HEAD_BYTES:
            known.head_bytes = min(HEAD_BYTES, size)
            known.head = _head(file, known.head_bytes)

    def save(self) -> None:
        """Keep where reading stands; what the spool does not have yet must not be in it."""
        text = json.dumps([asdict(known) for known in self._known.values()], indent=0)
        if text != self._saved:
            write(self._file, text.encode())
            self._saved = text

    def _tell(self, path: Path, what: str) -> None:
        if str(path) not in self._told:
            self._told.add(str(path))
            _log.warning("%s %s", path, what)


def load(path: Path, *, strict: bool = False) -> dict[tuple[int, int], Known]:
    """What `follow.json` says; nothing where it cannot be read: then all is read again.

    Raises
    ------
    ValueError   where it cannot be read, if that is to be known (`strict`).
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        found = [Known(**{**value, "shape": Shape(value["shape"])}) for value in values]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        if strict:
            raise ValueError(str(error)) from error
        _log.warning("%s cannot be read (%s): what it told of is read again", path, error)
        return {}
    return {(known.device, known.inode): known for known in found}


def _like(piece: bytes, shape: Shape) -> Iterable[bytes]:
    """The piece; lines at its beginning that would make it look like another shape come apart.

    What an entry holds is found out from how it begins.
    """
    at = 0
    while at < len(piece):
        odd = piece[at : at + HEAD_BYTES].lstrip(b" \t\r\n\0")[:1] in _JSON
        if odd == (shape == Shape.JSON_LINES):
            break
        at = piece.find(b"\n", at) + 1 or len(piece)
    return [part for part in (piece[:at], piece[at:]) if part]


def _is_record(text: bytes) -> bool:
    """Whether it is a JSON object that only lacks the end of its line."""
    try:
        _object.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _head(file: BinaryIO, size: int) -> str:
    file.seek(0)
    return hashlib.blake2b(file.read(size), digest_size=16).hexdigest()


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    file.seek(0)
    while size > 0 and (block := file.read(min(_COPY_BYTES, size))):
        size -= len(block)
        yield block
