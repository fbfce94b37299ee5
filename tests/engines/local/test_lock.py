import os
import subprocess
import sys
import threading

import pytest

from wheeltapper import workspace
from wheeltapper.engines.local import lock
from wheeltapper.errors import WheeltapperError

HOLD = """
import sys
from pathlib import Path
from wheeltapper.engines.local import lock
with lock.held(Path(sys.argv[1]), "following"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / lock.WRITING


def test_one_at_a_time(path):
    assert lock.holder(path) == ""
    with lock.held(path, "ingesting"):
        assert lock.holder(path) == f"ingesting, process {os.getpid()}"
        with pytest.raises(WheeltapperError, match=r"is at work here \(ingesting"):
            lock.held(path, "detecting").__enter__()
    assert lock.holder(path) == ""
    with lock.held(path, "detecting"):
        pass


def test_it_is_free_when_its_holder_was_killed(path):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(WheeltapperError, match=f"following, process {other.pid}"):
        lock.held(path, "detecting").__enter__()
    other.kill()
    other.communicate()
    with lock.held(path, "detecting"):
        pass


def test_one_can_be_waited_for(path):
    done = []

    def second():
        with lock.awaited(path):
            done.append("second")

    with lock.awaited(path):
        thread = threading.Thread(target=second)
        thread.start()
        done.append("first")
    thread.join()
    assert done == ["first", "second"]


def test_nobody_else_writes_into_a_workspace_meanwhile(tmp_path):
    ws = workspace.init(tmp_path / "work")
    with lock.held(ws.root / "state" / lock.WRITING, "following"):
        for write in (ws.detect, lambda: ws.ingest(tmp_path / "work" / "owners.yaml")):
            with pytest.raises(WheeltapperError, match="following"):
                write()
