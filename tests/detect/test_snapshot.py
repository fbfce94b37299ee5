import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from judging import ACTS, SECRET, detector, judged, table_of

from wheeltapper.detect import snapshot
from wheeltapper.detect.family import families
from wheeltapper.detect.process import process, start
from wheeltapper.testing import activities, activity

ALL = [detector(name) for name in sorted(families())]
ROWS = [activity(days=i % 9, minutes=i, action=f"a{i}", session="s") for i in range(300)]


def state_of(table, detectors):
    state, _ = process(start(detectors), table, detectors, SECRET)
    return snapshot.to_bytes(state, detectors)


@given(ACTS)
def test_there_and_back_is_the_same_to_the_byte(acts):
    _, data = judged(table_of(acts), ALL)
    state, anew = snapshot.from_bytes(data, ALL)
    assert anew == []
    assert snapshot.to_bytes(state, ALL) == data


def test_arrays_come_back_with_their_types_and_own_their_memory():
    data = state_of(activities(ROWS), ALL)
    state, _ = snapshot.from_bytes(data, ALL)
    for one in ALL:
        fresh = families()[one.family].start()
        for name, array in state.detectors[one.name].own._asdict().items():
            assert array.dtype == getattr(fresh, name).dtype
            assert array.flags.writeable
            assert array.flags.owndata


def test_spare_room_for_entities_is_not_saved():
    few, more = (
        state_of(activities([activity(f"user{i}") for i in range(n)]), ALL) for n in (65, 66)
    )
    assert len(few) < len(more)
    assert len(more) - len(few) < 2000


def test_a_family_that_an_update_gave_another_state_starts_anew(monkeypatch):
    data = state_of(activities(ROWS), ALL)
    rate = families()["rate"]

    def wider():
        own = rate.start()
        return own._replace(entities=np.zeros(0, [*own.entities.dtype.descr, ("new", "f8")]))

    monkeypatch.setitem(families(), "rate", replace(rate, start=wider))
    state, anew = snapshot.from_bytes(data, ALL)
    assert anew == ["test.rate"]
    assert "new" in state.detectors["test.rate"].own.entities.dtype.names


def test_a_detector_that_changed_starts_anew_and_the_others_go_on():
    data = state_of(activities(ROWS), ALL)
    changed = [
        detector("novelty", unit="session"),
        *(d for d in ALL if d.family != "novelty"),
        detector("rate", name="test.later"),
    ]
    state, anew = snapshot.from_bytes(data, changed)
    assert anew == ["test.novelty", "test.later"]
    assert state.detectors["test.novelty"].own.size.tolist() == [0, 0]
    again, found = process(state, activities([activity(days=20)]), changed, SECRET)
    assert again.watermark_us > 0
    baselines = {f["detector"]: f["baseline_n"] for f in found.to_pylist()}
    assert baselines["test.novelty"] == 0


@pytest.mark.parametrize(
    "change",
    [{"filter": "actor = 'ana'"}, {"entity": "app"}, {"value": "app"}, {"unit": "day"},
     {"peers": ""}, {"settings": {"theta": 2.0}}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_makes_old_state_mean_something_else_changes_the_fingerprint(change):
    assert snapshot.fingerprint(detector("novelty", **change)) != snapshot.fingerprint(
        detector("novelty")
    )


def test_words_do_not_change_the_fingerprint():
    same = detector("novelty", about="other words", says="so", weight=0.1, attack=("T1078",))
    assert snapshot.fingerprint(same) == snapshot.fingerprint(detector("novelty"))


def with_version(data, version):
    table = pa.ipc.open_stream(data).read_all()
    meta = json.loads(table.schema.metadata[b"wheeltapper"]) | {"version": version}
    table = table.replace_schema_metadata({"wheeltapper": json.dumps(meta)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_an_earlier_layout_starts_anew_but_not_before_its_time():
    data = state_of(activities(ROWS), ALL)
    state, anew = snapshot.from_bytes(with_version(data, snapshot.VERSION - 1), ALL)
    assert anew == [d.name for d in ALL]
    with pytest.raises(ValueError, match="none before the watermark"):
        process(state, activities(ROWS[:1]), ALL, SECRET)


def test_a_later_layout_is_refused():
    data = with_version(state_of(activities(ROWS), ALL), 99)
    with pytest.raises(ValueError, match=f"version 99, this program reads {snapshot.VERSION}"):
        snapshot.from_bytes(data, ALL)


def _other_stream():
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("a", pa.int64())])) as writer:
        writer.write_table(pa.table({"a": [1]}))
    return bytes(sink.getvalue())


@pytest.mark.parametrize("data", [b"", b"nope", b"\x00" * 64, _other_stream()], ids=range(4))
def test_what_is_no_snapshot_is_refused(data):
    with pytest.raises(ValueError, match="not a snapshot of detection state"):
        snapshot.from_bytes(data, ALL)


def test_every_truncation_is_refused_or_harmless():
    data = state_of(activities(ROWS[:5]), ALL)
    for end in np.linspace(0, len(data) - 1, 25, dtype=int):
        with pytest.raises((ValueError, OSError)):
            snapshot.from_bytes(data[:end], ALL)
