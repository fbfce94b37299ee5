"""Letter: a case written for somebody who is no analyst: an application's owner, or its actor.

No bits, no ATT&CK, no identifiers of detectors; times on the reader's own clock; first what the
reader can judge, last what they are asked to do. Plain text: whoever sends it escapes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from wheeltapper.case import Case, CaseFinding
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine.explain import plain
from wheeltapper.refine.owners import ACTOR
from wheeltapper.refine.route import OWNER, Route, Routing, accounts_of

MOST_OWN, MOST_OTHERS, MOST_ACTS = 6, 3, 8
"""Findings of the owner's applications, of others, and lines that an actor is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent, by whatever way."""

    subject: str
    text: str


def written(case: Case, reader: str, routing: Routing, now: datetime) -> Letter:
    """The case for its `owner`, or for its `actor`, to whom no link is given yet.

    Raises
    ------
    WheeltapperError   where there is no such reader, with the reason.
    """
    if reader == ACTOR:
        actor = asked_of(case, "")
        return to_actor(case, actor, routing.zone_of(actor))
    route = routing.route(case, now)
    if route.reader != OWNER:
        raise WheeltapperError(
            f"case {case.id} goes to the {route.reader}, to no owner: {route.because}; owners are "
            f"named in {routing.owners.file}"
        )
    return to_owner(case, route)


def asked_of(case: Case, actor: str) -> str:
    """The account that is asked about a case: `actor`, which must be one of its, or its own.

    Raises
    ------
    WheeltapperError   where that is none.
    """
    known = accounts_of(case)
    if not known:
        raise WheeltapperError(
            f"case {case.id} is about the {case.entity_type} {case.entity}, and no account is tied "
            "to it: there is nobody to ask"
        )
    if actor and actor not in known:
        raise WheeltapperError(
            f"{actor} does not belong to case {case.id}; there are: {', '.join(known)}"
        )
    return actor or known[0]


def to_owner(case: Case, route: Route) -> Letter:
    """The case for the owner of one of its applications: what happened there, and what to reply."""
    zone = ZoneInfo(route.zone)
    day = _one_day(case, zone)
    mine = [f for f in case.findings if f.app in route.apps]
    others = [f for f in case.findings if f.app not in route.apps]
    apps = listed(route.apps) or "the application"
    parts = [
        f"{case.headline}.",
        f"This was {span(case.start, case.end, zone)} ({zone.key}).",
        *_section(f"In {apps}:", case, mine, zone, MOST_OWN, day),
        *_section("At the same time elsewhere:" if mine else "What was seen:", case, others, zone,
                  MOST_OTHERS if mine else MOST_OWN, day),
        *(["\n".join(["What else was done:", *(f"• {line}" for line in case.around)])]
          if case.around else []),
        f"What is known before: {case.baseline_acts:,} acts on {case.baseline_days:,} days."
        if case.baseline_acts else "Nothing was seen of this account before.",
        "Please reply whether this was expected: a change you know of, a task that somebody was "
        "given, a new colleague. If it was not, or if you do not know, say so: that helps as much. "
        f"Please do not ask {_names(case)} themselves by way of the account in question.",
        f"Case {case.id}. You are asked because {route.because}.",
    ]  # fmt: skip
    subject = (
        f"Was this expected? {plain(case.entity_type, case.entity)} in {apps}, "
        f"{case.start.astimezone(zone):%-d %B %Y}"
    )
    return Letter(subject=subject, text="\n\n".join(parts))


def to_actor(case: Case, actor: str, zone: str) -> Letter:
    """The question to the one under whose name it was done; `with_link` makes it answerable."""
    clock = ZoneInfo(zone)
    parts = [
        f"Hello {plain('actor', actor)},",
        f"this was done with your account {span(case.start, case.end, clock)} ({zone}):",
        "\n".join(f"• {line}" for line in acts_of(case, actor, zone)),
        "Was that you?",
    ]
    return Letter(subject="Was this you?", text="\n\n".join(parts))


def with_link(letter: Letter, link: str, expires: datetime, zone: str) -> Letter:
    """The same letter, with how to answer it."""
    until = expires.astimezone(ZoneInfo(zone))
    parts = [
        letter.text,
        f"Please answer here:\n{link}",
        f"The link works once, until {until:%-d %B %Y %H:%M} ({zone}), and is for you alone. There "
        "is nothing to sign in to, and you are asked for no password. If you are not sure that "
        "this message is genuine, call us.",
    ]
    return replace(letter, text="\n\n".join(parts))


def acts_of(case: Case, actor: str, zone: str) -> tuple[str, ...]:
    """What was done under an actor's name, in the order of time, without what was expected.

    Whoever holds the account may read this too: it says what they did, not how it was noticed.
    """
    clock = ZoneInfo(zone)
    own = [f for f in case.findings if f.finding.entity == actor] or list(case.findings)
    day = _one_day(case, clock)
    told = {(f.app, f.value): f for f in reversed(own[:MOST_ACTS])}
    return tuple(
        f"{_when(f, clock, day_is_known=day)}{f', in {f.app}' if f.app else ''}: {f.value}"
        for f in sorted(told.values(), key=lambda f: (f.first, f.app, f.value))
    )


def _section(
    title: str, case: Case, findings: Sequence[CaseFinding], zone: ZoneInfo, most: int, day: bool
) -> Sequence[str]:
    if not findings:
        return []
    lines = [title]
    for f in findings[:most]:
        when = _when(f, zone, day_is_known=day)
        # The headline has named whom it is about.
        said = f.sentence.removeprefix(f"{_names(case)} ")
        lines.append(f"• {when[:1].upper()}{when[1:]}: {said}")
        if f.normal:
            lines.append(f"  Would have been normal: {f.normal}.")
    if len(findings) > most:
        lines.append(f"  and {len(findings) - most} more")
    return ["\n".join(lines)]


def _names(case: Case) -> str:
    return plain(case.entity_type, case.entity)


def listed(names: Sequence[str]) -> str:
    """`IAM, S3 and EC2`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`on 12 May 2026 at 11:54`, `on 12 May 2026 from 11:54 to 12:29`, or over several days."""
    a, b = start.astimezone(zone), end.astimezone(zone)
    if a.date() != b.date():
        return f"from {a:%-d %B %Y %H:%M} to {b:%-d %B %H:%M}"
    return f"on {a:%-d %B %Y} {_clock(a, b)}"


def _clock(a: datetime, b: datetime) -> str:
    return f"at {a:%H:%M}" if f"{a:%H:%M}" == f"{b:%H:%M}" else f"from {a:%H:%M} to {b:%H:%M}"


def _when(finding: CaseFinding, zone: ZoneInfo, *, day_is_known: bool) -> str:
    a, b = finding.first.astimezone(zone), finding.last.astimezone(zone)
    if day_is_known and a.date() == b.date():
        return _clock(a, b)
    return span(finding.first, finding.last, zone)


def _one_day(case: Case, zone: ZoneInfo) -> bool:
    return case.start.astimezone(zone).date() == case.end.astimezone(zone).date()
