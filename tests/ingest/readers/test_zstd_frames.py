import io
import os

import pyarrow as pa
import pytest

from wheeltapper.ingest.readers.zstd_frames import is_whole

SKIPPED = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def streamed(data: bytes) -> bytes:
    """Without the length of the content in its header, as a pipe writes it."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as file:
        file.write(data)
    return sink.getvalue().to_pybytes()


WHOLE = {
    "small": zstd(b"abc"),
    "empty": zstd(b""),
    "one letter": zstd(b"x" * 500_000),
    "noise": zstd(os.urandom(300_000)),
    "streamed": streamed(os.urandom(300_000)),
    "two": zstd(b"abc") + zstd(b"def"),
    "skipped": SKIPPED + zstd(b"abc") + SKIPPED,
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_and_cut_anywhere(name):
    data = WHOLE[name]
    assert is_whole(io.BytesIO(data))
    boundaries = {0, len(zstd(b"abc")), len(SKIPPED), len(SKIPPED) + len(zstd(b"abc"))}
    for cut in {1, 4, 5, 7, 9, len(data) // 2, len(data) - 4, len(data) - 1} - boundaries:
        if cut < len(data):
            assert not is_whole(io.BytesIO(data[:cut])), cut


def test_nothing_is_whole():
    assert is_whole(io.BytesIO(b""))


def test_something_else_behind_it_is_not():
    assert not is_whole(io.BytesIO(zstd(b"abc") + b"garbage"))
