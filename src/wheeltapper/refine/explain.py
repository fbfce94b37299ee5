"""Explain: a finding in a sentence: what happened, what was expected, what peers do.

A story is told by its `headline`.

Everything is rendered from data: the clause of the catalogue entry, the words of the application's
vocabulary, and the figures the kernel left in the finding's evidence. What a family's figures mean
is told by its module in `refine/families`.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from wheeltapper.refine import values
from wheeltapper.refine.phrase import singular
from wheeltapper.refine.telling import telling_of
from wheeltapper.refine.told import Kind, Told, listed, word
from wheeltapper.refine.words import Vocabulary

_COUNTED = re.compile(r"\{count\} ((?:(?:different|silent) )?\w+)")
_NOR_ANY = re.compile(r"^nor (has|was) any of (.+?)( for as long)?$")
_NOR_ONE = re.compile(r"^nor (has) (.+)$")
NAME_IN_HEADLINE = 24
"""A longer name of a target is left for the lines below."""
PREPOSITIONS = ("from", "at", "with", "on", "using", "in", "through", "as", "to", "by", "under")


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
    says, count = told.wording.says, round(told.observed)
    if count == 1:  # "after 1 failure", "once"
        says = _COUNTED.sub(lambda many: f"{{count}} {singular(many[1])}", says)
        says = says.replace("{count} time", "once").replace(" that were ", " that was ")
    return says.format(
        did=_did(told, words, longest_name),
        doing=words.noun(told.source, told.app, told.action),
        value=_value(told, words),
        count=f"{count:,}",
        app=values.clean(told.app) or "an application",
    )


def _did(told: Told, words: Vocabulary, longest_name: int) -> str:
    def named(target: str, targets: int) -> str | None:
        return called(told, target, longest_name) if targets <= 1 else None

    if told.kinds:
        # A counted window holds several kinds of acts: the two most frequent are told.
        said = [
            words.act(
                told.source, kind.app, kind.action, kind.count,
                named(kind.target, kind.targets), kind.outcome, told.reason,
            )
            for kind in _most(told.kinds, longest_name)
        ]  # fmt: skip
        return listed(_without_repeated_verb(said))
    return words.act(
        told.source, told.app, told.action, max(told.acts, 1),
        named(told.target, told.targets), told.outcome, told.reason,
    )  # fmt: skip


def _most(kinds: Sequence[Kind], longest_name: int) -> Sequence[Kind]:
    """The most frequent two; where it has to be short, the second only if it is no by-product."""
    if longest_name <= NAME_IN_HEADLINE and len(kinds) > 1 and kinds[1].count < kinds[0].count / 5:
        return kinds[:1]
    return kinds[:2]


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


def happened(told: Told, words: Vocabulary) -> str:
    """What was done, without its subject: `read 60 secrets`, `signed in to Okta from Nigeria`."""
    what = clause(told, words)
    return f"{first_act(told, words)} {what}" if adverbial(what) else what


def first_act(told: Told, words: Vocabulary, longest_name: int = 60) -> str:
    """The act that the finding is told by."""
    target = called(told, told.target, longest_name)
    return words.act(told.source, told.app, told.action, 1, target, told.outcome, told.reason)


def called(told: Told, target: str, longest_name: int) -> str | None:
    """A target as a sentence names it: where it has to be short, colleagues by their names."""
    colleagues = told.entity.partition("@")[2]
    if longest_name <= NAME_IN_HEADLINE and colleagues and target.endswith(f"@{colleagues}"):
        target = "themselves" if target == told.entity else plain("actor", target)
    return target if len(values.name(target)) <= longest_name else None


def expected(told: Told, words: Vocabulary) -> str:
    """What its own history made likely, and from how much of it."""
    return telling_of(told.wording.family).history(told, words, happened(told, words))


def peers(told: Told) -> str:
    """What peers do, by itself; empty where there are none."""
    said = telling_of(told.wording.family).peers(told)
    said = _NOR_ANY.sub(r"none of \2 \1\3", said)
    return _NOR_ONE.sub(r"\2 \1 not", said)


def sentence(told: Told, words: Vocabulary) -> str:
    """The finding as a colleague would tell it."""
    who = plain(told.entity_type, told.entity)
    against = "; ".join(p for p in (expected(told, words), peers(told)) if p)
    said = f"{who} {happened(told, words)}"
    return f"{said}: {against}." if against else f"{said}."


def note(told: Told, words: Vocabulary, about: str) -> str:
    """What was done, as a line under a headline about somebody: their name is not said again."""
    what = happened(told, words)
    if told.entity != about:
        return f"{plain(told.entity_type, told.entity)} {what}"
    return f"{what[:1].upper()}{what[1:]}"


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
        "address": f"came from {thing}, an address new to both, as did {by}",
        "machine": f"was on the machine {thing}, new to it, as was {by}",
        "came": f"came from {thing} for the first time",
        "refused": f"refused those who came from {thing}",
        "target": f"touched {thing} within a day of {by}",
    }.get(why, f"tied to {by}")


def duration(start: datetime, end: datetime) -> str:
    """`within 35 minutes`, `within 7 hours`, `over 3 days`: how long a story took."""
    took = end - start
    if took < timedelta(minutes=1):
        return ""
    if took < timedelta(hours=2):
        minutes = round(took.total_seconds() / 60)
        return f"within {minutes} minutes" if minutes > 1 else "within a minute"
    if took < timedelta(hours=36):
        return f"within {round(took.total_seconds() / 3600):d} hours"
    return f"over {round(took.total_seconds() / 86400):d} days"
