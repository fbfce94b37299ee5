"""Boosted trees: fitted by scikit-learn, kept as plain arrays, run without it.

In go rows of features (not-a-number where a value is missing) and which accounts are fraudulent;
out comes the log-odds of fraud, and what each feature added to it. Fitting needs the extra `train`.

Settings are fixed here for all data. They were chosen for small steps and few features a tree,
which the smooth, correlated aggregates of neighbours like; see docs/decisions/0022.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from wheeltapper.errors import WheeltapperError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
_PARTS = ("root", "feature", "threshold", "missing_left", "left", "right", "value")
_SAME = 1e-6
"""In log-odds: the arrays' answer against the library's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """Trees as arrays over nodes; children come after their parents."""

    names: tuple[str, ...]
    """Of the features, in the order of a row."""
    base: float
    """Log-odds before any tree."""
    root: Ints
    """First node of each tree."""
    feature: Ints
    """-1 at a leaf."""
    threshold: Floats
    missing_left: npt.NDArray[np.bool_]
    left: Ints
    right: Ints
    value: Floats
    """Of a leaf what it adds, of another node the mean of what its leaves add."""

    def log_odds(self, rows: Rows) -> Floats:
        """Shape (accounts,)."""
        return self.base + _run(
            np.ascontiguousarray(rows, np.float32), self.root, self.feature, self.threshold,
            self.missing_left, self.left, self.right, self.value,
        )  # fmt: skip

    def reasons(self, row: Rows) -> Floats:
        """What each feature of one account added, in log-odds; with `base` and the trees' means
        they sum to `log_odds`.

        Along each tree's path a split is credited with the change of the mean (Saabas, 2014):
        cheap and exact in sum, but it favours features near the leaves less than Shapley values.
        """
        return _credit(
            np.ascontiguousarray(row, np.float32), self.root, self.feature, self.threshold,
            self.missing_left, self.left, self.right, self.value,
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """One file of plain arrays; whole or not there."""
        names = np.frombuffer(json.dumps(self.names).encode(), np.uint8)
        held = io.BytesIO()
        np.savez_compressed(
            held, names=names, base=np.array(self.base), **{p: getattr(self, p) for p in _PARTS}
        )
        part = path.with_suffix(path.suffix + ".part")
        part.write_bytes(held.getvalue())
        part.replace(path)


def load(path: Path) -> Boost:
    """Read what `save` wrote; nothing in the file is run.

    Raises
    ------
    WheeltapperError   if it is no such file, or its trees lead outside themselves
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            parts: dict[str, Any] = {part: held[part] for part in _PARTS}
            names = tuple(str(name) for name in json.loads(held["names"].tobytes()))
            model = Boost(names=names, base=float(held["base"]), **parts)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise WheeltapperError(f"{path}: not a model of accounts ({error}); train it again") from (
            error
        )
    _check(path, model)
    return model


def _check(path: Path, model: Boost) -> None:
    """Compiled loops do not check their bounds, so the file is checked before they run."""
    nodes = len(model.feature)
    inner = model.feature >= 0
    here = np.flatnonzero(inner)
    good = (
        all(len(getattr(model, part)) == nodes for part in _PARTS[1:])
        and model.feature.max(initial=-1) < len(model.names)
        and ((model.root >= 0) & (model.root < nodes)).all()
        and (model.left[inner] > here).all()
        and (model.right[inner] > here).all()
        and max(model.left.max(initial=0), model.right.max(initial=0)) < max(nodes, 1)
    )
    if not good:
        raise WheeltapperError(f"{path}: damaged: its trees lead nowhere; train it again")


def fit(
    rows: Rows,
    fraud: npt.NDArray[np.bool_],
    names: tuple[str, ...],
    *,
    seed: int = 0,
    weight: Floats | None = None,
    trees: int = 300,
    pace: float = 0.03,
    leaves: int = 15,
    share: float = 0.3,
) -> Boost:
    """Fit trees; the same rows and seed give the same model.

    Parameters
    ----------
    weight         of each account; 1 where not given
    trees, pace    how many, and how much of each is taken
    leaves, share  of a tree, and the share of features that a split may choose from

    Raises
    ------
    WheeltapperError   if scikit-learn is not installed
    ValueError         if all accounts are fraudulent, or none
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError as error:
        raise WheeltapperError(
            "fitting accounts needs scikit-learn: pip install 'wheeltapper[train]'"
        ) from error
    if fraud.all() or not fraud.any():
        raise ValueError("both fraudulent and honest accounts are needed to fit")
    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=pace, max_leaf_nodes=leaves, max_features=share,
        min_samples_leaf=20 if len(rows) >= 400 else 5, l2_regularization=1.0,
        early_stopping=False, random_state=seed,
    ).fit(rows, fraud, sample_weight=weight)  # fmt: skip
    made = _as_arrays(model, names)
    probe = rows[:64]
    off = float(np.abs(made.log_odds(probe) - model.decision_function(probe)).max())
    if off > _SAME:
        raise RuntimeError(f"the arrays and scikit-learn disagree by {off:g} on the same accounts")
    return made


def _as_arrays(model: Any, names: tuple[str, ...]) -> Boost:  # scikit-learn ships no types
    """The trees of a fitted model, one after another.

    They lie in an attribute that scikit-learn does not promise to keep; `fit` compares the outcome.
    """
    root, parts = [], []
    at = 0
    for (tree,) in model._predictors:
        nodes = tree.nodes
        leaf = nodes["is_leaf"].astype(bool)
        value = nodes["value"].astype(np.float64)
        left, right = nodes["left"].astype(np.int32), nodes["right"].astype(np.int32)
        count = nodes["count"].astype(np.float64)
        for i in np.flatnonzero(~leaf)[::-1]:
            both = count[left[i]] + count[right[i]]
            value[i] = (value[left[i]] * count[left[i]] + value[right[i]] * count[right[i]]) / both
        root.append(at)
        parts.append(
            (
                np.where(leaf, -1, nodes["feature_idx"]).astype(np.int32),
                nodes["num_threshold"].astype(np.float64),
                nodes["missing_go_to_left"].astype(bool),
                np.where(leaf, 0, left + at).astype(np.int32),
                np.where(leaf, 0, right + at).astype(np.int32),
                value,
            )
        )
        at += len(nodes)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    made = dict(zip(_PARTS[1:], columns, strict=True))
    base = float(np.ravel(model._baseline_prediction)[0])
    return Boost(names=names, base=base, root=np.array(root, np.int32), **made)


@njit(cache=True, nogil=True)
def _run(
    rows: Rows, root: Ints, feature: Ints, threshold: Floats, missing_left: npt.NDArray[np.bool_],
    left: Ints, right: Ints, value: Floats,
) -> Floats:  # fmt: skip
    out = np.zeros(len(rows), np.float64)
    for i in range(len(rows)):
        for node in root:
            while feature[node] >= 0:
                x = rows[i, feature[node]]
                low = missing_left[node] if np.isnan(x) else x <= threshold[node]
                node = left[node] if low else right[node]
            out[i] += value[node]
    return out


@njit(cache=True)
def _credit(
    row: Rows, root: Ints, feature: Ints, threshold: Floats, missing_left: npt.NDArray[np.bool_],
    left: Ints, right: Ints, value: Floats,
) -> Floats:  # fmt: skip
    out = np.zeros(len(row), np.float64)
    for node in root:
        while feature[node] >= 0:
            x = row[feature[node]]
            low = missing_left[node] if np.isnan(x) else x <= threshold[node]
            after = left[node] if low else right[node]
            out[feature[node]] += value[after] - value[node]
            node = after
    return out
