"""The commands of the main job as processes and, where that is enough, in this one."""

import json
import logging
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from click.testing import CliRunner

import office as office_log
from wheeltapper import workspace
from wheeltapper.cli import main
from wheeltapper.testing import activities
from wheeltapper.testing import activity as act

LINES = list(office_log.records())


def command(root, *arguments):
    return [sys.executable, "-m", "wheeltapper.cli", "-w", str(root), *map(str, arguments)]


@pytest.fixture(autouse=True)
def _as_before():
    """A run that follows sends all logging of its process elsewhere."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def ws(tmp_path):
    return workspace.init(tmp_path / "work")


def start(ws, *arguments):
    return subprocess.Popen(
        command(ws.root, "run", *arguments, "--every", "0.1", "--log", "json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(process, wanted):
    """Lines of the log up to one that `wanted` says yes to."""
    seen = []
    for text in process.stderr:
        seen.append(json.loads(text))
        if wanted(seen[-1]):
            return seen
    raise AssertionError(f"it ended and said {seen}")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_follows_until_it_is_told_to_stop_and_says_what_was_done(ws, tmp_path, number):
    logs = office_log.write(tmp_path / "logs")
    process = start(ws, logs, "--follow")
    try:
        until(process, lambda line: line.get("stage") == "refine")
        again = CliRunner().invoke(main, ["-w", str(ws.root), "run", str(logs)])
        assert again.exit_code == 1
        assert f"following, process {process.pid}" in again.output
    finally:
        process.send_signal(number)
    out, rest = process.communicate(timeout=120)
    last = json.loads(rest.splitlines()[-1])
    assert (process.returncode, out) == (0, "")
    assert last["stage"] == "stopped"
    assert (last["added"], last["rejected"]) == (len(LINES), 1)
    assert last["findings"] == len(ws.findings()) > 0
    assert last["cases"] == len(ws.cases())


def test_what_cannot_be_followed_is_said_at_once(ws, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(main, ["-w", str(ws.root), "run", *map(str, arguments)])

    gone = run(tmp_path / "gone", "--follow")
    assert gone.exit_code == 1
    assert "no such file or folder" in gone.output
    tea = run(tmp_path, "--follow", "--source", "tea")
    assert tea.exit_code == 1
    assert "no log kind is called 'tea'" in tea.output
    assert run().exit_code == 2
    told = CliRunner().invoke(
        main, ["-w", str(ws.root), "run", "gone", "--follow", "--log", "json"]
    )
    assert told.exit_code == 1
    assert "no such file" in json.loads(told.stderr)["message"]
    for address in ("8643", "localhost", ":8643", "127.0.0.1:99999", "127.0.0.1:tea"):
        assert "is no address" in run("--listen", address).output


@pytest.mark.slow
def test_it_takes_logs_by_http_and_tells_how_it_is(ws):
    process = start(ws, "--listen", "127.0.0.1:0")
    try:
        port = until(process, lambda line: line.get("stage") == "listening")[-1]["port"]
        token = (ws.root / "state" / "intake-token").read_text().strip()

        def asked(path, body=None):
            headers = {"authorization": f"Bearer {token}"}
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
            with urllib.request.urlopen(request) as answer:  # noqa: S310  # our own address
                return answer.read().decode()

        assert asked("/ingest?source=okta", "\n".join(LINES[:300]).encode())
        until(process, lambda line: line.get("stage") == "ingest" and line["added"] == 300)
        assert json.loads(asked("/healthz")) == {"ok": True}
        assert json.loads(asked("/readyz")) == {"ok": True, "wrong": {}}
        assert 'wheeltapper_events_total{source="okta"} 300.0' in asked("/metrics")
    finally:
        process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads(rest.splitlines()[-1])["added"] == 300


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_moment_it_finds_the_same_when_it_is_started_again(ws, tmp_path, office):
    """Each time some days are written, and then it is killed within the pass that takes them."""
    settings = "[detect]\nlateness_minutes = 2880\nstep = 100\n[ingest]\nbatch = 60\n"
    (ws.root / "wheeltapper.toml").write_text(settings)
    logs = tmp_path / "logs"
    logs.mkdir()
    kills = 12
    size = len(LINES) // kills
    for kill in range(kills):
        with (logs / f"{kill // 4}.ndjson").open("a") as file:
            file.writelines(line + "\n" for line in LINES[kill * size : (kill + 1) * size])
        process = start(ws, logs, "--follow")
        stages = ["ingest", "detect", "ingest", "refine"]
        wanted = stages[kill % len(stages)]
        until(process, lambda line, wanted=wanted: line.get("stage") in (wanted, "refine"))
        time.sleep(0.02 * kill)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert not [p for p in (ws.root / "lake").rglob("*") if p.is_file() and not p.stat().st_size]
    again = workspace.open(ws.root)
    again.run(logs)
    assert list((ws.root / "spool").glob("[0-9]*")) == []
    columns = ["detector", "entity", "time", "bits", "llr"]
    expected = office.findings().select(columns)
    assert again.findings().select(columns).equals(expected)
    assert len(again.activities(columns=["time"])) == len(LINES)
    said = [(case.entity, case.headline) for case in again.cases()]
    assert said == [(case.entity, case.headline) for case in office.cases()]


def test_more_processes_than_can_have_work_are_told_with_what_to_do(ws):
    def detect(*how):
        done = CliRunner().invoke(main, ["-w", str(ws.root), "detect", *how])
        assert done.exit_code == 0
        return done.stderr

    ws.lake.append(activities([act("ana")]), "one")
    assert "processes were asked for" not in detect()
    said = detect("--jobs", "3")
    assert "dealt to one part" in said
    assert "wheeltapper detect --replay --jobs 3" in said
