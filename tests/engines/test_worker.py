"""Workers find together what one process finds alone, and go on where they stood."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from town import Town, life

from wheeltapper import finding
from wheeltapper.detect import catalogue
from wheeltapper.detect.prepare import DAY_US
from wheeltapper.detect.rules.ruleset import Ruleset
from wheeltapper.engines.exchange import Exchange
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.local.models import Models
from wheeltapper.engines.worker import Worker, fell_to, part
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import activities


@pytest.fixture(scope="module")
def judges() -> Judges:
    return Judges(
        detectors=[d for d in catalogue.load() if d.name.startswith("any.")],
        rules=Ruleset.of([]), models=Models([]), secret=b"0123456789abcdef",
    )  # fmt: skip


@pytest.fixture(scope="module")
def alone(judges, tmp_path_factory) -> pa.Table:
    town = Town(tmp_path_factory.mktemp("alone"), judges, step_rows=10_000)
    town.add(life())
    town.detect()
    return town.lake.findings()


def crew(folder, judges, shards: int, workers: int) -> list[Worker]:
    folder.mkdir()
    return [
        Worker(judges, Exchange(folder=folder, worker=n, workers=workers), shards)
        for n in range(workers)
    ]


def judged(crew: list[Worker], acts: pa.Table, *, only_theirs: bool) -> pa.Table:
    days = np.unique(acts["time"].cast(pa.int64()).to_numpy() // DAY_US).tolist()
    of_each = [acts] * len(crew)
    if only_theirs:
        one = crew[0]
        of_each = [acts.take(rows) for rows in fell_to(acts, one.judges, one.shards, len(crew))]
    with ThreadPoolExecutor(len(crew)) as pool:
        found = list(pool.map(lambda worker, mine: worker.judge(mine, days), crew, of_each))
    return pa.concat_tables(found)


def rows(table: pa.Table) -> list[str]:
    return sorted(repr(row) for row in table.to_pylist())


@pytest.mark.parametrize(
    ("shards", "workers", "only_theirs"), [(2, 2, False), (5, 2, True), (2, 1, True)]
)
def test_in_any_number_they_find_what_one_process_finds(
    tmp_path, judges, alone, shards, workers, only_theirs
):
    acts = activities(life())
    checkpoint, found = Checkpoint(tmp_path / "state"), []
    assert len(alone)
    for number, cut in enumerate([(0, 200), (200, 430), (430, len(acts))]):
        now = crew(tmp_path / f"try {number}", judges, shards, workers)
        for worker in now:  # each time others, who know only what was saved
            worker.restore(checkpoint, checkpoint.manifest())
        piece = acts.slice(cut[0], cut[1] - cut[0])
        found.append(judged(now, piece, only_theirs=only_theirs))
        files = {n: c for w in now for n, c in w.save(checkpoint, number + 1).items()}
        last = piece["time"].cast(pa.int64())[-1].as_py()
        checkpoint.commit_shards(
            dataclasses.replace(
                checkpoint.manifest(), step=number + 1, saved=number + 1, watermark_us=last,
                shards=shards,
            ),
            files,
        )  # fmt: skip
    assert rows(pa.concat_tables(found).cast(finding.SCHEMA)) == rows(alone)
    kept = {path.name for path in checkpoint.folder.glob("*.arrow")}
    assert set(checkpoint.manifest().files) <= kept
    assert not any("detect-1-" in name for name in kept)


def test_a_changed_detector_is_told_with_what_to_do(tmp_path, judges):
    checkpoint = Checkpoint(tmp_path / "state")
    (worker,) = crew(tmp_path / "try", judges, 2, 1)
    worker.restore(checkpoint, checkpoint.manifest())
    judged([worker], activities(life(days=2)), only_theirs=False)
    done = dataclasses.replace(checkpoint.manifest(), step=1, saved=1, shards=2)
    checkpoint.commit_shards(done, worker.save(checkpoint, 1))
    first, *others = judges.detectors
    changed = dataclasses.replace(first, filter=f"{first.filter} and true")
    (worker,) = crew(
        tmp_path / "again", dataclasses.replace(judges, detectors=[changed, *others]), 2, 1
    )
    with pytest.raises(WheeltapperError, match=rf"changed \({first.name}\).*--replay"):
        worker.restore(checkpoint, checkpoint.manifest())


def test_rules_are_shared_out_without_gap_or_overlap():
    acts = activities(life(days=3))
    parts = [part(acts, n, 3) for n in range(3)]
    assert pa.concat_tables(parts) == acts
