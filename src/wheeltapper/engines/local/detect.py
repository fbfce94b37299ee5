"""Detection over the lake, step by step, each step all or nothing.

A step reads the next acts in order, judges them piece by piece, appends the findings under the
step's number and then commits the state. Killed anywhere, the next run does the unfinished step
again with the same outcome; findings that its first try left behind are recognised by their step.

An act that arrives after its time has been passed is *late*: ingest marks it so. Rules judge it;
kernels and models neither judge nor learn it, in replay as live. `replay` takes all in order.

Who does the judging are *hands*: this process alone, or a crew of several.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity, finding
from wheeltapper.detect.models.commands import COLUMNS as COMMAND_COLUMNS
from wheeltapper.detect.models.features import COLUMNS as MODEL_COLUMNS
from wheeltapper.detect.prepare import columns_read
from wheeltapper.engines.local import steps
from wheeltapper.engines.local.ahead import ahead
from wheeltapper.engines.local.alone import Alone
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.judges import Judges
from wheeltapper.store.lake import Lake

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Pieces = Iterator[tuple[pa.Table, Any]]  # acts, and what hands made ready: each kind has its own
PIECE_ROWS = 100_000
"""Nothing else is done while the first acts are read and the last are judged: let them be few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a run of detection did."""

    acts: int
    late: int
    findings: int
    anew: tuple[str, ...]
    """Detectors that are new or changed: they were taught by history, of which they say nothing."""
    shards: int = 1
    """Parts that accounts are dealt to: no more workers than that can share the work."""


class Hands(Protocol):
    """Who judges the acts of a step."""

    anew: Sequence[str]
    """Detectors without a state, or with that of another version."""
    shards: int

    def teach(self, lake: Lake, *, last: datetime, step_rows: int, include_late: bool) -> None:
        """Let those that are `anew` learn from all acts up to and with `last`."""

    def ready(self, acts: pa.Table, on_time: pa.Table) -> Any:  # each kind of hands has its own
        """What needs no state, done ahead of time in another thread."""

    def judge(self, acts: pa.Table, ready: Any) -> pa.Table:
        """Findings of a step: of rules about all `acts`, of the others about those on time."""

    def commit(self, manifest: Manifest) -> Manifest:
        """Save the state and make the manifest the truth."""

    def close(self) -> None:
        """No more is to be judged."""


def columns_for(judges: Judges) -> list[str]:
    """The Activity columns that the judges read; `raw` only where one of them needs it."""
    named = {*columns_read(judges.detectors), "late", "received"}
    if judges.rules.rules:
        named |= {"source", "raw", *activity.ENTITY_COLUMNS}
    if judges.models.names:
        named |= {*MODEL_COLUMNS, *COMMAND_COLUMNS}
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
    crew: Callable[[Manifest], Hands | None] = lambda _: None,
) -> Detection:
    """Judge what the lake holds beyond the checkpoint.

    With `replay` everything is judged again from the beginning, and the findings are what they
    were; with `include_late` as well, acts that came late are taken in their place. Acts of
    `until` and after it are left to a later run. `crew` is told where detection stands, and brings
    the hands that go on from there, or none.

    Raises
    ------
    WheeltapperError   if the saved state is damaged or was written by a later version.
    """
    standing = steps.begin(lake, checkpoint, replay=replay)
    manifest = standing.manifest
    hands: Hands = crew(manifest) or Alone(judges, checkpoint, standing, threads)
    with closing(hands):
        return _detected(
            lake, manifest, judges, hands,
            step_rows=step_rows, include_late=include_late, until=until, progress=progress,
        )  # fmt: skip


def _detected(
    lake: Lake,
    manifest: Manifest,
    judges: Judges,
    hands: Hands,
    *,
    step_rows: int,
    include_late: bool,
    until: datetime | None,
    progress: Callable[[int], None] | None,
) -> Detection:
    acts = late = found = 0
    after = None if manifest.watermark_us is None else _time(manifest.watermark_us)

    def commit(findings: pa.Table, **now: int) -> Manifest:
        done = replace(manifest, step=manifest.step + 1, **now)  # type: ignore[arg-type]
        steps.append(lake, findings, done.step)
        return hands.commit(done)

    anew = tuple(hands.anew)
    if anew and after is not None:
        hands.teach(lake, last=after, step_rows=step_rows, include_late=include_late)
        manifest = commit(finding.SCHEMA.empty_table())
    behind = steps.came_late(lake, manifest) if judges.rules.rules else None
    if behind is not None:
        findings = judges.rules.judge(behind)
        manifest = commit(findings, late_us=latest(behind["received"]))
        late, found = len(behind), len(findings)
    rows = min(step_rows, PIECE_ROWS)
    pieces = ahead(_ready(lake, judges, hands, (after, until), rows, include_late))
    for step in _judged(hands, pieces, step_rows - rows // 2):
        manifest = commit(
            step.findings,
            watermark_us=step.newest_us,
            late_us=max(manifest.late_us or 0, step.received_us),
        )
        acts += step.acts
        found += len(step.findings)
        if progress:
            progress(step.acts)
    return Detection(acts=acts, late=late, findings=found, anew=anew, shards=hands.shards)


@dataclass(frozen=True, slots=True)
class _Step:
    """What is committed together."""

    acts: int
    findings: pa.Table
    newest_us: int
    received_us: int
    """When the last of its acts was received."""


def _judged(hands: Hands, pieces: Pieces, enough: int) -> Iterator[_Step]:
    """Pieces are judged one after the other; those of `enough` acts or more are a step."""
    acts, found, received_us = 0, list[pa.Table](), 0
    for table, ready in pieces:
        found.append(hands.judge(table, ready))
        acts += len(table)
        newest_us = latest(table["time"])
        received_us = max(received_us, latest(table["received"]))
        if acts >= enough:
            yield _Step(acts, pa.concat_tables(found), newest_us, received_us)
            acts, found, received_us = 0, [], 0
    if acts:
        yield _Step(acts, pa.concat_tables(found), newest_us, received_us)


def _ready(
    lake: Lake,
    judges: Judges,
    hands: Hands,
    between: tuple[datetime | None, datetime | None],
    rows: int,
    include_late: bool,
) -> Pieces:
    """Pieces of so many acts, and what the hands made ready of them."""
    for table in lake.scan(*between, rows, columns=columns_for(judges), dictionary=True):
        all_on_time = pc.all(pc.invert(table["late"]), skip_nulls=False, min_count=0).as_py()
        on_time = table if include_late or all_on_time else table.filter(pc.invert(table["late"]))
        yield table, hands.ready(table, on_time)


def latest(times: pa.ChunkedArray) -> int:
    """The last of them, in microseconds."""
    return int(pc.max(times.cast(pa.int64())).as_py())


def _time(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)
