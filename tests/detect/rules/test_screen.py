import pytest

from wheeltapper.detect.rules.screen import Screen

A, B = frozenset({"alpha"}), frozenset({"beta", "gamma.x"})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("nothing", [1]),
        ("ALPHA", [0, 1]),
        ("alpha gamma.x", [0, 1, 2]),
        ("gamma-x", [1]),
        (r"\u0061lpha", [0, 1, 2]),
        (r"C:\\users", [1]),
        ("alp\u0130a", [0, 1, 2]),
    ],
)
def test_candidates(raw, expected):
    assert sorted(Screen([(A,), (), (A, B)]).candidates(raw)) == expected


def test_no_rules_no_candidates():
    assert list(Screen([]).candidates("alpha")) == []
