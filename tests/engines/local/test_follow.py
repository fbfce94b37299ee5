"""Following, pass by pass, with clocks of the test's own: what is said live is what a run says."""

import json
import random
import resource
import threading
from datetime import UTC, datetime, timedelta

import pytest

import office as office_log
from wheeltapper import finding, workspace
from wheeltapper.engines.local import follow
from wheeltapper.engines.local.follow import Follower, Pace
from wheeltapper.engines.local.meters import Meters
from wheeltapper.engines.local.spool import About, Spool

LINES = list(office_log.records())
LATENESS_S = 2 * 86_400
NEVER = threading.Event()


def said(ws):
    columns = [name for name in finding.SCHEMA.names if name != "event_ids"]
    return sorted(json.dumps(r, default=str) for r in ws.findings().select(columns).to_dicts())


class Live:
    """A workspace that is followed, and the clocks."""

    def __init__(self, root):
        ws = workspace.init(root / "work")
        minutes = LATENESS_S / 60
        (ws.root / "wheeltapper.toml").write_text(f"[detect]\nlateness_minutes = {minutes}\n")
        self.ws = workspace.open(ws.root)
        self.logs = root / "logs"
        self.logs.mkdir()
        self.now, self.seconds = datetime.now(UTC), 0.0
        self.spool = Spool(self.ws.root / "spool", 1 << 30)
        self.follower = self.started()

    def started(self, **how):
        return Follower(
            self.ws, [self.logs], spool=self.spool, meters=Meters(self.spool),
            clock=lambda: self.now, **{"monotonic": lambda: self.seconds, **how},
        )  # fmt: skip

    def write(self, lines, name="okta.ndjson"):
        with (self.logs / name).open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)

    def step(self):
        self.follower.step(NEVER)

    def quiet(self):
        """So long nothing comes that the last acts are judged as well."""
        self.seconds += LATENESS_S
        self.step()

    @property
    def watermark(self):
        us = self.ws.checkpoint.manifest().watermark_us
        return None if us is None else datetime.fromtimestamp(us / 1e6, UTC)


@pytest.fixture
def live(tmp_path):
    return Live(tmp_path)


def disordered(lines, hours, seed=3):
    """Each line up to so many hours after its place."""
    draw = random.Random(seed)
    at = [datetime.fromisoformat(json.loads(line)["published"]) for line in lines]
    when = [time + timedelta(hours=draw.uniform(0, hours)) for time in at]
    return [line for _, line in sorted(zip(when, lines, strict=True))]


def test_disorder_within_the_lateness_costs_nothing(live, office):
    lines = disordered(LINES, 40)
    assert lines != LINES
    for at in range(0, len(lines), 270):
        live.write(lines[at : at + 270])
        live.step()
        assert live.watermark is None or live.watermark < office_log.FIRST + timedelta(days=40)
    behind = live.ws.lake.span()[1] - live.watermark
    assert timedelta(days=2) < behind < timedelta(days=3)
    live.quiet()
    assert live.watermark == live.ws.lake.span()[1]
    assert said(live.ws) == said(office)
    assert live.follower.done.late == 0
    assert live.follower.done.judged == live.follower.done.added == len(LINES)
    assert live.follower.done.findings == len(said(office))
    assert live.follower.done.cases == len(office.cases())


@pytest.mark.slow
def test_a_restart_between_passes_changes_nothing_and_nor_does_reading_again(live, office):
    for at in range(0, len(LINES), 540):
        live.write(LINES[at : at + 540])
        live.step()
        live.follower = live.started()  # follow.json was not saved: all is read again
    live.step()
    live.quiet()
    assert said(live.ws) == said(office)


@pytest.mark.slow
def test_what_comes_later_is_late_and_a_replay_says_what_was_said_live(live, office):
    token = [line for line in LINES if '"event-1076"' in line]  # an API token, made at night
    live.write([line for line in LINES if line not in token])
    live.step()
    live.quiet()
    live.write(token)
    live.step()
    assert live.follower.done.late == 1
    assert [row for row in said(live.ws) if '"rule.' in row] == [
        row for row in said(office) if '"rule.' in row
    ]
    before = said(live.ws)
    live.ws.detect(replay=True)
    assert said(live.ws) == before


@pytest.mark.slow
def test_an_act_from_the_future_does_not_make_the_others_late(live):
    ahead = office_log.record("ana", live.now + timedelta(hours=20), "user.session.start", 1)
    usual = [
        office_log.record("ben", live.now - timedelta(days=days), "user.session.start", days)
        for days in (5, 4, 3, 1)
    ]
    live.write([*usual[:2], ahead])
    live.step()
    assert live.watermark == datetime.fromisoformat(json.loads(usual[1])["published"])
    live.write(usual[2:])
    live.step()
    assert live.follower.done.late == 0
    live.quiet()
    assert live.watermark < live.now
    live.now += timedelta(days=1)
    live.quiet()
    assert live.watermark > live.now - timedelta(hours=5)


@pytest.mark.slow
def test_a_clock_that_is_set_back_hides_no_late_act(live):
    token = [line for line in LINES if '"event-1076"' in line]
    live.write([line for line in LINES if line not in token])
    live.step()
    live.quiet()
    live.now -= timedelta(days=3)
    live.write(token)
    live.step()
    assert len(live.ws.findings(detector="rule.okta_api_token_created")) == 1


def test_rejects_are_told_by_the_file_and_line_they_come_from(live):
    live.write([*LINES[:3], '{"eventType": "user.session.start", "published": '])
    live.step()
    live.write([LINES[3], "{"])
    live.step()
    texts = [path.read_text() for path in live.ws.rejects.iterdir()]
    kept = [json.loads(line) for text in texts for line in text.splitlines()]
    where = sorted((one["file"], one["line"]) for one in kept)
    path = str(live.logs / "okta.ndjson")
    assert where == [(path, 4), (path, 6)]


def test_what_came_by_http_is_of_the_kind_that_was_named(live):
    body = json.dumps({"time": "2026-01-05T08:00:00Z", "user": "ana", "action": "view"}).encode()
    live.spool.put([body], About(origin="http", source="generic_json"))
    live.step()
    assert live.ws.activities()["source"].to_list() == ["generic_json"]
    assert live.spool.entries() == []


@pytest.mark.slow
def test_it_stops_when_it_is_asked_to_and_says_what_was_done(live):
    live.write(LINES)
    live.follower = live.started(every_s=0.01, monotonic=lambda: 0.0)
    stop = threading.Event()
    done = []
    thread = threading.Thread(target=lambda: done.append(live.follower.run(stop)))
    thread.start()
    while not live.follower.done.judged and thread.is_alive():
        stop.wait(0.05)
    stop.set()
    thread.join()
    assert done[0].added == len(LINES)
    assert 0 < done[0].judged < len(LINES)
    assert done[0].findings == len(live.ws.findings())
    assert (live.ws.root / "state" / "follow.json").exists()


@pytest.mark.slow
def test_a_disk_that_takes_no_more_is_waited_for(live):
    """A limit on the size of files, set by the system, fails a write as a full disk does."""
    many = [office_log.record("ana", office_log.FIRST, f"user.x{n}", n) for n in range(4000)]
    live.write(many)
    live.follower = live.started(every_s=0.01, monotonic=lambda: 0.0)
    stop = threading.Event()
    thread = threading.Thread(target=lambda: live.follower.run(stop))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        thread.start()
        while "wheeltapper_failures_total 0.0" in live.follower._meters.text().decode():
            stop.wait(0.02)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    while live.follower.done.added < len(many) and thread.is_alive():
        stop.wait(0.05)
    stop.set()
    thread.join()
    assert len(live.ws.activities(columns=["time"])) == len(many)


def test_small_files_are_put_together_now_and_then(live, monkeypatch):
    monkeypatch.setattr(follow, "COMPACT_COMMITS", 10)
    for number, line in enumerate(LINES[:12]):  # of one day
        live.write([line])
        live.step()
        files = live.ws.lake._activities.snapshot().files
        assert len(files) == (number + 1 if number < 9 else number - 8)
    assert len(live.ws.activities(columns=["time"])) == 12


def test_costly_work_keeps_to_its_share_of_the_time():
    at = [0.0]
    pace = Pace(0.2, lambda: at[0])
    assert pace.due
    at[0] = 10.0
    pace.took(2.0)
    assert not pace.due
    at[0] = 18.0
    assert pace.due
