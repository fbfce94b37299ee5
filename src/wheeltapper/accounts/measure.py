"""How good a score is: four figures of one ranking, and their intervals over splits.

`auc`: the chance that a fraudulent account scores above an honest one, ties half. `ap`: average
precision. `recall_at_precision_0.9`: the largest share found by a threshold at which nine of ten
are right. `tpr_at_fpr_1e-2`: the share found where one honest account in a hundred is flagged.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NAMES = ("auc", "ap", "recall_at_precision_0.9", "tpr_at_fpr_1e-2")
PRECISION, FALSE_POSITIVES = 0.9, 1e-2
_T95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Student's t for 95 %, of one degree of freedom to nine."""


def measure(fraud: npt.NDArray[np.bool_], score: Floats) -> dict[str, float]:
    """The four figures, by name; accounts with the same score are taken together.

    Raises
    ------
    ValueError   if there are no fraudulent or no honest accounts
    """
    bad = int(fraud.sum())
    good = len(fraud) - bad
    if not bad or not good:
        raise ValueError("both fraudulent and honest accounts are needed to measure a score")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    hit = np.cumsum(fraud[order])[last]
    wrong = last + 1 - hit
    recall, precision, false = hit / bad, hit / (last + 1), wrong / good
    before = np.append(0.0, recall[:-1])
    return {
        "auc": float(np.trapezoid(np.append(0.0, recall), np.append(0.0, false))),
        "ap": float(((recall - before) * precision).sum()),
        "recall_at_precision_0.9": float(recall[precision >= PRECISION].max(initial=0.0)),
        "tpr_at_fpr_1e-2": float(recall[false <= FALSE_POSITIVES].max(initial=0.0)),
    }


def summary(runs: Sequence[dict[str, float]]) -> dict[str, tuple[float, float]]:
    """Mean and half of its 95 % interval, by figure.

    Student's t over the splits. Splits of one data set share accounts, so the interval tells how
    much the draw of the split matters, not how the figure would differ on other accounts.
    """
    n = len(runs)
    told = {}
    for name in NAMES:
        values = np.array([run[name] for run in runs])
        t = _T95[n - 2] if n <= len(_T95) + 1 else 1.96
        half = t * float(values.std(ddof=1)) / sqrt(n) if n > 1 else 0.0
        told[name] = (float(values.mean()), half)
    return told
