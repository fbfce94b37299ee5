import pytest

from wheeltapper.ingest.readers.messages import MAGIC, READER, framed


def file(*messages):
    return MAGIC + b"".join(framed(offset, value) for offset, value in messages)


@pytest.mark.parametrize(
    ("value", "records"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b' {"a":1}\n', [b'{"a":1}']),
        (b'{\n "a": 1\n}', [b'{\n "a": 1\n}']),
        (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (b'[{"a":1},{"b":2}]', [b'{"a":1}', b'{"b":2}']),
        (b'{"Records":[{"a":1},{"b":2}]}', [b'{"a":1}', b'{"b":2}']),
        (b"[]", []),
        (b"one\r\ntwo\n", [b'{"line":"one"}', b'{"line":"two"}']),
        (b"[warn] three", [b'{"line":"[warn] three"}']),
    ],
)
def test_a_message_in_every_form(taken, value, records):
    for beside in (b'{"c":3}', b"text"):  # what stands beside it changes nothing
        name, found, rejects = taken(file((0, value), (7, beside)))
        assert (name, rejects) == ("messages", [])
        assert [record for line, record in found if line == 1] == records
        assert [line for line, _ in found][-1] == 8


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "empty message"),
        (b" \n", "empty message"),
        (b'{"a":1}\n{"b":', "not valid JSON"),
        (b"[{},", "not valid JSON"),
        (b"[{}, 1]", "not a JSON object"),
        (b"\0\0\0\0\x01\x02\x03", "neither JSON nor text"),
        (b"caf\xe9", "not valid UTF-8"),
        (b'{"a":"' + b"x" * 20_000_000 + b'"}', "longer than 16 MiB"),
    ],
)
def test_a_bad_one_costs_itself(taken, value, reason):
    _, found, rejects = taken(file((3, b'{"a":1}'), (4, value), (9, b'{"b":2}')))
    assert [found[0], found[-1]] == [(4, b'{"a":1}'), (10, b'{"b":2}')]
    ((line, why),) = rejects
    assert line == 5
    assert reason in why


@pytest.mark.parametrize("end", [len(MAGIC) + 5, len(MAGIC) + 14, -1])
def test_a_file_that_ends_early_says_so(input_of, end):
    input = input_of(file((0, b'{"a":1}'), (1, b'{"b":2}'))[:end])
    found = [raw for chunk in READER.read(input) for raw in chunk.raw]
    assert found == [b'{"a":1}'] * (end == -1)
    assert input.stream.fault == "ends in the middle of a message"


def test_a_length_that_lies_is_not_believed(input_of):
    input = input_of(MAGIC + b"\0" * 8 + b"\xff\xff\xff\xff" + b"x" * 100)
    assert list(READER.read(input)) == []
    assert input.stream.fault == "ends in the middle of a message"


def test_one_that_is_too_long_is_kept_in_part(input_of):
    data = file((0, b"x" * 3_000_000), (1, b"y" * 2000), (2, b'{"a":1}'))
    (chunk,) = READER.read(input_of(data, max_record_bytes=1000))
    assert chunk.raw == [b'{"a":1}']
    assert [len(one.raw) for one in chunk.rejects] == [1 << 20, 2000]
    assert [one.truncated for one in chunk.rejects] == [True, False]


def test_many(taken):
    _, found, rejects = taken(file(*((n, b'{"a":%d}' % n) for n in range(20_000))))
    assert rejects == []
    assert found == [(n + 1, b'{"a":%d}' % n) for n in range(20_000)]
