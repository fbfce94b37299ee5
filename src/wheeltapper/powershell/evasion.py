"""How much of what a model finds it still finds when the same commands are written otherwise.

Malicious texts that the model has not learned from are changed by each of `tricks`; the threshold
stays the one that so large a share of the unchanged benign texts reaches. The same trick on benign
texts says whether the model finds the deed or the wrapper: there, what is found is a false alarm.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.records import Record
from wheeltapper.powershell.tricks import TRICKS
from wheeltapper.powershell.views import view

MOST = 300
"""Texts of either class that are changed; one more trick costs unwrapping and scoring all."""
RATE = 1e-2

Scores = npt.NDArray[np.float64]
Pairs = Sequence[tuple[str, str]]
Judge = Callable[[Pairs], Scores]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withstood:
    """One trick against one model."""

    model: str
    trick: str
    found: float
    """Share of malicious texts that are still found."""
    false_alarms: float
    """Share of benign texts that raise an alarm when the same is done to them."""


def withstood(
    judges: dict[str, Judge],
    records: Sequence[Record],
    benign: Sequence[str],
    told: Callable[[str], None] = lambda _: None,
) -> list[Withstood]:
    """Every trick against every model.

    Parameters
    ----------
    judges   by name: scores of commands, given both texts of each (`views.view`)
    records  texts that the models have not learned from, of both labels
    benign   texts that malicious ones are hidden behind
    """
    chosen = [_chosen(records, label) for label in (1, 0)]
    limits: dict[str, float] = {}
    found = list[Withstood]()
    for trick, change in TRICKS.items():
        told(trick)
        pairs = list[tuple[str, str]]()
        for one in (one for some in chosen for one in some):
            rng = random.Random(f"{trick}.{one.text[:200]}")  # noqa: S311  nothing secret
            seen = view(change(one.text, rng, benign))
            pairs.append((seen.raw, seen.plain))
        malicious = len(chosen[0])
        for model, judge in judges.items():
            scores = judge(pairs)
            limit = limits.setdefault(model, threshold(scores[malicious:], RATE))
            alarms = scores >= limit
            found.append(
                Withstood(
                    model=model, trick=trick, found=float(alarms[:malicious].mean()),
                    false_alarms=float(alarms[malicious:].mean()),
                )
            )  # fmt: skip
    return found


def threshold(benign: Scores, rate: float) -> float:
    """The lowest score that at most so large a share of benign texts reaches."""
    falling = np.sort(benign)[::-1]
    return float(np.nextafter(falling[min(int(rate * len(benign)), len(benign) - 1)], np.inf))


def _chosen(records: Sequence[Record], label: int) -> list[Record]:
    """Some of a label, sources alike, those whose hash is lowest: no matter of order."""
    by_source: dict[str, list[tuple[bytes, int]]] = {}
    for at, record in enumerate(records):
        if record.label == label:
            digest = hashlib.sha256(record.text.encode("utf-8", "surrogatepass")).digest()
            by_source.setdefault(record.source, []).append((digest, at))
    share = max(1, MOST // max(1, len(by_source)))
    return [records[at] for ranked in by_source.values() for _, at in sorted(ranked)[:share]]
