"""What workers leave of messages is what one machine reads of them."""

import pyarrow as pa
import pytest

import office
from wheeltapper import workspace
from wheeltapper.engines.flink.taking import SUFFIX, Taking, take
from wheeltapper.engines.messages import COLUMNS
from wheeltapper.engines.reading import left
from wheeltapper.errors import WheeltapperError

LINES = [line.encode() for line in office.records()]


def test_acts_of_each_partition_are_left_by_themselves(tmp_path):
    ws = workspace.init(tmp_path / "work")
    folder = tmp_path / "acts"
    folder.mkdir()
    lines = [*LINES[:20], b"{torn"]
    rows = len(lines)
    table = pa.table(
        [
            pa.array(["okta"] * rows),
            pa.array([n % 2 for n in range(rows)], pa.int32()),
            pa.array(range(rows), pa.int64()),
            pa.array([1_700_000_000_000_000] * rows, pa.timestamp("us", "UTC")),
            pa.array(lines, pa.binary()),
        ],
        names=list(COLUMNS),
    )
    job = Taking(root=str(ws.root), folder=str(folder), kinds={"okta": "okta"})
    count = take(job, table)
    files = sorted(folder.iterdir())
    assert count == len(files) == 2
    assert [file.name.split("~")[:3] for file in files] == [["okta", "0", "0"], ["okta", "1", "1"]]
    assert {file.suffix for file in files} == {SUFFIX}
    batches = [left(file) for file in files]
    assert sum(len(batch.activities) for batch in batches) == 20
    (reject,) = batches[0].rejects
    assert (reject.file.rpartition("/")[2], reject.line) == ("okta~0~0", 21)
    assert take(job, table) == 2
    assert len(list(folder.iterdir())) == 4


def test_where_nobody_waits_it_ends(tmp_path):
    job = Taking(root=str(tmp_path), folder=str(tmp_path / "gone"), kinds={})
    with pytest.raises(WheeltapperError, match="nobody waits"):
        take(job, pa.table([pa.array([])] * 5, names=list(COLUMNS)))
