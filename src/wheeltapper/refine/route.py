"""Route: a case goes to whoever can recognise what was done, and to nobody it is about.

First to the owner of the application that most of the evidence lies in; where no application has
an owner, by the fallbacks of the owners file. Pure: the file, the directory and the time are given.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from wheeltapper.case import STORY, Case
from wheeltapper.refine.hours import deliver_after
from wheeltapper.refine.owners import ACTOR, ANALYST, FALLBACKS, Claim, Owners, Party, is_glob

OWNER = "owner"


class Listed(Protocol):
    """What a directory's entry has to tell."""

    @property
    def actor(self) -> str: ...
    @property
    def department(self) -> str | None: ...
    @property
    def timezone(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a case goes, why, and when."""

    reader: str
    """owner, analyst or actor: for whom the case is to be written."""
    owner: str = ""
    """The person or group; empty unless `reader` is owner."""
    because: str
    ask: tuple[str, ...] = ()
    """The people behind the owner, without those whom the case is about or who are away."""
    apps: tuple[str, ...] = ()
    """Those of the case's applications that are theirs."""
    zone: str
    deliver_after: datetime
    """The first moment that is not in their quiet hours; UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """All that routes depend on beside the case."""

    owners: Owners
    listed: Callable[[str], Listed | None] = lambda name: None
    """A directory's entry by any of its names."""
    timezone: str = "UTC"
    """The workspace's."""

    def route(self, case: Case, now: datetime) -> Route:
        """Where the case goes, as of `now`."""
        passed: list[str] = []
        tried_escalation = False
        for claim, reason in self._claims(case):
            told = f"{reason} ({self._place(claim)})"
            route, hindrance = self._via(claim, case, now, "; ".join([*passed, told]))
            if route:
                return route
            passed.append(f"{told}, but {hindrance}")
            escalation = self.owners.escalation
            if escalation and claim.owner != ACTOR and not tried_escalation:
                tried_escalation = True
                told = f"then {escalation.owner} is asked ({self._place(escalation)})"
                route, hindrance = self._via(escalation, case, now, "; ".join([*passed, told]))
                if route:
                    return route
                passed.append(f"{told}, but {hindrance}")
        what = _listed(apps_by_evidence(case)) or "what was done"
        nobody = f"nobody owns {what}, and no fallback fits"
        if passed:
            nobody = "so it stays with the analyst"
        return self._analyst("; ".join([*passed, nobody]), now)

    def routed(self, cases: Sequence[Case]) -> list[Case]:
        """Cases with their owner, as of the end of each: the same cases, the same owners."""
        found = []
        for case in cases:
            route = self.route(case, case.end)
            found.append(replace(case, owner=route.owner, owner_because=route.because))
        return found

    def is_about(self, case: Case, party: Party) -> bool:
        """Whether one of the case's accounts is this person's."""
        mine = {key for name in (party.name, *party.accounts) for key in self._keys(name)}
        return any(mine & self._keys(account) for account in accounts_of(case))

    def zone_of(self, actor: str) -> str:
        """An account's own zone; the workspace's where the directory does not know it."""
        entry = self.listed(actor)
        return (entry.timezone if entry else None) or self.timezone

    def _keys(self, name: str) -> set[str]:
        """Names by which two are taken for one: an address and its local part are the same."""
        entry = self.listed(name)
        names = {name, entry.actor} if entry else {name}
        return {n.casefold().partition("@")[0] for n in names} | {n.casefold() for n in names}

    def _claims(self, case: Case) -> Iterator[tuple[Claim, str]]:
        """What of the file fits the case, the most telling first, and why it does."""
        apps = apps_by_evidence(case)
        mine = [(app, c) for app in apps if (c := self.owners.of_application(app))]
        for n, (app, claim) in enumerate(mine):
            whose = f"{app} is {_whose(claim)}"
            if is_glob(claim.what):
                whose += f" by {claim.what!r}"
            before = apps[: apps.index(app)]
            if n == 0 and before:
                hold, have = ("holds", "has") if len(before) == 1 else ("hold", "have")
                first = _listed(before, "and")
                whose += f"; {first} {hold} more of the evidence but {have} no owner"
            elif n == 0 and len(apps) > 1:
                whose += ", and no other application holds more of the evidence"
            yield claim, whose
        for kind, value in self._facts(case):
            if fallback := self.owners.of_fallback(kind, value):
                yield fallback, f"{kind.replace('_', ' ')} {value} goes to {fallback.owner}"
        if self.owners.default:
            yield self.owners.default, f"by default cases go to {self.owners.default.owner}"

    def _facts(self, case: Case) -> Iterator[tuple[str, str]]:
        entry = self.listed(case.entity) if case.entity_type == "actor" else None
        values = {
            "source": sources_by_evidence(case),
            "peer_group": [case.peer_group],
            "department": [entry.department or "" if entry else ""],
            "entity_type": [case.entity_type],
        }
        for kind in FALLBACKS:
            yield from ((kind, value) for value in values[kind] if value)

    def _via(
        self, claim: Claim, case: Case, now: datetime, because: str
    ) -> tuple[Route | None, str]:
        """The route by one claim, or why it is none."""
        if claim.owner == ANALYST:
            return self._analyst(because, now), ""
        if claim.owner == ACTOR:
            if case.kind != STORY:
                return None, "the case is about many accounts, and no single one can tell"
            if case.entity_type != "actor":
                return None, "the case is about no account that could be asked"
            zone = self.zone_of(case.entity)
            return Route(
                reader=ACTOR, because=because, ask=(case.entity,), apps=case.apps,
                zone=zone, deliver_after=now.astimezone(UTC),
            ), ""  # fmt: skip
        party = self.owners.party(claim.owner)
        people = [self.owners.party(m) for m in party.members] or [party]
        zone = party.timezone or self.timezone
        left = [p for p in people if not self.is_about(case, p)]
        if not left:
            return None, f"the case is about {claim.owner}'s own account"
        ask = [p for p in left if not p.is_away(now, ZoneInfo(p.timezone or zone))]
        if not ask:
            return None, f"{claim.owner} is away"
        return Route(
            reader=OWNER,
            owner=claim.owner,
            because=because + self._left_out(people, ask),
            ask=tuple(p.name for p in ask),
            apps=self._apps_of(claim.owner, case) or case.apps,
            zone=zone,
            deliver_after=self._deliver(case, party, ZoneInfo(zone), now),
        ), ""

    def _left_out(self, people: Sequence[Party], ask: Sequence[Party]) -> str:
        gone = [p.name for p in people if p not in ask]
        return f"; not asked, being away or in the case: {', '.join(gone)}" if gone else ""

    def _deliver(self, case: Case, party: Party, zone: ZoneInfo, now: datetime) -> datetime:
        if case.score >= self.owners.urgent:
            return now.astimezone(UTC)
        return deliver_after(now, party.hours, zone)

    def _apps_of(self, owner: str, case: Case) -> tuple[str, ...]:
        claims = {app: self.owners.of_application(app) for app in apps_by_evidence(case)}
        return tuple(app for app, claim in claims.items() if claim and claim.owner == owner)

    def _analyst(self, because: str, now: datetime) -> Route:
        return Route(
            reader=ANALYST, because=because, zone=self.timezone, deliver_after=now.astimezone(UTC)
        )

    def _place(self, claim: Claim) -> str:
        return f"{self.owners.file.name}:{claim.line}"


def accounts_of(case: Case) -> tuple[str, ...]:
    """Accounts that a case is about: its own, and those tied to it."""
    named = [(case.entity_type, case.entity), *((o.entity_type, o.entity) for o in case.others)]
    return tuple(dict.fromkeys(entity for kind, entity in named if kind == "actor"))


def apps_by_evidence(case: Case) -> tuple[str, ...]:
    """The case's applications, that with most evidence first; of equals by name."""
    return _by_evidence((f.app, f.bits) for f in case.findings)


def sources_by_evidence(case: Case) -> tuple[str, ...]:
    """The logs that the case's findings come from, in the same way."""
    said = ((f.finding.evidence.get("source"), f.bits) for f in case.findings)
    return _by_evidence((str(source or ""), bits) for source, bits in said)


def _by_evidence(weighed: Iterator[tuple[str, float]]) -> tuple[str, ...]:
    total: dict[str, float] = {}
    for name, bits in weighed:
        if name:
            total[name] = total.get(name, 0.0) + bits
    return tuple(sorted(total, key=lambda name: (-total[name], name)))


def _whose(claim: Claim) -> str:
    if claim.owner == ACTOR:
        return "for whoever acted to confirm"
    return "left to the analyst" if claim.owner == ANALYST else f"{claim.owner}'s"


def _listed(names: Sequence[str], word: str = "or") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
