import json

import pytest

from wheeltapper.ingest.readers import json_text


@pytest.mark.parametrize(
    ("data", "records"),
    [
        (b'{"a":1}\n{"b":2}\n', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"a":1}\r\n\r\n {"b":2}', [(1, b'{"a":1}'), (3, b'{"b":2}')]),
        (b'[{"a":1}, {"b":2}]', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"Records":[{"a":1},{"b":2}]}', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"value":[{"a":1}],"next":"x"}', [(1, b'{"a":1}')]),
        (b'{"kind":"k","items":[{"a":1}]}', [(1, b'{"a":1}')]),
        (b'{"Records":[{"a":1}]}\n{"Records":[{"b":2}]}', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"a":1}{"b":2}', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'{"a":1}\n{"b":2}{"c":3}\n', [(1, b'{"a":1}'), (2, b'{"b":2}'), (2, b'{"c":3}')]),
        (b'{\n "a": 1\n}\n{\n "b": 2\n}\n', [(1, b'{\n "a": 1\n}'), (2, b'{\n "b": 2\n}')]),
        (b'{"a": 1,\n "items": 2}', [(1, b'{"a": 1,\n "items": 2}')]),
        (b'{"items": {"x": [1]}}', [(1, b'{"items": {"x": [1]}}')]),
        (b"{}", [(1, b"{}")]),
        (b"[]", []),
    ],
)
def test_every_form_gives_its_records(taken, data, records):
    assert taken(data) == ("json", records, [])


def test_lines_that_would_be_valid_only_together(taken):
    name, records, rejects = taken(b'{"a":[1\n2]},{"c":3}\n{"d":4}\n')
    assert (name, records) == ("json", [(3, b'{"d":4}')])
    assert [line for line, _ in rejects] == [1, 2]


def test_a_first_line_that_is_broken_costs_itself(taken):
    name, records, rejects = taken(b'{"a": oops}\n{"b":2}\n')
    assert (name, records) == ("json", [(2, b'{"b":2}')])
    assert [line for line, _ in rejects] == [1]


def test_what_is_no_object_is_told(taken):
    _, records, rejects = taken(b'{"a":1}\n[1]\n7\n"x"\n')
    assert records == [(1, b'{"a":1}')]
    assert rejects == [(n, "not a JSON object") for n in (2, 3, 4)]


@pytest.mark.parametrize("text", [b"[2024-01-01] started\n", b"plain\n", b"<a/>", b"a,b\n1,2\n"])
def test_other_text_is_left_to_others(taken, text):
    assert taken(text)[0] != "json"


def test_a_document_larger_than_is_held_is_split_as_it_comes(taken, monkeypatch):
    document = json.dumps({"Records": [{"n": n, "s": "}]"} for n in range(500)]}).encode()
    whole = taken(document)
    monkeypatch.setattr(json_text, "DOCUMENT_BYTES", 1000)
    assert taken(document) == whole
    assert len(whole[1]) == 500
