"""Nearly the same text: MinHash over runs of words, in bands, so that likes meet under one key.

Broder, "On the resemblance and containment of documents" (1997). Two texts whose sets of three-word
runs overlap by 80 % share a band of two hashes with 99.97 % chance, by 20 % with 28 %. Text is
taken as it is, in lower case, digits as one; nothing in it is interpreted.
"""

import re

import numpy as np
import numpy.typing as npt
import xxhash

BANDS, ROWS = 8, 2
_WORDS = 3
_LONGEST = 4096
_MASK = (1 << 64) - 1
_ODD = np.array(
    [(0x9E3779B97F4A7C15 * (2 * i + 1)) & _MASK for i in range(BANDS * ROWS)], np.uint64
)
_ADD = np.array([(0xBF58476D1CE4E5B9 * (i + 1)) & _MASK for i in range(BANDS * ROWS)], np.uint64)


def bands(text: str) -> npt.NDArray[np.int64] | None:
    """Keys of a text, shape (BANDS,); none for one of fewer than three words."""
    words = re.findall(r"\w+", re.sub(r"\d+", "0", text[:_LONGEST].lower()))
    if len(words) < _WORDS:
        return None
    runs = {" ".join(words[i : i + _WORDS]) for i in range(len(words) - _WORDS + 1)}
    hashed = np.array([xxhash.xxh3_64_intdigest(run.encode()) for run in runs], np.uint64)
    least = (hashed[:, None] * _ODD + _ADD).min(axis=0).reshape(BANDS, ROWS)
    keys = [xxhash.xxh3_64_intdigest(bytes([b]) + least[b].tobytes()) for b in range(BANDS)]
    return np.array(keys, np.uint64).view(np.int64)
