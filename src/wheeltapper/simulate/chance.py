"""Chance: everything the simulated organisation leaves to luck, drawn so that it can be repeated.

A stream is keyed by what it is for (seed, "day", person, day): the same key gives the same draws on
any machine, and one person's life does not depend on how many others there are.
"""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

import numpy as np

_T = TypeVar("_T")
_NORMAL = NormalDist()
_BLOCK = 128


class Chance:
    """A stream of draws; only uniform numbers and bytes are asked of NumPy, whose streams for
    these have not changed between versions.
    """

    __slots__ = ("_at", "_draws", "_hex", "_hex_at", "_rng")

    def __init__(self, *key: int | str) -> None:
        digest = hashlib.blake2b("\0".join(map(str, key)).encode(), digest_size=16).digest()
        self._rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
        self._draws: list[float] = []
        self._at = 0
        self._hex = ""
        self._hex_at = 0

    def uniform(self) -> float:
        """From 0 to below 1."""
        if self._at == len(self._draws):
            self._draws = self._rng.random(_BLOCK).tolist()
            self._at = 0
        self._at += 1
        return self._draws[self._at - 1]

    def yes(self, probability: float) -> bool:
        return self.uniform() < probability

    def below(self, n: int) -> int:
        return int(self.uniform() * n)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.uniform()

    def pick(self, items: Sequence[_T]) -> _T:
        return items[int(self.uniform() * len(items))]

    def weighed(self, cumulative: Sequence[float]) -> int:
        """Position drawn by weights given as their running sum."""
        at = bisect_right(cumulative, self.uniform() * cumulative[-1])
        return min(at, len(cumulative) - 1)

    def wait(self, mean: float) -> float:
        """Exponential: gaps between things that happen independently."""
        return -mean * math.log(1.0 - self.uniform())

    def normal(self, mean: float, deviation: float) -> float:
        return mean + deviation * _NORMAL.inv_cdf(min(max(self.uniform(), 1e-12), 1 - 1e-12))

    def spread(self, median: float, sigma: float) -> float:
        """Log-normal: what differs by factors between people."""
        return median * math.exp(self.normal(0.0, sigma))

    def count(self, mean: float) -> int:
        """Poisson, through exponential waits; fine for the small means used here."""
        if mean <= 0:
            return 0
        n, left = 0, self.wait(1.0)
        while left < mean:
            n += 1
            left += self.wait(1.0)
        return n

    def rank(self, n: int, exponent: float = 1.1) -> int:
        """Zipf-like rank from 0 to n - 1: few things are used much, most hardly ever; the exponent
        must not be 1.
        """
        if n <= 1:
            return 0
        power = 1.0 - exponent
        x = (1.0 + self.uniform() * ((n + 1.0) ** power - 1.0)) ** (1.0 / power)
        return min(int(x) - 1, n - 1)

    def hex(self, digits: int) -> str:
        if self._hex_at + digits > len(self._hex):
            self._hex = self._rng.bytes(max(512, digits)).hex()
            self._hex_at = 0
        self._hex_at += digits
        return self._hex[self._hex_at - digits : self._hex_at]

    def uuid(self) -> str:
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def token(self, length: int, alphabet: str) -> str:
        return "".join(alphabet[int(self.uniform() * len(alphabet))] for _ in range(length))


def running(weights: Sequence[float]) -> list[float]:
    """Running sum, as `Chance.weighed` takes it."""
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums
