"""A screen may let too much through, but never keeps out a record that a rule matches."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_match import tree

from wheeltapper.detect.rules.necessary import necessary, one_of
from wheeltapper.detect.rules.record import Record
from wheeltapper.detect.rules.screen import Screen

TEXT = st.text(alphabet='aekKiI\u212a\u0130s1.\\/"*? é', max_size=8)
KEY = st.sampled_from(["a", "b|contains", "a|startswith", "b|endswith", "a|cased", "b|neq"])
SELECTION = st.dictionaries(KEY, st.one_of(TEXT, st.lists(TEXT, min_size=1)), min_size=1)
CONDITION = st.sampled_from(["x", "not x", "x and y", "x or y", "x and not y", "all of them"])
RECORD = st.dictionaries(
    st.sampled_from("ab"), st.one_of(TEXT, st.lists(TEXT, max_size=2), st.integers(), st.floats(1))
)


@given(SELECTION, SELECTION, CONDITION, RECORD, st.booleans(), st.booleans())
def test_screen_keeps_out_nothing_that_matches(x, y, condition, record, ascii_only, spaced):
    node = tree({"x": x, "y": y}, condition)
    raw = json.dumps(record, ensure_ascii=ascii_only, indent=1 if spaced else None)
    native = msgspec.json.decode(raw.replace("Infinity", "1e308"))
    if node.holds(Record(native)):
        assert 0 in Screen([necessary(node)]).candidates(raw)


@pytest.mark.parametrize(
    ("selection", "clauses"),
    [
        ({"a": "Mimikatz"}, [{"mimikatz"}]),
        ({"a": ["one", "three"]}, [{"one", "three"}]),
        ({"a": "four", "b": "eleven"}, [{"eleven"}, {"four"}]),
        ({"a|endswith": "\\cmd.exe"}, [{"cmd.exe"}]),
        ({"a": 4688}, []),
        ({"a": "4688"}, []),
        ({"a": "1e+22"}, []),
        ({"a": ["one", 1]}, []),
        ({"a|re": "mimikatz"}, []),
        ({"a": None}, []),
    ],
)
def test_clauses(selection, clauses):
    assert list(necessary(tree({"selection": selection}))) == clauses


def test_not_tells_nothing():
    assert necessary(tree({"s": {"a": "x" * 9}}, "not s")) == ()


def test_one_of_needs_every_value():
    assert one_of([["security", "system"], ["4688"]]) == (frozenset({"security", "system"}),)
