"""What runs on Flink are plain functions: no cluster is needed to play a stream, twice or torn."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from town import life

from wheeltapper import finding, workspace
from wheeltapper.engines.flink.detect import newest_checkpoint, reason
from wheeltapper.engines.flink.task import (
    Job,
    Judging,
    Keeper,
    Reader,
    Said,
    packed,
    unpacked,
)
from wheeltapper.engines.wire import to_bytes
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import activities


@pytest.fixture
def ws(tmp_path) -> workspace.Workspace:
    ws = workspace.init(tmp_path / "work")
    ws.lake.append(activities(life(days=40)), "life")
    return ws


@pytest.fixture
def job(ws, tmp_path) -> Job:
    attempt = ws.root / "state" / "attempt-1"
    attempt.mkdir(parents=True)
    rows = 200
    windows = tuple(ws.lake.windows(None, None, rows))
    return Job(
        root=str(ws.root), lake=ws.config.lake_path(ws.root), off=(), powershell=False, base=0,
        windows=windows, step_rows=rows, shards=2, workers=1, include_late=False,
        attempt=str(attempt),
    )  # fmt: skip


class Waiting(dict[int, Said]):
    """What Flink keeps for the keeper."""

    contains = dict.__contains__

    def get(self, key: int) -> Said:
        return self[key]

    put = dict.__setitem__
    remove = dict.__delitem__


def played(job: Job, *, forget: int = 0) -> int:
    """Play the stream; all but Flink's state is forgotten after every `forget` steps.

    Then the stream begins one step earlier than it had come. How many steps became true.
    """
    all_of_them = range(job.workers)
    judging, keeper, true = [Judging(job) for _ in all_of_them], Keeper(job), 0
    states: list[bytes | None] = [None for _ in all_of_them]
    before, waiting = states, Waiting()
    with ThreadPoolExecutor(max(job.workers, 1)) as pool:
        for number in range(len(job.windows)):
            for again in (False, True) if forget and number % forget == 1 else (False,):
                if again:
                    judging, keeper = [Judging(job) for _ in all_of_them], Keeper(job)
                    states = before
                given = list(Reader(job).read(number))
                after = list(pool.map(lambda j, s, g: j.answer(s, g), judging, states, given))
                before, states = states, [one[0] for one in after if one]
                true += sum(keeper.take(one[1], waiting) is not None for one in after if one)
                assert not waiting
                assert judging[0].answer(states[0], given[0]) is None
    return true


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_stream_played_again_from_any_state_makes_each_step_true_once(ws, job, workers):
    job = replace(job, workers=workers)
    ws.detect(replay=True)
    alone = ws.lake.findings().to_pylist()
    assert len(alone) > 3
    (ws.root / "state" / "manifest.json").unlink()
    ws.lake.replace_findings()
    assert played(job, forget=2) == len(job.windows) > 3
    assert ws.lake.findings().to_pylist() == alone
    assert ws.detect(jobs=2).acts == 0
    assert played(replace(job, windows=())) == 0


def test_a_worker_that_ran_ahead_before_a_checkpoint_has_answered(ws, job):
    """What it said is in the checkpoint, and is not said again."""
    job = replace(job, workers=2)
    keeper, waiting = Keeper(job), Waiting()
    about = json.dumps({"acts": 1, "watermark_us": 1, "received_us": 1})
    none = packed({"found": to_bytes(finding.SCHEMA.empty_table())})
    for step in (1, 2, 3):
        assert keeper.take((0, step, about, none), waiting) is None
    kept = Waiting(waiting)
    assert keeper.take((1, 1, about, none), waiting) == 1
    again = Keeper(job)
    assert [again.take((1, step, about, none), kept) for step in (1, 2, 3)] == [None, 2, 3]
    assert not kept
    assert ws.checkpoint.manifest().step == 3


def test_a_step_that_is_missing_is_told(job):
    (given,) = Reader(job).read(1)
    with pytest.raises(WheeltapperError, match="stands at step 0 and is shown step 2"):
        Judging(job).answer(None, given)
    answer = (0, 2, "{}", b"")
    with pytest.raises(WheeltapperError, match="after step 0 came step 2"):
        Keeper(job).take(answer, Waiting())


def test_a_job_is_the_same_when_it_is_read_again(job):
    assert Job.from_json(job.to_json()) == job


def test_parts_keep_their_names():
    assert unpacked(packed({"a": b"\0", "b": b""})) == {"a": b"\0", "b": b""}


def test_only_a_checkpoint_that_was_finished_counts(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    for name in ("checkpoints/x/chk-1", "checkpoints/x/chk-2"):
        (tmp_path / name).mkdir(parents=True)
    whole = tmp_path / "checkpoints" / "x" / "chk-1"
    (whole / "_metadata").touch()
    assert newest_checkpoint(tmp_path) == whole


def test_of_a_long_trace_our_own_words_are_told():
    trace = (
        "at org.apache.X\nwheeltapper.errors.WheeltapperError: a disk is full.\nCaused by: x.Y: z"
    )
    assert reason(trace) == "a disk is full"
    assert reason("a\nCaused by: java.io.IOException: no space left") == "no space left"
    assert reason("") == "it is gone"


def test_without_the_extra_it_is_named(tmp_path):
    with pytest.raises(WheeltapperError, match=r"needs the extra \[flink\]"):
        workspace.init(tmp_path / "work").detect(engine="flink")
    assert not (Path(tmp_path) / "work" / "state" / "flink").exists()
