"""The evaluation: every model on every split, with intervals, and each against the traditional.

In goes a `trials.Trials`, out comes a `Report` of numbers only. Measures of *pairs* are means over
all pairs of a malicious and a benign source; several seeds are averaged measure by measure, so that
no model gains by being an ensemble of its seeds. Intervals are bootstraps over clusters; those of a
difference are paired: both models on the same draw.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell import evasion, metrics, splits
from wheeltapper.powershell import format as form
from wheeltapper.powershell.evasion import Withstood
from wheeltapper.powershell.format import Leak
from wheeltapper.powershell.trials import (
    FORMATS,
    NETS,
    SEEDS,
    TRADITIONAL,
    UNFED,
    Judge,
    Trial,
    Trials,
)

ENSEMBLES = {
    "ensemble": ("branches", "3-grams", "words-both"),
    "ensemble-cnn": ("cnn", "3-grams"),
    "ensemble-linear": ("3-grams", "words-both"),
}
"""Sums of log-odds. They are all trained on the same mix, so nothing is weighed."""
DEFAULT = (*FORMATS, UNFED, "3-grams", "3-grams-both", "words-both", *NETS, *ENSEMBLES)
"""What is measured when nothing else is said."""
EVADED = ("3-grams", "words-both", *NETS, "ensemble", "ensemble-linear")
"""What is shown commands that are written otherwise, of the models that are measured."""
COMPARED = ("auc", "tpr_at_fpr_1e-2")
SAMPLES = 200
LEAST_OF_FAMILY = 10
"""Of fewer texts no share is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model on one split."""

    split: str
    model: str
    seeds: int
    values: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    by_source: dict[str, dict[str, float]]
    """Of pairs: the same by malicious source."""
    by_family: dict[str, dict[str, float]]
    """Of folds together: how many texts of a family, and which share is found at two rates."""
    calibration_error: float
    """Of the score a part as log-odds, under a mix of as many malicious as benign texts."""
    reliability: list[tuple[float, float]]
    """Of folds together: stated probability and found share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One model less another, on the same texts."""

    split: str
    model: str
    other: str
    measure: str
    value: float
    low: float
    high: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it."""

    rows: list[Row]
    differences: list[Difference]
    leaks: dict[str, list[Leak]]
    """How far single numbers of format get, on texts as they came and in normal form."""
    evasion: list[Withstood]
    """Models of the first grouped fold, on its texts written otherwise."""

    def to_dict(self) -> dict[str, Any]:  # JSON
        return asdict(self)


class _Split:
    """Scores of one split, and which of them are measured together."""

    def __init__(self, trials: Trials, split: str) -> None:
        self.trials, self.split = trials, split
        self.folds = splits.folds(trials.records, split)
        self.source = np.array([r.source for r in trials.records])
        self.parts = list(self._parts())
        """Fold number, rows of its test that are measured together, malicious source."""

    def _parts(self) -> Iterator[tuple[list[tuple[int, npt.NDArray[np.int64]]], str]]:
        if self.split != splits.PAIRS:  # all folds together
            yield [(f.number, np.arange(len(f.test))) for f in self.folds], ""
            return
        label = self.trials.label
        for fold in self.folds:
            source, of = self.source[fold.test], label[fold.test]
            bad, good = (np.unique(source[of == value]) for value in (1, 0))
            for one, other in product(bad, good):
                rows = np.flatnonzero((source == one) | (source == other))
                yield [(fold.number, rows)], str(one)

    def measures(
        self, scores: list[npt.NDArray[np.float64]], weight: npt.NDArray[np.float64]
    ) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Mean over the parts, and by malicious source."""
        found: dict[str, list[dict[str, float]]] = {}
        for pieces, source in self.parts:
            at = [self.folds[number].test[rows] for number, rows in pieces]
            score = np.concatenate([scores[number][rows] for number, rows in pieces])
            rows = np.concatenate(at)
            label, w = self.trials.label[rows], weight[rows]
            if (w * label).any() and (w * (1 - label)).any():
                found.setdefault(source, []).append(metrics.measures(score, label, w))
        every = [one for several in found.values() for one in several]
        by_source = {source: _mean(several) for source, several in found.items() if source}
        return _mean(every), by_source

    def by_family(self, scores: list[npt.NDArray[np.float64]]) -> dict[str, dict[str, float]]:
        """Share found at two rates of all folds together; families of few texts are left out."""
        if self.split == splits.PAIRS:
            return {}
        records = [self.trials.records[at] for fold in self.folds for at in fold.test]
        return by_family([r.family or r.source for r in records], *self._together(scores))

    def reliability(
        self, scores: list[npt.NDArray[np.float64]], parts: int
    ) -> list[tuple[float, float]]:
        """Of all folds together."""
        score, label = self._together(scores)
        return metrics.reliability(score / parts, label, metrics.even(label, np.ones(len(label))))

    def _together(
        self, scores: list[npt.NDArray[np.float64]]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        label = np.concatenate([self.trials.label[fold.test] for fold in self.folds])
        return np.concatenate(scores), label

    def scores(self, model: str, seed: int, told: Callable[[str], None]) -> list[Any]:
        """Of each fold's test rows."""
        if model in ENSEMBLES:
            parts = [self.scores(part, seed, told) for part in ENSEMBLES[model]]
            return [sum(folds) for folds in zip(*parts, strict=True)]
        seed = seed if model in NETS else 1
        return [self.trials.score(Trial(model, fold, seed), told) for fold in self.folds]


def evaluate(
    trials: Trials,
    models: Sequence[str],
    chosen: Sequence[str] = splits.SPLITS,
    seeds: Sequence[int] = SEEDS,
    samples: int = SAMPLES,
    told: Callable[[str], None] = lambda _: None,
    evade: bool = False,
) -> Report:
    """Every model on every split; several seeds for networks on pairs, one elsewhere.

    `evade` also trains on one grouped fold and shows the models commands written otherwise.
    """
    rows, differences = list[Row](), list[Difference]()
    groups, sources = (
        [r.group for r in trials.records],
        [r.source for r in trials.records],
    )
    draws = metrics.draws(groups, sources, samples, seed=7)
    for name in chosen:
        split = _Split(trials, name)
        found: dict[str, list[dict[str, float]]] = {}
        for model in models:
            used = seeds if name == splits.PAIRS and not _fixed(model) else seeds[:1]
            scores = [split.scores(model, seed, told) for seed in used]
            whole = [split.measures(one, np.ones(len(groups))) for one in scores]
            drawn = [_mean([split.measures(one, w)[0] for one in scores]) for w in draws]
            values = _mean([one for one, _ in whole])
            by_source = {source: _mean([own[source] for _, own in whole]) for source in whole[0][1]}
            # A draw of a small file may hold one class alone, and nothing can be measured on it.
            found[model] = [values, *(one for one in drawn if one)]
            parts = len(ENSEMBLES.get(model, (model,)))
            rows.append(
                _row(
                    name, model, len(used), found[model], by_source,
                    split.by_family(scores[0]), split.reliability(scores[0], parts),
                )
            )  # fmt: skip
        differences += _differences(name, found)
    own = trials.lessons.own() if trials.records else []
    leaks = {
        "as they came": form.leaks([raw for raw, _ in own], trials.label),
        "in normal form": form.leaks([plain for _, plain in own], trials.label),
    }
    tricked = _tricked(trials, [m for m in models if m in EVADED], told) if evade else []
    return Report(rows=rows, differences=differences, leaks=leaks, evasion=tricked)


def by_family(
    family: Sequence[str], score: npt.NDArray[np.float64], label: npt.NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """How many malicious texts each family has, and which share of them is found at two rates."""
    limits = {rate: evasion.threshold(score[label == 0], rate) for rate in (1e-2, 1e-3)}
    rows: dict[str, list[int]] = {}
    for at in np.flatnonzero(label == 1).tolist():
        rows.setdefault(family[at], []).append(at)
    found = {}
    for name in sorted(rows, key=lambda one: (-len(rows[one]), one)):
        if len(rows[name]) >= LEAST_OF_FAMILY:
            own = score[rows[name]]
            shares = {
                f"tpr_at_fpr_{metrics.name(rate)}": float((own >= limit).mean())
                for rate, limit in limits.items()
            }
            found[name] = {"texts": float(len(own)), **shares}
    return found


def _tricked(trials: Trials, models: Sequence[str], told: Callable[[str], None]) -> list[Withstood]:
    fold = splits.folds(trials.records, splits.GROUPED)[0]
    records = [trials.records[at] for at in fold.test]
    benign = [trials.records[at].text for at in fold.train if trials.label[at] == 0]
    if not benign or {r.label for r in records} != {0, 1}:
        return []
    judges = {}
    for model in models:
        parts = [
            trials.judge(Trial(part, fold, SEEDS[0])) for part in ENSEMBLES.get(model, (model,))
        ]
        judges[model] = _sum(parts)
    return evasion.withstood(judges, records, benign, told)


def _sum(parts: Sequence[Judge]) -> Judge:
    return lambda pairs: np.asarray(np.sum([part(pairs) for part in parts], axis=0))


def _fixed(model: str) -> bool:
    """No network has a part in it, so there are no seeds."""
    return not set(NETS) & {*ENSEMBLES.get(model, (model,))}


def _row(
    split: str, model: str, seeds: int, found: list[dict[str, float]],
    by_source: dict[str, dict[str, float]], families: dict[str, dict[str, float]],
    reliability: list[tuple[float, float]],
) -> Row:  # fmt: skip
    values, *drawn = found
    low, high = ({} if not drawn else _quantile(drawn, q) for q in (0.025, 0.975))
    return Row(
        split=split, model=model, seeds=seeds, values=values, low=low, high=high,
        by_source=by_source, by_family=families, reliability=reliability,
        calibration_error=float(np.mean([abs(p - share) for p, share in reliability])),
    )  # fmt: skip


def _differences(split: str, found: dict[str, list[dict[str, float]]]) -> list[Difference]:
    """Networks and ensembles less the best traditional model, best by what is measured here.

    And they, and that one, less the traditional model as it is usually trained.
    """
    ours = [model for model in found if model in NETS or model in ENSEMBLES]
    rivals = [model for model in found if model in TRADITIONAL]
    made = []
    for measure in COMPARED:
        by = {model: [one[measure] for one in several] for model, several in found.items()}
        best = max(rivals, key=lambda model: by[model][0], default="")
        pairs = [(model, best) for model in ours if best]
        if UNFED in by:
            pairs += [(model, UNFED) for model in (*ours, best) if model]
        made += [_difference(split, measure, pair, by) for pair in pairs]
    return made


def _difference(
    split: str, measure: str, pair: tuple[str, str], by: dict[str, list[float]]
) -> Difference:
    """Of the values of two models: the first is of all texts, the others of draws of them."""
    model, other = pair
    value, *drawn = [one - two for one, two in zip(by[model], by[other], strict=True)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if drawn else (value, value)
    return Difference(
        split=split, model=model, other=other, measure=measure, value=value,
        low=float(low), high=float(high), ratio=by[model][0] / max(by[other][0], 1e-9),
    )  # fmt: skip


def _mean(found: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([one[key] for one in found])) for key in found[0]} if found else {}


def _quantile(found: list[dict[str, float]], q: float) -> dict[str, float]:
    return {key: float(np.quantile([one[key] for one in found], q)) for key in found[0]}
