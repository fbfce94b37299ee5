from bisect import bisect_left
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.models.card import levels, load

SCORES = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=300)


def judge(card, score):
    scores, bits, _ = card
    best = [b for s, b in zip(scores, bits, strict=True) if s <= score]
    return best[-1] if best else 0.0


@given(SCORES, st.floats(0, 1, width=32))
def test_bits_never_say_more_than_the_reference_days_bear_out(reference, score):
    n = len(reference)
    higher = n - bisect_left(sorted(reference), score)
    bits = judge(levels(reference, []), score)
    assert bits <= -log2((higher + 1) / (n + 1)) + 1e-9
    assert bits <= log2(n + 1) + 1e-9


@given(SCORES, SCORES)
def test_levels_rise(reference, exchanged):
    scores, bits, llr = levels(reference, exchanged)
    assert scores == sorted(scores)
    assert bits == sorted(bits)
    assert all(0 <= one <= b + 1e-9 for one, b in zip(llr, bits, strict=True))


def test_above_all_reference_days_is_worth_their_number():
    assert judge(levels([0.1] * 255, []), 0.2) == 8.0


def test_exchanged_days_say_how_much_likelier_somebody_else_is():
    _, bits, llr = levels([0.1] * 255, [0.9] * 99 + [0.0])
    assert bits[-1] == 8.0
    assert llr[-1] == pytest.approx(log2(100 / 101 * 256))


def test_card_written_and_read_is_the_same(trained, tmp_path):
    card = load(trained / "userday.toml")
    (tmp_path / "userday.toml").write_text(card.to_toml())
    (tmp_path / "userday.onnx").write_bytes((trained / "userday.onnx").read_bytes())
    assert load(tmp_path / "userday.toml") == card
    assert card.judge(-1.0) == (0.0, 0.0)
    assert card.judge(2.0) == (card.bits[-1], card.llr[-1])
