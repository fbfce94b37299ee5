"""Files become chunks of records, read in a thread ahead of the mapping."""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from wheeltapper.ingest.batch import Reject, reject
from wheeltapper.ingest.readers import Input, Limits, readers
from wheeltapper.ingest.readers.reader import Chunk
from wheeltapper.ingest.readers.stream import Stream

AHEAD_CHUNKS = 8
"""Chunks that wait to be mapped, so that unpacking and mapping overlap; bounds memory."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some records of one file, in order; text that is known to be UTF-8."""

    file: str
    changed: datetime
    """The file's last change."""
    first: bool
    """The first of its file."""
    last: bool
    """Nothing of the file follows; only then `bytes_done` covers it whole."""
    raw: list[bytes] = field(default_factory=list)
    lines: Sequence[int] = ()
    text: pa.StringArray | None = None
    """`raw` as Arrow holds it; None while there is none."""
    rejects: list[Reject] = field(default_factory=list)
    packed_bytes: int = 0
    """Of the file on disk, read so far."""


def parts(paths: Sequence[Path], limits: Limits) -> Iterator[Part]:
    """All files' records; the files are read in a thread, a few chunks ahead."""
    waiting: queue.Queue[Part | BaseException | None] = queue.Queue(AHEAD_CHUNKS)
    stop = threading.Event()

    def put(item: Part | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for path in paths:
                for part in file_parts(path, limits):
                    if not put(part):
                        return
            put(None)
        except BaseException as error:  # whatever it is, the thread that waits has to know
            put(error)

    thread = threading.Thread(target=work, name="wheeltapper-reader", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()


def file_parts(path: Path, limits: Limits) -> Iterator[Part]:
    """One file's records. What cannot be read becomes rejects; nothing is raised for it."""
    name = str(path)
    changed = datetime.now(UTC)
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if path.is_dir():
            yield from _input_parts(Input(path, limits, None), changed)
            return
        if not path.is_file():
            raise OSError("not a file")
        stream = Stream(path, max_bytes=limits.max_file_bytes, max_ratio=limits.max_ratio)
    except OSError as error:
        problem = f"cannot be opened: {error.strerror or error}; was not read"
        yield Part(name, changed, True, True, rejects=[Reject(file=name, line=0, reason=problem)])
        return
    with closing(stream):
        yield from _input_parts(Input(path, limits, stream), changed)


def _input_parts(input: Input, changed: datetime) -> Iterator[Part]:
    reader = next((reader for reader in readers() if reader.claims(input)), None)
    first = True
    if reader is not None:
        for chunk in reader.read(input):
            chunk, text = _utf8(input.name, chunk)
            packed = input.stream.packed_bytes if input.stream else 0
            yield Part(
                input.name,
                changed,
                first,
                False,
                chunk.raw,
                chunk.lines,
                text,
                chunk.rejects,
                packed,
            )
            first = False
    rejects = []
    if reader is None and input.head:
        kinds = ", ".join(r.name for r in readers())
        problem = f"no log in a form that is read here ({kinds}); was not read"
        rejects.append(reject(input.name, 0, problem, input.head[:4096]))
    if input.stream is not None and input.stream.fault:
        rejects.append(Reject(file=input.name, line=0, reason=input.stream.fault))
    packed = input.stream.packed_bytes if input.stream else 0
    yield Part(input.name, changed, first, True, rejects=rejects, packed_bytes=packed)


def _utf8(file: str, chunk: Chunk) -> tuple[Chunk, pa.StringArray]:
    """The chunk without the records that are not UTF-8, which become rejects; and as Arrow text."""
    try:
        # One pass over all of them, at memory speed.
        return chunk, pa.array(chunk.raw, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        pass
    raw: list[bytes] = []
    lines: list[int] = []
    rejects = list(chunk.rejects)
    for record, line in zip(chunk.raw, chunk.lines, strict=True):
        try:
            record.decode()
        except UnicodeDecodeError as error:
            problem = f"not valid UTF-8: {error.reason} at byte {error.start}"
            rejects.append(reject(file, line, problem, record))
        else:
            raw.append(record)
            lines.append(line)
    return Chunk(raw, lines, rejects), pa.array(raw, pa.binary()).cast(pa.string())
