import re
from datetime import UTC, datetime, timedelta

import pytest

from wheeltapper.engines.local.meters import Meters, state_bytes
from wheeltapper.engines.local.spool import About, Spool


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", 100)


def figures(meters):
    lines = meters.text().decode().splitlines()
    return {k: float(v) for k, v in (re.split(r" (?=\S+$)", x) for x in lines if x[0] != "#")}


def test_what_waits_and_how_far_behind_it_is(spool):
    meters = Meters(spool)
    assert figures(meters)["wheeltapper_lag_seconds"] == 0
    spool.put([b"12345"], About(origin="http"))
    meters.newest_at(datetime.now(UTC) - timedelta(hours=1))
    told = figures(meters)
    assert told["wheeltapper_spool_bytes"] == 5
    assert told["wheeltapper_spool_files"] == 1
    assert 3600 <= told["wheeltapper_lag_seconds"] < 3700
    assert told["process_resident_memory_bytes"] > 1 << 20


def test_every_stage_is_there_from_the_start_and_its_time_counts(spool):
    meters = Meters(spool)
    assert figures(meters)['wheeltapper_stage_seconds_count{stage="refine"}'] == 0
    with meters.stage("detect"):
        pass
    assert figures(meters)['wheeltapper_stage_seconds_count{stage="detect"}'] == 1
    assert meters.still_s < 60


def test_names_have_their_unit_and_come_from_nobodys_log(spool):
    text = Meters(spool).text().decode()
    names = set(re.findall(r"^# TYPE (wheeltapper_\w+) (?:counter|gauge|summary)$", text, re.M))
    ends = ("_bytes", "_seconds", "_total", "_files", "_cases", "_created", "_messages")
    assert len(names) > 12
    assert [name for name in names if not name.endswith(ends)] == []
    labels = set(re.findall(r"[{,](\w+)=", text))
    assert labels <= {"stage", "implementation", "major", "minor", "patchlevel", "version"}


def test_state_by_family(office):
    manifest = office.checkpoint.manifest()
    path = office.checkpoint.folder / manifest.snapshot
    found = state_bytes(path, {d.name: d.family for d in office.detectors()})
    assert {"novelty", "rate", "shared"} <= set(found)
    assert all(size >= 0 for size in found.values())
    assert sum(found.values()) <= path.stat().st_size
