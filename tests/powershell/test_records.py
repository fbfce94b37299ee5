import gzip

import pytest

from powershell_office import records as made_up
from powershell_office import write
from wheeltapper.errors import WheeltapperError
from wheeltapper.powershell import records


def test_plain_and_gzip_give_the_same(tmp_path):
    made = made_up(6)
    plain = write(tmp_path / "a.jsonl", made)
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert records.read(plain) == records.read(packed) == made
    assert records.digest(plain) != records.digest(packed)


def test_only_text_and_label_are_needed(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Get-Date", "label": 0}\n\n{"text": "x", "label": 1, "group": 7}\n')
    first, second = records.read(path)
    assert (first.source, first.group, second.group) == ("", "1", "7")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nope", "a.jsonl:1: no JSON object"),
        ("[]", "a.jsonl:1: no JSON object"),
        ('{"text": "x"}', "a.jsonl:1: no JSON object"),
        ('{"text": 1, "label": 0}', "a.jsonl:1: text has to be a string"),
        ('{"text": "x", "label": 2}', "label 0 or 1, got 2"),
        ("[" * 100_000, "a.jsonl:1"),
        ("", "has no records"),
    ],
    ids=range(7),
)
def test_what_is_no_record_is_named(tmp_path, line, words):
    path = tmp_path / "a.jsonl"
    path.write_text(line)
    with pytest.raises(WheeltapperError, match=words):
        records.read(path)


def test_a_broken_gzip_is_named(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * 1000)[:20])
    with pytest.raises(WheeltapperError, match="cannot be read"):
        records.read(path)
