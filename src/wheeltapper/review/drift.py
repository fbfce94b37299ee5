"""Drift: whether accounts of today still look like those that the model learned from.

The population stability index of scores and of each input: Σ (a − e) ln(a / e) over tenths of what
was learned from, e then and a now, each share half an account from nothing. By custom, below 0.1
is steady and above 0.25 means: learn anew. It is a distance, and no test: with few accounts it is
large by chance, about (bins − 1) (1 / n + 1 / m), which is taken off first.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wheeltapper.errors import WheeltapperError

FILE = "reference.json"
STEADY, DRIFTED = 0.1, 0.25
BINS = 10
SCORE = "score"


@dataclass(frozen=True, slots=True)
class Reference:
    """How scores and inputs lay when the model learned."""

    accounts: int
    edges: dict[str, list[float]]
    shares: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Moved:
    """How far one column has moved."""

    name: str
    psi: float

    @property
    def word(self) -> str:
        if self.psi < STEADY:
            return "steady"
        return "moved" if self.psi < DRIFTED else "drifted"


def reference(
    score: npt.NDArray[np.float64], rows: npt.NDArray[np.float32], names: Sequence[str]
) -> Reference:
    """Look at all accounts; `rows` has shape (accounts, names)."""
    edges, shares = {}, {}
    for name, column in _columns(score, rows, names):
        inside = np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1])
        cut = np.unique(inside).tolist()
        edges[name] = cut
        shares[name] = _shares(column, cut).tolist()
    return Reference(len(score), edges, shares)


def moved(
    then: Reference,
    score: npt.NDArray[np.float64],
    rows: npt.NDArray[np.float32],
    names: Sequence[str],
) -> list[Moved]:
    """Each column that both know, scores first, then the farthest."""
    told = []
    for name, column in _columns(score, rows, names):
        if name in then.edges:
            told.append(Moved(name, _index(then, name, column)))
    return [*told[:1], *sorted(told[1:], key=lambda one: -one.psi)]


def save(found: Reference, folder: Path) -> None:
    """Beside the model."""
    told = {"accounts": found.accounts, "edges": found.edges, "shares": found.shares}
    part = folder / f"{FILE}.part"
    part.write_text(json.dumps(told), encoding="utf-8")
    part.replace(folder / FILE)


def load(folder: Path) -> Reference | None:
    """None where the model was made without one.

    Raises
    ------
    WheeltapperError   if it is damaged
    """
    path = folder / FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Reference(int(told["accounts"]), dict(told["edges"]), dict(told["shares"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WheeltapperError(f"{path}: damaged ({error}); train the model anew") from error


def _columns(
    score: npt.NDArray[np.float64], rows: npt.NDArray[np.float32], names: Sequence[str]
) -> list[tuple[str, npt.NDArray[np.float64]]]:
    inputs = [(n, rows[:, k].astype(np.float64)) for k, n in enumerate(names)]
    return [(SCORE, score), *((n, np.nan_to_num(column)) for n, column in inputs)]


def _shares(column: npt.NDArray[np.float64], edges: list[float]) -> npt.NDArray[np.float64]:
    at = np.searchsorted(np.array(edges), column, side="right")
    count = np.bincount(at, minlength=len(edges) + 1)
    return np.asarray((count + 0.5) / (len(column) + 0.5 * (len(edges) + 1)), np.float64)


def _index(then: Reference, name: str, column: npt.NDArray[np.float64]) -> float:
    before, now = np.array(then.shares[name]), _shares(column, then.edges[name])
    found = float(((now - before) * np.log(now / before)).sum())
    chance = (len(before) - 1) * (1 / max(len(column), 1) + 1 / max(then.accounts, 1))
    return max(0.0, found - chance)
