"""Text logs: each line becomes the record `{"line": "..."}`."""

from collections.abc import Iterator

import msgspec

from wheeltapper.ingest.batch import reject
from wheeltapper.ingest.readers.linewise import lines
from wheeltapper.ingest.readers.reader import Chunk, Input, Reader

_encode = msgspec.json.Encoder().encode
_CONTROL = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))
"""What text hardly holds: control characters but tab, line ends, form feed and escape."""
_CONTROL_SHARE = 0.05


def is_text(head: bytes) -> bool:
    """Whether these bytes are text, or a program, picture or archive."""
    printable = head.lstrip(b"\0")  # a rotated log may begin with a hole
    control = len(printable) - len(printable.translate(None, _CONTROL))
    return bool(printable) and control <= len(printable) * _CONTROL_SHARE


def _claims(input: Input) -> bool:
    return is_text(input.head)


def _read(input: Input) -> Iterator[Chunk]:
    for block in lines(input):
        raw, numbers, rejects = [], [], list(block.rejects)
        for number, line in zip(block.numbers, block.text, strict=True):
            if line := line.strip(b"\r\n\0"):
                try:
                    raw.append(_encode({"line": line.decode()}))
                    numbers.append(number)
                except UnicodeDecodeError as error:
                    rejects.append(
                        reject(
                            input.name,
                            number,
                            f"not valid UTF-8: {error.reason} at byte {error.start}",
                            line,
                        )
                    )
        yield Chunk(raw, numbers, rejects)


READER = Reader(name="text", order=100, claims=_claims, read=_read)
