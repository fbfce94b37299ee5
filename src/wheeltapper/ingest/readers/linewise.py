"""A stream cut into lines, a block at a time; a line that is too long is never held whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wheeltapper.ingest.batch import RAW_KEPT_BYTES, Reject, reject
from wheeltapper.ingest.readers.reader import CHUNK_RECORDS, Input


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of one input, in order, without their ends."""

    text: list[bytes]
    numbers: Sequence[int]
    """Parallel to `text`, from 1."""
    rejects: list[Reject] = field(default_factory=list)
    """Those too long."""


def lines(input: Input) -> Iterator[Lines]:
    """Every line, the last one also where it has no end."""
    limit = input.limits.max_record_bytes
    number = 1
    held = bytearray()  # the line that has begun: all of it, or its beginning where it is too long
    held_bytes = 0
    for block in iter(input.bytes().read, b""):
        first, *others = block.split(b"\n")
        held_bytes += len(first)
        held += first if held_bytes <= limit else first[: max(0, RAW_KEPT_BYTES - len(held))]
        if not others:
            continue
        *whole, last = others
        yield from _cut(input, number, bytes(held), held_bytes, whole)
        number += 1 + len(whole)
        held, held_bytes = bytearray(last), len(last)
    if held_bytes:
        yield from _cut(input, number, bytes(held), held_bytes, [])


def _cut(
    input: Input, number: int, first: bytes, first_bytes: int, whole: list[bytes]
) -> Iterator[Lines]:
    limit = input.limits.max_record_bytes
    text = [first, *whole]
    sizes = [first_bytes, *map(len, whole)]
    numbers: Sequence[int] = range(number, number + len(text))
    rejects = []
    if max(sizes) > limit:
        problem = f"line longer than {limit / (1 << 20):g} MiB (ingest.max_record_mib)"
        all_lines = list(zip(text, sizes, numbers, strict=True))
        rejects = [
            reject(input.name, n, problem, t, size) for t, size, n in all_lines if size > limit
        ]
        text = [t for t, size, _ in all_lines if size <= limit]
        numbers = [n for _, size, n in all_lines if size <= limit]
    for at in range(0, len(text), CHUNK_RECORDS):
        yield Lines(text[at : at + CHUNK_RECORDS], numbers[at : at + CHUNK_RECORDS], rejects)
        rejects = []
    if rejects:
        yield Lines([], [], rejects)
