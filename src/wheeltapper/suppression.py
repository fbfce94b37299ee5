"""Suppression: what somebody wants hidden for a while, by whom it was said and why.

A scope names what findings must have in common: detector, peer group, value, application, entity;
a field that is empty takes any. It always ends. What it hides stays in its case, greyed, and weighs
nothing. Made by hand or from a verdict, kept in the casebook for ever, applied by `refine`.
"""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from wheeltapper.errors import WheeltapperError

DAYS = 90
"""How long one lasts where nothing else is said, ..."""
MOST_DAYS = 365
"""... and at most: what is right for ever is a setting, or a change of the detector."""
REACHES_BACK = timedelta(days=90)
"""So far before it was made its findings begin: cases that are open now go, too."""
MOST_CHARACTERS = 1_000
SCOPE = ("detector", "peer_group", "value", "app", "entity")
_DETECTOR = re.compile(r"[\w-]+(\.[\w-]+)*(\.\*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What findings have in common; empty takes any."""

    detector: str = ""
    """Its name, or `any.*` for all whose names begin with `any.`."""
    peer_group: str = ""
    value: str = ""
    """What was unusual, exactly as the detector compared it: the `key` of a case's finding."""
    app: str = ""
    entity: str = ""

    @property
    def prefix(self) -> str:
        """`any.` where the detector is `any.*`; else empty."""
        return self.detector[:-1] if self.detector.endswith(".*") else ""

    def __str__(self) -> str:
        """`any.country, value NL, peer group engineer, in Okta`; not yet safe to print."""
        said = {"value": "value ", "peer_group": "peer group ", "app": "in ", "entity": "about "}
        parts = [said[name] + getattr(self, name) for name in said if getattr(self, name)]
        return ", ".join([self.detector, *parts] if self.detector else parts) or "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One scope that is hidden, since when, until when, by whom and why."""

    id: str
    scope: Scope
    by: str
    reason: str
    created: datetime
    since: datetime
    """The first moment whose findings are hidden, ..."""
    expires: datetime
    """... and the first whose are not."""
    case_id: str = ""
    """The case whose verdict it came from."""
    ended_by: str = ""
    ended: datetime | None = None
    """When somebody took it back; from then on it hides nothing, whenever that was."""

    def in_force(self, now: datetime) -> bool:
        """Whether findings of this moment are hidden."""
        return self.ended is None and now < self.expires

    def said(self) -> str:
        """`hidden until 12 Feb 2027 by ana: she moved`; not yet safe to print."""
        return f"hidden until {self.expires:%-d %b %Y} by {self.by}" + (
            f": {self.reason}" if self.reason else ""
        )

    def to_dict(self) -> dict[str, object]:
        """As JSON-ready values: the scope's fields beside the others."""
        return {
            "id": self.id,
            **dataclasses.asdict(self.scope),
            "by": self.by,
            "reason": self.reason,
            "created": self.created.isoformat(),
            "since": self.since.isoformat(),
            "expires": self.expires.isoformat(),
            "case_id": self.case_id,
            "ended_by": self.ended_by,
            "ended": self.ended.isoformat() if self.ended else None,
        }


# Any: what JSON holds is known by the name under which `to_dict` put it there.
def from_dict(values: Mapping[str, Any]) -> Suppression:
    """The inverse of `to_dict`."""
    times = {n: _time(values[n]) for n in ("created", "since", "expires", "ended")}
    rest = {k: v for k, v in values.items() if k not in (*times, *SCOPE)}
    return Suppression(**rest, **times, scope=Scope(**{n: values[n] for n in SCOPE}))


def _time(text: str | None) -> Any:  # None for `ended` alone
    return datetime.fromisoformat(text) if text else None


def suppression(
    scope: Scope,
    *,
    by: str,
    at: datetime,
    last: datetime | None = None,
    days: int = DAYS,
    reason: str = "",
    case_id: str = "",
) -> Suppression:
    """A new suppression, checked.

    Parameters
    ----------
    at : when it is made; it expires `days` later
    last : when the lake's history ends. Of a history that ended long ago it takes the last days,
        as it takes those before `at` of one that goes on.

    Raises
    ------
    WheeltapperError   for a scope that is too wide or cannot be met, nobody in `by`, a time that is
        too long or too short.
    """
    checked(scope)
    if not by.strip():
        raise WheeltapperError("a suppression needs somebody who says so; write --by NAME")
    if max(len(by), len(reason)) > MOST_CHARACTERS:
        raise WheeltapperError(f"reason and name may have {MOST_CHARACTERS} characters at most")
    if not 1 <= days <= MOST_DAYS:
        raise WheeltapperError(
            f"a suppression lasts 1 to {MOST_DAYS} days, not {days}; what is right for ever is "
            "switched off in [detect] off, or changed in the detector"
        )
    at = at.astimezone(UTC)
    name = "\0".join([*dataclasses.astuple(scope), by, at.isoformat()])
    return Suppression(
        id=hashlib.blake2b(name.encode("utf-8", "backslashreplace"), digest_size=5).hexdigest(),
        scope=scope,
        by=by.strip(),
        reason=reason.strip(),
        created=at,
        since=min(at, last or at).astimezone(UTC) - REACHES_BACK,
        expires=at + timedelta(days=days),
        case_id=case_id,
    )


def checked(scope: Scope) -> None:
    """Refuse a scope that hides too much, or can hide nothing.

    It names a detector or an application, and two things in all. The beginning of a detector's name
    is no thing by itself: `any.*` in one application would hide most of what is said of it.

    Raises
    ------
    WheeltapperError
    """
    for name in SCOPE:
        text: str = getattr(scope, name)
        if len(text) > MOST_CHARACTERS:
            raise WheeltapperError(f"{name} may have {MOST_CHARACTERS} characters at most")
        if text != text.encode("utf-8", "ignore").decode():
            raise WheeltapperError(f"{name} {text!r} holds bytes that are no text, as no log does")
    if scope.detector and not _DETECTOR.fullmatch(scope.detector):
        raise WheeltapperError(
            f"{scope.detector!r} is no detector: write any.country, or any.* for all whose names "
            "begin so"
        )
    named = [n for n in SCOPE if getattr(scope, n) and not (n == "detector" and scope.prefix)]
    if not (scope.detector or scope.app) or len(named) < 2:
        raise WheeltapperError(
            f"“{scope}” would hide too much: name a detector or an "
            "application, and at least two of detector (by its whole name), application, peer "
            "group, value and entity"
        )
