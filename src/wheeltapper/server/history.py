"""History: how much an entity did per day, week or month; and one finding's kind of act, observed
against what the entity and its peers do otherwise.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from wheeltapper.case import Case, CaseFinding
from wheeltapper.server.answers import Bar, HistoryView, KindView, Peers, Unit
from wheeltapper.server.view import (
    WITHIN,
    View,
    entity_column,
    ids_of,
    span_of,
)

MOST_BARS = 130
"""More would be thinner than a pointer can hit; then a bar is a week, then a month."""
LEAST_DAYS = 28
"""Shown before the case at least, so that a new account's emptiness is seen as such."""


def history_of(view: View, case: Case) -> HistoryView:
    """Acts of the case's entity over the whole log."""
    unit, bars = _bars_of(view, case, "true", {})
    return HistoryView(unit=unit, bars=bars)


def kind_of(view: View, case: Case, finding: CaseFinding) -> KindView:
    """Acts of the same kind as a finding's, by the entity and by its peers."""
    # Of a case about several: whose acts the finding is about.
    said = finding.finding
    case = replace(case, entity_type=said.entity_type, entity=said.entity)
    what, same, params = _same_kind(view, case, finding)
    unit, bars = _bars_of(view, case, same, params)
    peers = None
    if case.entity_type == "actor":
        peers = _peers(view, case, unit, len(bars), same, params)
    return KindView(unit=unit, what=what, bars=bars, peers=peers)


def _bars_of(
    view: View, case: Case, same: str, params: Mapping[str, object]
) -> tuple[Unit, list[Bar]]:
    """The entity's acts that are `same`, from its first act of any kind to the log's end."""
    rows = view.rows(
        f"""select cast(timezone($zone, time) as date) as day, count(*) filter ({same}) as acts
            from activities where {entity_column(case)} = $entity group by 1 order by 1""",
        {"entity": case.entity, "zone": view.config.timezone, **params},
    )
    first, last = _shown(view, case, rows[0]["day"] if rows else None)
    unit = _unit(first, last)
    counts: Counter[date] = Counter()
    for row in rows:
        counts[_start_of(row["day"], unit)] += row["acts"]
    return unit, _bars(view, first, last, unit, counts)


def _shown(view: View, case: Case, own: date | None) -> tuple[date, date]:
    """Local days from the entity's first act, or some weeks before the case, to the log's end."""
    begin, end = view.zoned(case.start).date(), view.zoned(case.end).date()
    some_weeks = begin - timedelta(days=LEAST_DAYS)
    first, last, _ = view.lake.span()
    if own is None or first is None or last is None:
        return some_weeks, end
    return max(view.zoned(first).date(), min(own, some_weeks)), max(view.zoned(last).date(), end)


def _unit(first: date, last: date) -> Unit:
    days = (last - first).days + 1
    if days <= MOST_BARS:
        return "day"
    return "week" if days <= MOST_BARS * 7 else "month"


def _start_of(day: date, unit: Unit) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == "week" else day


def _next(day: date, unit: Unit) -> date:
    if unit == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if unit == "week" else 1)


def _bars(view: View, first: date, last: date, unit: Unit, counts: Mapping[date, int]) -> list[Bar]:
    bars = []
    day = _start_of(first, unit)
    while day <= last:
        following = _next(day, unit)
        bars.append(
            Bar(start=_midnight(view, day), end=_midnight(view, following), acts=counts.get(day, 0))
        )
        day = following
    return bars


def _midnight(view: View, day: date) -> datetime:
    return datetime.combine(day, time(), view.zone)


def _same_kind(view: View, case: Case, finding: CaseFinding) -> tuple[str, str, dict[str, object]]:
    """What is counted: in words, as SQL, and its parameters.

    A statistical detector says itself which acts it looks at and which value it compares. For
    anything else the same actions of the same application are the same kind.
    """
    params = {**span_of(case), "ids": ids_of([finding])[:1000]}
    its_events = f"from activities where {WITHIN} and event_id in (select unnest($ids::blob[]))"
    detector = view.detectors.get(finding.finding.detector)
    if detector is None:
        actions = view.rows(f"select distinct action {its_events} limit 3", params)
        named = ", ".join(sorted(row["action"] or "no action" for row in actions)[:2])
        more = "…" if len(actions) > 2 else ""
        what = f"{named}{more} in {finding.app}" if finding.app else f"{named}{more}"
        act = "(coalesce(app, ''), coalesce(action, ''))"
        return what, f"{act} in (select {act} {its_events})", params
    if not detector.value:
        name = detector.name.partition(".")[2].replace("_", " ")
        return f"what the detector “{name}” looks at", f"({detector.filter})", {}
    value = _joined(detector.columns) if detector.columns else f"cast({detector.value} as varchar)"
    same = f"({detector.filter}) and {value} in (select {value} {its_events})"
    what = f"“{finding.value}”" if finding.value else detector.about
    return what, same, params


def _joined(columns: tuple[str, ...]) -> str:
    return " || chr(31) || ".join(f"coalesce(cast(\"{c}\" as varchar), '')" for c in columns)


def _peers(
    view: View, case: Case, unit: Unit, units: int, same: str, params: Mapping[str, object]
) -> Peers | None:
    """What the peer group does; everybody else where there is no group."""
    group = case.peer_group
    others = "actor <> $entity and actor is not null" + (
        " and peer_group = $group" if group else ""
    )
    rows = view.rows(
        f"""with others as (select actor, time, {same} as same from activities where {others}),
            per as (
              select actor, date_trunc('{unit}', timezone($zone, time)) as day, count(*) as acts
              from others where same group by all)
            select acts, count(*) as times, (select count(distinct actor) from per) as doing,
                   (select count(distinct actor) from others) as accounts
            from per group by acts
            union all select 0, 0, 0, count(distinct actor) from others
            order by acts""",
        {
            "entity": case.entity,
            "zone": view.config.timezone,
            **({"group": group} if group else {}),
            **params,
        },
    )
    accounts = rows[0]["accounts"]
    if not accounts:
        return None
    rows = rows[1:]
    counts = [(0, max(0, accounts * units - sum(r["times"] for r in rows)))]
    counts += [(r["acts"], r["times"]) for r in rows]
    return Peers(
        who=group,
        accounts=accounts,
        low=_quantile(counts, 0.05),
        high=_quantile(counts, 0.95),
        most=counts[-1][0],
        doing=rows[0]["doing"] if rows else 0,
    )


def _quantile(counts: list[tuple[int, int]], share: float) -> int:
    """The smallest value that at least `share` of the counted are not above."""
    wanted = share * sum(times for _, times in counts)
    seen = 0
    for value, times in counts:
        seen += times
        if seen >= wanted:
            return value
    return counts[-1][0]
