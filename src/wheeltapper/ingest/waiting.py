"""Records of one kind, gathered over many files until they fill a batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper.ingest.mapping import Mapping

BATCH_BYTES = 256 << 20
"""A batch is cut at this size too: memory stays bounded when records are large."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Records of one file, in order."""

    file: str
    changed: datetime
    """The file's last change."""
    text: pa.StringArray
    lines: Sequence[int]

    def part(self, start: int, stop: int) -> "Segment":
        text = self.text.slice(start, stop - start)
        return Segment(self.file, self.changed, text, self.lines[start:stop])

    def raw(self, at: int) -> bytes:
        """One record's text."""
        return bytes(self.text[at].as_buffer())

    @property
    def bytes(self) -> int:
        return int(pc.sum(pc.binary_length(self.text)).as_py() or 0)


@dataclass(slots=True)
class Pending:
    """Records of one kind, in the order in which they came."""

    mapping: Mapping
    certain: bool
    """Their kind was given, or found one by one: it is not looked at again."""
    segments: list[Segment] = field(default_factory=list)
    records: int = 0
    bytes: int = 0

    def add(self, segment: Segment) -> None:
        self.segments.append(segment)
        self.records += len(segment.text)
        self.bytes += segment.bytes

    def take(self, records: int) -> list[Segment]:
        """The first `records`, fewer where they are more than `BATCH_BYTES`."""
        taken: list[Segment] = []
        room, room_bytes, whole = records, BATCH_BYTES, 0
        while whole < len(self.segments) and room > 0 and room_bytes > 0:
            segment = self.segments[whole]
            size = len(segment.text)
            if size > room:
                self.segments[whole] = segment.part(room, size)
                segment = segment.part(0, room)
            else:
                whole += 1
            room -= len(segment.text)
            room_bytes -= segment.bytes
            taken.append(segment)
        del self.segments[:whole]
        self.records -= records - room
        self.bytes -= BATCH_BYTES - room_bytes
        return taken
