"""Messages of a broker, kept with their offsets as `engines` takes them from a topic.

A message is what its sender made of it: a record, several, a document that lists records, or lines
of text. Each stands for itself, so that a broken one spoils no other. The number that a record is
known by is its message's offset and one, as lines are counted from one.
"""

import struct
from collections.abc import Iterator, Sequence

import msgspec

from wheeltapper.ingest.batch import RAW_KEPT_BYTES, Reject, reject
from wheeltapper.ingest.readers import json_text
from wheeltapper.ingest.readers.linewise import Lines
from wheeltapper.ingest.readers.plain_text import is_text
from wheeltapper.ingest.readers.reader import CHUNK_BYTES, CHUNK_RECORDS, Chunk, Input, Reader
from wheeltapper.ingest.readers.splitter import is_envelope

MAGIC = b"wheeltapper messages 1\n"
_FRAME = struct.Struct(">qI")
_BLANK = b" \t\r\n\0"
_encode = msgspec.json.Encoder().encode


def framed(offset: int, value: bytes) -> bytes:
    """A message as it stands in a file after `MAGIC`: offset, length, value."""
    return _FRAME.pack(offset, len(value)) + value


def _claims(input: Input) -> bool:
    return input.head.startswith(MAGIC)


def _read(input: Input) -> Iterator[Chunk]:
    values: list[bytes] = []
    offsets: list[int] = []
    rejects: list[Reject] = []
    size = 0
    for offset, value, whole in _messages(input):
        if whole > input.limits.max_record_bytes:
            limit = input.limits.max_record_bytes / (1 << 20)
            problem = f"message longer than {limit:g} MiB (ingest.max_record_mib)"
            rejects.append(reject(input.name, offset + 1, problem, value, whole))
        else:
            values.append(value.strip(_BLANK))
            offsets.append(offset)
        size += len(value)
        if size >= CHUNK_BYTES or len(values) + len(rejects) >= CHUNK_RECORDS:
            yield _chunk(input, values, offsets, rejects)
            values, offsets, rejects, size = [], [], [], 0
    if values or rejects:
        yield _chunk(input, values, offsets, rejects)


def _messages(input: Input) -> Iterator[tuple[int, bytes, int]]:
    """(offset, value, its whole length) of each; of one that is too long only the beginning."""
    stream = input.bytes()
    held = bytearray()
    skip = len(MAGIC)
    for block in iter(stream.read, b""):
        held += block
        at = 0
        while True:
            gone = min(skip, len(held) - at)
            skip -= gone
            at += gone
            if skip or len(held) - at < _FRAME.size:
                break
            offset, length = _FRAME.unpack_from(held, at)
            kept = (
                length if length <= input.limits.max_record_bytes else min(length, RAW_KEPT_BYTES)
            )
            begin = at + _FRAME.size
            if len(held) - begin < kept:
                break
            yield offset, bytes(held[begin : begin + kept]), length
            at, skip = begin + kept, length - kept
        del held[:at]
    if held or skip:
        stream.fault = stream.fault or "ends in the middle of a message"


def _chunk(input: Input, values: list[bytes], offsets: list[int], rejects: list[Reject]) -> Chunk:
    numbers = [offset + 1 for offset in offsets]
    plain = all(value[:1] == b"{" and not is_envelope(value) for value in values)
    if plain:  # a JSON object each, most likely: all of them are looked at in one call
        return json_text.line_chunk(input, Lines(values, numbers, rejects))
    raw: list[bytes] = []
    lines: list[int] = []
    for value, number in zip(values, numbers, strict=True):
        found = _records(input, value, number)
        raw += found.raw
        lines += found.lines
        rejects += found.rejects
    return Chunk(raw, lines, rejects)


def _records(input: Input, value: bytes, number: int) -> Chunk:
    """What one message holds."""
    if not value:
        return _bad(input, number, "empty message (no value, or blanks)", value)
    if value[:1] == b"{" and not is_envelope(value):
        return json_text.line_chunk(input, Lines([value], [number]))
    if json_text.begins(value):
        listed = json_text.document(value)
        if listed is None:
            return json_text.line_chunk(input, Lines([value], [number]))
        found = [json_text.line_chunk(input, Lines([bytes(r)], [number])) for r in listed]
        return _joined(found)
    if not is_text(value[:4096]):
        return _bad(
            input, number,
            "neither JSON nor text; where a schema registry's Avro or Protobuf is sent, have the "
            "sender or a connector write JSON", value,
        )  # fmt: skip
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        problem = f"not valid UTF-8: {error.reason} at byte {error.start}"
        return _bad(input, number, problem, value)
    lines = [_encode({"line": line}) for part in text.split("\n") if (line := part.strip("\r\0"))]
    return Chunk(lines, [number] * len(lines))


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    return Chunk(
        [raw for chunk in chunks for raw in chunk.raw],
        [line for chunk in chunks for line in chunk.lines],
        [one for chunk in chunks for one in chunk.rejects],
    )


def _bad(input: Input, number: int, problem: str, value: bytes) -> Chunk:
    return Chunk([], [], [reject(input.name, number, problem, value)])


READER = Reader(name="messages", order=5, claims=_claims, read=_read)
