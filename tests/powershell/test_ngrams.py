import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powershell_office import records
from wheeltapper.powershell import ngrams
from wheeltapper.powershell.ngrams import KINDS, Kind, features


def counted(text, size):
    """As slow and plain as can be."""
    grams = [text[i : i + size] for i in range(len(text) - size + 1)]
    return sorted(grams.count(g) for g in set(grams))


@given(st.text("abcdef", min_size=3, max_size=60))
def test_each_ngram_has_a_place_and_its_count(text):
    places, values = features(Kind(plain=False), text, "")
    counts = counted(text, 3)
    assert len(places) == len(counts)
    expected = 1 + np.log(counts)
    np.testing.assert_allclose(np.sort(values), expected / np.linalg.norm(expected), rtol=1e-5)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_has_places_in_its_own_half(raw, plain):
    for kind in KINDS.values():
        places, values = features(kind, raw, plain)
        assert len(places) == len(values)
        assert (places >= 0).all()
        assert (places < 2 << ngrams.BITS).all()
    assert (features(KINDS["3-grams"], raw, plain)[0] < 1 << ngrams.BITS).all()
    assert (features(KINDS["3-grams-normal"], raw, plain)[0] >= 1 << ngrams.BITS).all()


@pytest.mark.parametrize("name", KINDS)
def test_what_differs_is_learned(name):
    made = records()
    pairs = [(r.text, r.text.lower()) for r in made]
    label = np.array([r.label for r in made])
    x = ngrams.matrix(KINDS[name], pairs)
    model = ngrams.fit(KINDS[name], x, label, np.ones(len(made)), 4.0)
    scores = model.score_all(pairs)
    assert scores[label == 1].min() > scores[label == 0].max()
    np.testing.assert_allclose(scores, x @ model.weights + model.bias, rtol=1e-4, atol=1e-4)


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=8))
def test_commands_counted_together_are_counted_alike(pairs):
    for kind in KINDS.values():
        places, values, ends = ngrams.counted(kind, tuple(pairs)) if pairs else ([], [], [0])
        for at, pair in enumerate(pairs):
            alone = features(kind, *pair)
            own = slice(ends[at], ends[at + 1])
            np.testing.assert_array_equal(places[own], alone[0])
            np.testing.assert_array_equal(values[own], alone[1])
    for pair, found in zip(pairs, ngrams.bags(pairs), strict=True):
        np.testing.assert_array_equal(found[0], ngrams.bag(*pair)[0])
        assert (found[0] < 1 << ngrams.BAG_BITS).all()
