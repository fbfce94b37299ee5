"""Explain: a finding in a sentence: what happened, what was expected, what peers do.

Everything is rendered from data: the clause of the catalogue entry, the words of the application's
vocabulary, and the figures the kernel left in the finding's evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log2
from typing import TypedDict

from wheeltapper.refine import values
from wheeltapper.refine.wording import Wording
from wheeltapper.refine.words import Vocabulary

PREPOSITIONS = ("from", "at", "with", "on", "using", "in", "through", "as", "to", "by", "under")
UNITS = {"act": "acts", "session": "sessions", "day": "days"}
NAME_IN_HEADLINE = 24
"""A longer name of a target is left for the findings."""
GIT_UNITS = {"act": "changes", "session": "commits", "day": "days"}


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


def plain(entity_type: str, entity: str) -> str:
    """A name as people say it: `kim.lee@example.org` is Kim Lee; an identifier stays itself."""
    shown = values.clean(entity, 60)
    local, at, _ = shown.partition("@")
    if entity_type != "actor" or not (local and at):
        return shown
    parts = local.replace("_", ".").split(".")
    if len(parts) > 1 and all(p.replace("-", "").isalpha() for p in parts):
        return " ".join(p.capitalize() for p in parts)
    return local


def clause(told: Told, words: Vocabulary, longest_name: int = 60) -> str:
    """What was unusual, without a subject: `read 60 secrets`, `from Nigeria`.

    A target whose name is longer than `longest_name` is not named.
    """
    return told.wording.says.format(
        did=_did(told, words, longest_name),
        doing=words.noun(told.source, told.app, told.action),
        value=_value(told, words),
        count=f"{told.observed:,.0f}",
        app=values.clean(told.app) or "an application",
    )


def _did(told: Told, words: Vocabulary, longest_name: int) -> str:
    def named(target: str, targets: int) -> str | None:
        return target if targets <= 1 and len(values.name(target)) <= longest_name else None

    if told.kinds:
        # A counted window holds several kinds of acts: the two most frequent are told.
        said = [
            words.act(
                told.source, kind.app, kind.action, kind.count,
                named(kind.target, kind.targets), kind.outcome, told.reason,
            )
            for kind in told.kinds[:2]
        ]  # fmt: skip
        return _listed(_without_repeated_verb(said))
    return words.act(
        told.source, told.app, told.action, max(told.acts, 1),
        named(told.target, told.targets), told.outcome, told.reason,
    )  # fmt: skip


def _without_repeated_verb(said: Sequence[str]) -> list[str]:
    """`read 82 parameters`, `read 60 secrets`: the second `read` is not said again."""
    verb = said[0].split(" ", 1)[0]
    return [said[0], *(one.removeprefix(f"{verb} ") for one in said[1:])]


def label(told: Told, words: Vocabulary) -> str:
    """A few words for a mark on the timeline: the clause without what it was done to."""
    if "{did}" not in told.wording.says:
        return clause(told, words)
    if told.kinds:
        said = [_briefly(told, k.app, k.action, k.count, words) for k in told.kinds[:2]]
        return _listed(_without_repeated_verb(said))
    return _briefly(told, told.app, told.action, told.acts, words)


def _briefly(told: Told, app: str, action: str, count: int, words: Vocabulary) -> str:
    return words.act(told.source, app, action, count, None, told.outcome, told.reason)


def adverbial(text: str) -> bool:
    """Whether a clause says how or where rather than what."""
    return text.split(" ", 1)[0].lower() in PREPOSITIONS


def sentence(told: Told, words: Vocabulary) -> str:
    """The finding as a colleague would tell it."""
    who = plain(told.entity_type, told.entity)
    what = clause(told, words)
    if adverbial(what):
        did = words.act(
            told.source, told.app, told.action, 1, told.target, told.outcome, told.reason
        )
        what = f"{did} {what}"
    against = "; ".join(p for p in (_history(told, words), _peers(told)) if p)
    return f"{who} {what}: {against}." if against else f"{who} {what}."


def would_be_normal(told: Told, words: Vocabulary) -> str:
    """What would have raised nothing, in a phrase; empty where nothing can be said."""
    if told.wording.family == "novelty" and told.usual:
        said = [_word(told, words, value) for value, _ in told.usual[:3]]
        total = sum(n for _, n in told.usual)
        top = sum(n for _, n in told.usual[:3])
        share = f" ({top:,} of {total:,} {_units(told)} before)" if total else ""
        return f"{_listed(said, 'or')}{share}"
    if told.wording.family == "rate":
        most = max(told.expected, 1.0)
        per = _window(told.wording.window_hours)
        return f"about {most:,.0f} {per}"
    if told.wording.family == "schedule" and told.usual:
        return f"{_listed([words.value('hour_of_week', v) for v, _ in told.usual[:3]], 'or')}"
    return ""


def _word(told: Told, words: Vocabulary, value: str) -> str:
    if told.wording.value_column == "action":
        return words.noun(told.source, *_app_and_action(told, value))
    if told.wording.value_column:
        return words.value(told.wording.value_column, value)
    return values.name(value)


def _app_and_action(told: Told, value: str) -> tuple[str, str]:
    """A value of `app+action` taken apart again."""
    app, _, action = value.rpartition(" ")
    return app or told.app, action


def _value(told: Told, words: Vocabulary) -> str:
    return _word(told, words, told.value) if told.value else "something else"


def _units(told: Told) -> str:
    return (GIT_UNITS if told.source == "git" else UNITS).get(told.wording.unit, "acts")


def _since(told: Told) -> str:
    day = date(1970, 1, 1) + timedelta(days=told.since_day)
    return f"since {day:%-d %B %Y}"


def _history(told: Told, words: Vocabulary) -> str:
    family, n = told.wording.family, told.baseline_n
    if family == "novelty":
        if n == 0:
            return f"the first this {_account(told)} was ever seen to do here"
        if told.before < 0.5:
            return f"never before in {n:,} {_units(told)} {_since(told)}"
        times = max(1, round(told.before))
        often = {1: "once", 2: "twice"}.get(times, f"about {times:,} times")
        return f"{often} before in {n:,} {_units(told)} {_since(told)}"
    if family == "rate":
        per = _window(told.wording.window_hours)
        if n < 1:
            return f"{told.observed:,.0f} {per}, with no history of its own to compare with"
        # "made 306 changes" need not be told twice.
        count = f"{told.observed:,.0f}"
        many = "all of them" if f" {count} " in f" {clause(told, words)} " else count
        return (
            f"{many} {per}, where {_about(told.expected)} were to be expected "
            f"from {n:,} active {'hours' if told.wording.window_hours == 1 else 'windows'}"
        )
    if family == "schedule":
        if told.before < 0.5:
            return f"never active at that hour of the week in {n:,} active hours {_since(told)}"
        return f"hardly ever active at that hour in {n:,} active hours {_since(told)}"
    if family == "rule":
        return f"rule “{values.clean(told.title or told.wording.about, 120)}”"
    return "; ".join(
        f"{values.number(one['observed'])} {values.clean(one['what'], 60)}, usually "
        f"{values.number(one['usual']) if one['usual'] else 'none'}"
        for one in told.features[:3]
    )


def _account(told: Told) -> str:
    return {"actor": "account", "src_ip": "address"}.get(told.entity_type, told.entity_type)


def _about(expected: float) -> str:
    return f"about {expected:,.0f}" if expected >= 1.5 else "one or none"


def _window(hours: int) -> str:
    return {1: "in an hour", 24: "in a day"}.get(hours, f"in {hours} hours")


def _peers(told: Told) -> str:
    of = round(told.of_peers)
    if told.wording.family == "novelty" and of >= 1:
        who = _group(told, of)
        had = round(told.peers)
        if of == 1:
            only = f"the only other {_peer(told) or _account(told)}"
            return f"nor has {only}" if had == 0 else f"{only} has"
        if had == 0:
            return f"nor has any of {who}"
        return f"{had:,} of {who} {'has' if had == 1 else 'have'}"
    if told.wording.family == "rate" and of >= 1:
        return f"{_about(told.peers)} among {_group(told, of)}"
    return ""


def _group(told: Told, of: int) -> str:
    noun = _peer(told) or "other"
    return f"{of:,} {noun}" if of == 1 else f"{of:,} {noun}s"


def _peer(told: Told) -> str:
    """What one of those is called that the entity is compared with."""
    group = values.clean(told.peer_group, 40)
    return f"{group} peer" if group and told.entity_type == "actor" else ""


def _listed(items: Sequence[str], last: str = "and") -> str:
    items = list(dict.fromkeys(items))
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def duration(start: datetime, end: datetime) -> str:
    """`within 35 minutes`, `on 12 May`, `from 12 to 14 May`: how long a story took."""
    took = end - start
    if took < timedelta(minutes=1):
        return ""
    if took < timedelta(hours=2):
        minutes = round(took.total_seconds() / 60)
        return f"within {minutes} minutes" if minutes > 1 else "within a minute"
    if took < timedelta(hours=36):
        return f"within {round(took.total_seconds() / 3600):d} hours"
    return f"over {round(took.total_seconds() / 86400):d} days"


def _telling(one: Told, words: Vocabulary) -> float:
    """How much a finding belongs in the headline: its evidence, its harm, and how exact it is."""
    exact = 1.0 if "{did}" in one.wording.says else 0.4
    harm = words.severity(one.source, one.app, one.action)
    many = sum(kind.count for kind in one.kinds) or one.acts
    harm = harm / 2 if one.outcome == "failure" else harm
    return exact * (one.evidence + log2(max(many, 1)) / 2) + harm


def headline(told: Sequence[Told], words: Vocabulary, start: datetime, end: datetime) -> str:
    """The story in one sentence, from its findings (weightiest first).

    What can hurt most is told first: a manager has to know of the secrets before the look-ups.
    """
    told = sorted(told, key=lambda one: _telling(one, words), reverse=True)
    first = told[0]
    verbs: list[str] = []
    adverbs: list[str] = []
    seen: set[str] = set()
    for one in told:
        what = clause(one, words, NAME_IN_HEADLINE)
        # One clause says where, one when: the weightiest of each detector.
        repeated = one.wording.name if adverbial(what) else what
        if repeated in seen:
            continue
        seen.add(repeated)
        if adverbial(what):
            if len(adverbs) < 2:
                adverbs.append(what)
        elif len(verbs) < 3:
            verbs.append(what)
    if not verbs:
        alone = first.targets <= 1
        count, target = (1, first.target) if alone else (first.acts, None)
        verbs = [
            words.act(
                first.source, first.app, first.action, count, target, first.outcome, first.reason
            )
        ]
    parts = [plain(first.entity_type, first.entity), _listed(verbs), *adverbs]
    took = duration(start, end)
    if took:
        parts.append(took)
    return " ".join(parts)
