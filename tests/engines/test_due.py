"""What comes last waits for what may come before it; stopped, nothing that was done is lost."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from town import life

from wheeltapper import workspace
from wheeltapper.engines.due import Due
from wheeltapper.engines.local.detect import detect
from wheeltapper.engines.local.follow import Stopped
from wheeltapper.engines.local.ingest import Ingested
from wheeltapper.testing import activities

NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Clock:
    """A clock of ours, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ws(tmp_path) -> workspace.Workspace:
    return workspace.init(tmp_path / "work")


def due_in(ws: workspace.Workspace, clock: Clock) -> Due:
    judged = partial(detect, ws.lake, ws.checkpoint, ws.judges(), step_rows=50, threads=1)
    return Due(ws, judged, clock=lambda: NOW, monotonic=clock)


def test_before_anything_came_nothing_is_judged(ws):
    due = due_in(ws, Clock())
    due.do()
    assert (due.done.judged, ws.checkpoint.manifest().step) == (0, 0)


def test_the_last_acts_wait_until_nothing_came_for_as_long(ws):
    clock = Clock()
    due = due_in(ws, clock)
    ws.lake.append(activities(life(days=3)), "life")
    newest, acts = ws.lake.span()[1:]
    due.added(Ingested(records=acts, added=acts, sources={"x": acts}), 1)
    due.do()
    lateness = timedelta(minutes=ws.config.detect.lateness_minutes)
    watermark = ws.checkpoint.manifest().watermark_us
    assert 0 < due.done.judged < acts
    assert watermark < (newest - lateness).timestamp() * 1e6
    clock.now += lateness.total_seconds()
    due.do()
    assert due.done.judged == acts


def test_where_one_partition_is_behind_the_others_wait(ws):
    due = due_in(ws, Clock())
    ws.lake.append(activities(life(days=3)), "life")
    oldest, newest, acts = ws.lake.span()
    middle = oldest + (newest - oldest) / 2
    due.added(Ingested(records=acts, added=acts, sources={"x": acts}), 1, middle)
    due.do()
    assert ws.checkpoint.manifest().watermark_us < middle.timestamp() * 1e6


def test_stopped_it_ends_after_a_step(ws):
    due = due_in(ws, Clock())
    ws.lake.append(activities(life(days=20)), "life")
    acts = ws.lake.span()[2]
    due.added(Ingested(records=acts, added=acts, sources={"x": acts}), 1)
    due.stop.set()
    with pytest.raises(Stopped):
        due.do()
    assert 0 < due.done.judged < acts
    assert ws.checkpoint.manifest().watermark_us


def test_each_time_is_later_than_the_one_before(ws):
    due = due_in(ws, Clock())
    assert due.received() < due.received() < due.received()
