"""The traditional model: logistic regression over hashed character n-grams, or words.

A text becomes a sparse vector (which n-grams, how often: 1 + log of the count, length 1), a score
is a dot product. Both texts of a command are fed to it, each with its own part of the table, so
that it sees what the networks see. Scoring needs NumPy alone; the table is kept as `.npy`.

Method: as the baselines of Hendler, Kels and Rubin (2018), section 5 (3-gram, bag of words);
feature hashing after Weinberger et al. (2009). Cost: some 0.2 ms for a line of 300 characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

BITS = 18
"""Each text of a command has 2**BITS places in the table."""
_PRIME = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)
_WORD = re.compile(r"[A-Za-z_][\w-]{1,39}|\d+|[^\w\s]")

BAG_BITS = 17
"""A network's table is smaller: several places of the linear models' are one."""

Places = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]
Bag = tuple[Places, Values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is counted."""

    sizes: tuple[int, ...] = (3,)
    """Lengths of character n-grams; none for words."""
    raw: bool = True
    plain: bool = True


KINDS = {
    "3-grams": Kind(plain=False),
    "3-grams-both": Kind(),
    "3-grams-normal": Kind(raw=False),
    "words": Kind(sizes=(), plain=False),
    "words-both": Kind(sizes=()),
    "words-normal": Kind(sizes=(), raw=False),
}
"""Traditional models by name; `3-grams` is the paper's."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A model: weights of places, and what is added."""

    kind: Kind
    weights: npt.NDArray[np.float32]
    """Shape (2 * 2**BITS,): of the text as it came, and of its normal form."""
    bias: float

    def score(self, raw: str, plain: str) -> float:
        """Log-odds that the command is malicious, under the mix it was trained on."""
        places, values = features(self.kind, raw, plain)
        return float(self.weights[places] @ values) + self.bias

    def score_all(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
        return np.array([self.score(*pair) for pair in pairs], np.float64)


@lru_cache(maxsize=1024)
def features(kind: Kind, raw: str, plain: str) -> tuple[Places, Values]:
    """Places and values of a command's n-grams; each text's values have length 1 together.

    The last ones are kept, as the parts of an ensemble ask for the same; do not change them.
    """
    places, values = list[Places](), list[Values]()
    for text, used, start in ((raw, kind.raw, 0), (plain, kind.plain, 1 << BITS)):
        if used:
            at, n = np.unique(_hashed(kind, text), return_counts=True)
            value = (1 + np.log(n)).astype(np.float32)
            places.append(at.astype(np.int64) + start)
            values.append(value / max(float(np.linalg.norm(value)), 1e-9))
    return np.concatenate(places), np.concatenate(values).astype(np.float32)


def bag(raw: str, plain: str) -> Bag:
    """Places and values for a network: 3-grams of the text as it came, and words of both texts."""
    grams, many = features(KINDS["3-grams"], raw, plain)
    words, often = features(KINDS["words-both"], raw, plain)
    half = BAG_BITS - 1
    places = [grams >> (BITS - half), (1 << half) + (words >> (BITS + 1 - half))]
    return np.concatenate(places), np.concatenate([many, often])


def _hashed(kind: Kind, text: str) -> npt.NDArray[np.uint32]:
    if not kind.sizes:
        return _hashed_words(text)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    found = list[npt.NDArray[np.uint32]]()
    running = np.zeros(len(points), np.uint32)
    for size in range(1, max(kind.sizes) + 1):
        if len(points) < size:
            break
        running = running[: len(points) - size + 1] * _PRIME + points[size - 1 :] + np.uint32(1)
        if size in kind.sizes:
            found.append(_placed(running, size))
    return np.concatenate(found) if found else np.empty(0, np.uint32)


def _hashed_words(text: str) -> npt.NDArray[np.uint32]:
    return _placed(np.array([_hashed_word(word) for word in _WORD.findall(text)], np.uint32), 0)


@lru_cache(maxsize=65_536)
def _hashed_word(word: str) -> int:
    value = 0
    for byte in word.encode("utf-8", "replace"):
        value = (value * int(_PRIME) + byte + 1) & 0xFFFFFFFF
    return value


def _placed(hashes: npt.NDArray[np.uint32], size: int) -> npt.NDArray[np.uint32]:
    mixed = (hashes ^ np.uint32(size * 0x2545F491 & 0xFFFFFFFF)) * _MIX
    return mixed >> np.uint32(32 - BITS)


def matrix(kind: Kind, pairs: Sequence[tuple[str, str]]) -> Any:  # SciPy ships no types
    """All commands as a sparse matrix: shape (len(pairs), 2 * 2**BITS)."""
    from scipy import sparse

    rows = [features(kind, *pair) for pair in pairs]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    return sparse.csr_matrix(
        (
            np.concatenate([values for _, values in rows]),
            np.concatenate([places for places, _ in rows]),
            ends,
        ),
        shape=(len(rows), 2 << BITS),
    )


def fit(
    kind: Kind, x: Any, y: npt.NDArray[np.int64], weight: npt.NDArray[np.float64], c: float
) -> Linear:
    """Fit on rows of `matrix`.

    Parameters
    ----------
    y        1 is malicious
    weight   of each row; scaled here to a mean of 1
    c        inverse of the strength of the L2 penalty
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=120, tol=1e-3)
    model.fit(x, y, sample_weight=weight / weight.mean())
    return Linear(kind, model.coef_[0].astype(np.float32), float(model.intercept_[0]))
