"""CSV with a header line: each row becomes a JSON object of texts."""

import csv
import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from wheeltapper.ingest.batch import Reject, reject
from wheeltapper.ingest.readers.linewise import lines
from wheeltapper.ingest.readers.plain_text import is_text
from wheeltapper.ingest.readers.reader import CHUNK_RECORDS, Chunk, Input, Reader

_DELIMITERS = ",;\t"
_NAME = re.compile(r"[^\W\d][\w .:/()@#-]{0,79}")
_encode = msgspec.json.Encoder().encode


def _claims(input: Input) -> bool:
    return is_text(input.head) and _delimiter(input.head) != ""


def _delimiter(head: bytes) -> str:
    """What separates the columns; empty where the text is no CSV.

    It is one where the first line is two or more different names, and the next line, if there is
    one, has as many fields.
    """
    text = head.decode("utf-8", "replace")
    for delimiter in _DELIMITERS:
        rows = list(islice(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), 3))
        names = [name.strip() for name in rows[0]] if rows else []
        if (
            len(names) > 1
            and len(set(names)) == len(names)
            and all(map(_NAME.fullmatch, names))
            and len(rows) > 1
            and len(rows[1]) == len(names)
        ):
            return delimiter
    return ""


def _read(input: Input) -> Iterator[Chunk]:
    rejects: list[Reject] = []
    last = [0]  # number of the line that was taken last
    rows = csv.reader(_text(input, rejects, last), delimiter=_delimiter(input.head))
    names: list[str] = []
    raw: list[bytes] = []
    numbers: list[int] = []
    csv.field_size_limit(input.limits.max_record_bytes)
    while True:
        line = last[0] + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            rejects.append(reject(input.name, line, f"not valid CSV: {error}", b""))
            continue
        if row is None:
            break
        if not names:
            names = [name.strip() for name in row]
        elif len(row) == len(names):
            raw.append(_encode(dict(zip(names, row, strict=True))))
            numbers.append(line)
        elif row:
            problem = f"has {len(row)} fields where the header has {len(names)}"
            rejects.append(reject(input.name, line, problem, _encode(row)))
        if len(raw) >= CHUNK_RECORDS:
            yield Chunk(raw, numbers, list(rejects))
            raw, numbers = [], []
            rejects.clear()
    yield Chunk(raw, numbers, rejects)


def _text(input: Input, rejects: list[Reject], last: list[int]) -> Iterator[str]:
    """Lines for the csv module; bad ones go to `rejects`, `last` is kept at the line given."""
    for block in lines(input):
        rejects += block.rejects
        for number, line in zip(block.numbers, block.text, strict=True):
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                problem = f"not valid UTF-8: {error.reason} at byte {error.start}"
                rejects.append(reject(input.name, number, problem, line))
                continue
            last[0] = number
            yield text + "\n"


READER = Reader(name="csv", order=60, claims=_claims, read=_read)
