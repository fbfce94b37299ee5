"""Explain: a finding in a sentence: what happened, what was expected, what peers do.

Everything is rendered from data: the clause of the catalogue entry, the words of the application's
vocabulary, and the figures the kernel left in the finding's evidence. What a family's figures mean
is told by its module in `refine/families`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log2

from wheeltapper.refine import values
from wheeltapper.refine.telling import telling_of
from wheeltapper.refine.told import Told, listed, word
from wheeltapper.refine.words import Vocabulary

PREPOSITIONS = ("from", "at", "with", "on", "using", "in", "through", "as", "to", "by", "under")
NAME_IN_HEADLINE = 24
"""A longer name of a target is left for the findings."""


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
        return listed(_without_repeated_verb(said))
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
        return listed(_without_repeated_verb(said))
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
    telling = telling_of(told.wording.family)
    against = "; ".join(p for p in (telling.history(told, words, what), telling.peers(told)) if p)
    return f"{who} {what}: {against}." if against else f"{who} {what}."


def would_be_normal(told: Told, words: Vocabulary) -> str:
    """What would have raised nothing, in a phrase; empty where nothing can be said."""
    return telling_of(told.wording.family).normal(told, words)


def _value(told: Told, words: Vocabulary) -> str:
    return word(told, words, told.value) if told.value else "something else"


def tie(why: str, what: str, whose: str) -> str:
    """What ties an account to a case, as a phrase after its name."""
    by = plain("actor", whose)
    thing = values.name(what)
    return {
        "session": f"in the same session as {by}",
        "made": f"made or changed by {by}",
        "address": f"from the address {thing}, new to both, as {by}",
        "machine": f"on the machine {thing}, new to it, as {by}",
        "target": f"touched {thing} within a day of {by}",
    }.get(why, f"tied to {by}")


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
    parts = [plain(first.entity_type, first.entity), listed(verbs), *adverbs]
    took = duration(start, end)
    if took:
        parts.append(took)
    return " ".join(parts)
