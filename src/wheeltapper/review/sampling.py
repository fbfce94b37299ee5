"""Sampling: a stratified random sample of all accounts, and what it tells of those not looked at.

Only a random sample tells how much fraud there is: what a queue shows was chosen for looking bad.
Accounts are drawn within strata of the score by a number that stays with the account for ever
(Ohlsson, 1995): drawing again, with other scores, keeps most of what people looked at already.
Shares are weighted by strata, their intervals are Wilson's at the effective size of the sample
(Korn and Graubard, 1998); recall is a ratio of two such estimates (delta method, on log-odds).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt
import xxhash

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
EDGES = (0.02, 0.1, 0.3, 0.6, 0.9)
"""Of scores; six strata."""
STRATA = len(EDGES) + 1
FEWEST = 4
"""Accounts drawn of a stratum that has so many: without two, no spread is known."""
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, and where it lies with 95 % confidence."""

    value: float
    low: float
    high: float
    of: int
    """Accounts looked at."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Of one stratum: all accounts, those looked at, and how many of these were fraud."""

    accounts: int
    looked: int
    fraud: int


def strata(score: Floats) -> Ints:
    """0 for the lowest scores to 5 for the highest."""
    found = np.zeros(len(score), np.int64)
    for edge in EDGES:
        found += score >= edge
    return found


def allotted(score: Floats, size: int) -> Ints:
    """How many to draw of each stratum: more where more differs (Neyman, 1934).

    Shape (6,); at least four where there are so many, `size` in all or a few more.
    """
    of = strata(score)
    number = np.bincount(of, minlength=STRATA).astype(np.float64)
    mean = np.bincount(of, score, STRATA) / np.maximum(number, 1)
    spread = number * np.sqrt(np.clip(mean * (1 - mean), 1e-4, None))
    wanted = np.ceil(size * spread / max(spread.sum(), 1e-12))
    return np.asarray(np.minimum(np.maximum(wanted, FEWEST), number), np.int64)


def draw(ids: Sequence[str], score: Floats, size: int) -> npt.NDArray[np.bool_]:
    """Who is in the sample; the same accounts and scores give the same."""
    of, wanted = strata(score), allotted(score, size)
    number = np.array([permanent(one) for one in ids], np.float64)
    drawn = np.zeros(len(ids), bool)
    for stratum in range(STRATA):
        inside = np.flatnonzero(of == stratum)
        order = np.argsort(number[inside], kind="stable")
        drawn[inside[order[: wanted[stratum]]]] = True
    return drawn


def permanent(account: str) -> float:
    """A number in [0, 1) that belongs to an account, whatever its score."""
    text = account.encode("utf-8", "backslashreplace")
    return xxhash.xxh3_64_intdigest(text, seed=1) / 2**64


def prevalence(seen: Sequence[Looked]) -> Estimate | None:
    """Share of all accounts that is fraud; None before every stratum was looked at."""
    return _share(seen, range(len(seen)))


def precision(seen: Sequence[Looked], first: int) -> Estimate | None:
    """Share of fraud among accounts of stratum `first` and above."""
    return _share(seen, range(first, len(seen)))


def recall(seen: Sequence[Looked], first: int) -> Estimate | None:
    """Share of all fraud that lies in stratum `first` and above."""
    if not _complete(seen, range(len(seen))):
        return None
    above, above_var = _total(seen[first:])
    below, below_var = _total(seen[:first])
    if above + below <= 0:
        return None
    value = above / (above + below)
    # Of the ratio above / below, whose logarithm is the log-odds of the recall.
    a, b = max(above, 0.5), max(below, 0.5)
    spread = _Z * sqrt(above_var / a**2 + below_var / b**2)
    odds = log(a / b)
    low, high = (1 / (1 + exp(-max(min(o, 50), -50))) for o in (odds - spread, odds + spread))
    looked = sum(one.looked for one in seen)
    return Estimate(value, min(low, value), max(high, value), looked)


def looked(
    accounts: Sequence[int], drawn: Mapping[str, int], truth: Mapping[str, str]
) -> list[Looked]:
    """Put together what people said of the sample.

    Parameters
    ----------
    accounts   of each stratum, all there are
    drawn      stratum of each account of the sample
    truth      `fraud` or `honest` of those that people settled
    """
    count, bad = [0] * len(accounts), [0] * len(accounts)
    for account, stratum in drawn.items():
        if truth.get(account):
            count[stratum] += 1
            bad[stratum] += truth[account] == "fraud"
    return [Looked(*row) for row in zip(accounts, count, bad, strict=True)]


def _complete(seen: Sequence[Looked], of: range) -> bool:
    return all(seen[k].looked for k in of if seen[k].accounts)


def _share(seen: Sequence[Looked], of: range) -> Estimate | None:
    inside = [seen[k] for k in of if seen[k].accounts]
    if not inside or not _complete(seen, of):
        return None
    everybody = sum(one.accounts for one in inside)
    total, variance = _total(inside)
    value, looked = total / everybody, sum(one.looked for one in inside)
    spread = variance / everybody**2
    smoothed = (value * looked + 0.5) / (looked + 1)
    size = smoothed * (1 - smoothed) / spread if spread > 0 else float(looked)
    if looked < everybody:
        # Neyman's allotment can make it worth more than it counts; it is not believed to.
        size = min(size, float(looked)) if value in (0.0, 1.0) else size
    return Estimate(value, *_wilson(value, size), looked)


def _total(seen: Sequence[Looked]) -> tuple[float, float]:
    """Fraudulent accounts, and the variance of that; a stratum all of one kind is not sure."""
    total = variance = 0.0
    for one in seen:
        if not one.looked:
            continue
        total += one.accounts * one.fraud / one.looked
        p = (one.fraud + 0.5) / (one.looked + 1)
        left = 1 - one.looked / one.accounts
        variance += one.accounts**2 * left * p * (1 - p) / max(one.looked - 1, 1)
    return total, variance


def _wilson(p: float, n: float) -> tuple[float, float]:
    n = max(n, 1.0)
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return max(0.0, min(middle - half, p)), min(1.0, max(middle + half, p))
