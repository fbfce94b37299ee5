"""Told: a finding with everything its sentence needs, and the small words sentences share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict

from wheeltapper.refine import values
from wheeltapper.refine.phrase import plural, singular
from wheeltapper.refine.wording import Wording
from wheeltapper.refine.words import Vocabulary

UNITS = {"act": "act", "session": "session", "day": "day"}
GIT_UNITS = {"act": "change", "session": "commit", "day": "day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Acts of one kind within a finding."""

    app: str
    action: str
    outcome: str
    count: int
    targets: int
    target: str


class Feature(TypedDict):
    """A number about a day, as a model leaves it in its evidence."""

    what: str
    observed: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One finding with what its sentence needs; times in UTC."""

    wording: Wording
    entity_type: str
    entity: str
    time: datetime
    observed: float
    expected: float
    baseline_n: int
    source: str
    app: str
    action: str
    outcome: str
    reason: str
    target: str
    value: str
    evidence: float
    """Bits it weighs."""
    acts: int
    """How many acts of the same kind the story holds."""
    llr: float = 0.0
    """Bits by which somebody else's habits explain it better."""
    targets: int = 1
    """On how many different things."""
    peers: float = 0.0
    of_peers: float = 0.0
    peer_group: str = ""
    before: float = 0.0
    since_day: int = 0
    title: str = ""
    """Of a rule."""
    features: Sequence[Feature] = ()
    """Of a model: what contributed most."""
    kinds: Sequence[Kind] = ()
    """What a counted window was made of, the most frequent first."""
    usual: Sequence[tuple[str, int]] = ()
    """Values the entity had before, with how often."""
    events: frozenset[bytes] = frozenset()
    """Ids of the acts behind it."""
    first: datetime | None = None
    last: datetime | None = None
    """Of those acts, where they are known."""


def word(told: Told, words: Vocabulary, value: str) -> str:
    """A value as people call it."""
    if told.wording.value_column == "action":
        return words.noun(told.source, *_app_and_action(told, value))
    if told.wording.value_column:
        return words.value(told.wording.value_column, value)
    return values.name(value)


def _app_and_action(told: Told, value: str) -> tuple[str, str]:
    """A value of `app+action` taken apart again."""
    app, _, action = value.rpartition(" ")
    return app or told.app, action


def units(told: Told, n: int) -> str:
    """`58 days`: what the detector counts once is acts, sessions, commits or days."""
    return counted(n, (GIT_UNITS if told.source == "git" else UNITS).get(told.wording.unit, "act"))


def counted(n: int, one: str) -> str:
    """`1 day`, `58 days`, `2 successes`."""
    return f"{n:,} {one if n == 1 else plural(one)}"


def times(n: int) -> str:
    """`once`, `twice`, `12 times`."""
    return {1: "once", 2: "twice"}.get(n, f"{n:,} times")


def since(told: Told) -> str:
    """`since 13 March 2026`: when the entity was first looked at."""
    day = date(1970, 1, 1) + timedelta(days=told.since_day)
    return f"since {day:%-d %B %Y}"


def account(told: Told) -> str:
    return {"actor": "account", "src_ip": "address"}.get(told.entity_type, told.entity_type)


def about(expected: float) -> str:
    return f"about {expected:,.0f}" if expected >= 1.5 else "one or none"


def within(hours: float) -> str:
    """`in an hour`, `in a day`, `in 4 hours`."""
    return {1.0: "in an hour", 24.0: "in a day"}.get(float(hours), f"in {hours:g} hours")


def per(hours: float) -> str:
    """`an hour`, `a day`, `in 4 hours`: after how many there are."""
    return {1.0: "an hour", 24.0: "a day"}.get(float(hours), within(hours))


def usual(expected: float, hours: float) -> str:
    """`about 4 an hour are usual`, `one or none a day is usual`."""
    return f"{about(expected)} {per(hours)} {'are' if expected >= 1.5 else 'is'} usual"


def group(told: Told, of: int) -> str:
    """`11 engineer peers`, `1 other`."""
    return counted(of, peer(told) or "other")


def among(told: Told, of: int) -> str:
    """`among 8 platform peers`, `of the only other platform peer`."""
    if of == 1:
        return f"of the only other {peer(told) or account(told)}"
    return f"among {group(told, of)}"


def peer(told: Told) -> str:
    """What one of those is called that the entity is compared with."""
    name = values.clean(told.peer_group, 40)
    if not name or name.removeprefix("-").isdigit():  # no name for people, such as a UTC offset
        return ""
    if " " in name:  # of "service accounts" one is a service account peer; of "sales" a sales peer
        name = singular(name)
    return f"{name} peer" if told.entity_type == "actor" else ""


def listed(items: Sequence[str], last: str = "and") -> str:
    items = list(dict.fromkeys(items))
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
