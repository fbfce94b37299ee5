"""The seam between file shapes and the rest of `ingest`.

A reader is one module in this folder that ends with `READER = Reader(...)`; the folder walk finds
it, no list needs editing. It turns one input into chunks of native records as JSON text. What kind
of log the records are is not its business: mappings find that out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wheeltapper.ingest.batch import Reject
from wheeltapper.ingest.readers.stream import Stream

CHUNK_RECORDS = 8192
"""About as many records as a reader puts in one chunk."""
CHUNK_BYTES = 8 << 20
"""And about as many bytes: memory stays bounded whatever the records' size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of one input is believed."""

    max_record_bytes: int = 16 << 20
    max_file_bytes: int = 64 << 30
    max_ratio: float = 1000.0


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to read: a file, or a directory that a reader claims as a whole."""

    path: Path
    limits: Limits
    stream: Stream | None
    """The file's bytes, unpacked; None for a directory."""
    given: bool = True
    """The user named it; otherwise it was found in a folder that the user named."""

    @property
    def name(self) -> str:
        """What rejects call it."""
        return str(self.path)

    @property
    def head(self) -> bytes:
        """Its first 64 KiB unpacked, without consuming them; empty for a directory."""
        return b"" if self.stream is None else self.stream.peek()

    def bytes(self) -> Stream:
        """The unpacked bytes of a file."""
        if self.stream is None:
            raise ValueError(f"{self.path} is a directory")
        return self.stream


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some native records of one input, in order."""

    raw: list[bytes]
    """Each a JSON object as strict UTF-8 JSON text, as it came where the file holds JSON."""
    lines: Sequence[int]
    """Parallel to `raw`: line, or number of the record in its document, from 1."""
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One file shape."""

    name: str
    order: int
    """Readers are asked in this order; the first that claims an input reads it. Text that fits
    nothing else is last (100)."""
    claims: Callable[[Input], bool]
    """Whether this reader can read the input; sees `path` and `head`, must not consume."""
    read: Callable[[Input], Iterator[Chunk]]
    """Its records. A bad record becomes a Reject in a chunk, never an exception; what ends the
    stream early (cut, corrupt, bomb) is seen and reported by the caller, not by the reader."""
