"""Replay: history judged again by one detector, from its beginning, and nothing written.

What comes out is what live detection would have said: late acts are left to rules, as there. A
kernel or a model learns from the lake's first act on; a rule remembers nothing and is shown only
what it is asked about.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity, finding
from wheeltapper.detect import process as kernels
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.models.userday import UserDay
from wheeltapper.detect.prepare import columns_read, prepare
from wheeltapper.detect.rules.ruleset import Ruleset
from wheeltapper.store.lake import Lake

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What one detector said of history, and what that took."""

    findings: pa.Table
    """`finding.SCHEMA`, in order of time."""
    acts: int
    """Acts that were read."""
    looked_at: int
    """Acts that the detector looked at: those that its filter let through."""
    entities: int
    state_bytes: int
    """What it remembers at the end."""
    seconds: float
    """Of judging all versions together, reading included."""


def by_kernels(
    lake: Lake,
    versions: Sequence[Detector],
    secret: bytes,
    *,
    until: datetime | None,
    step_rows: int,
    threads: int,
    progress: Progress | None = None,
) -> list[Replay]:
    """What each version of a detector would have said; they may share a name."""
    began = perf_counter()
    # State and findings go by name.
    apart = [dataclasses.replace(d, name=f"{i} {d.name}") for i, d in enumerate(versions)]
    state = kernels.start(apart)
    said = []
    acts, looked_at = 0, [0] * len(apart)
    columns = sorted({*columns_read(apart), "late"})
    with ThreadPoolExecutor(threads) as pool:
        for table in _scanned(lake, None, until, step_rows, columns, progress):
            acts += len(table)
            prepared = prepare(table.filter(pc.invert(table["late"])), apart, secret)
            for i, one in enumerate(apart):
                looked_at[i] += int(prepared.rows[one.filter].size)
            state, findings = kernels.process(state, prepared, apart, secret, pool)
            said.append(findings)
    findings = pa.concat_tables([finding.SCHEMA.empty_table(), *said])
    took = perf_counter() - began
    return [
        Replay(
            findings=_renamed(
                findings.filter(pc.equal(findings["detector"], one.name)), version.name
            ),
            acts=acts,
            looked_at=count,
            entities=int(state.indexes[one.entity].size[0]),
            state_bytes=_bytes(state.detectors[one.name]),
            seconds=took,
        )
        for one, version, count in zip(apart, versions, looked_at, strict=True)
    ]


def _renamed(findings: pa.Table, name: str) -> pa.Table:
    names = pa.array([name] * len(findings), pa.string())
    return findings.set_column(0, finding.SCHEMA.field("detector"), names)


def _bytes(state: kernels.DetectorState) -> int:
    parts = (*state.own, *state.open, *state.peers)
    return sum(int(array.nbytes) for array in parts)


def by_rules(
    lake: Lake,
    rules: Ruleset,
    *,
    since: datetime | None,
    until: datetime | None,
    step_rows: int,
    progress: Progress | None = None,
) -> Replay:
    """What the rules of a set say of acts with `since <= time < until`; late ones too."""
    began = perf_counter()
    acts = looked_at = 0
    said = [finding.SCHEMA.empty_table()]
    sources = pa.array(
        sorted({s for r in rules.rules for p in r.programs for s in p.place.sources}), pa.string()
    )
    columns = [f.name for f in activity.FIELDS if f.name != "native_id"]
    for table in _scanned(lake, since, until, step_rows, columns, progress):
        acts += len(table)
        mine = table.filter(pc.is_in(table["source"].cast(pa.string()), sources))
        looked_at += len(mine)
        said.append(rules.judge(mine).cast(finding.SCHEMA))
    return Replay(
        findings=pa.concat_tables(said), acts=acts, looked_at=looked_at, entities=0,
        state_bytes=0, seconds=perf_counter() - began,
    )  # fmt: skip


def by_model(
    lake: Lake,
    model: UserDay,
    *,
    until: datetime | None,
    step_rows: int,
    progress: Progress | None = None,
) -> Replay:
    """What a model says of the days that are over."""
    began = perf_counter()
    state, acts = model.start(), 0
    said = [finding.SCHEMA.empty_table()]
    columns = [f.name for f in activity.FIELDS if f.name not in ("native_id", "raw")]
    for table in _scanned(lake, None, until, step_rows, columns, progress):
        acts += len(table)
        state, findings = model.process(state, table.filter(pc.invert(table["late"])))
        said.append(findings.cast(finding.SCHEMA))
    findings = pa.concat_tables(said)
    return Replay(
        findings=findings, acts=acts, looked_at=acts,
        entities=0, state_bytes=len(state.to_bytes()), seconds=perf_counter() - began,
    )  # fmt: skip


def _scanned(
    lake: Lake,
    since: datetime | None,
    until: datetime | None,
    step_rows: int,
    columns: Sequence[str],
    progress: Progress | None,
) -> Iterator[pa.Table]:
    after = None if since is None else since - datetime.resolution
    for table in lake.scan(after, until, step_rows, columns=columns, dictionary=True):
        yield table
        if progress:
            progress(len(table))
