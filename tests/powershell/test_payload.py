import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell import payload

INNER = "Write-Output 'hello from the inside'; Get-Date"


def b64(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("packed", "how"),
    [
        (b64(INNER.encode("utf-16-le")), "base64"),
        (b64(INNER.encode()), "base64"),
        (b64(INNER.encode()).rstrip("="), "base64"),
        (b64(gzip.compress(INNER.encode(), mtime=0)), "base64, gzip"),
        (b64(zlib.compress(INNER.encode())), "base64, deflate"),
        (b64(zlib.compress(INNER.encode())[2:-4]), "base64, deflate"),
    ],
)
def test_packed_text_comes_back(packed, how):
    assert payload.decode(packed, 10_000) == (how, INNER)


@pytest.mark.parametrize(
    "text", ["", "short", "Get-ChildItemRecurse", b64(bytes(range(256))), "A" * 17, "=" * 40]
)
def test_what_is_no_text_is_nothing(text):
    assert payload.decode(text, 10_000) is None


def test_a_compressed_bomb_is_cut_off():
    bomb = b64(gzip.compress(b"A" * 50_000_000))
    how, text = payload.decode(bomb, 10_000)
    assert how == "base64, gzip"
    assert len(text) <= 10_000


@given(st.binary(max_size=300), st.integers(1, 100))
def test_no_bytes_raise_and_the_bound_holds(data, most):
    for text in (b64(data), data.decode("latin-1")):
        found = payload.decode(text, most)
        assert found is None or len(found[1]) <= most
