"""Teach: a detector that is new, or has changed, learns from what the lake holds already.

Else it would call everything new for weeks. It says nothing of what it is taught with: that was
judged when it came, and `backtest` tells what the detector would have said of it.
"""

from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime

import pyarrow.compute as pc

from wheeltapper.detect import process as kernels
from wheeltapper.detect.prepare import columns_read
from wheeltapper.engines.local.judges import Judges
from wheeltapper.store.lake import Lake


def teach(
    state: kernels.State,
    names: Collection[str],
    lake: Lake,
    judges: Judges,
    *,
    last: datetime,
    step_rows: int,
    include_late: bool,
    pool: Executor,
) -> kernels.State:
    """`state` with the detectors of these names taught by all acts up to and with `last`.

    The others keep theirs. Entities have one number in all, so new ones are numbered on.
    """
    taught = [d for d in judges.detectors if d.name in names]
    lesson = kernels.start(taught)
    lesson.indexes |= {k: v for k, v in state.indexes.items() if k in lesson.indexes}
    columns = sorted({*columns_read(taught), "late"})
    until = last + datetime.resolution
    for table in lake.scan(None, until, step_rows, columns=columns, dictionary=True):
        acts = table if include_late else table.filter(pc.invert(table["late"]))
        lesson, _ = kernels.process(lesson, acts, taught, judges.secret, pool)
    return replace(
        state,
        indexes=state.indexes | lesson.indexes,
        detectors=state.detectors | lesson.detectors,
    )
