"""The image of a command as a PNG that a person can look at, with the verdict's saliency under it.

Each column is a character, each row one of the 62 (`encode.CHARACTERS`, then the case bit), four
pixels a cell; the band below is the redder the more the score rests on the characters there. Long
texts are folded into rows of 256 columns.
"""

import struct
import zlib

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.encode import ROWS, Codes, image

COLUMNS = 256
CELL = 4
_BAND = 4
_GAP = 3
_PAPER, _INK, _CASE = (250, 249, 246), (28, 43, 58), (36, 99, 178)
_HOT = (208, 48, 32)

Pixels = npt.NDArray[np.uint8]


def draw(codes: Codes, saliency: npt.NDArray[np.float32]) -> bytes:
    """A PNG of codes and the weight of each column; shape (L,) both."""
    used = max(1, int((codes != 0).sum()))
    strips = [
        _strip(codes[at : at + COLUMNS], saliency[at : at + COLUMNS], float(saliency.max()))
        for at in range(0, used, COLUMNS)
    ]
    cells = np.concatenate(strips)
    return _png(cells.repeat(CELL, 0).repeat(CELL, 1))


def _strip(codes: Codes, saliency: npt.NDArray[np.float32], most: float) -> Pixels:
    strip = np.full((ROWS + _BAND + _GAP, COLUMNS, 3), _PAPER, np.uint8)
    bits = image(codes) > 0
    strip[: ROWS - 1, : len(codes)][bits[:-1]] = _INK
    strip[ROWS - 1, : len(codes)][bits[-1]] = _CASE
    share = (saliency / most if most > 0 else saliency)[:, None]
    band = np.array(_PAPER) * (1 - share) + np.array(_HOT) * share
    strip[ROWS : ROWS + _BAND, : len(codes)] = band.astype(np.uint8)[None]
    return strip


def _png(pixels: Pixels) -> bytes:
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], 1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
