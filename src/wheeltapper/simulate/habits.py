"""Habits: what somebody usually picks from what they could pick.

Heavy-tailed (a few things make up most of it), personal (each person has an order of their own, and
never touches a good part of it), and slowly drifting from week to week.
"""

import math
from collections.abc import Sequence
from typing import Generic, TypeVar

from wheeltapper.simulate.chance import Chance, running

_T = TypeVar("_T")


class Habit(Generic[_T]):
    """A person's preference over items; asked with a week, which must not go back."""

    __slots__ = ("_adopt", "_cumulative", "_drift", "_key", "_week", "_weights", "items")

    def __init__(
        self,
        items: Sequence[_T],
        weights: Sequence[float],
        *key: int | str,
        spread: float = 1.0,
        unused: float = 0.35,
        drift: float = 0.25,
        adopt: float = 0.3,
    ) -> None:
        chance = Chance(*key)
        self.items = items
        self._weights = []
        for weight in weights:
            own = weight * chance.spread(1.0, spread)
            self._weights.append(own * 0.002 if chance.yes(unused) else own)
        self._drift = drift
        self._adopt = adopt
        self._key = key
        self._week = 0
        self._cumulative = running(self._weights)

    def draw(self, chance: Chance, week: int) -> _T:
        while self._week < week:
            self._move_on()
        return self.items[chance.weighed(self._cumulative)]

    def _move_on(self) -> None:
        self._week += 1
        chance = Chance(*self._key, "week", self._week)
        # Uniform steps: as good as normal ones here, and much quicker.
        self._weights = [
            w * math.exp(self._drift * (2 * chance.uniform() - 1)) for w in self._weights
        ]
        if self._weights and chance.yes(self._adopt):
            # Something becomes part of the job.
            at = chance.below(len(self._weights))
            self._weights[at] = max(self._weights[at], sum(self._weights) * 0.04)
        self._cumulative = running(self._weights)


def zipf(n: int, exponent: float = 1.1) -> list[float]:
    """Weights by rank."""
    return [1.0 / (rank + 1) ** exponent for rank in range(n)]
