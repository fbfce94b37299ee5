import json

import pytest

from wheeltapper.ingest.readers.plain_text import is_text


def test_lines_become_records(taken):
    name, records, rejects = taken('first "one"\r\n\nk\u00efm\n'.encode())
    assert (name, rejects) == ("text", [])
    assert [(n, json.loads(raw)) for n, raw in records] == [
        (1, {"line": 'first "one"'}),
        (3, {"line": "kïm"}),
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"text\twith\x1b[0m colour\n", True),
        ("größe\n".encode("latin-1"), True),
        (b"\0" * 100 + b"after a hole\n", True),
        (b"", False),
        (b"\0" * 100, False),
        (bytes(range(256)), False),
        (b"\x7fELF" + b"\x00\x01\x02" * 50, False),
    ],
)
def test_text_is_told_from_other_bytes(data, expected):
    assert is_text(data) is expected
