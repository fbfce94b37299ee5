"""Activities for tests: say what matters, the rest is plain.

    activities([activity(actor="ana", country="NL"), activity(actor="kim", minutes=5)])

One act is a dict of Activity columns; many become a table as `enrich` delivers it. For tests of
this project and of anybody's own detectors and rules.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from wheeltapper.activity import HUMAN, OTHER, SCHEMA, SUCCESS

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When an act happens unless something else is said: a Monday, 09:00 UTC."""


def activity(
    actor: str | None = "ana",
    *,
    time: datetime = MONDAY,
    minutes: float = 0.0,
    days: float = 0.0,
    **columns: object,
) -> dict[str, object]:
    """One act: something harmless that `actor` did in a workday's morning.

    Parameters
    ----------
    time, minutes, days : when; `minutes` and `days` are added to `time`
    columns : any other column of `activity.SCHEMA`; None for one that is not known

    Raises
    ------
    ValueError   for a name that is no column, or a time without zone.
    """
    unknown = columns.keys() - set(SCHEMA.names)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: no column of an Activity")
    if time.tzinfo is None:
        raise ValueError(f"an act's time needs a zone, got {time}")
    when = (time + timedelta(days=days, minutes=minutes)).astimezone(UTC)
    return {
        "time": when,
        "received": when,
        "late": False,
        "source": "test",
        "app": "app",
        "action": "view",
        "category": OTHER,
        "outcome": SUCCESS,
        "actor": actor,
        "actor_type": HUMAN,
        "hour_of_week": when.weekday() * 24 + when.hour,
        **columns,
    }


def activities(rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """A table of `activity.SCHEMA` in (time, event_id) order.

    A row without `event_id` gets one made from its content; the same content again gets another,
    so rows are never lost.
    """
    given, seen = [], Counter[bytes]()
    for row in rows:
        content = repr(sorted((name, repr(value)) for name, value in row.items())).encode()
        seen[content] += 1
        event_id = hashlib.blake2b(
            content, digest_size=16, salt=seen[content].to_bytes(8, "little")
        ).digest()
        given.append({"event_id": event_id, **row})
    return pa.Table.from_pylist(given, SCHEMA).sort_by(
        [("time", "ascending"), ("event_id", "ascending")]
    )
