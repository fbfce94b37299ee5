import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wheeltapper.ingest.readers.linewise import lines


def all_lines(input):
    blocks = list(lines(input))
    found = [pair for b in blocks for pair in zip(b.numbers, b.text, strict=True)]
    return found, [(r.line, r.truncated) for b in blocks for r in b.rejects]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.binary(max_size=30), max_size=40), end=st.sampled_from([b"", b"\n"]))
def test_lines_are_numbered_from_one(input_of, text, end):
    data = b"\n".join(text) + end
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert all_lines(input_of(data)) == (list(enumerate(expected, 1)), [])


@pytest.mark.parametrize("length", [100, 1000, 3_000_000])
def test_a_line_that_is_too_long_becomes_a_reject(input_of, length):
    data = b"a\n" + b"x" * length + b"\nb\n" + b"y" * length
    found, rejects = all_lines(input_of(data, max_record_bytes=99))
    assert found == [(1, b"a"), (3, b"b")]
    assert rejects == [(2, length > 1 << 20), (4, length > 1 << 20)]
