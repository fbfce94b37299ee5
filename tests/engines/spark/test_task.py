"""Tasks are plain functions over Arrow batches: what they do needs no cluster to be seen."""

import dataclasses

import pyarrow as pa
import pytest

from wheeltapper import activity, workspace
from wheeltapper.engines.local.checkpoint import Manifest
from wheeltapper.engines.spark.detect import SCHEMA_DDL
from wheeltapper.engines.spark.task import ANSWER, FINDINGS, FOUND, WORKER, Job, apart, dealt, read
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import activities
from wheeltapper.testing import activity as act


@pytest.fixture
def job(tmp_path) -> Job:
    ws = workspace.init(tmp_path / "work")
    return Job(
        root=str(ws.root), off=(), manifest=Manifest(), step=1, shards=4, workers=2,
        exchange=str(tmp_path), include_late=False, days=(),
    )  # fmt: skip


def given(*rows) -> pa.RecordBatch:
    (batch,) = activities(rows).combine_chunks().to_batches()
    return batch


def test_each_act_is_shown_to_every_worker_that_has_a_shard_of_it(job):
    acts = given(*(act(f"person{n}", minutes=n, src_ip=f"192.0.2.{n}") for n in range(40)))
    names = ["event_id", "time", "late", *activity.ENTITY_COLUMNS]
    shown = list(dealt(job, names)(iter([acts])))
    assert [set(b[WORKER].to_pylist()) for b in shown] == [{0}, {1}]
    seen = {one for b in shown for one in b["event_id"].to_pylist()}
    assert seen == set(acts["event_id"].to_pylist())
    assert min(len(b) for b in shown) < len(acts)
    assert shown[0].schema.names == [*names, WORKER, FOUND]


def test_late_acts_are_shown_to_no_worker_but_where_they_are_to_be_taken(job):
    late = given(act("ana", late=True, src_ip="192.0.2.1"))
    assert list(dealt(job, late.schema.names)(iter([late]))) == []
    job = dataclasses.replace(job, include_late=True)
    assert list(dealt(job, late.schema.names)(iter([late])))


def test_rules_judge_where_acts_lie_late_ones_too_and_are_silent_without(job):
    plain = given(act("ana"))
    names = plain.schema.names
    assert all(b[FOUND].null_count for b in dealt(job, names)(iter([plain])))
    odd = given(
        act(
            "ana", source="aws_cloudtrail", late=True,
            raw='{"eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging"}',
        )
    )  # fmt: skip
    (said,) = dealt(job, names)(iter([odd]))
    acts, (by_rules,) = apart([said])
    assert (len(acts), said[WORKER].to_pylist()) == (0, [0])
    answer = [{"kind": FINDINGS, "name": "", "data": by_rules}]
    found = read(pa.Table.from_pylist(answer, ANSWER)).findings
    assert {name.partition(".")[0] for name in found["detector"].to_pylist()} == {"rule"}


def test_answers_are_put_together_and_the_slowest_worker_counts():
    nothing = read(ANSWER.empty_table())
    assert (len(nothing.findings), nothing.files, nothing.seconds) == (0, {}, {})
    rows = [("file", "detect-1-actor-0.arrow", b"abc"), ("seconds", "judge", b"1.5"),
            ("seconds", "judge", b"2.5")]  # fmt: skip
    said = read(pa.Table.from_pylist([dict(zip(ANSWER.names, r, strict=True)) for r in rows]))
    assert said.files == {"detect-1-actor-0.arrow": "abc"}
    assert said.seconds == {"judge": 2.5}


def test_spark_is_told_of_every_column():
    assert [part.split("`")[1] for part in SCHEMA_DDL.split(", ")] == activity.SCHEMA.names


def test_without_the_extra_it_is_named(tmp_path):
    with pytest.raises(WheeltapperError, match=r"needs the extra \[spark\]; install it with"):
        workspace.init(tmp_path / "work").detect(engine="spark")
