"""A text as an image: one column a character, one row a letter, digit or sign, one for capitals.

After Hendler, Kels and Rubin (2018), section 4: 61 frequent characters and a case bit make 62
rows; a character is a 1 in its row, a capital letter a 1 in the last row too; what is none of the
61 is an empty column, and so is what lies beyond the end. Which 61 is not listed: here 26 letters,
10 digits, the space, and 24 signs. A line break or tab is a space, so that the style of
line breaks cannot be learned.

The image is kept as *codes*, one byte a column, 0 beyond the end: `TABLE[codes]` is the image. So a
network can take the image (the paper's does) or learn what its columns are worth (ours does).
"""

import numpy as np
import numpy.typing as npt

LENGTH = 1024
"""Columns of the paper's image."""
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789 \"$%&'()*+,-./:;=[\\]_`{|}"
ROWS = len(CHARACTERS) + 1
"""62: one a character, and the case bit."""
PAD, OTHER = 0, 1
CODES = 2 + len(CHARACTERS) + 26
"""Beyond the end, another character, the 61, and the capitals."""

Codes = npt.NDArray[np.uint8]


def _columns() -> tuple[Codes, npt.NDArray[np.float32]]:
    codes = np.full(256, OTHER, np.uint8)
    table = np.zeros((CODES, ROWS), np.float32)
    for row, character in enumerate(CHARACTERS):
        codes[ord(character)] = 2 + row
        table[2 + row, row] = 1
    for letter in range(26):
        code = 2 + len(CHARACTERS) + letter
        codes[ord("A") + letter] = code
        table[code, letter] = table[code, -1] = 1
    for blank in "\n\r\t\v\f\u00a0":
        codes[ord(blank)] = codes[ord(" ")]
    return codes, table


_CODES, TABLE = _columns()
"""Column of each code: shape (CODES, ROWS)."""


def encode(text: str, length: int = LENGTH) -> Codes:
    """Codes of the first `length` characters, filled up with 0: shape (length,)."""
    found = np.zeros(length, np.uint8)
    found[: min(len(text), length)] = codes_of(text[:length])
    return found


def codes_of(text: str) -> Codes:
    """Codes of all characters: shape (len(text),)."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return _CODES[np.where(points < 256, points, 0)]


def decode(codes: Codes) -> str:
    """The text of codes, as far as the image holds it; `?` for what it does not hold."""
    letters = "\0?" + CHARACTERS + CHARACTERS[:26].upper()
    return "".join(letters[code] for code in codes if code != PAD)


def image(codes: Codes) -> npt.NDArray[np.float32]:
    """The image: shape (62, L), rows as in `CHARACTERS`, then the case bit."""
    return TABLE[codes].T
