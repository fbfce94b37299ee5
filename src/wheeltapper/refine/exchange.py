"""Exchange: weights of evidence, learned from sessions that bear another actor's name.

What a detector says is a log-likelihood ratio by its own model, which is wrong in its own way:
people travel, so a foreign clock is not as strange as counting says; every change is in some rare
directory. How much a ratio is worth shows when sessions are exchanged between actors and one asks
how much likelier it is among those. No label is needed, and nobody's verdict.

Method: additive logistic regression on each detector's loudest finding in a session, each a
monotone piecewise linear curve (slopes from 0; no interaction, so that a story's evidence is the
sum of what its findings are worth). A ridge (a Gaussian prior; MacKay, "Information Theory,
Inference, and Learning Algorithms", 2003, chapter 41) pulls slopes towards the catalogue's weights:
where little was exchanged, or a detector hardly spoke, they stay there. Newton steps, each solved
under the bounds by coordinate descent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wheeltapper.refine.weights import KNOTS, Curve

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHAPE = (0.7, 1.4, 0.5, 0.2)
"""Slopes of a curve before anything is learned, for a weight of 1. A ratio is by a model, and the
louder it is the likelier the model is wrong: from some bits on more says little more."""
RIDGE = 20.0
"""Sessions, or so, whose say that has on a slope."""
RARE = 0.01
"""Exchanged sessions count as if there were so many to an own one: curves are to be right where
an impostor would be noticed, however many exchanges there were to learn from."""
STEPS = 25
SWEEPS = 100
CLOSE = 1e-5
MOST_LOGIT = 30.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """Sessions and what detectors said of them."""

    llr: Floats
    """(sessions, detectors): the loudest of each detector, bits; 0 where it was silent."""
    exchanged: Bools
    """(sessions,): bears a name that is not its actor's."""


def _pieces(llr: Floats) -> Floats:
    """(sessions, detectors * pieces): how far each llr reaches into each piece of its curve."""
    parts = []
    for low, high in pairwise(KNOTS):
        parts.append(np.clip(llr, low, high) - (low if low >= 0 else high))
    return np.stack(parts, axis=2).reshape(len(llr), -1)


def _bounded_step(hessian: Floats, gradient: Floats, lowest: Floats) -> Floats:
    """Smallest of step' H step / 2 + gradient' step with step >= lowest, by coordinate descent."""
    step = np.zeros_like(gradient)
    slope = gradient.copy()
    for _ in range(SWEEPS):
        moved = 0.0
        for j in range(step.size):
            new = max(step[j] - slope[j] / hessian[j, j], lowest[j])
            if new != step[j]:
                moved = max(moved, abs(new - step[j]))
                slope += hessian[:, j] * (new - step[j])
                step[j] = new
        if moved < CLOSE:
            break
    return step


def fit(lesson: Lesson, prior: Sequence[float]) -> list[Curve]:
    """A curve for each detector, so that evidence tells exchanged sessions from own ones.

    Parameters
    ----------
    lesson : sessions, some of them exchanged
    prior : for each detector its weight in the catalogue: bits that a bit of its ratio is worth

    Returns
    -------
    list of Curve   in bits: log2 of odds.
    """
    pieces = _pieces(lesson.llr)
    truth = lesson.exchanged.astype(np.float64)
    nats = np.outer(prior, SHAPE).reshape(-1) * np.log(2.0)
    centre = np.append(nats, 0.0)
    ridge = np.append(np.full(nats.size, RIDGE), 1e-9)
    terms = np.hstack([pieces, np.ones((len(pieces), 1))])
    count = np.where(truth > 0, RARE * (1.0 - truth).sum() / max(truth.sum(), 1.0), 1.0)
    found = np.append(nats, np.log(RARE))
    for _ in range(STEPS):
        logit = np.clip(terms @ found, -MOST_LOGIT, MOST_LOGIT)
        chance = 1.0 / (1.0 + np.exp(-logit))
        gradient = terms.T @ (count * (chance - truth)) + ridge * (found - centre)
        hessian = (terms * (count * chance * (1.0 - chance))[:, None]).T @ terms + np.diag(
            ridge + 1e-9
        )
        lowest = np.append(-found[:-1], -np.inf)
        step = _bounded_step(hessian, gradient, lowest)
        found = found + step
        if np.abs(step).max() < CLOSE:
            break
    slopes = np.maximum(found[:-1], 0.0).reshape(-1, len(KNOTS) - 1) / np.log(2.0)
    return [Curve(tuple(round(float(s), 4) for s in row)) for row in slopes]


def evidence(llr: Floats, curves: Sequence[Curve]) -> Floats:
    """Bits for each session: what its detectors' loudest are worth together; from 0."""
    total = np.zeros(len(llr))
    for column, curve in zip(llr.T, curves, strict=True):
        total += np.interp(column, *curve.points())
    return np.maximum(total, 0.0)


def stretch(llr: Floats, curves: Sequence[Curve], prior: Sequence[float]) -> float:
    """What to multiply curves by so that what was said weighs as much as by the prior."""
    against = np.maximum(llr, 0.0)
    learned = sum(
        float(np.interp(column, *curve.points()).sum())
        for column, curve in zip(against.T, curves, strict=False)
    )
    return float((against @ np.asarray(prior)).sum() / learned) if learned > 0 else 1.0


def average_precision(truth: Bools, score: Floats, rate: float | None = None) -> float:
    """Area under precision over recall, ties sharing their place; 0 where nothing is true.

    With `rate`, precision is what it would be if so large a share were true.
    """
    if not truth.any() or truth.all():
        return float(truth.any())
    order = np.argsort(-score, kind="stable")
    hit, value = truth[order], score[order]
    last_of_tie = np.append(np.diff(value) != 0, True)
    found = np.cumsum(hit)[last_of_tie] / hit.sum()
    others = (np.cumsum(~hit)[last_of_tie]) / (~hit).sum()
    share = hit.mean() if rate is None else rate
    precision = share * found / (share * found + (1 - share) * others)
    return float(np.sum(np.diff(found, prepend=0) * precision))


def found_at(truth: Bools, score: Floats, rate: float) -> float:
    """Share of the true that score above what `rate` of the others do."""
    if not truth.any() or truth.all():
        return 0.0
    others = np.sort(score[~truth])[::-1]
    return float((score[truth] > others[int(rate * len(others))]).mean())
