"""Kernels compiled before anybody waits for them: `python -m wheeltapper.detect.warm`.

Numba compiles a kernel when it first runs, which takes some seconds, and keeps the outcome beside
the source (or where NUMBA_CACHE_DIR says). Set-up calls this once.
"""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from wheeltapper import activity
from wheeltapper.detect import snapshot
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.family import families
from wheeltapper.detect.process import process, start

SECRET = bytes(16)


def warm() -> None:
    """Run every family over a few acts of a few days: each kernel is compiled and kept."""
    detectors = [
        Detector(
            name=f"warm.{family.name}",
            family=family.name,
            about="",
            filter="hour_of_week >= 0 and (session is null or session is not null)",
            entity="actor",
            says="",
            value="app + action",
            mark="outcome = 'success'",
            measure="bytes",
            settings=family.settings(min_bits=0.0),
        )
        for family in families().values()
    ]
    first = datetime(2026, 1, 5, tzinfo=UTC)
    given = [
        {
            "event_id": i.to_bytes(16, "little"),
            "time": first + timedelta(hours=i),
            "actor": "ana",
            "app": "app",
            "action": f"action {i}" if i % 7 else None,
            "session": "s" if i % 2 else None,
            "peer_group": "all",
            "hour_of_week": i % 168,
            "outcome": "success" if i % 5 == 0 else "failure",
            "bytes": 1000 * i,
            "latitude": 52.0,
            "longitude": float(i % 90),
        }
        for i in range(100)
    ]
    acts = pa.Table.from_pylist(given, activity.SCHEMA)
    # As a test hands them over, and as the lake does.
    coded = pa.table(
        [
            column.dictionary_encode() if field.type == pa.string() else column
            for field, column in zip(acts.schema, acts.columns, strict=True)
        ],
        names=acts.column_names,
    )
    process(start(detectors), coded, detectors, SECRET)
    state, _ = process(start(detectors), acts[:50], detectors, SECRET)
    # Arrays from a snapshot must not be another type to Numba than fresh ones.
    state, _ = snapshot.from_bytes(snapshot.to_bytes(state, detectors), detectors)
    process(state, acts[50:], detectors, SECRET)


if __name__ == "__main__":
    warm()
