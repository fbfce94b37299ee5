"""All judges in this process, their kernels side by side on threads; one shard.

Rules remember nothing, so a thread of their own judges the next acts while kernels judge these.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import pyarrow as pa

from wheeltapper import finding
from wheeltapper.detect import process as kernels
from wheeltapper.detect import snapshot
from wheeltapper.detect.distinct import Memo
from wheeltapper.detect.prepare import Prepared, prepare
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest, Standing
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.local.models import States
from wheeltapper.engines.local.teach import teach
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

Ready = tuple[Prepared, Future[pa.Table]]
"""Acts that need no more than their states, and what rules will have found in them."""

_TURN_S = 50e-6


class Alone:
    """The hands of detection that are always there."""

    shards = 1

    def __init__(
        self, judges: Judges, checkpoint: Checkpoint, standing: Standing, threads: int
    ) -> None:
        """
        Raises
        ------
        WheeltapperError   if the saved state is damaged or was written by a later version.
        """
        self._judges = judges
        self._checkpoint = checkpoint
        self._memo = Memo(judges.secret)
        self._pool = ThreadPoolExecutor(threads)
        self._ruling = ThreadPoolExecutor(1)
        self._kernels, self._models, self.anew = _restored(checkpoint, standing, judges)
        # Kernels let go of the interpreter in calls of some microseconds. After each they would
        # wait for the usual 5 ms of a turn, where rules or the next acts are at work in Python.
        self._usual_turn_s = sys.getswitchinterval()
        if threads > 1:
            sys.setswitchinterval(_TURN_S)

    def close(self) -> None:
        sys.setswitchinterval(self._usual_turn_s)
        self._pool.shutdown()
        self._ruling.shutdown(cancel_futures=True)

    def teach(self, lake: Lake, *, last: datetime, step_rows: int, include_late: bool) -> None:
        self._kernels = teach(
            self._kernels, self.anew, lake, self._judges, last=last, step_rows=step_rows,
            include_late=include_late, pool=self._pool,
        )  # fmt: skip

    def ready(self, acts: pa.Table, on_time: pa.Table) -> Ready:
        by_rules = self._ruling.submit(self._judges.rules.judge, acts)
        prepared = prepare(on_time, self._judges.detectors, self._judges.secret, self._memo)
        return prepared, by_rules

    def judge(self, acts: pa.Table, ready: Ready) -> pa.Table:
        judges, (prepared, by_rules) = self._judges, ready
        self._kernels, by_kernels = kernels.process(
            self._kernels, prepared, judges.detectors, judges.secret, self._pool
        )
        self._models, by_models = judges.models.process(self._models, prepared.events)
        tables = [by_kernels, by_models, by_rules.result()]
        return pa.concat_tables([t.cast(finding.SCHEMA) for t in tables])

    def commit(self, manifest: Manifest) -> Manifest:
        return self._checkpoint.commit(
            manifest,
            snapshot.to_bytes(self._kernels, self._judges.detectors),
            self._judges.models.to_bytes(self._models),
        )


def _restored(
    checkpoint: Checkpoint, standing: Standing, judges: Judges
) -> tuple[kernels.State, States, Sequence[str]]:
    if not standing.manifest.snapshot:
        return kernels.start(judges.detectors), judges.models.start(), []
    try:
        state, anew = snapshot.from_bytes(standing.state, judges.detectors)
        models = judges.models.from_bytes(standing.models)
    except ValueError as error:
        raise WheeltapperError(f"{checkpoint.folder}: {error}") from error
    return state, models, anew
