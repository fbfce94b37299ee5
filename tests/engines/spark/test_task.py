"""Tasks are plain functions over Arrow batches: what they do needs no cluster to be seen."""

import pyarrow as pa
import pytest

from wheeltapper import activity, workspace
from wheeltapper.engines.local.checkpoint import Manifest
from wheeltapper.engines.spark.detect import SCHEMA_DDL
from wheeltapper.engines.spark.task import ANSWER, WORKER, Job, dealt, read, ruled
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import activities
from wheeltapper.testing import activity as act


@pytest.fixture
def job(tmp_path) -> Job:
    ws = workspace.init(tmp_path / "work")
    return Job(
        root=str(ws.root), off=(), manifest=Manifest(), step=1, shards=4, workers=2,
        exchange=str(tmp_path), days=(),
    )  # fmt: skip


def test_each_act_is_shown_to_every_worker_that_has_a_shard_of_it(job):
    acts = activities([act(f"person{n}", minutes=n, src_ip=f"192.0.2.{n}") for n in range(40)])
    (batch,) = acts.combine_chunks().to_batches()
    shown = list(dealt(job)(iter([batch])))
    assert [set(b[WORKER].to_pylist()) for b in shown] == [{0}, {1}]
    seen = {one for b in shown for one in b["event_id"].to_pylist()}
    assert seen == set(acts["event_id"].to_pylist())
    assert min(len(b) for b in shown) < len(acts)
    assert shown[0].schema.names == [*acts.schema.names, WORKER]


def test_rules_answer_with_findings_and_are_silent_without(job):
    (plain,) = activities([act("ana")]).combine_chunks().to_batches()
    assert list(ruled(job)(iter([plain]))) == []
    odd = act(
        "ana", source="aws_cloudtrail",
        raw='{"eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging"}',
    )  # fmt: skip
    (batch,) = activities([odd]).combine_chunks().to_batches()
    answers = list(ruled(job)(iter([batch])))
    found, files = read(pa.Table.from_batches(answers, ANSWER))
    assert files == {}
    assert {name.partition(".")[0] for name in found["detector"].to_pylist()} == {"rule"}


def test_nothing_said_is_no_finding():
    found, files = read(ANSWER.empty_table())
    assert (len(found), files) == (0, {})


def test_spark_is_told_of_every_column():
    assert [part.split("`")[1] for part in SCHEMA_DDL.split(", ")] == activity.SCHEMA.names


def test_without_the_extra_it_is_named(tmp_path):
    with pytest.raises(WheeltapperError, match=r"needs the extra \[spark\]; install it with"):
        workspace.init(tmp_path / "work").detect(engine="spark")
