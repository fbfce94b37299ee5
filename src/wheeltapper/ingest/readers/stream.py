"""The bytes of one file, unpacked while they are read, never more than is believed.

A file that ends early (cut, corrupt, a bomb) ends like any other for the reader, so that what was
readable is kept; `fault` then says why.
"""

import codecs
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from wheeltapper.ingest.readers.zstd_frames import MAGIC as ZSTD
from wheeltapper.ingest.readers.zstd_frames import is_whole

GZIP = b"\x1f\x8b"
HEAD_BYTES = 64 << 10
FREE_BYTES = 64 << 20
"""Up to this size no ratio is suspicious."""
_PACKED_BYTES = 256 << 10
_STEP_BYTES = 1 << 20
"""Unpacked at once: a bomb is noticed within this much."""
_ZSTD_STEP_BYTES = 4 << 10
"""Where the data is cut, Arrow fails the whole read: small reads lose little."""


class Stream:
    """Unpacks plain, gzip (of one or several members) and zstd, told apart by their first bytes.

    Parameters
    ----------
    path             a readable file; OSError where it isn't
    max_bytes        unpacked bytes after which the rest is not believed
    max_ratio        unpacked to packed bytes after which it isn't, beyond 64 MiB
    """

    def __init__(self, path: Path, *, max_bytes: int, max_ratio: float) -> None:
        self.fault = ""
        """Why the file ended early; empty while all is well."""
        self.unpacked_bytes = 0
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._file = path.open("rb")
        self._size = path.stat().st_size
        self._ahead = b""
        magic = self._file.read(4)
        self._file.seek(0)
        unpack = _zstd if magic == ZSTD else _gzip if magic[:2] == GZIP else _plain
        self._blocks = _utf8(unpack(self._file))

    @property
    def packed_bytes(self) -> int:
        """Read from disk so far."""
        return self._size if self._file.closed else self._file.tell()

    def close(self) -> None:
        self._file.close()

    def peek(self, size: int = HEAD_BYTES) -> bytes:
        """The first `size` bytes of what is left, without consuming them."""
        while len(self._ahead) < size and (block := self._block()):
            self._ahead += block
        return self._ahead[:size]

    def read(self) -> bytes:
        """The next block, of any size up to about 1 MiB; empty at the end."""
        if self._ahead:
            block, self._ahead = self._ahead, b""
            return block
        return self._block()

    def read_all(self, limit: int) -> bytes:
        """Everything that is left, or just past `limit` bytes of it."""
        blocks, size = [], 0
        while size <= limit and (block := self.read()):
            blocks.append(block)
            size += len(block)
        return b"".join(blocks)

    def push_back(self, data: bytes) -> None:
        """Put back what was read, so that it is read again."""
        self._ahead = data + self._ahead

    def _block(self) -> bytes:
        if self.fault:
            return b""
        try:
            block = next(filter(None, self._blocks), b"")
        except (EOFError, UnicodeError, zlib.error) as error:
            self.fault = f"cut or corrupt: {error}; what came before was kept"
            return b""
        except OSError as error:
            self.fault = (
                f"cannot be read to its end: {error.strerror or error}; what came before was kept"
            )
            return b""
        self.unpacked_bytes += len(block)
        if self.unpacked_bytes > self._max_bytes:
            limit = f"{self._max_bytes / (1 << 30):.3g} GiB"
            self.fault = f"holds more than {limit} (ingest.max_file_gib); the rest was not read"
        elif self.unpacked_bytes > max(FREE_BYTES, self.packed_bytes * self._max_ratio):
            self.fault = (
                f"unpacks to more than {self._max_ratio:g} times its size, as a zip bomb does "
                "(ingest.max_ratio); the rest was not read"
            )
        return block


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_STEP_BYTES):
        yield block


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    packed = file.read(_PACKED_BYTES)
    while packed:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not member.eof:
            if not packed and not (packed := file.read(_PACKED_BYTES)):
                raise EOFError("the gzip data ends in the middle")
            block = member.decompress(packed, _STEP_BYTES)
            packed = member.unconsumed_tail
            if block:
                yield block
        # Padding with zero bytes between and after members is allowed, other trailing data is not.
        packed = member.unused_data.lstrip(b"\0")
        while not packed and (packed := file.read(_PACKED_BYTES)):
            packed = packed.lstrip(b"\0")
        if packed and not GZIP.startswith(packed[:2]):
            raise EOFError("data that is no gzip follows")


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    stream = pa.CompressedInputStream(pa.PythonFile(file), "zstd")
    at_end = False
    while not at_end:
        block = bytearray()
        try:
            while len(block) < _STEP_BYTES and not at_end:
                piece = stream.read(_ZSTD_STEP_BYTES)
                block += piece
                at_end = not piece
        except OSError as error:
            yield bytes(block)
            raise EOFError(str(error)) from error
        yield bytes(block)
    # Arrow does not mind a frame that ends before it gave anything.
    whole = is_whole(file)
    file.seek(0, os.SEEK_END)
    if not whole:
        raise EOFError("the zstd data ends in the middle")


def _utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same as UTF-8 where a mark says UTF-16, as in Windows exports; without the mark."""
    first = next(blocks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        decoder = codecs.getincrementaldecoder("utf-16")()
        yield decoder.decode(first).encode()
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    else:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from blocks
