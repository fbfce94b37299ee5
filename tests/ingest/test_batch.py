import pytest

from wheeltapper.ingest.batch import RAW_KEPT_BYTES, reject


def test_bytes_that_are_no_text_are_kept_readable():
    kept = reject("a.log", 3, "bad", b"k\xffm")
    assert (kept.file, kept.line, kept.reason) == ("a.log", 3, "bad")
    assert (kept.raw, kept.truncated) == (r"k\xffm", False)


@pytest.mark.parametrize(("length", "truncated"), [(0, False), (1, True)])
def test_of_a_long_record_the_beginning_is_kept(length, truncated):
    kept = reject("a.log", 1, "long", b"x" * (RAW_KEPT_BYTES + length))
    assert (len(kept.raw), kept.truncated) == (RAW_KEPT_BYTES, truncated)


def test_what_was_not_held_counts_too():
    assert reject("a.log", 1, "long", b"x", 10 << 20).truncated
