"""The server as a process, on a port of its own."""

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from wheeltapper.config import Config
from wheeltapper.errors import ConfigError, WheeltapperError
from wheeltapper.server import serve

PROGRAM = """
import sys
from pathlib import Path
from wheeltapper.config import Config
from wheeltapper.server import serve
serve(Path(sys.argv[1]), Config(), host="127.0.0.1", port=int(sys.argv[2]), token="")
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_it_serves_until_it_is_interrupted_and_prints_nothing(tmp_path: Path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        answers = opened(f"http://127.0.0.1:{port}/api/overview", process)
        assert answers == 200
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert said == ""
    assert process.returncode == 0


def opened(address: str, process: subprocess.Popen[str]) -> int:
    """The status at an address, as soon as the process listens there."""
    while True:
        try:
            with urllib.request.urlopen(address) as answer:  # noqa: S310  # our own address
                return int(answer.status)
        except urllib.error.URLError:
            try:
                process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            raise


def test_a_port_that_is_taken_is_said_so(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(WheeltapperError, match="choose another, or port 0"):
            serve(tmp_path, Config(), host="127.0.0.1", port=other.getsockname()[1], token="")


def test_others_are_not_served_without_a_token(tmp_path: Path):
    with pytest.raises(ConfigError, match="token"):
        serve(tmp_path, Config(), host="192.168.1.4", port=0, token="")
