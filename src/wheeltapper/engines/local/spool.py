"""Spool: what has come in and is not in the lake yet, safely on disk.

Each entry is a folder of its own, made beside and renamed into place, so that it is there whole or
not at all; it goes when the lake has its acts. A process killed between the two ingests the entry
again, which adds nothing: an act is known by its content.
"""

import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from types import TracebackType

from wheeltapper.engines.local.checkpoint import sync

FOLDER = "spool"
ABOUT = "about.json"
DATA = "data"
_HALF, _GONE, DAMAGED = ".new-", ".gone-", ".damaged-"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Where an entry's bytes come from."""

    origin: str
    """What rejects call it: a file's path, `http`, or `kafka:TOPIC/PARTITION`."""
    source: str = ""
    """Its log kind; empty: to be found out."""
    line: int = 1
    """Number, at its origin, of its first line."""
    changed_ns: int = 0
    """When the file last changed, in ns since 1970; 0: now."""
    topic: str = ""
    """Of messages: their topic's name,"""
    topic_id: str = ""
    """its id, which a topic that is made anew does not share,"""
    partition: int = -1
    offset: int = -1
    """and the offset that follows the last of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of input."""

    folder: Path
    about: About
    size_bytes: int

    @property
    def data(self) -> Path:
        return self.folder / DATA


class Draft:
    """An entry while it is written. Leaving `with` without `keep` leaves nothing behind."""

    def __init__(self, spool: "Spool", about: About) -> None:
        self.size_bytes = 0
        self._spool = spool
        self._about = about
        self._name = f"{time.time_ns():020d}-{token_hex(4)}"
        self._folder = spool.folder / f"{_HALF}{self._name}"
        self._folder.mkdir(parents=True)
        self._file = (self._folder / DATA).open("wb")

    def __enter__(self) -> "Draft":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._file.close()
        if self._folder.exists():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._spool.count(0, -self.size_bytes)

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.size_bytes += len(data)
        self._spool.count(0, len(data))

    def keep(self) -> Entry:
        """Make it an entry; it is on disk when this returns."""
        self._file.flush()
        if self._about.changed_ns:
            os.utime(self._file.fileno(), ns=(self._about.changed_ns, self._about.changed_ns))
        os.fsync(self._file.fileno())
        with (self._folder / ABOUT).open("w", encoding="utf-8") as file:
            json.dump(asdict(self._about), file)
            file.flush()
            os.fsync(file.fileno())
        sync(self._folder)
        folder = self._spool.folder / self._name
        self._folder.rename(folder)
        self._spool.count(1, 0)
        sync(self._spool.folder)
        return Entry(folder, self._about, self.size_bytes)


class Spool:
    """The folder `spool/` of a workspace. Any thread may put; one process takes out."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = self.entries()
        self._files, self._bytes = len(found), sum(entry.size_bytes for entry in found)

    @property
    def files(self) -> int:
        return self._files

    @property
    def waiting_bytes(self) -> int:
        """What waits, with what is being written now."""
        return self._bytes

    @property
    def full(self) -> bool:
        return self._bytes >= self.limit_bytes

    def count(self, files: int, size_bytes: int) -> None:
        with self._lock:
            self._files += files
            self._bytes += size_bytes

    def draft(self, about: About) -> Draft:
        return Draft(self, about)

    def put(self, pieces: Iterable[bytes], about: About) -> Entry:
        """Keep bytes as one entry.

        Raises
        ------
        OSError   if the disk is full; nothing is left behind.
        """
        with self.draft(about) as draft:
            for piece in pieces:
                draft.write(piece)
            return draft.keep()

    def entries(self) -> list[Entry]:
        """What waits, the first first; without what a disk has damaged."""
        folders = [f for f in sorted(self.folder.iterdir()) if not f.name.startswith(".")]
        return [entry for folder in folders if (entry := _entry(folder)) is not None]

    def remove(self, entries: Sequence[Entry]) -> None:
        """Take out what the lake has."""
        for entry in entries:
            gone = self.folder / f"{_GONE}{entry.folder.name}"
            entry.folder.rename(gone)
            shutil.rmtree(gone)
            self.count(-1, -entry.size_bytes)

    def sweep(self) -> None:
        """Clear away what a killed process left half written or half removed.

        An entry that a disk has damaged is put aside, to be looked at.
        """
        for name in (_HALF, _GONE):
            for folder in self.folder.glob(f"{name}*"):
                shutil.rmtree(folder)
        for folder in self.folder.glob("[0-9]*"):
            if _entry(folder) is None:
                aside = folder.with_name(f"{DAMAGED}{folder.name}")
                folder.rename(aside)
                _log.error("%s does not say where it comes from, and was not ingested", aside)


def _entry(folder: Path) -> Entry | None:
    try:
        about = About(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
        return Entry(folder, about, (folder / DATA).stat().st_size)
    except (FileNotFoundError, ValueError, TypeError):  # removed meanwhile, or damaged
        return None
