"""Who is tied to whom: accounts as numbers, ties as flat arrays, and what neighbours tell.

All loops are compiled and take time in proportion to the ties (triangles: ties times the root of
their number at worst). Rows of features are accounts. An account without neighbours gets zeros.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

Rows = npt.NDArray[np.float32]
"""(accounts, features)."""
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Graph:
    """Undirected ties; the neighbours of account i are `to[start[i]:start[i + 1]]`, rising."""

    start: Ints
    to: npt.NDArray[np.int32]

    @property
    def accounts(self) -> int:
        return len(self.start) - 1

    @property
    def degree(self) -> Ints:
        return np.diff(self.start)


def build(edges: Ints, accounts: int) -> Graph:
    """From pairs, shape (ties, 2), each once or both ways; loops and repetitions are dropped.

    Raises
    ------
    ValueError   if a pair names an account that is not there
    """
    if len(edges) and (edges.min() < 0 or edges.max() >= accounts):
        raise ValueError(f"a tie names an account outside 0 to {accounts - 1}")
    a, b = edges[:, 0], edges[:, 1]
    real = a != b
    low, high = np.minimum(a, b)[real], np.maximum(a, b)[real]
    once = np.unique(low * accounts + high)
    start, to = _adjacent(once // accounts, once % accounts, accounts)
    return Graph(start, to)


@njit(cache=True)
def _adjacent(low: Ints, high: Ints, accounts: int) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Counting sort: pairs come in rising order, so lower neighbours are filled in first."""
    start = np.zeros(accounts + 1, np.int64)
    for i in range(len(low)):
        start[low[i] + 1] += 1
        start[high[i] + 1] += 1
    for i in range(accounts):
        start[i + 1] += start[i]
    at = start[:-1].copy()
    to = np.empty(2 * len(low), np.int32)
    for i in range(len(low)):
        to[at[high[i]]] = low[i]
        at[high[i]] += 1
    for i in range(len(low)):
        to[at[low[i]]] = high[i]
        at[low[i]] += 1
    return start, to


def mean(graph: Graph, rows: Rows) -> Rows:
    """Mean of the neighbours' rows."""
    return weighed(graph, rows, 1.0, np.ones(graph.accounts, np.float32))


def symmetric(graph: Graph, rows: Rows) -> Rows:
    """Sum of the neighbours' rows, each divided by the root of both accounts' degrees."""
    scale = (1.0 / np.sqrt(np.maximum(graph.degree, 1))).astype(np.float32)
    return weighed(graph, rows, 0.5, scale)


def weighed(graph: Graph, rows: Rows, power: float, weight: Rows) -> Rows:
    """Sum of neighbours' rows times their weight, divided by the own degree to a power."""
    rows = np.ascontiguousarray(rows, np.float32)
    return _summed(graph.start, graph.to, rows, power, weight)


@njit(cache=True)
def _summed(start: Ints, to: npt.NDArray[np.int32], rows: Rows, power: float, weight: Rows) -> Rows:
    accounts, features = rows.shape
    out = np.zeros((accounts, features), np.float32)
    total = np.zeros(features, np.float64)
    for i in range(accounts):
        if start[i] == start[i + 1]:
            continue
        total[:] = 0.0
        for at in range(start[i], start[i + 1]):
            j = to[at]
            for k in range(features):
                total[k] += rows[j, k] * weight[j]
        scale = float(start[i + 1] - start[i]) ** -power
        for k in range(features):
            out[i, k] = total[k] * scale
    return out


def diffuse(graph: Graph, rows: Rows, back: float, steps: int) -> Rows:
    """Personalised PageRank: where walks end that return to their own row with this chance."""
    now = rows
    for _ in range(steps):
        now = (1.0 - back) * mean(graph, now) + np.float32(back) * rows
    return now.astype(np.float32)


def quantiles(graph: Graph, rows: Rows, shares: tuple[float, ...]) -> Rows:
    """Of neighbours' values, feature by feature: shape (accounts, features × shares)."""
    rows = np.ascontiguousarray(rows, np.float32)
    return _quantiles(graph.start, graph.to, rows, np.array(shares))


@njit(cache=True)
def _quantiles(
    start: Ints, to: npt.NDArray[np.int32], rows: Rows, shares: npt.NDArray[np.float64]
) -> Rows:
    accounts, features = rows.shape
    most = 0
    for i in range(accounts):
        most = max(most, start[i + 1] - start[i])
    held = np.empty(most, np.float32)
    out = np.zeros((accounts, features * len(shares)), np.float32)
    for i in range(accounts):
        n = start[i + 1] - start[i]
        if n == 0:
            continue
        for k in range(features):
            for at in range(n):
                held[at] = rows[to[start[i] + at], k]
            ordered = np.sort(held[:n])
            for q in range(len(shares)):
                place = shares[q] * (n - 1)
                low = int(place)
                high = min(low + 1, n - 1)
                part = place - low
                out[i, k * len(shares) + q] = ordered[low] * (1.0 - part) + ordered[high] * part
    return out


def entropy(graph: Graph, rows: Rows, bins: int) -> Rows:
    """Of neighbours' values, in bits, over bins of equal width between 0 and 1."""
    level = np.clip(rows * bins, 0, bins - 1).astype(np.int32)
    return _entropy(graph.start, graph.to, level, bins)


@njit(cache=True)
def _entropy(
    start: Ints, to: npt.NDArray[np.int32], level: npt.NDArray[np.int32], bins: int
) -> Rows:
    accounts, features = level.shape
    out = np.zeros((accounts, features), np.float32)
    counts = np.zeros(bins, np.int64)
    for i in range(accounts):
        n = start[i + 1] - start[i]
        for k in range(features):
            counts[:] = 0
            for at in range(start[i], start[i + 1]):
                counts[level[to[at], k]] += 1
            bits = 0.0
            for c in counts:
                if c:
                    bits -= c / n * np.log2(c / n)
            out[i, k] = bits
    return out


def triangles(graph: Graph) -> Ints:
    """In how many triangles each account stands.

    Each tie points to the end with more ties, which bounds what is compared (Chiba and Nishizeki,
    "Arboricity and subgraph listing algorithms", 1985).
    """
    return _triangles(graph.start, graph.to)


@njit(cache=True)
def _triangles(start: Ints, to: npt.NDArray[np.int32]) -> Ints:
    accounts = len(start) - 1
    first = np.zeros(accounts + 1, np.int64)
    for i in range(accounts):
        n = 0
        for at in range(start[i], start[i + 1]):
            n += _beyond(start, i, to[at])
        first[i + 1] = first[i] + n
    up = np.empty(first[-1], np.int32)
    for i in range(accounts):
        n = first[i]
        for at in range(start[i], start[i + 1]):
            if _beyond(start, i, to[at]):
                up[n] = to[at]
                n += 1
    found = np.zeros(accounts, np.int64)
    marked = np.full(accounts, -1, np.int64)
    for i in range(accounts):
        for at in range(first[i], first[i + 1]):
            marked[up[at]] = i
        for at in range(first[i], first[i + 1]):
            j = up[at]
            for beyond in range(first[j], first[j + 1]):
                if marked[up[beyond]] == i:
                    found[i] += 1
                    found[j] += 1
                    found[up[beyond]] += 1
    return found


@njit(cache=True)
def _beyond(start: Ints, i: int, j: int) -> bool:
    own, other = start[i + 1] - start[i], start[j + 1] - start[j]
    return bool(other > own or (other == own and j > i))
