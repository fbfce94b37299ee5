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
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

BITS = 18
"""Each text of a command has 2**BITS places in the table."""
_PRIME = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)
_WORD = re.compile(r"[A-Za-z_][\w-]{1,39}|\d+|[^\w\s]")

AT_ONCE = 256
"""Commands that are counted together."""
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
        return float(self.score_all([(raw, plain)])[0])

    def score_all(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
        found = list[npt.NDArray[np.float64]]([np.empty(0)])
        for at in range(0, len(pairs), AT_ONCE):
            part = tuple(pairs[at : at + AT_ONCE])
            places, values, ends = counted(self.kind, part)
            owner = np.repeat(np.arange(len(part)), np.diff(ends))
            sums = np.bincount(owner, self.weights[places] * values, len(part)).astype(np.float64)
            found.append(np.asarray(sums + self.bias))
        return np.concatenate(found)


@lru_cache(maxsize=4)
def counted(kind: Kind, pairs: tuple[tuple[str, str], ...]) -> tuple[Places, Values, Places]:
    """Places and values of the n-grams of commands, one command after the other, and their ends.

    Of each text of a command the values have length 1 together. A command's places are those from
    `ends[n]` to `ends[n + 1]`, in ascending order. The last ones are kept, as the parts of an
    ensemble ask for the same; do not change them.
    """
    keys = [
        _keyed(kind, [pair[half] for pair in pairs], half)
        for half, used in ((0, kind.raw), (1, kind.plain))
        if used
    ]
    key = np.concatenate(keys)
    key.sort()
    first = np.flatnonzero(np.diff(key, prepend=-1))
    many = np.diff(first, append=len(key))
    key = key[first]
    value = (1 + np.log(many)).astype(np.float32)
    text = key >> BITS
    length = np.sqrt(np.bincount(text, value * value, 2 * len(pairs)))
    value /= np.maximum(length, 1e-9).astype(np.float32)[text]
    ends = np.searchsorted(key, np.arange(len(pairs) + 1) << BITS + 1)
    return key & ((2 << BITS) - 1), value, ends


def features(kind: Kind, raw: str, plain: str) -> tuple[Places, Values]:
    """Places and values of one command's n-grams."""
    places, values, _ = counted(kind, ((raw, plain),))
    return places, values


def bags(pairs: Sequence[tuple[str, str]]) -> list[Bag]:
    """For a network: places and values of the raw text's 3-grams, and of both texts' words."""
    found = list[Bag]()
    half = BAG_BITS - 1
    for at in range(0, len(pairs), AT_ONCE):
        part = tuple(pairs[at : at + AT_ONCE])
        grams, many, first = counted(KINDS["3-grams"], part)
        words, often, second = counted(KINDS["words-both"], part)
        grams, words = grams >> (BITS - half), (1 << half) + (words >> (BITS + 1 - half))
        for n in range(len(part)):
            a, b = slice(first[n], first[n + 1]), slice(second[n], second[n + 1])
            found.append(
                (np.concatenate([grams[a], words[b]]), np.concatenate([many[a], often[b]]))
            )
    return found


def bag(raw: str, plain: str) -> Bag:
    """The same of one command."""
    return bags([(raw, plain)])[0]


def _keyed(kind: Kind, texts: Sequence[str], half: int) -> Places:
    """Each n-gram of each text as one number: which command, which of its texts, which place."""
    hashes, size = _hashed(kind.sizes, texts) if kind.sizes else _hashed_words(texts)
    text = np.repeat(np.arange(len(texts)) * 2 + half, size)
    return (text << BITS) | hashes


def _hashed(
    sizes: tuple[int, ...], texts: Sequence[str]
) -> tuple[npt.NDArray[np.uint32], list[int]]:
    """Places of the n-grams of all texts, text by text, and how many each has."""
    whole = "".join(texts)
    points = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)
    places = np.empty((len(sizes), len(points)), np.uint32)
    running = np.zeros(len(points), np.uint32)
    for size in range(1, min(max(sizes), len(points)) + 1):
        running = running[: len(points) - size + 1] * _PRIME + points[size - 1 :] + np.uint32(1)
        if size in sizes:
            places[sizes.index(size), : len(running)] = _placed(running, size)
    found, many, start = [np.empty(0, np.uint32)], list[int](), 0
    for text in texts:
        end = start + len(text)
        own = [places[n, start : max(start, end - size + 1)] for n, size in enumerate(sizes)]
        found += own
        many.append(sum(map(len, own)))
        start = end
    return np.concatenate(found), many


def _hashed_words(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], list[int]]:
    found = [list(map(_hashed_word, _WORD.findall(text))) for text in texts]
    hashes = np.fromiter(chain.from_iterable(found), np.uint32)
    return _placed(hashes, 0), [len(own) for own in found]


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

    parts = [counted(kind, tuple(pairs[at : at + AT_ONCE])) for at in range(0, len(pairs), AT_ONCE)]
    sizes = np.concatenate([np.diff(ends) for _, _, ends in parts])
    return sparse.csr_matrix(
        (
            np.concatenate([values for _, values, _ in parts]),
            np.concatenate([places for places, _, _ in parts]),
            np.concatenate([[0], np.cumsum(sizes)]),
        ),
        shape=(len(pairs), 2 << BITS),
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
