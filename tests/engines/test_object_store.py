"""The main job with its lake in an object store: the findings and cases that a folder gives."""

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from following import start, until
from spark_env import environment, python

import office as office_log
from wheeltapper import workspace
from wheeltapper.cli import main
from wheeltapper.config import FILE
from wheeltapper.workspace import Workspace


def made(root: Path, url: str) -> Workspace:
    """A workspace with its lake at `url`."""
    workspace.init(root)
    settings = root / FILE
    settings.write_text(f'lake = "{url}"\n' + settings.read_text(encoding="utf-8"))
    return workspace.open(root)


@pytest.fixture
def ws(bucket, office, tmp_path):
    """Empty, with the secret of the office's workspace: the same acts have the same findings."""
    ws = made(tmp_path / "work", f"{bucket}/lake")
    (ws.root / "state").mkdir(exist_ok=True)
    shutil.copyfile(office.root / "state" / "secret", ws.root / "state" / "secret")
    return ws


def cases(ws: Workspace) -> list[dict[str, object]]:
    return [dataclasses.asdict(case) for case in ws.cases()]


def ran(ws: Workspace, *arguments: str):
    return CliRunner().invoke(main, ["-w", str(ws.root), *arguments])


@pytest.mark.slow
def test_a_run_tells_what_it_tells_with_a_folder(ws, office, tmp_path, bucket, object_store):
    done = ws.run(office_log.write(tmp_path / "logs"))
    assert done.ingested.added == office.lake.span()[2]
    assert ws.activities().drop("received").equals(office.activities().drop("received"))
    assert ws.findings().equals(office.findings())
    assert cases(ws) == cases(office) != []
    assert not (ws.root / "lake").exists()
    assert {key.split("/")[1] for key in object_store.keys(bucket)} == {"activities", "findings"}
    again = ws.run(tmp_path / "logs")
    assert (again.ingested.added, again.detected.acts) == (0, 0)
    told = ran(ws, "cases", "--format", "json")
    assert [case["id"] for case in json.loads(told.output)] == [case.id for case in office.cases()]
    assert "ok   lake: 1,080 acts" in ran(ws, "doctor").output


@pytest.mark.slow
def test_worker_processes_tell_the_same(ws, office, tmp_path):
    ws.ingest(office_log.write(tmp_path / "logs"))
    assert ws.detect(jobs=2).acts == office.lake.span()[2]
    assert ws.findings().equals(office.findings())


@pytest.mark.slow
def test_tasks_of_spark_read_it_themselves(ws, office, tmp_path):
    ws.ingest(office_log.write(tmp_path / "logs"))
    command = [python(), "-m", "wheeltapper.cli", "-w", str(ws.root), "detect"]
    done = subprocess.run(
        [*command, "--engine", "spark", "--master", "local[2]"],
        capture_output=True, text=True, timeout=300, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert ws.findings().equals(office.findings())


@pytest.mark.parametrize(
    "verb", [["detect"], ["cases"], ["run"], ["findings"], ["detect", "--jobs", "2"]]
)
def test_a_bucket_that_is_not_there_is_told_without_a_traceback(
    verb, object_store, office, tmp_path
):
    ws = made(tmp_path / "work", "s3://nobody/lake")
    logs = [str(office_log.write(tmp_path / "logs"))] if verb == ["run"] else []
    said = ran(ws, *verb, *logs)
    assert said.exit_code == 1
    assert "s3://nobody/lake/" in said.output
    assert "NoSuchBucket" in said.output
    assert "lake in wheeltapper.toml" in said.output


def test_doctor_tells_it_too(object_store, tmp_path):
    said = ran(made(tmp_path / "work", "s3://nobody/lake"), "doctor")
    assert said.exit_code == 1
    assert "FAIL lake: Unreachable: s3://nobody/lake/activities" in said.output


@pytest.mark.slow
def test_whoever_follows_tries_again_while_a_store_is_away(ws, bucket, object_store, office):
    folder = ws.root / "logs"
    folder.mkdir()
    process = start(ws.root, folder, "--listen", "127.0.0.1:0")
    try:
        until(process, lambda line: line.get("stage") == "listening")
        object_store.drop(bucket)
        office_log.write(folder)
        failed = until(process, lambda line: "tried again" in str(line.get("message")))[-1]
        assert "NoSuchBucket" in str(failed["message"])
        object_store.bucket(bucket)
        until(process, lambda line: line.get("stage") == "refine")
        process.terminate()
        process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0
    assert ws.findings().equals(office.findings())
    assert cases(ws) == cases(office)
