"""Finds where records begin and end in JSON text of any size, without holding more than one.

Slower than decoding a whole document (about 40 MB/s), so it is used where that can't be done: the
document is larger than fits, cut in the middle, or broken in one place. It looks at nothing but
strings and brackets; whether a record is valid is checked by whoever takes it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ENVELOPES = ("Records", "value", "items")
"""Names under which exporters put the list of records: AWS, Microsoft Graph, Google."""
_QUOTE, _OPEN, _CLOSE = ord('"'), b"{[", b"}]"
_SCALAR = rb'(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)'
_ENVELOPE = re.compile(
    rb'\s*\{(?:\s*"[^"\\]*"\s*:\s*' + _SCALAR + rb"\s*,)*\s*"
    rb'"(?:' + "|".join(ENVELOPES).encode() + rb')"\s*:\s*\['
)
# Possessive, so that a string whose end has not come yet fails at once.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]"]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """One record as text, or something that stands where one should."""

    number: int
    """From 1."""
    text: bytes
    whole_bytes: int
    """Its length; more than `text` holds where it is too long."""
    problem: str = ""


def is_envelope(head: bytes) -> bool:
    """Whether the text begins like an object whose list holds the records."""
    return _ENVELOPE.match(head) is not None


class Splitter:
    """Feed it text, take records.

    Parameters
    ----------
    head : the beginning of the text: tells whether records are the elements of a list (in an
        envelope or bare) or stand one after the other
    max_record_bytes : a longer record is given cut to `keep_bytes`, with a problem
    """

    def __init__(self, head: bytes, max_record_bytes: int, keep_bytes: int) -> None:
        self._max = max_record_bytes
        self._keep = keep_bytes
        self._level = 2 if is_envelope(head) else 1 if head.lstrip()[:1] == b"[" else 0
        """Depth at which records stand."""
        self._depth = 0
        self._number = 0
        self._text = bytearray()
        """What has come and is not given yet: a record's beginning, or what stands between two."""
        self._at = 0
        """So far it was looked through."""
        self._cut = b""
        """Beginning of a record that is too long to be held."""
        self._dropped = 0
        """Its bytes that came and are not in `_text`."""

    def feed(self, block: bytes) -> Iterator[Piece]:
        """The records that end in this block."""
        self._text += block
        text = self._text
        start, at = 0, self._at
        while token := _TOKEN.search(text, at):
            kind = text[token.start()]
            if kind == _QUOTE and token.end() == token.start() + 1:  # its end has not come yet
                at = token.start()
                break
            at = token.end()
            if kind in _OPEN:
                if self._depth == self._level:
                    yield from self._between(text[start : token.start()])
                    start = token.start()
                self._depth += 1
                if self._depth <= self._level:
                    start = at
            elif kind in _CLOSE:
                before, self._depth = self._depth, max(0, self._depth - 1)
                if self._depth == self._level:
                    yield self._give(text[start:at])
                elif before == self._level:
                    yield from self._between(text[start : token.start()])
                if self._depth <= self._level:
                    start = at
        else:
            at = len(text)
        del text[:start]
        self._at = at - start
        if self._dropped + len(text) > self._max:
            self._drop()

    def finish(self) -> Iterator[Piece]:
        """What is left when the text ends: a record that was cut, if anything."""
        if self._depth > self._level:
            yield self._give(self._text, "ends in the middle of a record")
        else:
            yield from self._between(self._text)

    def _between(self, text: bytearray) -> Iterator[Piece]:
        if self._dropped or text.strip(b", \t\r\n\0"):
            yield self._give(text, "not a JSON object")

    def _give(self, text: bytearray, problem: str = "") -> Piece:
        self._number += 1
        whole_bytes = self._dropped + len(text)
        if whole_bytes > self._max:
            problem = f"longer than {self._max / (1 << 20):g} MiB (ingest.max_record_mib)"
        piece = Piece(self._number, self._cut or bytes(text), whole_bytes, problem)
        self._cut, self._dropped = b"", 0
        return piece

    def _drop(self) -> None:
        """Forget the text of a record that is too long, all but its beginning."""
        text = self._text
        self._cut = self._cut or bytes(text[: self._keep])
        self._dropped += self._at
        del text[: self._at]
        self._at = 0
        if text:  # a string without an end yet: its quote, and the escape it may stop in, suffice
            escapes = len(text) - len(text.rstrip(b"\\"))
            kept = b'"' + b"\\" * (escapes % 2)
            self._dropped += len(text) - len(kept)
            text[:] = kept
