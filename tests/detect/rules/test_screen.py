import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.rules.rule import read
from wheeltapper.detect.rules.ruleset import BUILTIN
from wheeltapper.detect.rules.screen import Screen, first_look

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


PACKAGED = [
    program.clauses
    for file in sorted(BUILTIN.glob("*.yml"))
    for rule in read(file)
    for program in rule.programs
    if program.clauses
]
TEXTS = [
    *sorted(frozenset().union(*(clause for clauses in PACKAGED for clause in clauses))),
    r"\u0041", "\u0130", "\u017f", "\u212a",
]  # fmt: skip


@given(
    st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=5)), max_size=5),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_what_the_first_look_puts_aside_is_a_candidate_of_nothing(parts, written):
    """Two regular expression engines have to agree about letters and their cases."""
    raw = "".join(written(part) for part in parts)
    seen = pc.match_substring_regex(pa.array([raw]), first_look(PACKAGED), ignore_case=True)
    assert seen[0].as_py() or not list(Screen(PACKAGED).candidates(raw))


def test_without_a_text_that_all_must_have_every_record_is_looked_at():
    assert first_look([(A,), ()]) == ""
    assert first_look([(frozenset({"x" * 9_000}),)]) == ""
