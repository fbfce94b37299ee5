"""Detection over the lake, step by step, each step all or nothing.

A step reads the next acts in order, judges them, appends the findings under the step's number and
then commits the state. Killed anywhere, the next run does the unfinished step again with the same
outcome; findings that its first try left behind are recognised by their step.

An act that arrives after its time has been passed is *late*: ingest marks it so. Rules judge it;
kernels and models neither judge nor learn it, in replay as live. `replay` takes all in order.
"""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity, finding
from wheeltapper.detect import process as kernels
from wheeltapper.detect import snapshot
from wheeltapper.detect.distinct import Memo
from wheeltapper.detect.models.features import COLUMNS as MODEL_COLUMNS
from wheeltapper.detect.prepare import Prepared, columns_read, prepare
from wheeltapper.engines.local.ahead import ahead
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest, Standing
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.local.models import States
from wheeltapper.engines.local.teach import teach
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a run of detection did."""

    acts: int
    late: int
    findings: int
    anew: tuple[str, ...]
    """Detectors that are new or changed: they were taught by history, of which they say nothing."""


def columns_for(judges: Judges) -> list[str]:
    """The Activity columns that the judges read; `raw` only where one of them needs it."""
    named = {*columns_read(judges.detectors), "late", "received"}
    if judges.rules.rules:
        named |= {"source", "raw", *activity.ENTITY_COLUMNS}
    if judges.models.names:
        named |= set(MODEL_COLUMNS)
    return [f.name for f in activity.FIELDS if f.name in named]


def detect(
    lake: Lake,
    checkpoint: Checkpoint,
    judges: Judges,
    *,
    step_rows: int,
    threads: int,
    replay: bool = False,
    include_late: bool = False,
    until: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Detection:
    """Judge what the lake holds beyond the checkpoint.

    With `replay` everything is judged again from the beginning, and the findings are what they
    were; with `include_late` as well, acts that came late are taken in their place. Acts of
    `until` and after it are left to a later run.

    Raises
    ------
    WheeltapperError   if the saved state is damaged or was written by a later version.
    """
    if replay:
        checkpoint.clear()
    newest, standing = checkpoint.manifest(), checkpoint.sound()
    manifest = standing.manifest
    lake.drop_findings(after=_last_label(manifest.step))
    # What is done again after damage is new to refinement, so its steps have new numbers.
    manifest = replace(manifest, step=max(manifest.step, newest.step))
    kernel_state, model_state, anew = _restored(checkpoint, standing, judges)
    acts = late = found = 0
    after = None if manifest.watermark_us is None else _time(manifest.watermark_us)

    def commit(findings: pa.Table, now: Manifest) -> Manifest:
        # The label ends in chance: a step that is done again is a step of its own.
        lake.append_findings(findings, _label(now.step) + "-" + secrets.token_hex(4))
        return checkpoint.commit(
            now,
            snapshot.to_bytes(kernel_state, judges.detectors),
            judges.models.to_bytes(model_state),
        )

    if anew and after is not None:
        with ThreadPoolExecutor(threads) as pool:
            kernel_state = teach(
                kernel_state, anew, lake, judges, last=after, step_rows=step_rows,
                include_late=include_late, pool=pool,
            )  # fmt: skip
        manifest = commit(finding.SCHEMA.empty_table(), replace(manifest, step=manifest.step + 1))
    # What came after its time had been passed, since the last look: rules only. First, because
    # what the steps below judge was received no earlier.
    if after is not None and judges.rules.rules:
        where = "late and received > make_timestamptz(?) and time <= make_timestamptz(?)"
        params = [manifest.late_us or 0, manifest.watermark_us]
        behind = lake.activities(where=where, params=params)
        if len(behind):
            findings = judges.rules.judge(behind)
            manifest = commit(
                findings,
                replace(manifest, step=manifest.step + 1, late_us=_latest(behind["received"])),
            )
            late, found = len(behind), len(findings)
    with ThreadPoolExecutor(threads) as pool:
        for table, ready in ahead(_prepared(lake, judges, (after, until), step_rows, include_late)):
            kernel_state, by_kernels = kernels.process(
                kernel_state, ready, judges.detectors, judges.secret, pool
            )
            model_state, by_models = judges.models.process(model_state, ready.events)
            tables = [by_kernels, by_models, judges.rules.judge(table)]
            findings = pa.concat_tables([t.cast(finding.SCHEMA) for t in tables])
            manifest = commit(
                findings,
                replace(
                    manifest,
                    step=manifest.step + 1,
                    watermark_us=_latest(table["time"]),
                    late_us=max(manifest.late_us or 0, _latest(table["received"])),
                ),
            )
            acts += len(table)
            found += len(findings)
            if progress:
                progress(len(table))
    return Detection(acts=acts, late=late, findings=found, anew=tuple(anew))


def _prepared(
    lake: Lake,
    judges: Judges,
    between: tuple[datetime | None, datetime | None],
    step_rows: int,
    include_late: bool,
) -> Iterator[tuple[pa.Table, Prepared]]:
    """The acts of each step, and those that came on time, ready for the kernels."""
    memo = Memo(judges.secret)
    for table in lake.scan(*between, step_rows, columns=columns_for(judges), dictionary=True):
        all_on_time = pc.all(pc.invert(table["late"]), skip_nulls=False, min_count=0).as_py()
        on_time = table if include_late or all_on_time else table.filter(pc.invert(table["late"]))
        yield table, prepare(on_time, judges.detectors, judges.secret, memo)


def _label(step: int) -> str:
    """Steps sort as text as they do as numbers."""
    return f"{step:012d}"


def _last_label(step: int) -> str:
    """Sorts after every try at this step, and before every try at the next."""
    return f"{_label(step)}~"


def _latest(times: pa.ChunkedArray) -> int:
    return int(pc.max(times.cast(pa.int64())).as_py())


def _restored(
    checkpoint: Checkpoint, standing: Standing, judges: Judges
) -> tuple[kernels.State, States, list[str]]:
    if not standing.manifest.snapshot:
        return kernels.start(judges.detectors), judges.models.start(), []
    try:
        state, anew = snapshot.from_bytes(standing.state, judges.detectors)
        models = judges.models.from_bytes(standing.models)
    except ValueError as error:
        raise WheeltapperError(f"{checkpoint.folder}: {error}") from error
    return state, models, anew


def _time(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)
