import bz2
import gzip

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wheeltapper.ingest.readers.stream import Stream

TEXT = b"".join(b"line %d\n" % n for n in range(5000))


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


@pytest.fixture
def opened(tmp_path):
    """Call it with bytes; gives a stream over them."""

    def made(data: bytes, **limits: float) -> Stream:
        path = tmp_path / "file"
        path.write_bytes(data)
        streams.append(Stream(path, **({"max_bytes": 1 << 40, "max_ratio": 1e9} | limits)))
        return streams[-1]

    streams: list[Stream] = []
    yield made
    for stream in streams:
        stream.close()


def whole(stream: Stream) -> bytes:
    return b"".join(iter(stream.read, b""))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
@pytest.mark.parametrize("text", [b"", b"x", TEXT, TEXT * 50], ids=["empty", "one", "kb", "mb"])
def test_packed_or_not_the_bytes_are_the_same(tmp_path, opened, pack, text):
    stream = opened(pack(text))
    assert stream.peek(10) == text[:10]
    assert whole(stream) == text
    assert stream.fault == ""
    assert stream.unpacked_bytes == len(text)
    assert stream.packed_bytes == (tmp_path / "file").stat().st_size


def test_several_gzip_members_and_padding_are_one_stream(opened):
    stream = opened(gzip.compress(b"a") + gzip.compress(b"b") + b"\0" * 700)
    assert (whole(stream), stream.fault) == (b"ab", "")


def test_several_zstd_frames_are_one_stream(opened):
    stream = opened(zstd(b"a") + zstd(b"b"))
    assert (whole(stream), stream.fault) == (b"ab", "")


def test_what_follows_a_gzip_and_is_none_is_told(opened):
    stream = opened(gzip.compress(b"a") + b"garbage")
    assert whole(stream) == b"a"
    assert "data that is no gzip follows" in stream.fault


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(cut=st.floats(0.05, 0.999))
def test_however_it_is_cut_the_beginning_is_right(opened, pack, cut):
    packed = pack(TEXT)
    stream = opened(packed[: int(len(packed) * cut)])
    assert TEXT.startswith(whole(stream))
    assert stream.fault.startswith("cut or corrupt: ")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_a_byte_order_mark_is_understood(opened, encoding):
    stream = opened("\ufeffkïm €\n".encode(encoding))
    assert (whole(stream).decode(), stream.fault) == ("kïm €\n", "")


def test_utf_16_that_breaks_off_is_told(opened):
    stream = opened("\ufeffab".encode("utf-16-le") + b"\x00")
    assert whole(stream) == b"ab"
    assert stream.fault.startswith("cut or corrupt: ")


def test_what_was_put_back_is_read_again(opened):
    stream = opened(TEXT)
    some = stream.read_all(10)
    assert len(some) > 10
    stream.push_back(some)
    assert stream.peek(4) == TEXT[:4]
    assert stream.read_all(1 << 30) == TEXT


def test_a_ratio_is_no_reason_in_a_small_file(opened):
    stream = opened(gzip.compress(b"x" * (1 << 20)), max_ratio=2)
    assert len(whole(stream)) == 1 << 20
    assert stream.fault == ""


def test_other_packers_are_bytes_like_any(opened):
    packed = bz2.compress(TEXT)
    assert whole(opened(packed)) == packed
