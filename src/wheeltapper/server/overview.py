"""Overview: what was looked at, and how much of the day's budget of cases is used."""

from datetime import UTC, datetime

from wheeltapper.case import CAMPAIGN, CLOSED, STORY, TO_READ
from wheeltapper.server.answers import Budget, Overview
from wheeltapper.server.view import View


class Looked:
    """Counts over the whole workspace; the slow one is made once for each state of the lake."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._actors: tuple[object, int] = (None, 0)

    def overview(self) -> Overview:
        """An empty workspace is all zeros."""
        view = self._view
        first, last, acts = view.lake.span()
        findings = view.rows("select count(*) as n from findings", {})[0]["n"]
        cases = view.casebook.cases()
        now = datetime.now(UTC)
        # What stands in a campaign or lockstep stands in its accounts' stories, too.
        told = sum(f.count for c in cases if c.kind == STORY for f in c.findings)
        day = view.zoned(last).date() if last else None
        return Overview(
            name=view.config.name,
            timezone=view.config.timezone,
            first=first,
            last=last,
            acts=acts,
            actors=self._count_actors((first, last, acts)),
            findings=findings,
            findings_below=max(0, findings - told),
            open=sum(c.status in TO_READ for c in cases),
            closed=sum(c.status == CLOSED for c in cases),
            hidden=sum(s.in_force(now) for s in view.casebook.suppressions()),
            to_review=view.casebook.referrals.waiting(),
            reviewed=bool(view.casebook.referrals.all(limit=1, evidence=False)),
            budget=Budget(
                day=day.isoformat() if day else "",
                used=sum(view.zoned(c.end).date() == day for c in cases if c.kind != CAMPAIGN),
                per_day=view.config.refine.budget_cases_per_day,
            ),
        )

    def _count_actors(self, state: tuple[datetime | None, datetime | None, int]) -> int:
        known, actors = self._actors
        if known != state:
            rows = self._view.rows("select count(distinct actor) as n from activities", {})
            actors = int(rows[0]["n"])
            self._actors = (state, actors)
        return actors
