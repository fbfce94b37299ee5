"""The contract every engine calls: `process(state, events) -> (state, findings)`.

Pure but for one thing that speed asks for: arrays of the state handed in are reused, so it must
not be used again. Deterministic; no clock, no randomness, no I/O. Events come in (time, event_id)
order; cutting them into any batches gives the same findings and the same state, byte for byte.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from wheeltapper import finding
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.family import Columns, Hits, families
from wheeltapper.detect.findings import findings_of
from wheeltapper.detect.forget import MOST_ENTITIES, forget
from wheeltapper.detect.peers import Open, Peers, no_peers, nothing_open
from wheeltapper.detect.prepare import DAY_US, Prepared, number_entities, prepare
from wheeltapper.detect.table import Index, new_index, widened

MINIMUM = -(2**63)


@dataclass(slots=True)
class DetectorState:
    """What one detector remembers in one shard, and the peer tables it reads."""

    own: Any  # the family's own NamedTuple of arrays
    open: Open
    peers: Peers


@dataclass(slots=True)
class State:
    """One shard of the whole catalogue."""

    indexes: dict[str, Index]
    detectors: dict[str, DetectorState]
    watermark_us: int = MINIMUM
    """Time of the last act processed."""


def start(detectors: Sequence[Detector]) -> State:
    return State(
        {entity: new_index() for entity in sorted({d.entity for d in detectors})},
        {
            d.name: DetectorState(families()[d.family].start(), nothing_open(), no_peers())
            for d in detectors
        },
    )


def process(
    state: State,
    events: pa.Table | Prepared,
    detectors: Sequence[Detector],
    secret: bytes,
    executor: Executor | None = None,
    most_entities: int = MOST_ENTITIES,
) -> tuple[State, pa.Table]:
    """Judge and learn a batch of Activities.

    Parameters
    ----------
    state : State           from `start` or from the call before; not to be used again
    events : pa.Table       columns of `activity.SCHEMA`, in (time, event_id) order, none twice,
                            none before the state's watermark; or what `prepare` made of them
    detectors : the catalogue the state was started with
    secret : 16 bytes       key of the hash
    executor : runs the detectors side by side (their kernels let go of the interpreter)
    most_entities : of each kind, that are remembered; where a day begins with more, those unseen
                    for longest are forgotten

    Returns
    -------
    State, and a table of `finding.SCHEMA` in (time, event, detector) order.

    Raises
    ------
    ValueError   if events are out of order or before the watermark.
    """
    prepared = events if isinstance(events, Prepared) else prepare(events, detectors, secret)
    if not len(prepared.events):
        return state, finding.SCHEMA.empty_table()
    times = prepared.events["time"].cast(pa.int64()).to_numpy()
    if times[0] < state.watermark_us or (np.diff(times) < 0).any():
        raise ValueError("process needs acts in order of time, none before the watermark")
    if any(int(i.size[0]) + len(times) > most_entities for i in state.indexes.values()):
        return _day_by_day(state, prepared, detectors, executor, most_entities)
    return _judged(state, prepared, detectors, executor)


def _day_by_day(
    state: State,
    prepared: Prepared,
    detectors: Sequence[Detector],
    executor: Executor | None,
    most_entities: int,
) -> tuple[State, pa.Table]:
    """The same where entities may become too many: they are forgotten when a day begins."""
    edges = [0, *(np.flatnonzero(np.diff(prepared.days)) + 1).tolist(), len(prepared.days)]
    tables = []
    for first, last in pairwise(edges):
        if state.watermark_us // DAY_US < prepared.days[first]:
            own = {name: one.own for name, one in state.detectors.items()}
            indexes, own = forget(state.indexes, own, detectors, most_entities)
            state = State(
                indexes,
                {n: replace(one, own=own[n]) for n, one in state.detectors.items()},
                state.watermark_us,
            )
        piece = prepare(prepared.events[first:last], detectors, prepared.secret)
        state, found = _judged(state, piece, detectors, executor)
        tables.append(found)
    return state, pa.concat_tables(tables)


def _judged(
    state: State, prepared: Prepared, detectors: Sequence[Detector], executor: Executor | None
) -> tuple[State, pa.Table]:
    """Judge a batch without forgetting anybody."""
    indexes = number_entities(prepared, detectors, state.indexes)
    # The most work first: two threads end at about the same time.
    busiest = sorted(detectors, key=lambda d: prepared.rows[d.filter].size, reverse=True)
    columns = [prepared.columns_of(detector) for detector in busiest]

    def one(detector: Detector, acts: Columns) -> tuple[DetectorState, Hits]:
        entities = int(indexes[detector.entity].size[0])
        return run(state.detectors[detector.name], acts, detector, entities)

    done = list((executor.map if executor else map)(one, busiest, columns))
    moved = {d.name: s for d, (s, _) in zip(busiest, done, strict=True)}
    said = ((detector, hits) for detector, (_, hits) in zip(busiest, done, strict=True))
    return State(indexes, moved, int(prepared.time_us[-1])), findings_of(said, prepared)


def run(
    state: DetectorState, acts: Columns, detector: Detector, entities: int
) -> tuple[DetectorState, Hits]:
    """One detector over what it reads of a batch; there are so many `entities` by now."""
    family = families()[detector.family]
    own = state.own._replace(
        **{name: widened(getattr(state.own, name), entities) for name in family.by_entity}
    )
    own, opened, peers, hits = family.step(own, state.open, state.peers, acts, detector.settings)
    return DetectorState(own, opened, peers), hits
