"""Activity: what those whom a case is about did in a window, lane by lane, ordinary acts included.

Lanes are chosen by the case, not by the window, so that none comes or goes while the reader zooms.
"""

from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from wheeltapper.case import Case
from wheeltapper.server.answers import ActivityView, Lane, LaneView
from wheeltapper.server.view import (
    WITHIN,
    View,
    entity_column,
    ids_of,
    in_window,
    microseconds,
    moment,
    span_of,
    whose,
)

MOST_LANES = 40
"""Lanes with findings; more than that many applications in one case is no picture any more."""
ORDINARY_LANES = 6
"""Lanes without a finding that are shown for company, when there is room below the others."""
ROOM = 10
MOST_KEPT = 64
"""Cases whose lanes are remembered while the reader zooms."""
_NO_VALUE = {
    "app": "no application",
    "session": "no session",
    "device": "no device",
    "detector": "",
}


@dataclass(frozen=True, slots=True)
class _Before:
    """History up to the start of the case."""

    acts: int
    days: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class _Lane:
    """A lane, whatever window is looked at."""

    key: str
    values: tuple[str, ...]
    """The column values whose acts stand in it."""
    marks: tuple[int, ...]
    before: _Before


@dataclass(frozen=True, slots=True)
class _Lanes:
    column: str
    lanes: tuple[_Lane, ...]
    history_days: int


_NEVER = _Before(0, 0, None)


class LaneBook:
    """The lanes of the cases looked at last: they need the whole history, a window does not."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._kept: OrderedDict[tuple[object, ...], _Lanes] = OrderedDict()

    def activity(
        self, case: Case, start: datetime, end: datetime, lane: Lane, buckets: int
    ) -> ActivityView:
        """Acts per lane and bucket between `start` and `end`."""
        known = self._lanes(case, lane)
        counts, acts = _counts(self._view, case, known.column, start, end, buckets)
        lanes = []
        for one in known.lanes:
            total = [0] * buckets
            for value in one.values:
                for bucket, n in counts.get(value, {}).items():
                    total[bucket] += n
            lanes.append(
                LaneView(
                    key=one.key,
                    name=one.key or _NO_VALUE[lane],
                    counts=total,
                    before=one.before.acts,
                    days=one.before.days,
                    last_before=one.before.last,
                    marks=list(one.marks),
                )
            )
        shown = {value for one in known.lanes for value in one.values}
        return ActivityView(
            start=start,
            end=end,
            buckets=buckets,
            lanes=lanes,
            acts=acts,
            lanes_left_out=len(set(counts) - shown),
            history_days=known.history_days,
        )

    def _lanes(self, case: Case, lane: Lane) -> _Lanes:
        # What the lanes are made from: another run, or more logs, makes them anew.
        findings = tuple(f.finding.id for f in case.findings)
        key = (case.id, case.start, case.end, findings, lane, self._view.lake.span())
        found = self._kept.get(key) or _lanes_of(self._view, case, lane)
        self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found


def _lanes_of(view: View, case: Case, lane: Lane) -> _Lanes:
    marks = _marks(view, case, lane)
    # A detector has no acts of its own: behind its marks stand those of the applications it found
    # something in.
    column = "app" if lane == "detector" else lane
    parts = {key: _parts(case, key, lane) for key in marks}
    if lane != "detector":
        parts |= {key: (key,) for key in _company(view, case, column, set(marks))}
    every = sorted({value for values in parts.values() for value in values})
    before, history_days = _history(view, case, column, every)
    lanes = []
    for key, values in parts.items():
        known = [before.get(value, _NEVER) for value in values]
        joined = _Before(
            acts=sum(b.acts for b in known),
            days=max((b.days for b in known), default=0),
            last=max((b.last for b in known if b.last), default=None),
        )
        lanes.append(_Lane(key, values, tuple(marks.get(key, ())), joined))
    return _Lanes(column, tuple(lanes), history_days)


def _marks(view: View, case: Case, lane: Lane) -> dict[str, list[int]]:
    """Numbers of findings by lane; the lane of the weightiest finding first."""
    where: dict[str, str] = {}
    if lane in ("session", "device"):
        rows = view.rows_within(
            f"select hex(event_id) as id, coalesce(\"{lane}\", '') as lane from activities "
            f"where {WITHIN} and event_id in (select unnest($ids::blob[]))",
            {**span_of(case), "ids": ids_of(case.findings)},
        )
        where = {row["id"].lower(): row["lane"] for row in rows}
    found: dict[str, list[int]] = {}
    for n, f in enumerate(case.findings, 1):
        if lane == "app":
            key = f.app
        elif lane == "detector":
            key = f.finding.detector
        else:
            seen = Counter(where.get(id, "") for id in f.finding.event_ids)
            key = seen.most_common(1)[0][0]
        if key in found or len(found) < MOST_LANES:
            found.setdefault(key, []).append(n)
    return found


def _parts(case: Case, key: str, lane: Lane) -> tuple[str, ...]:
    """The column values whose acts stand in a lane."""
    if lane != "detector":
        return (key,)
    return tuple(dict.fromkeys(f.app for f in case.findings if f.finding.detector == key))


def _company(view: View, case: Case, column: str, marked: set[str]) -> list[str]:
    """Lanes without a finding: where the entity was busiest around the case."""
    wanted = min(ORDINARY_LANES, ROOM - len(marked))
    if wanted <= 0:
        return []
    span = span_of(case)
    around = max(span["stop"] - span["start"], 3_600_000_000) // 2
    mine, params = whose(case)
    rows = view.rows_within(
        f"select coalesce(\"{column}\", '') as lane, count(*) as acts from activities "
        f"where {mine} and {WITHIN} group by 1 order by 2 desc, 1 limit $most",
        {
            **params,
            "start": span["start"] - around,
            "stop": span["stop"] + around,
            "most": wanted + len(marked),
        },
    )
    return [row["lane"] for row in rows if row["lane"] not in marked][:wanted]


def _counts(
    view: View, case: Case, column: str, start: datetime, end: datetime, buckets: int
) -> tuple[dict[str, dict[int, int]], int]:
    width = max(1, -(-(microseconds(end) - microseconds(start)) // buckets))
    mine, params = whose(case)
    rows = view.rows_within(
        f"""select coalesce("{column}", '') as lane,
                   (epoch_us(time) - $start) // $width as bucket, count(*) as acts
            from activities where {mine} and {WITHIN} group by 1, 2""",
        {**params, "width": width, **in_window(start, end)},
    )
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    acts = 0
    for row in rows:
        n = row["acts"]
        counts[row["lane"]][row["bucket"]] = n
        acts += n
    return counts, acts


def _history(
    view: View, case: Case, column: str, values: list[str]
) -> tuple[dict[str, _Before], int]:
    rows = view.rows(
        f"""select coalesce("{column}", '') as lane, count(*) as acts,
                   count(distinct cast(timezone($zone, time) as date)) as days,
                   epoch_us(max(time)) as last
            from activities
            where {entity_column(case)} = $entity and time < make_timestamptz($start)
              and coalesce("{column}", '') in (select unnest($lanes::varchar[]))
            group by 1""",
        {
            "entity": case.entity,
            "start": microseconds(case.start),
            "zone": view.config.timezone,
            "lanes": values,
        },
    )
    before = {row["lane"]: _Before(row["acts"], row["days"], moment(row["last"])) for row in rows}
    first = view.rows(
        "select epoch_us(min(time)) as first from activities "
        f"where {entity_column(case)} = $entity",
        {"entity": case.entity},
    )[0]["first"]
    if first is None:
        return before, 0
    return before, max(0, (case.start - moment(first)) // timedelta(days=1))
