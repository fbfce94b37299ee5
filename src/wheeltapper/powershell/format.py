"""The leak check: how far does one get who looks at format alone?

Eight numbers that say nothing of what a text does. If they separate the classes, a model may have
learned how a collection was gathered; so their AUC stands beside every model's.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell import metrics

FEATURES = (
    "length", "lines", "tabs", "carriage returns", "hash signs", "longest line",
    "share of capitals", "share of blanks",
)  # fmt: skip

_LICENCE = re.compile(r"copyright|licen[cs]e|all rights reserved|spdx", re.IGNORECASE)
_HEAD = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """How well one number alone tells the classes apart."""

    what: str
    auc: float
    """In the direction that is better: 0.5 is nothing."""
    tpr: float
    """Share found at one false alarm in a hundred."""


def measure(text: str) -> list[float]:
    """The eight numbers of a text; counts as logarithms."""
    size = max(1, len(text))
    counts = (
        len(text), text.count("\n"), text.count("\t"), text.count("\r"), text.count("#"),
        max(map(len, text.split("\n"))),
    )  # fmt: skip
    capitals = sum(1 for c in text if c.isupper())
    blanks = sum(1 for c in text if c.isspace())
    return [*(math.log1p(n) for n in counts), capitals / size, blanks / size]


def fit(
    texts: Sequence[str], label: npt.NDArray[np.int64], weight: npt.NDArray[np.float64]
) -> Any:  # scikit-learn ships no types
    """A model of format alone: boosted trees, which find what there is to find."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=15, learning_rate=0.1, random_state=1, early_stopping=False
    )
    table = np.array([measure(text) for text in texts])
    return model.fit(table, label, sample_weight=weight / weight.mean())


def score(model: Any, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Log-odds by format alone."""
    table = np.array([measure(text) for text in texts])
    return np.asarray(model.decision_function(table), np.float64)


def leaks(texts: Sequence[str], label: npt.NDArray[np.int64]) -> list[Leak]:
    """Each of the numbers alone, and whether a licence stands at the head of the text."""
    table = np.array(
        [[*measure(text), _LICENCE.search(text[:_HEAD]) is not None] for text in texts]
    )
    found = []
    for at, what in enumerate((*FEATURES, "licence header")):
        column, ones = table[:, at], np.ones(len(texts))
        auc = metrics.auc(column, label, ones)
        score = column if auc >= 0.5 else -column
        found.append(
            Leak(what=what, auc=max(auc, 1 - auc), tpr=metrics.tpr_at(score, label, ones, 1e-2))
        )
    return found
