import os
import subprocess
import sys
from pathlib import Path

import pytest

USED = """
import pyarrow as pa
from wheeltapper.detect import catalogue, snapshot
from wheeltapper.detect.process import process, start
from wheeltapper.testing import activities, activity
detectors = catalogue.load()
rows = [activity(days=i, session="s", country="NL", src_ip="192.0.2.1") for i in range(60)]
table = activities(rows)
state, _ = process(start(detectors), table[:30], detectors, bytes(16))
state, _ = snapshot.from_bytes(snapshot.to_bytes(state, detectors), detectors)
process(state, table[30:], detectors, bytes(16))
# As the lake hands acts over: coded, in chunks, with gaps.
rows = [{**row, "app": None, "session": None} if i % 3 else row for i, row in enumerate(rows)]
table = activities(rows)
coded = pa.table(
    [c.dictionary_encode() if f.type == pa.string() else c
     for f, c in zip(table.schema, table.columns)], names=table.column_names)
process(start(detectors), coded, detectors, bytes(16))
process(start(detectors), pa.concat_tables([coded[:20], coded[20:]]), detectors, bytes(16))
"""


def compiled(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.nbc")}


@pytest.mark.slow
def test_after_warming_the_whole_catalogue_runs_without_compiling(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for command in (["-m", "wheeltapper.detect.warm"], ["-c", USED]):
        before = compiled(tmp_path)
        subprocess.run([sys.executable, *command], check=True, env=environment)
    assert before
    assert compiled(tmp_path) == before
