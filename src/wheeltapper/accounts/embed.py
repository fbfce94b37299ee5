"""Where an account lies in the graph: a few numbers learned from ties alone, without any label.

The leading eigenvectors of the normalised adjacency, each times its eigenvalue, by subspace
iteration from a random start (Halko, Martinsson and Tropp, "Finding structure with randomness",
2011). Accounts whose ties lead to the same places lie close together, tied themselves or not.
"""

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts.graph import Graph, Rows, symmetric

SIZE = 64
_MORE = 8
"""Columns beside those that are kept: they make the kept ones exact sooner."""
_ROUNDS, _BETWEEN = 10, 4
"""Times that the columns are made upright again, and steps between."""
_SEED = 1


def embed(graph: Graph, size: int = SIZE) -> tuple[Rows, Rows]:
    """Coordinates, shape (accounts, size), and eigenvalues, falling; the same graph gives the same.

    A new account's coordinates are `symmetric` of its neighbours' ones, divided by the eigenvalues.
    """
    wanted = min(size, graph.accounts)
    rng = np.random.default_rng(_SEED)
    basis: npt.NDArray[np.float32] = rng.standard_normal(
        (graph.accounts, min(wanted + _MORE, graph.accounts)), dtype=np.float32
    )
    for _ in range(_ROUNDS):
        for _ in range(_BETWEEN):
            # The account's own place, too, so that large negative eigenvalues do not lead.
            basis = basis + symmetric(graph, basis)
        basis = np.linalg.qr(basis)[0]
    small = basis.T @ symmetric(graph, basis)
    values, turn = np.linalg.eigh((small + small.T) / 2)
    kept = np.argsort(-values)[:wanted]
    places = (basis @ turn[:, kept]).astype(np.float32)
    # An eigenvector's sign is free: the largest part is made positive.
    sign = np.sign(places[np.abs(places).argmax(axis=0), np.arange(wanted)])
    # As if there were one account to a unit, so that graphs of any size give like numbers.
    scale = np.float32(np.sqrt(graph.accounts))
    out = np.zeros((graph.accounts, size), np.float32)
    out[:, :wanted] = places * sign * values[kept] * scale
    held = np.zeros(size, np.float32)
    held[:wanted] = values[kept]
    return out, held
