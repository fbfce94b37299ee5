"""Bytes in a command line: base64, and gzip, zlib or deflate within, back to text.

Every function takes hostile input, raises nothing, and gives at most `most` characters: what would
be larger is cut off there, so a bomb costs what its bound costs.
"""

import base64
import binascii
import re
import zlib

LEAST = 16
"""Base64 shorter than this is too easily a word."""
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*")
_GZIP, _ZLIB = b"\x1f\x8b", (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_PRINTABLE = b"\t\n\r" + bytes(range(32, 127))
_SAMPLE = 4096
_LEAST_READABLE = 0.85


def decode(text: str, most: int) -> tuple[str, str] | None:
    """How a base64 text was packed, and what is in it; None if that is no text.

    `how` is `base64`, `base64, gzip` or `base64, deflate`.
    """
    data = from_base64(text)
    if data is None:
        return None
    how = "base64"
    if data[:2] == _GZIP:
        data, how = inflate(data, 16 + zlib.MAX_WBITS, most * 2), "base64, gzip"
    elif data[:2] in _ZLIB:
        data, how = inflate(data, zlib.MAX_WBITS, most * 2), "base64, deflate"
    elif (found := to_text(data, most)) is not None:
        return how, found
    else:  # deflate has no mark to know it by
        data, how = inflate(data, -zlib.MAX_WBITS, most * 2), "base64, deflate"
    found = to_text(data, most)
    return None if found is None else (how, found)


def from_base64(text: str) -> bytes | None:
    """Bytes of a base64 text, with or without its padding; None if it is none."""
    if len(text) < LEAST or not _BASE64.fullmatch(text):
        return None
    bare = "".join(text.split()).rstrip("=")
    if len(bare) % 4 == 1:
        return None
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return None


def inflate(data: bytes, window: int, most: int) -> bytes:
    """At most so many bytes of what was compressed; nothing if it was not."""
    try:
        return zlib.decompressobj(window).decompress(data, most)
    except zlib.error:
        return b""


def to_text(data: bytes, most: int) -> str | None:
    """Text in UTF-16 (`-EncodedCommand`) or UTF-8, or None where it is hardly readable."""
    if len(data) < 2:
        return None
    sample = data[:_SAMPLE]
    if sample[1::2].count(0) > len(sample) // 4:
        text = data[: 2 * most].decode("utf-16-le", "replace").removeprefix("\ufeff")
    else:
        text = data[:most].decode("utf-8", "replace").removeprefix("\ufeff")
    head = text[:_SAMPLE]
    ascii_only = head.encode("ascii", "ignore")
    plain = len(ascii_only) - len(ascii_only.translate(None, _PRINTABLE))
    readable = plain
    if not head.isascii():
        readable += sum(1 for c in head if c > "\x7f" and c.isprintable() and c != "\ufffd")
    if not head or readable < _LEAST_READABLE * len(head) or plain < len(head) / 2:
        return None
    return text
