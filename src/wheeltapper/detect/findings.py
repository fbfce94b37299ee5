"""What kernels hit upon in a batch, written as findings.

All detectors' hits are written together: the acts that they quote are taken out of the batch once,
and one encoder writes all the evidence.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import finding
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.distinct import taken
from wheeltapper.detect.family import Hits
from wheeltapper.detect.prepare import EVIDENCE, Prepared
from wheeltapper.detect.table import Bools, Int64s

Texts = npt.NDArray[np.object_]
"""A str or None each."""


class Evidence(msgspec.Struct, omit_defaults=True):
    """What stands behind one finding, in the order in which it is written."""

    family: str
    unit: str
    peers: float
    of_peers: float
    before: float
    since_day: int
    value: str | None = None
    app: str | None = None
    action: str | None = None
    source: str | None = None
    session: str | None = None
    target: str | None = None
    src_ip: str | None = None
    outcome: str | None = None
    peer_group: str | None = None


def findings_of(said: Iterable[tuple[Detector, Hits]], prepared: Prepared) -> pa.Table:
    """A table of `finding.SCHEMA` in (time, event, detector) order."""
    some = sorted(((d, h) for d, h in said if h.row.size), key=lambda one: one[0].name)
    if not some:
        return finding.SCHEMA.empty_table()
    detectors = [detector for detector, _ in some]
    rows = np.concatenate([hits.row for _, hits in some])
    # Acts lie in (time, event) order; of one act, findings are in the detectors' order.
    order = np.argsort(rows, kind="stable")
    which = np.repeat(np.arange(len(some)), [hits.row.size for _, hits in some])[order]
    hits = Hits(
        *(np.concatenate(parts)[order] for parts in zip(*(h for _, h in some), strict=True))
    )
    unique, at = np.unique(hits.row, return_inverse=True)
    acts = taken(prepared.events.select(_quoted(detectors)), unique)
    quoted = {name: _texts(acts[name]) for name in acts.column_names if name not in _KEPT}

    def chosen(column_of: Sequence[str]) -> Texts:
        """Each finding's text of the column that its detector names; None where it names none."""
        out: Texts = np.full(hits.row.size, None, object)
        for column in sorted(set(column_of) - {""}):
            mine = np.array([c == column for c in column_of])[which]
            out[mine] = quoted[column][at[mine]]
        return out

    entities = chosen([d.entity for d in detectors])
    evidence = msgspec.json.Encoder().encode_lines(
        map(
            Evidence,
            np.array([d.family for d in detectors], object)[which].tolist(),
            np.array([d.unit for d in detectors], object)[which].tolist(),
            hits.peers.round(4).tolist(),
            hits.of_peers.round(4).tolist(),
            hits.before.round(4).tolist(),
            hits.since.astype(np.int64).tolist(),
            _values(detectors, which, hits.row, at, acts, prepared).tolist(),
            *(quoted[name][at].tolist() for name in EVIDENCE),
            chosen([d.peers for d in detectors]).tolist(),
        )
    )
    of_each = pa.array(which)
    ids = acts["event_id"].combine_chunks().cast(pa.binary()).take(pa.array(at))
    return pa.table(
        {
            "detector": pa.array([d.name for d in detectors], pa.string()).take(of_each),
            "entity_type": pa.array([d.entity for d in detectors], pa.string()).take(of_each),
            "entity": pa.array(entities, pa.string()),
            "time": acts["time"].take(pa.array(at)),
            "bits": hits.bits,
            "llr": hits.llr,
            "observed": hits.observed,
            "expected": hits.expected,
            "baseline_n": hits.baseline.astype(np.int64),
            "event_ids": pa.ListArray.from_arrays(np.arange(len(at) + 1, dtype=np.int32), ids),
            "attack": pa.array(
                [list(d.attack) for d in detectors], pa.list_(pa.string())
            ).take(of_each),
            # JSON text has no line ends but those between its lines.
            "evidence": pa.array(evidence.split(b"\n")[:-1], pa.binary()).cast(pa.string()),
        },
        schema=finding.SCHEMA,
    )  # fmt: skip


_KEPT = ("event_id", "time")


def _quoted(detectors: Sequence[Detector]) -> list[str]:
    named = {name for d in detectors for name in (d.entity, d.peers, *d.columns) if name}
    return sorted({*_KEPT, *EVIDENCE} | named)


def _texts(column: pa.ChunkedArray) -> Texts:
    out: Texts = np.array(column.cast(pa.string()).to_pylist(), object)
    return out


def _values(
    detectors: Sequence[Detector],
    which: Int64s,
    rows: Int64s,
    at: Int64s,
    acts: pa.Table,
    prepared: Prepared,
) -> Texts:
    """Each finding's value as text; None where its detector compares none."""
    out: Texts = np.full(rows.size, None, object)
    for number, detector in enumerate(detectors):
        mine: Bools = which == number
        if detector.columns:
            parts = [
                acts[name].cast(pa.string()).combine_chunks().take(pa.array(at[mine]))
                for name in detector.columns
            ]
            joined = pc.binary_join_element_wise(*parts, " ", null_handling="replace")
            out[mine] = joined.to_pylist()
        elif detector.value:
            out[mine] = prepared.values[detector.value].of(rows[mine]).to_pylist()
    return out
