"""How good scores are: AUC, average precision, share found at a false-positive rate, intervals.

Every measure takes weights, so that the bootstrap over clusters (a cluster drawn twice counts
twice) is one call with other weights. Ties count half in AUC, and against the model in the others.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

RATES = (1e-2, 1e-3, 1e-4)
Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


def auc(score: Scores, label: Labels, weight: Weights) -> float:
    """Share of pairs of a malicious and a benign text that are in the right order."""
    _, at = np.unique(score, return_inverse=True)
    bad = np.bincount(at, weight * (label == 1))
    good = np.bincount(at, weight * (label == 0))
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))


def average_precision(score: Scores, label: Labels, weight: Weights) -> float:
    """Mean precision over the malicious texts, from the highest score down."""
    values, at = np.unique(-score, return_inverse=True)
    bad = np.bincount(at, weight * (label == 1), len(values))
    good = np.bincount(at, weight * (label == 0), len(values))
    found, all_ = np.cumsum(bad), np.cumsum(bad + good)
    precision = np.divide(found, all_, out=np.zeros(len(values)), where=all_ > 0)
    return float((bad * precision).sum() / bad.sum())


def tpr_at(score: Scores, label: Labels, weight: Weights, rate: float) -> float:
    """Share of malicious texts above the lowest threshold that lets at most `rate` of benign by."""
    values, at = np.unique(-score, return_inverse=True)
    bad = np.bincount(at, weight * (label == 1), len(values))
    good = np.bincount(at, weight * (label == 0), len(values))
    passed = np.cumsum(good) <= rate * good.sum() + 1e-12
    return float(np.cumsum(bad)[passed][-1] / bad.sum()) if passed.any() else 0.0


def measures(score: Scores, label: Labels, weight: Weights) -> dict[str, float]:
    """All of them, under the names that programs read."""
    return {
        "auc": auc(score, label, weight),
        "ap": average_precision(score, label, weight),
        **{f"tpr_at_fpr_{name(rate)}": tpr_at(score, label, weight, rate) for rate in RATES},
    }


def name(rate: float) -> str:
    """`1e-2` of 0.01."""
    return f"1e-{round(-np.log10(rate))}"


def draws(groups: Sequence[str], strata: Sequence[str], n: int, seed: int) -> list[Weights]:
    """Weights of n bootstrap samples: clusters drawn with replacement within each stratum."""
    rng = np.random.default_rng(seed)
    names = np.array([f"{s}\0{g}" for s, g in zip(strata, groups, strict=True)])
    _, first, at = np.unique(names, return_index=True, return_inverse=True)
    stratum = np.array(strata)[first]
    found = []
    for _ in range(n):
        times = np.zeros(len(first))
        for one in np.unique(stratum):
            members = np.flatnonzero(stratum == one)
            times[members] = np.bincount(
                rng.integers(len(members), size=len(members)), minlength=len(members)
            )
        found.append(times[at])
    return found


def interval(value: Callable[[Weights], float], samples: Sequence[Weights]) -> tuple[float, float]:
    """The middle 95 % of what bootstrap samples give."""
    found = [value(weight) for weight in samples]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def reliability(
    score: Scores, label: Labels, weight: Weights, bins: int = 10
) -> list[tuple[float, float]]:
    """Stated probability and found share, over bins of equal weight; from the lowest up."""
    p = 1 / (1 + np.exp(-np.clip(score, -50, 50)))
    order = np.argsort(p, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    at = np.minimum((before / weight.sum() * bins).astype(int), bins - 1)
    w = np.bincount(at, weight[order], bins)
    stated = np.bincount(at, (weight * p)[order], bins)
    found = np.bincount(at, (weight * label)[order], bins)
    return [(float(s / n), float(f / n)) for s, f, n in zip(stated, found, w, strict=True) if n]


def calibration_error(score: Scores, label: Labels, weight: Weights, bins: int = 10) -> float:
    """Mean distance of stated probability and found share, over bins of equal weight."""
    return float(np.mean([abs(p - share) for p, share in reliability(score, label, weight, bins)]))


def even(label: Labels, weight: Weights) -> Weights:
    """Weights under which both classes weigh the same, the mix that scores are meant for."""
    total = np.bincount(label, weight, 2)
    return np.asarray(weight / np.maximum(total, 1e-12)[label])
