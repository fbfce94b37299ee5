import pytest

from wheeltapper.activity import NATIVE_SCHEMA
from wheeltapper.ingest.mapping import COLUMNS, OWN_COLUMNS, PathTo

RECORD = {"a": {"b c": [{"x": 1}, None]}, "text": "abc", "": 0}


@pytest.mark.parametrize(
    ("steps", "json_path", "value"),
    [
        ((), "$", RECORD),
        (("a", "b c", 0, "x"), '$."a"."b c"[0]."x"', 1),
        (("a", "b c", 1), '$."a"."b c"[1]', None),
        (("a", "b c", 2), '$."a"."b c"[2]', None),
        (("a", 0), '$."a"[0]', None),
        (("text", 0), '$."text"[0]', None),
        (("text", "b"), '$."text"."b"', None),
        (("no", "way"), '$."no"."way"', None),
    ],
)
def test_a_path_leads_to_a_value_or_nowhere(steps, json_path, value):
    path = PathTo("$", steps)
    assert path.json_path == json_path
    assert path.of(RECORD) == value


@pytest.mark.parametrize("value", [None, 7, "text", [1], True])
def test_a_path_into_what_is_no_object_leads_nowhere(value):
    assert PathTo("$", ("a",)).of(value) is None


def test_columns_and_what_ingest_fills_are_the_whole_activity():
    assert {*COLUMNS, *OWN_COLUMNS} == set(NATIVE_SCHEMA.names)
