import pytest

from wheeltapper.enrich import listfile
from wheeltapper.errors import ConfigError


def rows(path, text):
    path.write_bytes(text)
    return list(listfile.rows(path, needed=["a"], known=["a", "b"]))


def test_rows_know_their_line(tmp_path):
    path = tmp_path / "x.csv"
    got = rows(path, b'\xef\xbb\xbfa , b\r\n1,"two\r\nlines"\r\n,\r\n\r\n 3 \r\n')
    assert got == [
        (f"{path}:2", {"a": "1", "b": "two\r\nlines"}),
        (f"{path}:6", {"a": "3", "b": ""}),
    ]
    assert rows(path, b"a\n") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a,c\n1,2\n", r"x\.csv:1: 'c' is no column; there are: a, b"),
        (b"b\n1\n", r"x\.csv:1: column a is missing"),
        (b"", r"x\.csv:1: column a is missing"),
        (b"a,a\n", r"x\.csv:1: a column is there twice"),
        (b"a,b\n1,2\n1,2,3\n", r"x\.csv:3: 3 cells, but the header names 2 columns"),
        (b'a,b\n1,"2\n', r"x\.csv:2: not CSV"),
        (b"a,b\n1,\xff\n", r"x\.csv: not UTF-8 at byte 6"),
    ],
    ids=range(7),
)
def test_refusals(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        rows(tmp_path / "x.csv", text)


def test_a_folder_is_no_list(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        list(listfile.entries(tmp_path))
