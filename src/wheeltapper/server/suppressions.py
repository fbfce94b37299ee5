"""Suppressions on the page: the list, what one would hide, and how one is made and ended.

Cases are made anew by whoever serves: this room only asks.
"""

import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from wheeltapper.case import Case
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine.preview import Preview
from wheeltapper.server.answers import (
    Hide,
    HidingView,
    NamedCase,
    SuppressionList,
    SuppressionView,
)
from wheeltapper.server.view import Hiding, View
from wheeltapper.suppression import SCOPE, Suppression


class Suppressing:
    """One at a time: each makes all cases anew."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._turn = threading.Lock()

    def listed(self) -> SuppressionList:
        """All that were ever made, the newest first."""
        now = datetime.now(UTC)
        known = self._view.casebook.suppressions()
        return SuppressionList(suppressions=[_one(s, now) for s in reversed(known)])

    def hide(self, wanted: Hide) -> HidingView:
        """What somebody wants hidden; kept unless it is only looked at.

        Raises
        ------
        WheeltapperError   for a scope that is too wide, a case that is not there.
        """
        with self._turn:
            seen = self._hiding().suppress(
                by=self._view.reader,
                days=wanted.days,
                reason=wanted.reason,
                case=wanted.case or None,
                keep=not wanted.dry_run,
                **{name: getattr(wanted, name) for name in SCOPE},
            )
        return _seen(seen, kept=not wanted.dry_run)

    def end(self, ids: Sequence[str]) -> SuppressionList:
        """End some, all or none; the list without them in force.

        Raises
        ------
        WheeltapperError   for one that is not there, or has ended.
        """
        with self._turn:
            self._hiding().expire(*ids, by=self._view.reader)
        return self.listed()

    def _hiding(self) -> Hiding:
        if self._view.hiding is None:
            raise WheeltapperError("this server only shows cases and cannot make them anew")
        return self._view.hiding


def _one(one: Suppression, now: datetime) -> SuppressionView:
    return SuppressionView(
        id=one.id,
        scope=str(one.scope),
        **asdict(one.scope),
        by=one.by,
        reason=one.reason,
        created=one.created,
        expires=one.expires,
        case_id=one.case_id,
        ended_by=one.ended_by,
        ended=one.ended,
        in_force=one.in_force(now),
    )


def _seen(seen: Preview, *, kept: bool) -> HidingView:
    return HidingView(
        scopes=[str(one.scope) for one in seen.suppressions],
        findings=seen.findings,
        gone=_named(seen.gone),
        weaker=_named(seen.weaker),
        judged=_named(seen.judged),
        warned=_named(seen.warned),
        unknown=list(seen.unknown),
        kept=kept,
    )


def _named(cases: Sequence[Case]) -> list[NamedCase]:
    return [NamedCase(id=c.id, headline=c.headline) for c in cases]
