"""Learning: which answers a model is measured on, and whether a new one is better.

One answered account in three is held out, always the same ones. Models are compared on them by log
loss, pair by pair: a new one is refused only where it is worse beyond chance, for with few answers
nothing else can be told. Held-out accounts are those that a queue chose, harder than most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
import xxhash

Floats = npt.NDArray[np.float64]
HELD_OUT = 3
"""One in so many."""
FEWEST = 30
"""Held-out answers below which a new model is never refused."""
_Z = 1.959964
_SURE = 1e-4


@dataclass(frozen=True, slots=True)
class Quality:
    """How well probabilities fit what people said; lower is better, but for `auc` and `ap`."""

    answers: int
    fraud: int
    auc: float | None
    """None where only one kind is there."""
    log_loss: float
    brier: float
    precision: float | None
    """Of those at a half and above; None where there are none."""
    recall: float | None
    expected: float
    """Mean probability: calibrated where it is near the share of fraud."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two models on the same held-out answers."""

    before: Quality
    after: Quality
    worse_by: float
    """Mean log loss after, less that before; below 0 is better."""
    low: float
    high: float

    @property
    def refused(self) -> bool:
        return self.after.answers >= FEWEST and self.low > 0


def held_out(account: str) -> bool:
    """Whether an account's answer is for measuring only."""
    text = account.encode("utf-8", "backslashreplace")
    return xxhash.xxh3_64_intdigest(text, seed=2) % HELD_OUT == 0


def compare(before: Floats, after: Floats, fraud: npt.NDArray[np.bool_]) -> Compared | None:
    """Of probabilities of the same accounts; None without any."""
    if not len(fraud):
        return None
    apart = _loss(after, fraud) - _loss(before, fraud)
    mean = float(apart.mean())
    half = _Z * float(apart.std(ddof=1)) / sqrt(len(apart)) if len(apart) > 1 else float("inf")
    half = min(half, 99.0)
    return Compared(quality(before, fraud), quality(after, fraud), mean, mean - half, mean + half)


def quality(chance: Floats, fraud: npt.NDArray[np.bool_]) -> Quality:
    """Of probabilities against what people said."""
    bad, said = int(fraud.sum()), chance >= 0.5
    hit = int((said & fraud).sum())
    return Quality(
        answers=len(fraud), fraud=bad, auc=_auc(chance, fraud),
        log_loss=float(_loss(chance, fraud).mean()), brier=float(((chance - fraud) ** 2).mean()),
        precision=hit / int(said.sum()) if said.any() else None,
        recall=hit / bad if bad else None, expected=float(chance.mean()),
    )  # fmt: skip


def changed(before: Sequence[str], after: Sequence[str]) -> dict[str, int]:
    """How many accounts a new model moves from one step to another: `review → allow`."""
    told: dict[str, int] = {}
    for old, new in zip(before, after, strict=True):
        if old != new:
            told[f"{old} → {new}"] = told.get(f"{old} → {new}", 0) + 1
    return dict(sorted(told.items(), key=lambda one: -one[1]))


def labels(known: Mapping[str, bool], settled: Mapping[str, str]) -> dict[str, bool]:
    """What a model learns from: labels of the tables and, before them, what people settled."""
    said = {account: word == "fraud" for account, word in settled.items()}
    return {a: f for a, f in ({**known, **said}).items() if a not in said or not held_out(a)}


def _loss(chance: Floats, fraud: npt.NDArray[np.bool_]) -> Floats:
    p = np.clip(chance, _SURE, 1 - _SURE)
    return np.asarray(-np.log(np.where(fraud, p, 1 - p)), np.float64)


def _auc(chance: Floats, fraud: npt.NDArray[np.bool_]) -> float | None:
    good, bad = chance[~fraud], chance[fraud]
    if not len(good) or not len(bad):
        return None
    above = np.searchsorted(np.sort(good), bad, side="left")
    upto = np.searchsorted(np.sort(good), bad, side="right")
    return float((above + upto).sum() / (2 * len(good) * len(bad)))
