"""A Windows event log file: one flat JSON object an event, with the names that exporters use.

    {"EventID", "Channel", "Hostname", "SourceName", "TimeCreated" (UTC), "RecordNumber", "Level",
     "Task", "Opcode", "Keywords", "Version", "UserID", "ExecutionProcessID", "ThreadID",
     "ActivityID", ...every field of EventData or UserData under its own name}

So the same mapping and the same rules serve a file from the machine and a collector's JSON. A field
of EventData that has the name of one above keeps it behind `EventData.`. Data without a name is
`Data`, a list where there are several.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from evtx import PyEvtxParser

from wheeltapper.ingest.batch import Reject, reject
from wheeltapper.ingest.readers.reader import CHUNK_BYTES, CHUNK_RECORDS, Chunk, Input, Reader

MAGIC = b"ElfFile\0"
MAX_BROKEN = 10_000
"""After so many records that cannot be read, the rest of the file is given up."""
_SYSTEM = {
    "EventID": ("EventID", "#text"),
    "Channel": ("Channel",),
    "Hostname": ("Computer",),
    "SourceName": ("Provider", "#attributes", "Name"),
    "ProviderGuid": ("Provider", "#attributes", "Guid"),
    "TimeCreated": ("TimeCreated", "#attributes", "SystemTime"),
    "RecordNumber": ("EventRecordID",),
    "Version": ("Version",),
    "Level": ("Level",),
    "Task": ("Task",),
    "Opcode": ("Opcode",),
    "Keywords": ("Keywords",),
    "UserID": ("Security", "#attributes", "UserID"),
    "ExecutionProcessID": ("Execution", "#attributes", "ProcessID"),
    "ThreadID": ("Execution", "#attributes", "ThreadID"),
    "ActivityID": ("Correlation", "#attributes", "ActivityID"),
}
"""Our name, and where the event has it."""
_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


def claims(source: Input) -> bool:
    return source.head.startswith(MAGIC)


def read(source: Input) -> Iterator[Chunk]:
    """Events in the order of the file; one that cannot be read is a Reject."""
    raw: list[bytes] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    size = 0
    with _on_disk(source) as path:
        for number, event in enumerate(_events(path), start=1):
            try:
                if isinstance(event, Exception):
                    raise event
                record = _encode(flat(_decode(event)))
            except (RuntimeError, ValueError, OSError) as error:
                at = f"event cannot be read: {_printable(error)}"
                rejects.append(reject(source.name, number, at, b""))
                if len(rejects) == MAX_BROKEN:
                    break
                continue
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


def flat(document: dict[str, object]) -> dict[str, object]:
    """An event as the parser gives it, without its levels.

    Raises
    ------
    ValueError   where it is no event.
    """
    event = document.get("Event")
    system = event.get("System") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(system, dict):
        raise ValueError("it has no System part")
    values = {name: _at(system, path) for name, path in _SYSTEM.items()}
    record = {name: value for name, value in values.items() if value is not None}
    for name, value in _data(event):
        record[f"EventData.{name}" if name in _SYSTEM else name] = value
    return record


def _data(event: dict[str, object]) -> Iterator[tuple[str, object]]:
    data, wrapped = event.get("EventData"), event.get("UserData")
    parts = [data] if isinstance(data, dict) else []
    # UserData holds one element, named by its provider, which holds the fields.
    parts += (
        [part for part in wrapped.values() if isinstance(part, dict)]
        if isinstance(wrapped, dict)
        else []
    )
    for part in parts:
        for name, value in part.items():
            if name != "#attributes":
                yield name, value.get("#text", value) if isinstance(value, dict) else value


def _at(value: object, path: tuple[str, ...]) -> object:
    for key in path:
        if not isinstance(value, dict):
            return value if key == "#text" else None
        value = value.get(key)
    return value


def _events(path: Path) -> Iterator[str | Exception]:
    """JSON text of each event, or why it could not be read."""
    try:
        records = iter(PyEvtxParser(str(path), number_of_threads=1).records_json())
    except (RuntimeError, ValueError, OSError) as error:
        yield error
        return
    while True:
        try:
            yield next(records)["data"]
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
def _on_disk(source: Input) -> Iterator[Path]:
    """The file; of a packed one, a copy that is not: the parser jumps about in it."""
    with source.path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            yield source.path
            return
    with tempfile.NamedTemporaryFile(prefix="wheeltapper-evtx-") as copy:
        stream = source.bytes()
        while block := stream.read():
            copy.write(block)
        copy.flush()
        yield Path(copy.name)


def _printable(error: Exception) -> str:
    text = str(error).splitlines()
    return "".join(c if c.isprintable() else "?" for c in (text or [""])[0])[:300]


READER = Reader(name="evtx", order=20, claims=claims, read=read)
