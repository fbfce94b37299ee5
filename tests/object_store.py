"""A real server of S3's protocol (moto's), on this machine only, started for tests."""

import itertools
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from pyarrow import fs

from broker import free_ports

STARTED_S = 60.0


class ObjectStore:
    """A process of its own that keeps what it is given in memory; stopped, it has forgotten it."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        (self._port,) = free_ports(1)
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen | None = None
        self._names = (f"bucket-{number}" for number in itertools.count(1))

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a program finds it."""
        return {
            "AWS_ENDPOINT_URL": self.address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "no-secret",
            "NO_PROXY": "127.0.0.1",
        }  # fmt: skip

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + STARTED_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self._asked("GET", "")
                return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"moto did not start; it said: {self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=60)
            self._process = None

    def bucket(self, url: str | None = None) -> str:
        """Make the bucket of this URL, or one of a new name; its URL."""
        url = url or f"s3://{next(self._names)}"
        self._asked("PUT", _name(url))
        return url

    def drop(self, url: str) -> None:
        """Take away a bucket that nothing is in."""
        self._asked("DELETE", _name(url))

    def keys(self, url: str) -> list[str]:
        """The names of what lies in a bucket."""
        text = self._asked("GET", f"{_name(url)}?list-type=2").text
        assert "<IsTruncated>false" in text
        return re.findall(r"<Key>([^<]+)</Key>", text)

    def lose(self, url: str, ending: str) -> None:
        """Take everything out of a bucket whose name ends so."""
        store = fs.S3FileSystem(
            access_key="tester", secret_key="no-secret", region="us-east-1",
            scheme="http", endpoint_override=f"127.0.0.1:{self._port}",
        )  # fmt: skip
        for key in self.keys(url):
            if key.endswith(ending):
                store.delete_file(f"{_name(url)}/{key}")

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """It knows no keys, and asks for them."""
        self._asked("POST", "moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self._asked("POST", "moto-api/reset-auth", b"inf")

    def _asked(self, method: str, path: str, content: bytes = b"") -> httpx2.Response:
        answer = httpx2.request(
            method, f"{self.address}/{path}", content=content, timeout=20, trust_env=False
        )
        return answer.raise_for_status()


def _name(url: str) -> str:
    return url.removeprefix("s3://")
