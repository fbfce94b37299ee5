"""Topics of a real Kafka on Flink: the findings of one machine that reads a file."""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from flink_env import ROOT, python

import office as office_log
from broker import jars
from wheeltapper import workspace
from wheeltapper.cli import main
from wheeltapper.engines.flink.stream import IDLE_S, JARS, SETTLED_S, STARTING_S, Behind

LINES = [line.encode() for line in office_log.records()]
LONGEST_S = 500
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_partition_that_is_behind_says_how_far_judging_may_go():
    now = [0.0]
    behind = Behind(lambda: now[0])
    assert (behind.newest, behind.settled) == (None, False)
    quiet = Behind(lambda: now[0])
    now[0] = STARTING_S
    assert quiet.settled
    now[0] = 0.0
    behind.gave("a~0", NOON)
    assert not behind.settled
    behind.gave("a~1", NOON - timedelta(hours=5))
    behind.gave("a~1", NOON - timedelta(hours=6))
    now[0] = SETTLED_S
    assert behind.settled
    assert behind.newest == NOON - timedelta(hours=5)
    now[0] = IDLE_S
    behind.gave("a~0", NOON + timedelta(hours=1))
    now[0] += 1
    assert behind.newest == NOON + timedelta(hours=1)


def test_what_it_follows_is_said(tmp_path):
    workspace.init(tmp_path / "work")
    said = CliRunner().invoke(main, ["-w", str(tmp_path / "work"), "run", "--engine", "flink"])
    assert said.exit_code == 2
    assert "topics under [kafka]" in said.output


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_flink_finds_what_one_machine_finds_in_a_file(broker, tmp_path, office):
    """Messages come before it starts and while it runs; it is killed once between the two."""
    topic = broker.topic("flink", partitions=2)
    root = tmp_path / "work"
    ws = workspace.init(root)
    (root / "wheeltapper.toml").write_text(
        f'[detect]\nlateness_minutes = 2880\n[kafka]\nservers = "{broker.servers}"\n'
        f'[kafka.topics]\n{topic} = "okta"\n'
    )
    (root / "state").mkdir(exist_ok=True)
    secret = office.root / "state" / "secret"
    (root / "state" / "secret").write_bytes(secret.read_bytes())
    half = len(LINES) // 2
    broker.send(topic, LINES[:half])
    more = {
        "PYTHONPATH": str(ROOT / "src"), "WHEELTAPPER_FLINK_CHECKPOINT_MS": "1000",
        JARS: ",".join(map(str, jars("flink"))),
    }  # fmt: skip

    def start():
        with (tmp_path / "log").open("ab") as said:
            return subprocess.Popen(
                [python(), "-m", "wheeltapper.cli", "-w", str(root), "run", "--follow", "--engine",
                 "flink", "--every", "0.5", "--log", "json"],
                stdout=subprocess.DEVNULL, stderr=said, env=os.environ | more,
                start_new_session=True,
            )  # fmt: skip

    def acts(process, wanted):
        until = time.monotonic() + LONGEST_S
        while workspace.open(root).lake.span()[2] < wanted:
            assert process.poll() is None, (tmp_path / "log").read_text()[-3000:]
            assert time.monotonic() < until, (tmp_path / "log").read_text()[-3000:]
            time.sleep(0.5)

    first = start()
    acts(first, half)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    broker.send(topic, [*LINES[half:], b"{torn"], partition=1)
    second = start()
    try:
        acts(second, len(LINES))
    finally:
        second.terminate()
        second.wait(timeout=180)
        with suppress(ProcessLookupError):
            os.killpg(second.pid, signal.SIGKILL)
    assert second.returncode == 0, (tmp_path / "log").read_text()[-3000:]
    assert list(root.glob("state/flink-topics-*/savepoints/*/_metadata"))
    rejects = {
        line for file in ws.rejects.glob("*.ndjson") for line in file.read_text().splitlines()
    }
    found = [json.loads(line) for line in rejects]
    assert {one["file"] for one in found} == {f"kafka:{topic}/1/{half // 2 + len(LINES) - half}"}
    again = workspace.open(root)
    again.detect(jobs=2)
    columns = ["detector", "entity", "time", "bits", "llr"]
    assert again.findings().select(columns).equals(office.findings().select(columns))
