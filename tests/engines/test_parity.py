"""One detection, one answer: on one process, on two, on Spark, in one go or batch by batch as it
comes in, and on Flink, the findings are the same bytes.

Four kinds of logs of a simulated organisation with an attack in them, some read twice, in disorder,
some late; the whole catalogue, all packaged rules and one model.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flink_env import python as flink_python
from spark_env import ROOT, python

from wheeltapper import workspace
from wheeltapper.simulate import simulate

PEOPLE, DAYS, LATE = 120, 40, 300
BATCHES = 5


@pytest.fixture(scope="module")
def history(tmp_path_factory) -> Path:
    """A workspace with its lake filled in disorder, and a model."""
    root = tmp_path_factory.mktemp("parity") / "work"
    logs = simulate(root, people=PEOPLE, days=DAYS, seed=1, scenarios=["cloud-account-hour"]).logs
    (root / "state").mkdir(exist_ok=True)
    (root / "state" / "secret").write_bytes(b"0123456789abcdef")
    ws = workspace.open(root)
    files = sorted(path for path in logs.rglob("*") if path.is_file())
    random.Random(7).shuffle(files)
    for part in (files[:150], files[100:]):  # fifty of them twice
        ws.ingest(*part)
    _mark_late(ws)
    ws.train(ws.lake.span()[0] + timedelta(days=34))
    shutil.rmtree(logs)
    return root


def _mark_late(ws: workspace.Workspace) -> None:
    """Some acts happen again, five minutes on, and are told when detection has passed them."""
    first = ws.lake.span()[0]
    assert first is not None
    acts = ws.lake.activities(since=first + timedelta(days=20), until=first + timedelta(days=22))
    frame = pl.from_arrow(acts.slice(0, LATE))
    assert isinstance(frame, pl.DataFrame)
    again = frame.with_columns(
        pl.col("time") + timedelta(minutes=5),
        pl.col("event_id").map_elements(lambda one: one[::-1], return_dtype=pl.Binary),
        late=pl.lit(value=True),
    )
    ws.lake.append(again.to_arrow().cast(acts.schema), "late")


def detected(root: Path, program: list[str], *how: str) -> list[dict[str, object]]:
    command = [*program, "-w", str(root), "detect", "--replay", *how]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return workspace.open(root).lake.findings().to_pylist()


@pytest.fixture(scope="module")
def alone(history) -> list[dict[str, object]]:
    """What one process finds."""
    return detected(history, [sys.executable, "-m", "wheeltapper.cli"])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_findings_are_the_same_bytes_on_every_engine(history, alone):
    here = [sys.executable, "-m", "wheeltapper.cli"]
    spark = [python(), "-m", "wheeltapper.cli"]
    *_, acts = workspace.open(history).lake.span()
    assert acts >= 200_000
    kinds = {str(f["detector"]).partition(".")[0] for f in alone}
    assert {"any", "cloudtrail", "rule", "model"} <= kinds
    assert detected(history, here, "--jobs", "2") == alone
    assert detected(history, spark, "--engine", "spark", "--master", "local[2]") == alone


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_findings_are_the_same_bytes_on_flink_and_detection_goes_on_elsewhere(history, alone):
    flink = [flink_python(), "-m", "wheeltapper.cli"]
    assert detected(history, flink, "--engine", "flink", "--jobs", "2") == alone
    after = workspace.open(history).detect(jobs=2)
    assert (after.acts, after.late, after.findings) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_findings_are_the_same_bytes_when_acts_come_in_micro_batches(history, alone, tmp_path):
    root, folder = tmp_path / "work", tmp_path / "followed"
    kept = shutil.ignore_patterns("lake", "state", "casebook*")
    shutil.copytree(history, root, ignore=kept)
    (root / "state").mkdir()
    shutil.copyfile(history / "state" / "secret", root / "state" / "secret")
    folder.mkdir()
    command = [python(), "-m", "wheeltapper.cli", "-w", str(root), "run", str(folder), "--follow"]
    command += ["--engine", "spark", "--master", "local[2]", "--every", "0.2"]
    with (tmp_path / "said.log").open("wb") as said, subprocess.Popen(
        command, stderr=said, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}
    ) as process:  # fmt: skip
        try:
            for number in range(BATCHES):
                give(history, folder, number)
                while not list(root.glob(f"state/stream-*/commits/{number}")):
                    assert process.poll() is None, (tmp_path / "said.log").read_text()[-3000:]
                    time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert process.wait(300) == 0
        finally:
            process.kill()
    lake = workspace.open(root).lake
    assert len(lake.activities(where="late", columns=["actor"])) == LATE
    # The last ten minutes wait for what may still come; whoever asks now takes them as they are.
    workspace.open(root).detect()
    assert lake.findings().to_pylist() == alone


def give(history: Path, folder: Path, number: int) -> None:
    """The acts of the next days in disorder, with a few that were given before.

    Those that are late come last.
    """
    lake = workspace.open(history).lake
    days = list(lake.days())
    part = len(days) // BATCHES + 1
    midnights = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
    since = midnights[number * part]
    until = None if number == BATCHES - 1 else midnights[(number + 1) * part]
    acts = [lake.activities(since=since, until=until, where="not late")]
    acts.append(lake.activities(since=since - timedelta(hours=1), until=since, where="not late"))
    if until is None:
        acts.append(lake.activities(where="late"))
    table = pa.concat_tables(acts)
    order = list(range(len(table)))
    random.Random(number).shuffle(order)
    pq.write_table(table.take(order), folder / f".{number}")
    (folder / f".{number}").rename(folder / f"{number}.parquet")
