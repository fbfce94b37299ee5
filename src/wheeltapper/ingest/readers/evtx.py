"""A Windows event log file: an event a record, as `{"Event": {"System": …, "EventData": …}}`.

That is what the file holds (XML, made JSON by the `evtx` package); the mapping for Windows makes it
flat, as it does for exporters that write the same.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from evtx import PyEvtxParser

from wheeltapper.ingest.batch import Reject, reject
from wheeltapper.ingest.readers.reader import CHUNK_BYTES, CHUNK_RECORDS, Chunk, Input, Reader

MAGIC = b"ElfFile\0"
HEADER_BYTES, CHUNK_ON_DISK_BYTES = 4096, 65536
"""A file is a header and whole chunks."""
MAX_BROKEN = 10_000
"""After so many records that cannot be read, the rest of the file is given up."""


def claims(source: Input) -> bool:
    return source.head.startswith(MAGIC)


def read(source: Input) -> Iterator[Chunk]:
    """Events in the order of the file; one that cannot be read is a Reject."""
    raw: list[bytes] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    size = broken = 0
    with _on_disk(source) as (path, cut):
        if cut:
            reason = "ends in the middle: cut, or still being written; what came before was kept"
            rejects.append(reject(source.name, 0, reason, b""))
        for number, event in enumerate(_events(path), start=1):
            if isinstance(event, Exception):
                reason = f"event cannot be read: {_printable(event)}"
                rejects.append(reject(source.name, number, reason, b""))
                broken += 1
                if broken == MAX_BROKEN:
                    break
                continue
            record = event.encode()
            if len(record) > source.limits.max_record_bytes:
                reason = "event is longer than ingest.max_record_mib"
                rejects.append(reject(source.name, number, reason, record))
                continue
            raw.append(record)
            lines.append(number)
            size += len(record)
            if len(raw) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
                yield Chunk(raw, lines, rejects)
                raw, lines, rejects, size = [], [], [], 0
    yield Chunk(raw, lines, rejects)


def _events(path: Path) -> Iterator[str | Exception]:
    """JSON text of each event, or why it could not be read."""
    try:
        records = iter(PyEvtxParser(str(path), number_of_threads=1).records_json())
    except (RuntimeError, ValueError, OSError) as error:
        yield error
        return
    while True:
        try:
            if (record := next(records)) is None:
                return
            yield record["data"]
        except StopIteration:
            return
        except (RuntimeError, ValueError, OSError) as error:
            yield error
        except BaseException as error:
            # A panic of the Rust parser is no Exception, so that nobody swallows it by accident.
            if type(error).__name__ != "PanicException":
                raise
            yield RuntimeError(f"the parser gave up: {error}")
            return


@contextlib.contextmanager
def _on_disk(source: Input) -> Iterator[tuple[Path, bool]]:
    """The file, and whether it ends in the middle of a chunk.

    Of a packed one it is a copy that is not packed, because the parser jumps about in it; of one
    that was cut, a copy filled up with zeros, because the parser passes over a chunk that is not
    whole though most of its events may be there.
    """
    with source.path.open("rb") as file:
        plain = file.read(len(MAGIC)) == MAGIC
    if plain and not _missing(source.path.stat().st_size):
        yield source.path, False
        return
    with tempfile.NamedTemporaryFile(prefix="wheeltapper-evtx-") as copy:
        stream = source.bytes()
        while block := stream.read():
            copy.write(block)
        missing = _missing(copy.tell())
        copy.write(bytes(missing))
        copy.flush()
        yield Path(copy.name), missing > 0


def _missing(size: int) -> int:
    return (HEADER_BYTES - size) % CHUNK_ON_DISK_BYTES


def _printable(error: Exception) -> str:
    text = str(error).splitlines()
    return "".join(c if c.isprintable() else "?" for c in (text or [""])[0])[:300]


READER = Reader(name="evtx", order=20, claims=claims, read=read)
