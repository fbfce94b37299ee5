"""Trainings and what they say of texts they have not seen: a score a text, fold and seed.

Everything that is compared is made here from the same lessons, folds and weights. A score that has
been made is kept in a folder, so that a run which stops goes on where it was; the folder belongs to
one data file and one version of this code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.errors import WheeltapperError
from wheeltapper.powershell import format as form
from wheeltapper.powershell import lessons, nets, ngrams, splits
from wheeltapper.powershell.records import Record

VERSION = 3
"""Goes up when the same trial would give other scores."""
NETS = ("cnn", "branches")
FORMATS = ("format", "format-normalised")
TRADITIONAL = tuple(ngrams.KINDS)
UNFED = "3-grams-unfed"
"""`3-grams` as it is usually trained: each text as it is, and all of them counting the same."""
MODELS = (*FORMATS, UNFED, *TRADITIONAL, *NETS)
C = 4.0
"""Inverse penalty of the linear models."""
SEEDS = (1, 2, 3)

Scores = npt.NDArray[np.float64]
Judge = Callable[[Sequence[tuple[str, str]]], Scores]


def networks_can_be_trained() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


@dataclass(frozen=True, slots=True)
class Trial:
    """One model on one fold."""

    model: str
    fold: splits.Fold
    seed: int

    @property
    def name(self) -> str:
        return f"{self.model}.{self.fold.split}.{self.fold.number}.{self.seed}"


class Trials:
    """All trials over one file of records."""

    def __init__(self, records: Sequence[Record], digest: str, folder: Path | None = None) -> None:
        self.records = records
        self.label = np.array([r.label for r in records], np.int64)
        self.folder = folder
        self._kept: dict[str, Scores] = {}
        self._judges: dict[str, Judge] = {}
        self._bags: dict[str, ngrams.Bag] = {}
        self._matrices: dict[str, Any] = {}
        if folder is not None:
            self._claim(folder, f"{digest} {VERSION}")

    def score(self, trial: Trial, told: Callable[[str], None] = lambda _: None) -> Scores:
        """Scores of the fold's test rows, in their order; trains if that was not done before."""
        if trial.name in self._kept:
            return self._kept[trial.name]
        path = None if self.folder is None else self.folder / f"{trial.name}.npy"
        if path is not None and path.exists():
            found: Scores = np.load(path, allow_pickle=False)
        else:
            told(trial.name)
            found = self._made(trial).astype(np.float64)
            if path is not None:
                part = path.with_suffix(".part.npy")
                np.save(part, found, allow_pickle=False)
                part.replace(path)
        self._kept[trial.name] = found
        return found

    @cached_property
    def lessons(self) -> lessons.Lessons:
        return lessons.prepare(self.records)

    def weights(self, fold: splits.Fold) -> npt.NDArray[np.float64]:
        """Of all records; 0 outside the fold's training rows."""
        weight = np.zeros(len(self.records))
        weight[fold.train] = splits.weights(self.records, fold.train)
        return weight

    def judge(self, trial: Trial) -> Judge:
        """What scores any commands, both texts of each given; trains unless it did just before."""
        if trial.name not in self._judges:
            self._judges[trial.name] = self._trained(trial)
        return self._judges[trial.name]

    def _made(self, trial: Trial) -> Scores:
        own = self.lessons.texts
        judge = self._trained(trial)
        return judge([own[i][0] for i in trial.fold.test]) if len(trial.fold.test) else np.empty(0)

    def _trained(self, trial: Trial) -> Judge:
        if len(np.unique(self.label[trial.fold.train])) < 2:
            raise WheeltapperError(
                f"{trial.name}: without this fold all texts have one label; more texts are needed "
                "that are not nearly the same"
            )
        if trial.model in FORMATS:
            return self._by_format(trial)
        if trial.model == UNFED:
            return self._unfed(trial)
        if trial.model in TRADITIONAL:
            return self._by_ngrams(trial)
        if not networks_can_be_trained():
            raise WheeltapperError(
                f"training {trial.model} needs PyTorch; pip install 'wheeltapper[net]', or name "
                "models without networks"
            )
        train, texts = trial.fold.train, self.lessons.texts
        params = nets.train(
            trial.model, [texts[i] for i in train], self.label[train],
            splits.weights(self.records, train), seed=trial.seed,
            bags=self._bags,
        )  # fmt: skip
        return lambda pairs: nets.score(trial.model, params, pairs)

    def _by_format(self, trial: Trial) -> Judge:
        which = int(trial.model != "format")
        text = [pair[which] for pair in self.lessons.own()]
        train = trial.fold.train
        model = form.fit(
            [text[i] for i in train], self.label[train], splits.weights(self.records, train)
        )
        return lambda pairs: form.score(model, [pair[which] for pair in pairs])

    def _by_ngrams(self, trial: Trial) -> Judge:
        x, owner = self._matrix(trial.model)
        weight = self.weights(trial.fold)[owner]
        rows = np.flatnonzero(weight > 0)
        return ngrams.fit(
            ngrams.KINDS[trial.model], x[rows], self.label[owner[rows]], weight[rows], C
        ).score_all

    def _unfed(self, trial: Trial) -> Judge:
        kind, train = ngrams.KINDS["3-grams"], trial.fold.train
        own = self.lessons.own()
        x = ngrams.matrix(kind, [own[i] for i in train])
        return ngrams.fit(kind, x, self.label[train], np.ones(len(train)), C).score_all

    def _matrix(self, model: str) -> tuple[Any, npt.NDArray[np.int64]]:  # SciPy ships no types
        if model not in self._matrices:
            self._matrices.clear()  # one is some hundred MB
            texts = self.lessons.texts
            owner = np.repeat(np.arange(len(texts)), [len(t) for t in texts])
            x = ngrams.matrix(ngrams.KINDS[model], [pair for own in texts for pair in own])
            self._matrices[model] = x, owner
        found: tuple[Any, npt.NDArray[np.int64]] = self._matrices[model]
        return found

    def _claim(self, folder: Path, owner: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / "of.txt"
        if not mark.exists():
            mark.write_text(owner)
        elif mark.read_text() != owner:
            raise WheeltapperError(
                f"{folder}: holds scores of other data or another version; name an empty folder"
            )
