"""Whether zstd data is all there, told from the lengths that its frames and blocks state.

Decompressors give what they can and do not say that a frame broke off. Format: RFC 8878, 3.1.
"""

import os
from typing import BinaryIO

MAGIC = b"\x28\xb5\x2f\xfd"
_RLE = 1
_DICTIONARY_ID_BYTES = (0, 1, 2, 4)
_CONTENT_SIZE_BYTES = (0, 2, 4, 8)


def is_whole(file: BinaryIO) -> bool:
    """Whether the file ends where its last frame does; moves the file's position."""
    end = file.seek(0, os.SEEK_END)
    at = 0
    while at < end:
        file.seek(at)
        magic = file.read(4)
        if magic == MAGIC:
            at = _after_frame(file, at)
        elif magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5:  # a frame that is skipped
            at += 8 + int.from_bytes(file.read(4), "little")
        else:
            return False
    return at == end


def _after_frame(file: BinaryIO, at: int) -> int:
    """Where a frame that begins at `at` ends, by what it says; past the end where it is cut."""
    descriptor = file.read(1)
    if not descriptor:
        return at + 5
    single, checksum = descriptor[0] >> 5 & 1, descriptor[0] >> 2 & 1
    size = _CONTENT_SIZE_BYTES[descriptor[0] >> 6] or single
    at += 5 + (1 - single) + _DICTIONARY_ID_BYTES[descriptor[0] & 3] + size
    last = False
    while not last:
        file.seek(at)
        header = file.read(3)
        block = int.from_bytes(header, "little")
        last = bool(block & 1) or len(header) < 3
        at += 3 + (1 if block >> 1 & 3 == _RLE else block >> 3)
    return at + 4 * checksum
