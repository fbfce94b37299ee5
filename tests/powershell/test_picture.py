import struct
import zlib

import numpy as np

from wheeltapper.powershell import picture
from wheeltapper.powershell.encode import CHARACTERS, encode


def pixels(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT") + 4
    (size,) = struct.unpack(">I", png[start - 8 : start - 4])
    rows = np.frombuffer(zlib.decompress(png[start : start + size]), np.uint8)
    return rows.reshape(height, 1 + 3 * width)[:, 1:].reshape(height, width, 3)


def test_each_character_has_its_cell_and_the_band_its_heat():
    weight = np.zeros(1024, np.float32)
    weight[1], weight[2] = 3.0, -3.0
    drawn = pixels(picture.draw([(encode("aZ;"), weight)]))[:: picture.CELL, :: picture.CELL]
    assert drawn.shape[1] == picture.COLUMNS
    assert tuple(drawn[CHARACTERS.index("a"), 0]) == picture._INK
    assert tuple(drawn[CHARACTERS.index("z"), 1]) == picture._INK
    assert tuple(drawn[61, 1]) == picture._CASE
    assert tuple(drawn[62, 1]) == picture._HOT
    assert tuple(drawn[62, 2]) == picture._COLD
    assert tuple(drawn[62, 0]) == picture._PAPER


def test_what_hardly_matters_is_pale():
    weight = np.full(1024, 0.1, np.float32)
    drawn = pixels(picture.draw([(encode("a"), weight)]))[:: picture.CELL, :: picture.CELL]
    assert np.abs(drawn[62, 0].astype(int) - picture._PAPER).max() < 20


def test_what_is_inside_follows():
    flat = (encode("a"), np.zeros(1024, np.float32))
    one, two = (pixels(picture.draw([flat] * n)).shape[0] for n in (1, 2))
    assert two == 2 * one + picture.CELL


def test_long_texts_are_folded_and_empty_ones_drawn():
    tall = pixels(picture.draw([(encode("x" * 1024), np.zeros(1024, np.float32))]))
    flat = pixels(picture.draw([(encode(""), np.zeros(1024, np.float32))]))
    assert tall.shape[0] == 4 * flat.shape[0]
