"""A graph file: accounts, ties, labels and splits as arrays in one `.npz`.

`node_features` (accounts, features), `node_labels` (accounts; 1 is fraudulent), `edges` (ties, 2;
each once or both ways), `train_masks`, `val_masks`, `test_masks` (splits, accounts).
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts import graph
from wheeltapper.accounts.graph import Graph
from wheeltapper.accounts.steps import Columns
from wheeltapper.errors import WheeltapperError

Mask = npt.NDArray[np.bool_]
FIELDS = ("node_features", "node_labels", "edges", "train_masks", "val_masks", "test_masks")


@dataclass(frozen=True, slots=True)
class GraphFile:
    """What the file holds, checked."""

    own: Columns
    fraud: Mask
    ties: Graph
    train: Mask
    validate: Mask
    test: Mask


def read(path: Path) -> GraphFile:
    """Read and check; nothing in the file is run.

    Raises
    ------
    WheeltapperError   with the field that is missing or does not fit
    """
    held = _arrays(path)
    try:
        rows = np.atleast_2d(held["node_features"]).astype(np.float32)
        fraud = held["node_labels"].astype(np.int64)
        edges = held["edges"].astype(np.int64)
        masks = [np.atleast_2d(held[name]).astype(bool) for name in FIELDS[3:]]
    except (TypeError, ValueError) as error:
        raise WheeltapperError(f"{path}: its arrays do not hold numbers ({error})") from error
    count = len(fraud)
    wrong = {
        "node_features": rows.ndim != 2 or len(rows) != count,
        "node_labels": fraud.ndim != 1 or not set(np.unique(fraud)) <= {0, 1},
        "edges": edges.ndim != 2 or edges.shape[1:] != (2,),
    }
    for name, mask in zip(FIELDS[3:], masks, strict=True):
        wrong[name] = mask.shape != (len(masks[0]), count) or not mask.any(axis=1).all()
    off = [name for name, bad in wrong.items() if bad]
    if off:
        raise WheeltapperError(
            f"{path}: {', '.join(off)} of the wrong shape or content; there are {count} labels, "
            "each 0 or 1, a row of features for each, pairs as edges, and (splits, accounts) masks"
        )
    train, validate, test = masks
    if ((train & test) | (train & validate) | (validate & test)).any():
        raise WheeltapperError(f"{path}: an account is in two parts of one split")
    for part in (train, test):
        if not all(fraud[m].any() and not fraud[m].all() for m in part):
            raise WheeltapperError(f"{path}: a split has accounts of one label only")
    try:
        ties = graph.build(edges, count)
    except ValueError as error:
        raise WheeltapperError(f"{path}: edges: {error}") from error
    names = tuple(f"feature {k + 1}" for k in range(rows.shape[1]))
    return GraphFile(Columns(names, rows), fraud == 1, ties, train, validate, test)


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:  # of whatever type the file says
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if not hasattr(file, "files"):
                raise WheeltapperError(f"{path}: one array; a graph file is an .npz of several")
            missing = [name for name in FIELDS if name not in file.files]
            if missing:
                raise WheeltapperError(f"{path}: without {', '.join(missing)}")
            return {name: file[name] for name in FIELDS}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise WheeltapperError(f"{path}: not a graph file: {error}") from error
