"""From own features to all that ties and known labels tell: each step adds columns to the last.

`own`: the account's own features. `neighbours`: degree, and over one hop and two means, spreads,
quantiles, entropies and degree-normalised sums of neighbours' features (after DEC, USENIX Security
2021). `structure`: triangles, clustering and where the account lies in the graph (`embed`), learned
from all ties without a label. `labels`: what is known of neighbours, hidden fold by fold for those
who are known themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts import graph
from wheeltapper.accounts.embed import embed
from wheeltapper.accounts.graph import Graph, Ints, Rows

Mask = npt.NDArray[np.bool_]
OWN, NEIGHBOURS, STRUCTURE, LABELS = STEPS = ("own", "neighbours", "structure", "labels")
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
FOLDS = 5
_BINS = 8
_DOUBT = 2.0
"""Neighbours of the average kind that a share of labels is shrunk by."""
_WALKS = ((0.3, 8), (0.1, 20))
"""Chance to return, and steps."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Named features of all accounts."""

    names: tuple[str, ...]
    rows: Rows

    def __add__(self, more: "Columns") -> "Columns":
        return Columns(self.names + more.names, np.hstack([self.rows, more.rows]))


def _named(prefix: str, names: tuple[str, ...], rows: Rows) -> Columns:
    return Columns(tuple(f"{prefix} {name}" for name in names), rows.astype(np.float32))


def neighbours(ties: Graph, own: Columns) -> Columns:
    """Aggregates over one hop and two; no label is used. Missing own values count as 0 here."""
    x = np.nan_to_num(own.rows)
    degree = np.log1p(ties.degree).astype(np.float32)[:, None]
    names = (*own.names, "degree")
    both = np.hstack([x, degree])
    one = graph.mean(ties, both)
    spread = np.sqrt(np.maximum(graph.mean(ties, both * both) - one * one, 0.0))
    sums = graph.symmetric(ties, x)
    many = [k for k in range(both.shape[1]) if len(np.unique(both[:, k])) > 2]
    low, high = both.min(axis=0), both.max(axis=0)
    level = (both - low) / np.maximum(high - low, np.float32(1e-9))
    return (
        Columns(("degree",), degree)
        + _named("neighbours' mean", names, one)
        + _named("neighbours' spread of", names, spread)
        + _named("neighbours' entropy of", names, graph.entropy(ties, level, _BINS))
        + _named("two hops' mean", names, graph.mean(ties, one))
        + _named("neighbours' scaled sum of", own.names, sums)
        + _named("two hops' scaled sum of", own.names, graph.symmetric(ties, sums))
        + Columns(
            tuple(f"neighbours' {q:.0%} of {names[k]}" for k in many for q in SHARES),
            graph.quantiles(ties, both[:, many], SHARES),
        )
    )


def structure(ties: Graph, *, placed: bool = True) -> Columns:
    """Triangles, clustering and place; no label and no feature is used."""
    found, degree = graph.triangles(ties), ties.degree
    closed = 2.0 * found / np.maximum(degree * (degree - 1), 1)
    rows = np.column_stack([np.log1p(found), closed]).astype(np.float32)
    made = Columns(("triangles", "clustering"), rows) + _named(
        "neighbours' mean", ("clustering",), graph.mean(ties, rows[:, 1:])
    )
    if not placed:
        return made
    places, _ = embed(ties)
    return made + Columns(tuple(f"place {k + 1}" for k in range(places.shape[1])), places)


def labels(ties: Graph, known: Ints, fraud: Mask, seed: int) -> Columns:
    """What is known of those around; an account's own label never reaches its own row.

    Those whose labels are known are dealt into folds, and each fold's rows are made from the labels
    of the others alone, so that they look like those of accounts of whom nothing is known.
    """
    rows = _around(ties, known, fraud)
    for rest, hidden in deal(known, fraud, seed):
        rows[hidden] = _around(ties, rest, fraud)[hidden]
    names = ["share of fraud among known neighbours", "known neighbours"]
    names += [f"fraud reached by walks that return {back:.0%}" for back, _ in _WALKS]
    return Columns(tuple(names), rows)


def _around(ties: Graph, known: Ints, fraud: Mask) -> Rows:
    share = fraud[known].mean()
    seen = np.zeros((ties.accounts, 2), np.float32)
    seen[known, 0] = fraud[known] - share
    seen[known, 1] = 1.0
    total = graph.mean(ties, seen) * np.maximum(ties.degree, 1)[:, None]
    columns = [total[:, 0] / (total[:, 1] + _DOUBT), total[:, 1]]
    for back, steps in _WALKS:
        columns.append(graph.diffuse(ties, seen[:, :1], back, steps)[:, 0])
    return np.column_stack(columns).astype(np.float32)


def deal(known: Ints, fraud: Mask, seed: int) -> list[tuple[Ints, Ints]]:
    """Folds of known accounts, each with as many fraudulent ones: `(the others, the fold)`."""
    rng = np.random.default_rng(seed)
    fold = np.empty(len(known), np.int64)
    for kind in (False, True):
        of = np.flatnonzero(fraud[known] == kind)
        fold[of] = rng.permutation(len(of)) % FOLDS
    return [(known[fold != k], known[fold == k]) for k in range(FOLDS)]


def build(
    ties: Graph, own: Columns, upto: str, more: Columns | None = None
) -> Callable[[Ints, Mask, int], Columns]:
    """Everything up to a step: a function of which labels are known, and a seed.

    What needs no label is computed once, here. `more` joins `structure`: lockstep groups, where
    acts have times. Places mean something in one graph only, so that such data goes without.
    """
    level = STEPS.index(upto)
    fixed = own
    if level >= STEPS.index(NEIGHBOURS):
        fixed = fixed + neighbours(ties, own)
    if level >= STEPS.index(STRUCTURE):
        fixed = fixed + structure(ties, placed=more is None)
        fixed = fixed + more if more else fixed

    def columns(known: Ints, fraud: Mask, seed: int) -> Columns:
        made = fixed
        if level >= STEPS.index(LABELS):
            made = made + labels(ties, known, fraud, seed)
        return made

    return columns
