import json

import pytest

from wheeltapper.ingest.mapping import Nested, PathTo
from wheeltapper.ingest.nesting import unnested

SHAPE = Nested(
    has=PathTo("$", ("a", "id")),
    move={
        PathTo("$", ("a", "id")): "Id",
        PathTo("$", ("a", "gone")): "Gone",
        PathTo("$", ("a", "data")): "*",
        PathTo("$", ("a", "more")): "*.*",
    },
)


def flat(record):
    return json.loads(unnested(json.dumps(record).encode(), SHAPE))


def test_what_is_named_moves_and_the_rest_stays():
    assert flat({"t": 1, "a": {"id": 7, "x": 2, "data": {"User": "kim"}}}) == {
        "Id": 7,
        "User": "kim",
        "t": 1,
        "a": {"x": 2, "data": {}},
    }


def test_fields_two_levels_down():
    assert flat({"a": {"id": 7, "more": {"Cleared": {"User": "kim"}, "n": 3}}}) == {
        "Id": 7,
        "User": "kim",
        "a": {"more": {"Cleared": {}, "n": 3}},
    }


def test_text_beside_attributes_is_the_value():
    assert flat({"a": {"id": {"#attributes": {"q": 1}, "#text": 7}}})["Id"] == 7


def test_a_name_that_is_taken_stays_where_it_is():
    lies = {"Id": "mine", "a": "evil", "t": 2}
    assert flat({"t": 1, "a": {"id": 7, "x": 3, "data": lies}}) == {
        "Id": 7,
        "t": 1,
        "a": {"x": 3, "data": lies},
    }


@pytest.mark.parametrize("a", [None, 7, "x", [], {}, {"id": None}, {"id": 1, "data": [1]}])
def test_other_shapes_are_left_alone(a):
    assert flat({"t": 1, "a": a})["t"] == 1
