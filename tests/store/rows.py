"""Activities for the store's tests: few columns matter, the others are null."""

import hashlib
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from wheeltapper.activity import SCHEMA

START = datetime(2023, 7, 10, 0, 0, tzinfo=UTC)


def event_id(name: object) -> bytes:
    return hashlib.blake2b(repr(name).encode(), digest_size=16).digest()


def activities(seconds, *, names=None, **columns):
    """One activity for each of `seconds` after START; ids from `names`, or from the second."""
    names = seconds if names is None else names
    given = {
        "event_id": [event_id(name) for name in names],
        "time": [START + timedelta(seconds=float(s)) for s in seconds],
        **columns,
    }
    return pa.table(
        [
            pa.array(given.get(field.name, [None] * len(given["time"])), field.type)
            for field in SCHEMA
        ],
        schema=SCHEMA,
    )
