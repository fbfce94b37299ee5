import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.accounts import graph

EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=50)


def dense(edges):
    table = np.zeros((12, 12))
    for a, b in edges:
        if a != b:
            table[a, b] = table[b, a] = 1
    return table


def made(edges):
    return graph.build(np.array(edges, np.int64).reshape(-1, 2), 12)


ROWS = np.random.default_rng(0).random((12, 3), dtype=np.float32)


@given(EDGES)
def test_what_neighbours_tell_is_what_matrices_tell(edges):
    table, ties = dense(edges), made(edges)
    degree = np.maximum(table.sum(axis=1), 1)
    assert np.array_equal(ties.degree, table.sum(axis=1))
    step = table / degree[:, None]
    assert np.allclose(graph.mean(ties, ROWS), step @ ROWS, atol=1e-5)
    root = np.sqrt(degree)
    assert np.allclose(graph.symmetric(ties, ROWS), table / root / root[:, None] @ ROWS, atol=1e-5)
    assert np.array_equal(graph.triangles(ties), np.diag(np.linalg.matrix_power(table, 3)) // 2)
    walked = ROWS
    for _ in range(3):
        walked = 0.8 * step @ walked + 0.2 * ROWS
    assert np.allclose(graph.diffuse(ties, ROWS, 0.2, 3), walked, atol=1e-5)


@given(EDGES)
def test_quantiles_and_entropies_are_of_neighbours_alone(edges):
    table, ties = dense(edges), made(edges)
    told = graph.quantiles(ties, ROWS, (0.1, 0.5)).reshape(12, 3, 2)
    bits = graph.entropy(ties, ROWS, 4)
    for i in range(12):
        around = ROWS[table[i] > 0]
        if not len(around):
            assert not told[i].any()
            assert not bits[i].any()
            continue
        assert np.allclose(told[i].T, np.quantile(around, (0.1, 0.5), axis=0), atol=1e-5)
        for k in range(3):
            share = np.bincount((around[:, k] * 4).astype(int)) / len(around)
            share = share[share > 0]
            assert bits[i, k] == pytest.approx(-(share * np.log2(share)).sum(), abs=1e-5)


def test_a_tie_to_nobody_is_refused():
    with pytest.raises(ValueError, match="outside 0 to 11"):
        made([(0, 12)])
