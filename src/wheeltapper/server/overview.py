"""Overview: what was looked at, and how much of the day's budget of cases is used."""

from datetime import datetime

from wheeltapper.case import CLOSED, OPEN
from wheeltapper.server.answers import Budget, Overview
from wheeltapper.server.view import View, moment


def overview(view: View) -> Overview:
    """Counts over the whole workspace; an empty one is all zeros."""
    acts = view.rows(
        "select count(*) as acts, count(distinct actor) as actors, "
        "epoch_us(min(time)) as first, epoch_us(max(time)) as last from activities",
        {},
    )[0]
    findings = view.rows("select count(*) as n from findings", {})[0]["n"]
    cases = view.casebook.cases()
    last = _moment(acts["last"])
    day = view.zoned(last).date() if last else None
    return Overview(
        name=view.config.name,
        timezone=view.config.timezone,
        first=_moment(acts["first"]),
        last=last,
        acts=acts["acts"],
        actors=acts["actors"],
        findings=findings,
        findings_below=max(0, findings - sum(f.count for c in cases for f in c.findings)),
        open=sum(c.status == OPEN for c in cases),
        closed=sum(c.status == CLOSED for c in cases),
        budget=Budget(
            day=day.isoformat() if day else "",
            used=sum(view.zoned(c.end).date() == day for c in cases),
            per_day=view.config.refine.budget_cases_per_day,
        ),
    )


def _moment(us: int | None) -> datetime | None:
    return None if us is None else moment(us)
