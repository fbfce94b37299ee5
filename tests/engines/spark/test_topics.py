"""Topics of a real Kafka on Spark: the findings of one machine that reads a file."""

import json
import os
import signal
import subprocess
import time

import pyarrow as pa
import pytest
from spark_env import environment, python

import office as office_log
from broker import jars
from wheeltapper import workspace
from wheeltapper.engines.messages import COLUMNS, at_origin, topic_of
from wheeltapper.engines.spark.topics import left_in
from wheeltapper.ingest import Reject
from wheeltapper.ingest.readers.messages import MAGIC, framed

LINES = [line.encode() for line in office_log.records()]
LONGEST_S = 500


def test_messages_are_left_as_files_of_one_partition_each(tmp_path):
    rows = [("t", 0, 5, b"a"), ("t", 0, 7, None), ("t", 1, 0, b"b"), ("u.v-w_x", 1, 3, b"c")]
    batch = pa.RecordBatch.from_pydict(
        {
            "path": pa.array(["file:/logs/a", None, None, None, None]),
            "topic": pa.array([None, *(row[0] for row in rows)]),
            "partition": pa.array([None, *(row[1] for row in rows)], pa.int32()),
            "offset": pa.array([None, *(row[2] for row in rows)], pa.int64()),
            "timestamp": pa.array([None, 1, 2, 3, 4], pa.timestamp("us", "UTC")),
            "value": pa.array([None, *(row[3] for row in rows)], pa.binary()),
        }
    )
    assert set(COLUMNS) < set(batch.schema.names)
    (told,) = left_in(str(tmp_path))(iter([batch]))
    assert told["path"].to_pylist() == ["file:/logs/a", None, None, None]
    names = told["name"].to_pylist()[1:]
    assert names == ["t~0~5", "t~1~0", "u.v-w_x~1~3"]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)
    assert (tmp_path / names[0]).read_bytes() == MAGIC + framed(5, b"a") + framed(7, b"")
    assert [topic_of(name) for name in names] == ["t", "t", "u.v-w_x"]
    rejected = Reject(file=str(tmp_path / names[2]), line=4, reason="odd")
    assert at_origin(rejected) == Reject(file="kafka:u.v-w_x/1/3", line=1, reason="odd")
    other = Reject(file="/logs/a~b", line=4, reason="odd")
    assert at_origin(other) == other


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_spark_finds_what_one_machine_finds_in_a_file(broker, tmp_path, office):
    """Messages come before it starts and while it runs; it is killed once between the two."""
    topic = broker.topic("spark", partitions=2)
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
    submit = f"--jars {','.join(map(str, jars('spark')))} pyspark-shell"

    def start():
        with (tmp_path / "log").open("ab") as said:
            return subprocess.Popen(
                [python(), "-m", "wheeltapper.cli", "-w", str(root), "run", "--follow", "--engine",
                 "spark", "--master", "local[2]", "--every", "0.5", "--log", "json"],
                stdout=subprocess.DEVNULL, stderr=said,
                env=environment() | {"PYSPARK_SUBMIT_ARGS": submit}, start_new_session=True,
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
        second.wait(timeout=120)
        os.killpg(second.pid, signal.SIGKILL) if _lives(second.pid) else None
    (rejects,) = ws.rejects.glob("*.ndjson")
    found = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert {one["file"] for one in found} == {f"kafka:{topic}/1/{half // 2 + len(LINES) - half}"}
    again = workspace.open(root)
    again.detect()
    columns = ["detector", "entity", "time", "bits", "llr"]
    assert again.findings().select(columns).equals(office.findings().select(columns))


def _lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
