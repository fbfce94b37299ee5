"""A small organisation, lived through once for all tests of the room."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from wheeltapper.simulate import Summary, simulate

Record = dict[str, object]


@dataclass(frozen=True)
class Output:
    """What was written, read back without the program's help."""

    summary: Summary
    cloudtrail: list[dict]
    okta: list[dict]
    drive: list[dict]
    hosts: dict[str, list[str]]
    directory: str
    truth: list[dict]


def read(summary: Summary) -> Output:
    out = summary.out
    trail = [
        record
        for path in sorted((out / "logs" / "AWSLogs").rglob("*.json.gz"))
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]
    ]
    okta = [
        json.loads(line)
        for path in sorted((out / "logs" / "okta").glob("*.ndjson.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    drive = [
        json.loads(line)
        for path in sorted((out / "logs" / "google").glob("*.ndjson.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    hosts: dict[str, list[str]] = {}
    for folder in sorted((out / "logs" / "hosts").iterdir()):
        hosts[folder.name] = []
        for path in folder.iterdir():
            data = path.read_bytes()
            text = gzip.decompress(data) if path.suffix == ".gz" else data
            hosts[folder.name] += text.decode().splitlines()
    truth = [json.loads(line) for line in (out / "truth.ndjson").read_text().splitlines()]
    return Output(summary, trail, okta, drive, hosts, (out / "directory.csv").read_text(), truth)


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Output:
    """60 people for 35 days, and the real hour."""
    out = tmp_path_factory.mktemp("simulate") / "small"
    return read(simulate(out, people=60, days=35, seed=3, scenarios=["cloud-account-hour"]))
