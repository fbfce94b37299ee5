"""Tasks are plain functions over Arrow batches: what they do needs no cluster to be seen."""

import dataclasses

import pyarrow as pa
import pytest

from wheeltapper import workspace
from wheeltapper.engines.local.checkpoint import Manifest
from wheeltapper.engines.spark.task import ANSWER, FINDINGS, WORKER, Job, apart, read, shown
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import activities
from wheeltapper.testing import activity as act


@pytest.fixture
def ws(tmp_path) -> workspace.Workspace:
    return workspace.init(tmp_path / "work")


def job(ws: workspace.Workspace, *rows: dict, pieces: int = 1) -> Job:
    ws.lake.append(activities(rows), "acts")
    return Job(
        root=str(ws.root), lake=ws.config.lake_path(ws.root), off=(), manifest=Manifest(), step=1,
        pieces=tuple(ws.lake.windows(rows=-(-len(rows) // pieces))), shards=4, workers=2,
        exchange=str(ws.root), include_late=False, days=(),
    )  # fmt: skip


def of(job: Job) -> list[pa.RecordBatch]:
    numbers = pa.record_batch({"id": list(range(len(job.pieces)))})
    return list(shown(job)(iter([numbers])))


def test_each_act_is_shown_to_every_worker_that_has_a_shard_of_it(ws):
    rows = [act(f"person{n}", minutes=n, src_ip=f"192.0.2.{n}") for n in range(40)]
    batches = of(job(ws, *rows))
    assert [b[WORKER].to_pylist() for b in batches] == [[0], [1]]
    shares = [apart(iter([b]))[0] for b in batches]
    seen = {one for share in shares for one in share["event_id"].to_pylist()}
    assert seen == set(activities(rows)["event_id"].to_pylist())
    assert min(map(len, shares)) < len(rows)
    assert "raw" not in shares[0].column_names


def test_pieces_come_in_order_whoever_was_first(ws):
    rows = [act("ana", minutes=n, src_ip="192.0.2.1") for n in range(40)]
    there = job(ws, *rows, pieces=4)
    assert len(there.pieces) == 4
    of_one = [b for b in of(there) if b[WORKER][0].as_py() == of(there)[0][WORKER][0].as_py()]
    acts, _ = apart(reversed(of_one))
    assert acts["time"].to_pylist() == activities(rows)["time"].to_pylist()


def test_late_acts_are_shown_to_no_worker_but_where_they_are_to_be_taken(ws):
    late = job(ws, act("ana", late=True, src_ip="192.0.2.1"))
    assert of(late) == []
    assert of(dataclasses.replace(late, include_late=True))


def test_rules_judge_where_acts_are_read_late_ones_too(ws):
    odd = act(
        "ana", source="aws_cloudtrail", late=True,
        raw='{"eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging"}',
    )  # fmt: skip
    (said,) = of(job(ws, odd))
    acts, (by_rules,) = apart(iter([said]))
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


def test_without_the_extra_it_is_named(tmp_path):
    with pytest.raises(WheeltapperError, match=r"needs the extra \[spark\]; install it with"):
        workspace.init(tmp_path / "work").detect(engine="spark")
