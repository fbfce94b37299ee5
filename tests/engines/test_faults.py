"""What a disk, a clock or an update does to a workspace: the findings are the same."""

import json
import random
import shutil
import signal
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from following import ingested, start, until

import office as office_log
from wheeltapper import workspace
from wheeltapper.errors import WheeltapperError

HERE = Path(__file__).parent.parent / "data" / "workspaces"
LINES = list(office_log.records())
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
COLUMNS = ["detector", "entity", "time", "bits", "llr"]


def written(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return path


# A snapshot that a disk has damaged


def flipped(data: bytes, draw: random.Random) -> bytes:
    """One bit of it another."""
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


def cut_off(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data))]


@pytest.fixture(scope="module")
def halfway(tmp_path_factory) -> tuple[workspace.Workspace, list[str]]:
    """Two thirds judged in steps, by several shards; and the findings of all of it, undisturbed."""
    folder = tmp_path_factory.mktemp("halfway")
    ws = workspace.init(folder / "work")
    settings = "[detect]\njobs = 2\nstep = 200\n"
    (ws.root / "wheeltapper.toml").write_text(settings)
    ws = workspace.open(ws.root)
    ws.ingest(written(folder / "logs" / "a.ndjson", LINES[:700]))
    ws.detect()
    whole = workspace.open(shutil.copytree(ws.root, folder / "whole"))
    whole.ingest(written(folder / "logs" / "b.ndjson", LINES))
    whole.detect()
    return ws, list(map(repr, whole.findings().select(COLUMNS).to_dicts()))


@pytest.mark.slow
@pytest.mark.parametrize("damage", [flipped, cut_off])
def test_damage_of_a_snapshot_is_seen_and_the_one_before_used(
    tmp_path, halfway, damage: Callable[[bytes, random.Random], bytes]
):
    before, expected = halfway
    ws = workspace.open(shutil.copytree(before.root, tmp_path / "work"))
    manifest = ws.checkpoint.manifest()
    draw = random.Random(2)
    name = draw.choice(sorted(manifest.snapshots))
    path = ws.checkpoint.folder / name
    path.write_bytes(damage(path.read_bytes(), draw))
    assert ws.checkpoint.sound().manifest.step < manifest.step
    ws.ingest(written(tmp_path / "logs" / "a.ndjson", LINES))
    ws.detect()
    assert list(map(repr, ws.findings().select(COLUMNS).to_dicts())) == expected


def test_every_damage_of_every_snapshot_is_seen(halfway, tmp_path):
    ws = workspace.open(shutil.copytree(halfway[0].root, tmp_path / "work"))
    checkpoint, draw = ws.checkpoint, random.Random(3)
    for name, checksum in checkpoint.manifest().snapshots.items():
        path = checkpoint.folder / name
        whole = path.read_bytes()
        for _ in range(20):
            for damage in (flipped, cut_off):
                path.write_bytes(damage(whole, draw))
                with pytest.raises(WheeltapperError, match="damaged or missing"):
                    checkpoint.read(name, checksum)
        path.write_bytes(whole)


# A workspace that an earlier version has left


@pytest.mark.slow
@pytest.mark.parametrize(
    ("archive", "learns_anew"),
    [("state-version-2.zip", True), ("before-shards.zip", False)],
)
def test_what_an_earlier_version_has_left_is_gone_on_with(tmp_path, archive, learns_anew):
    """Lake, state and casebook of ten days; the thirty after them are judged by this version."""
    with zipfile.ZipFile(HERE / archive) as packed:
        packed.extractall(tmp_path / "old")
    who = {"ana", "ben", "cleo", office_log.HOSTILE}
    lines = [line for line in LINES if json.loads(line)["actor"]["alternateId"] in who]
    days = "2026-01-15"
    begun = [line for line in lines if json.loads(line)["published"] < days]
    old, new = workspace.open(tmp_path / "old"), workspace.init(tmp_path / "new")
    (new.root / "state").mkdir()
    shutil.copy(old.root / "state" / "secret", new.root / "state" / "secret")
    assert old.lake.span()[2] == len(begun)
    assert old.lake.activities()["region"].null_count == len(begun)

    rest = written(tmp_path / "logs" / "rest.ndjson", lines[len(begun) :])
    done = old.run(rest)
    new.ingest(written(tmp_path / "logs" / "begun.ndjson", begun))
    new.run(rest)
    # Detectors of another layout are taught by what the lake holds, and all know the same then.
    assert bool(done.detected.anew) == learns_anew
    assert old.lake.findings() == new.lake.findings()
    assert len(old.lake.findings()) >= 5
    assert [c.headline for c in old.cases()] == [c.headline for c in new.cases()]


# A clock that jumps


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed (scripts/system-packages)")
def test_a_clock_that_jumps_while_it_follows_changes_no_finding(tmp_path, office):
    """The process's own clock goes a year ahead, to before the acts, and back to what it was."""
    ws = workspace.init(tmp_path / "work")
    (ws.root / "wheeltapper.toml").write_text("[detect]\nlateness_minutes = 2880\n")
    logs, clock = tmp_path / "logs", tmp_path / "clock"
    jumps = ["+0d", "+400d", "-3d", "-330d", "+2d"]
    clock.write_text(jumps[0])
    logs.mkdir()
    process = start(
        ws.root, logs, LD_PRELOAD=str(FAKETIME[0]), FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1", DONT_FAKE_MONOTONIC="1",
    )  # fmt: skip
    size = -(-len(LINES) // len(jumps))
    told: list[datetime] = []
    try:
        for number, jump in enumerate(jumps):
            clock.write_text(jump)
            piece = LINES[number * size : (number + 1) * size]
            written(logs / "okta.ndjson", piece)
            came = ingested(process, len(piece))
            told.append(datetime.fromisoformat(str(came[-1]["time"])))
        until(process, lambda line: line.get("stage") == "detect")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 0
    assert told[1] - told[0] > timedelta(days=300), "its clock did not jump"
    assert told[2] - told[3] > timedelta(days=300), "its clock did not jump back"
    again = workspace.open(ws.root)
    again.run(logs)
    assert again.lake.span()[2] == len(LINES)
    assert again.findings().select(COLUMNS).equals(office.findings().select(COLUMNS))
    assert [c.headline for c in again.cases()] == [c.headline for c in office.cases()]
