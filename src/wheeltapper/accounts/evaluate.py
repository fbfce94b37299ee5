"""How well each step finds fraudulent accounts that were not learned from.

Settings are those that ship, the same for every file; nothing is fitted to validation or test
accounts, whose labels are looked at to count only. On a graph file all accounts' ties and features
are known, as they are to who runs an application; only the training accounts' labels are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts import boost
from wheeltapper.accounts.graphfile import GraphFile
from wheeltapper.accounts.measure import NAMES, Floats, measure, summary
from wheeltapper.accounts.steps import LABELS, STEPS, build

SHIPS = LABELS
"""Chosen on the validation accounts of five splits, and frozen."""
SEEDS = 3
"""Models of what ships, whose log-odds are averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step reaches, over the splits."""

    name: str
    features: int
    runs: list[dict[str, float]] = field(default_factory=list)

    def figures(self) -> dict[str, tuple[float, float]]:
        """Mean, and half of its 95 % interval."""
        return summary(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All steps on one data set."""

    accounts: int
    fraudulent: int
    ties: int
    splits: int
    judged: str
    """On which accounts: `test` or `val`, or what of tables."""
    steps: list[Step]
    ships: str
    simulated: bool = False
    unseen: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    """Of tables: each kind of campaign, by a model that has seen none of the kind."""

    def to_dict(self) -> dict[str, object]:
        """Figures of what ships first, under their bare names; then each step's."""
        told: dict[str, object] = {}
        steps = []
        for step in self.steps:
            row: dict[str, object] = {"step": step.name, "features": step.features}
            for name, (value, half) in step.figures().items():
                row[name] = round(value, 4)
                row[f"{name}_half_interval"] = round(half, 4)
            steps.append(row)
            if step.name == self.ships:
                told = {key: value for key, value in row.items() if key.startswith(NAMES)}
        return told | {
            "ships": self.ships, "judged_on": self.judged, "splits": self.splits,
            "accounts": self.accounts, "fraudulent": self.fraudulent, "ties": self.ties,
            "simulated": self.simulated, "steps": steps, "unseen_campaign": _rounded(self.unseen),
        }  # fmt: skip


def _rounded(
    unseen: dict[str, dict[str, tuple[float, float]]],
) -> dict[str, dict[str, float]]:
    return {
        kind: {name: round(value, 4) for name, (value, _) in figures.items()}
        for kind, figures in unseen.items()
    }


def evaluate(
    data: GraphFile,
    *,
    steps: tuple[str, ...] = STEPS,
    splits: int | None = None,
    judged: str = "test",
    progress: Callable[[float, float, str], None] = lambda done, of, note: None,
) -> Evaluation:
    """Fit each step on the training accounts of each split, and measure it on the judged ones."""
    masks = data.test if judged == "test" else data.validate
    count = min(splits or len(masks), len(masks))
    made = []
    for s, name in enumerate(steps):
        columns = build(data.ties, data.own, name)
        runs, width = [], 0
        for split in range(count):
            progress(s * count + split, len(steps) * count, name)
            known = np.flatnonzero(data.train[split])
            score = np.zeros(len(data.fraud))
            for seed in range(SEEDS if name == SHIPS else 1):
                having = columns(known, _hidden(data.fraud, known), seed)
                model = boost.fit(having.rows[known], data.fraud[known], having.names, seed=seed)
                score += model.log_odds(having.rows)
                width = len(having.names)
            runs.append(_measured(data.fraud, score, masks[split]))
        made.append(Step(name=name, features=width, runs=runs))
    return Evaluation(
        accounts=len(data.fraud), fraudulent=int(data.fraud.sum()), ties=len(data.ties.to) // 2,
        splits=count, judged=judged, steps=made, ships=SHIPS if SHIPS in steps else steps[-1],
    )  # fmt: skip


def _hidden(fraud: npt.NDArray[np.bool_], known: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Labels of the known accounts alone, so that no step can look at others by mistake."""
    seen = np.zeros_like(fraud)
    seen[known] = fraud[known]
    return seen


def _measured(
    fraud: npt.NDArray[np.bool_], score: Floats, mask: npt.NDArray[np.bool_]
) -> dict[str, float]:
    return measure(fraud[mask], score[mask])
