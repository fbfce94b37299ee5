"""A made-up village of accounts: rings of fraud that are tied to each other, and honest ones."""

from pathlib import Path

import numpy as np

HONEST, RINGS, IN_RING = 240, 12, 5


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """A graph file's fields: own features say little, ties say much."""
    rng = np.random.default_rng(seed)
    bad = RINGS * IN_RING
    count = HONEST + bad
    fraud = np.arange(count) >= HONEST
    features = rng.normal(size=(count, 3)) + 0.3 * fraud[:, None]
    edges = [rng.choice(HONEST, 2, replace=False) for _ in range(700)]
    for ring in range(RINGS):
        inside = HONEST + ring * IN_RING + np.arange(IN_RING)
        edges += [(a, b) for a in inside for b in inside if a < b]
        edges += [(a, rng.integers(HONEST)) for a in inside]
    order = np.array([rng.permutation(count) for _ in range(2)])
    part = np.take_along_axis(np.tile(np.arange(count) * 4 // count, (2, 1)), order, axis=1)
    return {
        "node_features": features.astype(np.float32),
        "node_labels": fraud.astype(np.int64),
        "edges": np.array(edges, np.int64),
        "train_masks": part <= 1,
        "val_masks": part == 2,
        "test_masks": part == 3,
    }


def write(path: Path, **other: np.ndarray) -> Path:
    np.savez(path, **(arrays() | other))
    return path
