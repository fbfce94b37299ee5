"""The server as a process, on a port of its own."""

import signal
import socket
import subprocess
import sys
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
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/overview") as answer:
                    assert answer.status == 200
                    assert "server" not in {k.lower() for k in answer.headers}
                    break
            except ConnectionRefusedError:  # pragma: no cover
                raise
            except urllib.error.URLError:
                assert process.poll() is None, process.communicate()[0]
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert out == "" or out.startswith("Traceback") is False


def test_a_port_that_is_taken_is_said_so(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(WheeltapperError, match="choose another with --port"):
            serve(tmp_path, Config(), host="127.0.0.1", port=other.getsockname()[1], token="")


def test_others_are_not_served_without_a_token(tmp_path: Path):
    with pytest.raises(ConfigError, match="token"):
        serve(tmp_path, Config(), host="192.168.1.4", port=0, token="")
