from datetime import UTC, datetime

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.ingest import Sources, waiting
from wheeltapper.ingest.waiting import Pending, Segment

NOW = datetime(2026, 11, 24, tzinfo=UTC)
OKTA = Sources.load().named("okta")


def segment(texts: list[str], file: str = "a") -> Segment:
    return Segment(file, NOW, pa.array(texts, pa.string()), range(1, len(texts) + 1))


def flat(segments: list[Segment]) -> list[tuple[str, int, str]]:
    return [
        (s.file, line, text)
        for s in segments
        for line, text in zip(s.lines, s.text.to_pylist(), strict=True)
    ]


@given(
    files=st.lists(st.lists(st.text(max_size=5), max_size=6), max_size=6),
    records=st.integers(1, 8),
)
def test_what_is_put_in_comes_out_in_order(files, records):
    pending = Pending(OKTA, certain=False)
    expected = []
    for number, texts in enumerate(files):
        made = segment(texts, str(number))
        pending.add(made)
        expected += flat([made])
    found = []
    while pending.records:
        taken = flat(pending.take(records))
        assert len(taken) == min(records, len(expected) - len(found))
        found += taken
    assert found == expected
    assert pending.bytes == 0


def test_large_records_make_small_batches(monkeypatch):
    monkeypatch.setattr(waiting, "BATCH_BYTES", 10)
    pending = Pending(OKTA, certain=True)
    for text in ("x" * 8, "y" * 8, "z"):
        pending.add(segment([text]))
    assert [len(s.text) for s in pending.take(100)] == [1, 1]
    assert (pending.records, pending.bytes) == (1, 1)


def test_a_record_of_a_part_is_itself():
    part = segment(["a", "bb", "ccc"]).part(1, 3)
    assert (part.raw(0), part.raw(1), list(part.lines), part.bytes) == (b"bb", b"ccc", [2, 3], 5)
