import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.ingest.readers.splitter import Splitter, is_envelope

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=6), VALUES, max_size=4), max_size=6)


def pieces(text: bytes, step: int = 1 << 20, longest: int = 1 << 20, keep: int = 20):
    splitter = Splitter(text[:4096], longest, keep)
    found = []
    for at in range(0, len(text), step):
        found += splitter.feed(text[at : at + step])
    return found + list(splitter.finish())


@given(
    records=RECORDS,
    step=st.integers(1, 40),
    form=st.sampled_from(["list", "Records", "value", "lines", "together"]),
    ascii=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_records_come_out_as_they_went_in(records, step, form, ascii, indent):
    def dump(value):
        return json.dumps(value, ensure_ascii=ascii, indent=indent)

    text = {
        "list": lambda: dump(records),
        "Records": lambda: dump({"Records": records}),
        "value": lambda: dump({"@odata.context": "x", "n": 1, "value": records, "next": "y"}),
        "lines": lambda: "\n".join(map(dump, records)),
        "together": lambda: "".join(map(dump, records)),
    }[form]()
    found = pieces(text.encode(), step)
    assert [json.loads(piece.text) for piece in found] == records
    assert [piece.number for piece in found] == list(range(1, len(records) + 1))
    assert not any(piece.problem for piece in found)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_record_that_is_too_long_is_not_held(step):
    long = b'{"a": "' + b'x\\"\\\\' * 1000 + b'", "b": {"c": [1]}}'
    text = b'{"Records": [{"n": 1}, ' + long + b', {"n": 3}]}'
    first, second, third = pieces(text, step, longest=500)
    assert (first.text, third.text) == (b'{"n": 1}', b'{"n": 3}')
    assert second.text == long[:20]
    assert second.whole_bytes == len(long)
    assert "longer than" in second.problem


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (b'[{"a": 1}, 7, "x", {"b": 2}]', ["", "not a JSON object", ""]),
        (b'[{"a": 1}, {"b": ', ["", "ends in the middle of a record"]),
        (b'{"a": 1} garbage {"b": 2}', ["", "not a JSON object", ""]),
        (b'{"a": "never ends', ["ends in the middle of a record"]),
        (b"]]}}", ["", "", "", ""]),
        (b"", []),
        (b" \r\n\0", []),
    ],
)
def test_what_stands_where_a_record_should(text, problems):
    assert [piece.problem for piece in pieces(text)] == problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"Records":[', True),
        (b' { "@odata.context" : "a\\"b", "n": -1.5, "value" : [', True),
        (b'{"kind": "x", "items": [', True),
        (b'{"items": {"a": 1}}', False),
        (b'{"a": {"b": 1}, "Records": [', False),
        (b'[{"Records":[', False),
        (b"", False),
    ],
)
def test_envelopes(text, expected):
    assert is_envelope(text) is expected
