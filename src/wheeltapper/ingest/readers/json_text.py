"""JSON: a line a record, a document that lists records, or values one after the other.

`msgspec` splits text into `Raw` records without copying or making it again, five times faster than
decoding it; what it accepts is strict JSON (no NaN, no lone surrogate, no 100,000 brackets).
"""

from collections.abc import Iterator
from operator import itemgetter

import msgspec

from wheeltapper.ingest.batch import RAW_KEPT_BYTES, Reject, reject
from wheeltapper.ingest.readers.linewise import Lines, lines
from wheeltapper.ingest.readers.reader import CHUNK_RECORDS, Chunk, Input, Reader
from wheeltapper.ingest.readers.splitter import ENVELOPES, Piece, Splitter, is_envelope

DOCUMENT_BYTES = 128 << 20
"""A document up to this size is decoded whole; a larger one is split as it comes."""
_BAD = (msgspec.DecodeError, RecursionError)
_raw = msgspec.json.Decoder(msgspec.Raw)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_lists = msgspec.json.Decoder(dict[str, list[msgspec.Raw]])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BLANK = b" \t\r\n\0"
_BRACE = ord("{")
_first = itemgetter(0)


def _claims(input: Input) -> bool:
    return begins(input.head)


def begins(head: bytes) -> bool:
    """Whether text that begins so is likely to be JSON."""
    head = head.lstrip(_BLANK)
    return head[:1] == b"{" or (head[:1] == b"[" and _begins_list(head))


def _begins_list(head: bytes) -> bool:
    # A text log's line may begin with [ too: [2024-01-01 ...], [error] ...
    return head[1:].lstrip(_BLANK)[:1] in (b"{", b"]", b"")


def _read(input: Input) -> Iterator[Chunk]:
    if is_line_a_record(input.head):
        for block in lines(input):
            yield line_chunk(input, block)
        return
    stream = input.bytes()
    data = stream.read_all(DOCUMENT_BYTES)
    records = document(data) if len(data) <= DOCUMENT_BYTES else None
    if records is None:  # larger, cut or broken somewhere: record by record
        stream.push_back(data)
        del data
        yield from _split(input)
        return
    for at in range(0, len(records), CHUNK_RECORDS):
        some = records[at : at + CHUNK_RECORDS]
        yield _checked(input, some, range(at + 1, at + 1 + len(some)))


def is_line_a_record(head: bytes) -> bool:
    """Whether the text is NDJSON; its first line may be broken."""
    text = head.lstrip(_BLANK)
    first, newline, _ = text.partition(b"\n")
    first = first.rstrip(_BLANK)
    if text[:1] != b"{" or is_envelope(text):
        return False
    if _decodes(first):
        return True
    if not newline:  # one long record, or several without line ends
        return not any(not piece.problem for piece in Splitter(text, len(text), 0).feed(text))
    return first[-1:] not in (b"{", b"[", b",", b":")  # else printed over several lines


def _decodes(text: bytes) -> bool:
    try:
        _raw.decode(text)
    except _BAD:
        return False
    return True


def document(data: bytes) -> list[msgspec.Raw] | None:
    """The records of a document, or None where it isn't one valid list of them."""
    try:
        if data.lstrip(_BLANK)[:1] == b"[":
            return _list.decode(data)
        return _listed(_lists.decode(data))
    except _BAD:
        pass
    try:  # there is more in the envelope than lists
        fields = _object.decode(data)
        return _listed({n: _list.decode(fields[n]) for n in ENVELOPES if n in fields})
    except _BAD:
        return None


def _listed(lists: dict[str, list[msgspec.Raw]]) -> list[msgspec.Raw] | None:
    return next((lists[name] for name in ENVELOPES if name in lists), None)


def _split(input: Input) -> Iterator[Chunk]:
    stream = input.bytes()
    limit = input.limits.max_record_bytes
    splitter = Splitter(stream.peek(), limit, RAW_KEPT_BYTES)
    for block in iter(stream.read, b""):
        yield _pieces_chunk(input, list(splitter.feed(block)))
    yield _pieces_chunk(input, list(splitter.finish()))


def _pieces_chunk(input: Input, pieces: list[Piece]) -> Chunk:
    raw: list[bytes] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for piece in pieces:
        problem = piece.problem or _problem(piece.text)
        if problem:
            rejects.append(reject(input.name, piece.number, problem, piece.text, piece.whole_bytes))
        else:
            raw.append(piece.text)
            numbers.append(piece.number)
    return Chunk(raw, numbers, rejects)


def _checked(input: Input, records: list[msgspec.Raw], numbers: range) -> Chunk:
    """Records whose JSON is known to be valid: objects, of a bearable length?"""
    limit = input.limits.max_record_bytes
    raw = [bytes(record) for record in records]
    if set(map(_first, raw)) <= {_BRACE} and max(map(len, raw), default=0) <= limit:
        return Chunk(raw, numbers)
    return _pieces_chunk(
        input,
        [
            Piece(n, r, len(r), _too_long(limit) if len(r) > limit else "")
            for n, r in zip(numbers, raw, strict=True)
        ],
    )


def line_chunk(input: Input, block: Lines) -> Chunk:
    """The records of texts that are one each, or several one after the other."""
    text = [line.strip(_BLANK) for line in block.text]
    # One call for all lines is six times faster than one a line. That the pieces are the lines
    # has to be checked: a line that ends inside a list could join the next.
    try:
        together = _list.decode(b"[" + b",".join(text) + b"]")
    except _BAD:
        together = []
    if [len(memoryview(r)) for r in together] == [len(t) for t in text] and all(
        t[:1] == b"{" for t in text
    ):
        return Chunk(text, block.numbers, block.rejects)
    raw: list[bytes] = []
    numbers: list[int] = []
    rejects = list(block.rejects)
    for number, line in zip(block.numbers, text, strict=True):
        if not line:
            continue
        problem = _problem(line)
        if not problem:
            raw.append(line)
            numbers.append(number)
        elif several := _several(line):
            raw += several
            numbers += [number] * len(several)
        else:
            rejects.append(reject(input.name, number, problem, line))
    return Chunk(raw, numbers, rejects)


def _several(line: bytes) -> list[bytes]:
    """The records of a line that holds several and nothing else."""
    splitter = Splitter(line, len(line), 0)
    pieces = [*splitter.feed(line), *splitter.finish()]
    sound = len(pieces) > 1 and not any(p.problem or _problem(p.text) for p in pieces)
    return [p.text for p in pieces] if sound else []


def _problem(text: bytes) -> str:
    """Why the text is no record; empty where it is one."""
    try:
        _raw.decode(text)
    except msgspec.DecodeError as error:
        return f"not valid JSON: {error}"
    except RecursionError:
        return "not bearable JSON: nested too deeply"
    return "" if text[:1] == b"{" else "not a JSON object"


def _too_long(limit: int) -> str:
    return f"longer than {limit / (1 << 20):g} MiB (ingest.max_record_mib)"


READER = Reader(name="json", order=50, claims=_claims, read=_read)
