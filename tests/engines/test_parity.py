"""One detection, one answer: on one process, on two, and on Spark, the findings are the same bytes.

Four kinds of logs of a simulated organisation with an attack in them, some read twice, in disorder,
some late; the whole catalogue, all packaged rules and one model.
"""

import os
import random
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from spark_env import ROOT, python

from wheeltapper import workspace
from wheeltapper.simulate import simulate

PEOPLE, DAYS, LATE = 120, 40, 300


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


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_findings_are_the_same_bytes_on_every_engine(history):
    here = [sys.executable, "-m", "wheeltapper.cli"]
    spark = [python(), "-m", "wheeltapper.cli"]
    alone = detected(history, here)
    *_, acts = workspace.open(history).lake.span()
    assert acts >= 200_000
    kinds = {str(f["detector"]).partition(".")[0] for f in alone}
    assert {"any", "cloudtrail", "rule", "model"} <= kinds
    assert detected(history, here, "--jobs", "2") == alone
    assert detected(history, spark, "--engine", "spark", "--master", "local[2]") == alone
