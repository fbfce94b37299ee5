import codecs
import gzip

import pytest

from wheeltapper.ingest.readers import Limits
from wheeltapper.ingest.shape import Shape, shape_of

LINE = b'{"time": "2026-01-01T00:00:00Z", "user": "ana"}\n'
SSHD = b"Jan  5 08:00:00 web sshd[7]: Accepted publickey for ana from 192.0.2.7 port 22 ssh2\n"


@pytest.mark.parametrize(
    ("name", "data", "shape"),
    [
        ("a.ndjson", LINE * 3, Shape.JSON_LINES),
        ("a.json", LINE, Shape.JSON_LINES),
        ("a.log", b"cut off in the mid\n" + SSHD, Shape.TEXT_LINES),
        ("a.log", SSHD, Shape.TEXT_LINES),
        ("a.log", SSHD[:30], Shape.UNKNOWN),
        ("a.log", b"", Shape.UNKNOWN),
        ("a.json", b'{"Records": [{"eventName": "x"}]}', Shape.DOCUMENT),
        ("a.json", b'[{"a": 1}]', Shape.DOCUMENT),
        ("a.csv", b"time,user\n", Shape.DOCUMENT),
        ("a.log", b"time,user\n1,ana\n", Shape.DOCUMENT),
        ("a.log", gzip.compress(LINE, mtime=0), Shape.DOCUMENT),
        ("a.log", codecs.BOM_UTF16_LE + LINE.decode().encode("utf-16-le"), Shape.DOCUMENT),
        ("a.evtx", b"ElfFile\0", Shape.DOCUMENT),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(40)), Shape.DOCUMENT),
    ],
)
def test_the_shape_of_a_file(tmp_path, name, data, shape):
    path = tmp_path / name
    path.write_bytes(data)
    assert shape_of(path, Limits()) == shape
