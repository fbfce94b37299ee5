"""Activities for tests of rules: everything but the native record is plain."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import pyarrow as pa

from wheeltapper.activity import SCHEMA


def activities(source: str, raws: Sequence[str | None], **columns: object) -> pa.Table:
    first = datetime(2026, 3, 2, 9, tzinfo=UTC)
    given: dict[str, object] = {
        "event_id": [blake2b(str(raw).encode(), digest_size=16).digest() for raw in raws],
        "time": [first + timedelta(seconds=i) for i in range(len(raws))],
        "source": [source] * len(raws),
        "app": ["App"] * len(raws),
        "actor": ["kim"] * len(raws),
        "raw": raws,
        **columns,
    }
    return pa.table(
        [
            pa.array(given[f.name], f.type) if f.name in given else pa.nulls(len(raws), f.type)
            for f in SCHEMA
        ],
        schema=SCHEMA,
    )
