"""Events: the acts behind a finding, those of a window, and one act with its raw record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wheeltapper.activity import FIELDS
from wheeltapper.case import Case, CaseFinding
from wheeltapper.server.answers import EventField, EventLine, EventList, EventView
from wheeltapper.server.view import (
    WITHIN,
    View,
    ids_of,
    in_window,
    span_of,
    text,
    whose,
)

_SHOWN = (
    "app", "action", "outcome", "actor", "target", "src_ip", "device", "country", "user_agent",
)  # fmt: skip
_APART = ("event_id", "time", "raw")
_LAST = ("source", "native_id", "received")
"""What a reader wants to know after everything else."""


def of_finding(view: View, case: Case, finding: CaseFinding, limit: int, offset: int) -> EventList:
    """The acts that a finding rests on."""
    ids = ids_of([finding])
    where = f"{WITHIN} and event_id in (select unnest($ids::blob[]))"
    return _some(view, where, {**span_of(case), "ids": ids}, limit, offset)


def of_window(
    view: View, case: Case, start: datetime, end: datetime, limit: int, offset: int
) -> EventList:
    """Everything that those whom the case is about did in a window."""
    mine, params = whose(case)
    return _some(view, f"{mine} and {WITHIN}", {**params, **in_window(start, end)}, limit, offset)


def _some(
    view: View, where: str, params: Mapping[str, object], limit: int, offset: int
) -> EventList:
    columns = ", ".join(f'"{name}"' for name in _SHOWN)
    total = view.rows_within(f"select count(*) as n from activities where {where}", params)[0]["n"]
    rows = view.rows_within(
        f"select event_id, time, {columns} from activities where {where} "
        "order by time, event_id limit $limit offset $offset",
        {**params, "limit": limit, "offset": offset},
    )
    events = [
        EventLine(
            event_id=row["event_id"].hex(),
            time=row["time"],
            **{name: text(row[name]) for name in _SHOWN},
        )
        for row in rows
    ]
    return EventList(events=events, total=total, offset=offset)


def one(view: View, event_id: bytes, near: tuple[datetime, datetime] | None) -> EventView | None:
    """An act with all its fields; `near` spares reading the whole lake for it."""
    where, params = "event_id = $id::blob", {"id": event_id}
    rows: list[dict[str, Any]] = []
    if near:
        rows = view.rows_within(
            f"select * from activities where {WITHIN} and {where} limit 1",
            {**params, **in_window(*near)},
        )
    if not rows:
        rows = view.rows(f"select * from activities where {where} limit 1", params)
    if not rows:
        return None
    row = rows[0]
    unsaid = {*_APART, *(name for name, value in row.items() if value is None)}
    if not row["late"]:
        unsaid.add("late")
    fields = [
        EventField(name=f.name, meaning=f.meaning, value=text(row[f.name]))
        for f in sorted(FIELDS, key=lambda f: f.name in _LAST)
        if f.name not in unsaid
    ]
    return EventView(event_id=event_id.hex(), time=row["time"], fields=fields, raw=text(row["raw"]))
