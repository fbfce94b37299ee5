"""The image of a command as a PNG that a person can look at, with the verdict's saliency under it.

Each column is a character, each row one of the 62 (`encode.CHARACTERS`, then the case bit), four
pixels a cell; the band below is the redder the more the score rests on the characters there, and
the greener the more they speak for the command. Long texts are folded into rows of 256 columns; of
a wrapped command the inside follows, under a dark line.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.encode import ROWS, Codes, image

COLUMNS = 256
CELL = 4
_BAND = 4
_GAP = 3
_PAPER, _INK, _CASE = (250, 249, 246), (28, 43, 58), (36, 99, 178)
_HOT, _COLD = (208, 48, 32), (40, 130, 90)
_FULL = 2.0
"""Log-odds of a full colour, at least: so that what hardly matters is pale."""

Pixels = npt.NDArray[np.uint8]


def draw(parts: Sequence[tuple[Codes, npt.NDArray[np.float32]]]) -> bytes:
    """A PNG of texts, one under the other: codes and the weight of each column, shape (L,) both."""
    most = max([_FULL, *(float(np.abs(weight).max()) for _, weight in parts)])
    strips = list[Pixels]()
    for codes, weight in parts:
        if strips:
            strips.append(np.full((1, COLUMNS, 3), _INK, np.uint8))
        used = max(1, int((codes != 0).sum()))
        strips += [
            _strip(codes[at : at + COLUMNS], weight[at : at + COLUMNS] / most)
            for at in range(0, used, COLUMNS)
        ]
    cells = np.concatenate(strips)
    return _png(cells.repeat(CELL, 0).repeat(CELL, 1))


def _strip(codes: Codes, share: npt.NDArray[np.float32]) -> Pixels:
    """`share` is from -1 to 1."""
    strip = np.full((ROWS + _BAND + _GAP, COLUMNS, 3), _PAPER, np.uint8)
    bits = image(codes) > 0
    strip[: ROWS - 1, : len(codes)][bits[:-1]] = _INK
    strip[ROWS - 1, : len(codes)][bits[-1]] = _CASE
    colour = np.where(share[:, None] > 0, np.array(_HOT), np.array(_COLD))
    band = np.array(_PAPER) + (colour - np.array(_PAPER)) * np.abs(share)[:, None]
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
