"""Teach: a detector that is new, or has changed, learns from what the lake holds already.

Else it would call everything new for weeks. It says nothing of what it is taught with: that was
judged when it came, and `backtest` tells what the detector would have said of it.
"""

from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow.compute as pc

from wheeltapper.detect import process as kernels
from wheeltapper.detect.prepare import columns_read
from wheeltapper.detect.table import SEEN, Records
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
    for entity in lesson.indexes:
        known = state.indexes.get(entity)
        if known is not None:
            lesson.indexes[entity] = known._replace(seen=np.zeros_like(known.seen))
    columns = sorted({*columns_read(taught), "late"})
    until = last + datetime.resolution
    for table in lake.scan(None, until, step_rows, columns=columns, dictionary=True):
        acts = table if include_late else table.filter(pc.invert(table["late"]))
        lesson, _ = kernels.process(lesson, acts, taught, judges.secret, pool)
    for entity, index in lesson.indexes.items():
        if entity in state.indexes:
            lesson.indexes[entity] = index._replace(
                seen=_more_often(index.seen, state.indexes[entity].seen)
            )
    return replace(
        state,
        indexes=state.indexes | lesson.indexes,
        detectors=state.detectors | lesson.detectors,
    )


def _more_often(taught: Records, known: Records) -> Records:
    """How often each entity was seen: by the others until now, or by those that were taught."""
    seen = taught.copy()
    for name in SEEN.names or ():
        seen[name][: len(known)] = np.maximum(taught[name][: len(known)], known[name])
    return seen
