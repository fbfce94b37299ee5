"""Whatever reads them, the same logs are the same acts in the lake."""

import json
import subprocess

import pytest
from spark_env import environment, python

import office
from wheeltapper import workspace
from wheeltapper.engines.spark.ingest import PART_BYTES, dealt


def test_files_are_dealt_in_order_to_parts_of_about_one_size():
    sizes = [(str(n), 10) for n in range(10)]
    assert dealt(sizes, 2) == [("0", "1", "2", "3", "4"), ("5", "6", "7", "8", "9")]
    assert dealt(sizes, 30) == [(str(n),) for n in range(10)]
    assert dealt([("a", 3 * PART_BYTES), ("b", 1), ("c", 1)], 1) == [("a",), ("b", "c")]
    assert dealt([("empty", 0)], 4) == [("empty",)]
    assert dealt([], 4) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_lake_holds_what_ingest_on_one_machine_puts_there(tmp_path):
    logs = office.write(tmp_path / "logs")
    here = workspace.init(tmp_path / "here")
    told = here.ingest(logs)
    there = workspace.init(tmp_path / "there")
    command = [python(), "-m", "wheeltapper.cli", "-w", str(there.root), "ingest", str(logs)]
    command += ["--engine", "spark", "--master", "local[2]", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=500)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["added"], said["rejected"]) == (told.added, told.rejected)
    assert told.rejected
    names = [name for name in here.lake.activities().column_names if name != "received"]
    assert there.lake.activities(columns=names).equals(here.lake.activities(columns=names))
    kept = [sorted(path.name for path in ws.rejects.iterdir()) for ws in (here, there)]
    assert kept[0] == kept[1]
    assert not list(there.root.glob("state/attempt-*"))
