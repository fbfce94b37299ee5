"""Shape: whether a file is lines, each a record as soon as it is written, or one document."""

from contextlib import closing
from enum import StrEnum
from pathlib import Path

from wheeltapper.ingest.readers import Input, Limits, readers
from wheeltapper.ingest.readers.json_text import is_line_a_record
from wheeltapper.ingest.readers.stream import HEAD_BYTES, Stream

DOCUMENTS = frozenset({".csv", ".tsv", ".evtx", ".gz", ".zst"})
"""Ends of names that say it before there is much to look at."""


class Shape(StrEnum):
    """How a file can be read while it is written to."""

    JSON_LINES = "json_lines"
    TEXT_LINES = "text_lines"
    DOCUMENT = "document"
    """Only as a whole, when it is finished."""
    UNKNOWN = "unknown"
    """There is too little of it yet."""


def shape_of(path: Path, limits: Limits) -> Shape:
    """The shape of a file, by its name and its first 64 KiB.

    Raises
    ------
    OSError   if it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        return Shape.UNKNOWN
    if path.suffix.lower() in DOCUMENTS:
        return Shape.DOCUMENT
    stream = Stream(path, max_bytes=limits.max_file_bytes, max_ratio=limits.max_ratio)
    with closing(stream):
        input = Input(path, limits, stream)
        # Compressed, or UTF-16: what is unpacked differs from what lies there.
        if not head.startswith(input.head[:HEAD_BYTES]):
            return Shape.DOCUMENT
        reader = next((reader for reader in readers() if reader.claims(input)), None)
    if reader is None:
        return Shape.DOCUMENT
    if reader.name == "json":
        return Shape.JSON_LINES if is_line_a_record(head) else Shape.DOCUMENT
    if reader.name == "text":
        return Shape.TEXT_LINES if b"\n" in head else Shape.UNKNOWN
    return Shape.DOCUMENT
