"""Owners: who can recognise an act in an application, and when they may be asked.

Read from one YAML file by `owners_file`; `route` asks it about cases.
"""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from wheeltapper.refine.hours import Hours

ACTOR, ANALYST = "actor", "analyst"
"""Words that stand where an owner may: the one who acted is asked, or nobody but the analyst."""
FALLBACKS = ("source", "peer_group", "department", "entity_type")
"""What else a case is routed by when its applications have no owner, in this order."""
URGENT = 14.0
"""log2 of N: one in 16,000 actor-days is worth a night's sleep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A person, or a group of them, that can own something."""

    name: str
    members: tuple[str, ...] = ()
    """Of a group; a person has none."""
    accounts: tuple[str, ...] = ()
    """Names that a person's own acts are kept under."""
    timezone: str = ""
    """Empty: the workspace's."""
    hours: Hours = field(default_factory=Hours)
    away: tuple[tuple[date, date], ...] = ()
    """First and last day on which a person cannot be asked."""

    def is_away(self, moment: datetime, zone: ZoneInfo) -> bool:
        day = moment.astimezone(zone).date()
        return any(first <= day <= last for first, last in self.away)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One line of the file: what is whose."""

    what: str
    """An application's name or glob, or a value of a fallback."""
    owner: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The whole file; all empty where there is none."""

    file: Path = Path("owners.yaml")
    applications: tuple[Claim, ...] = ()
    fallbacks: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)
    """By the words of `FALLBACKS`."""
    default: Claim | None = None
    escalation: Claim | None = None
    """Who is asked instead of an owner who is away, or whom the case is about."""
    parties: Mapping[str, Party] = field(default_factory=dict)
    urgent: float = URGENT
    """Score, log2 of N, from which on nobody's quiet hours count."""

    def of_application(self, app: str) -> Claim | None:
        """An exact name counts before a glob; of globs only one fits (`owners_file` sees to it)."""
        named = [c for c in self.applications if not is_glob(c.what) and same(c.what, app)]
        return next(iter(named or [c for c in self.applications if fits(c.what, app)]), None)

    def of_fallback(self, kind: str, value: str) -> Claim | None:
        return next((c for c in self.fallbacks.get(kind, ()) if same(c.what, value)), None)

    def party(self, name: str) -> Party:
        """The person or group of a name; one of whom the file says nothing has no quiet hours."""
        return self.parties.get(name) or Party(name=name)


def same(a: str, b: str) -> bool:
    """Names are compared without regard to case."""
    return a.casefold() == b.casefold()


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def fits(pattern: str, name: str) -> bool:
    """Whether a glob (`*`: any text, `?`: any character) is this name."""
    # To Python's matcher a bracket would begin a choice of characters.
    return fnmatch.fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]"))


def meet(a: str, b: str) -> bool:
    """Whether there can be a name that both globs fit."""
    a, b = a.casefold(), b.casefold()

    @cache
    def from_here(i: int, j: int) -> bool:
        if i < len(a) and a[i] == "*":
            return from_here(i + 1, j) or (j < len(b) and from_here(i, j + 1))
        if j < len(b) and b[j] == "*":
            return from_here(i, j + 1) or (i < len(a) and from_here(i + 1, j))
        if i == len(a) or j == len(b):
            return i == len(a) and j == len(b)
        return (a[i] == b[j] or "?" in (a[i], b[j])) and from_here(i + 1, j + 1)

    return from_here(0, 0)
