import numpy as np

from wheeltapper.accounts import graph
from wheeltapper.accounts.embed import embed


def test_accounts_of_one_circle_lie_together_and_the_same_graph_gives_the_same():
    rng = np.random.default_rng(1)
    inside = [rng.integers(0, 40, (300, 2)) + 40 * circle for circle in range(3)]
    ties = graph.build(np.vstack([*inside, [[0, 40], [41, 80]]]), 120)
    places, values = embed(ties, 3)
    assert np.array_equal(places, embed(ties, 3)[0])
    assert (np.diff(values) <= 1e-6).all()
    assert values[0] < 1.0001
    middle = places.reshape(3, 40, 3).mean(axis=1)
    own = np.repeat(np.arange(3), 40)
    nearest = np.linalg.norm(places[:, None] - middle, axis=2).argmin(axis=1)
    assert (nearest == own).mean() > 0.95


def test_a_graph_smaller_than_its_places_is_filled_up():
    places, values = embed(graph.build(np.array([[0, 1]]), 3), 8)
    assert places.shape == (3, 8)
    assert not places[:, 3:].any()
    assert not values[3:].any()
