"""Headline: a story in one sentence: who did what, where, and why it is odd.

Not more than `MOST_WORDS` words where a shorter one can be made: what can hurt most is told first,
what is said already is not said again, and the rest is left for the lines below.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product, takewhile
from math import log2

from wheeltapper.refine.explain import (
    NAME_IN_HEADLINE,
    adverbial,
    clause,
    duration,
    first_act,
    plain,
)
from wheeltapper.refine.telling import telling_of
from wheeltapper.refine.told import Told, listed
from wheeltapper.refine.words import Vocabulary

MOST_WORDS = 20
WORTH_VERBS = (10.0, 4.0, 2.0)
WORTH_ADVERBS = (3.0, 1.0)
WORTH_ODD, WORTH_TOOK = 3.5, 0.5
LEAST_VERB = 0.4
"""A further act that is worth less of the first one's weight is left for the lines below."""
PARTICLES = {"at", "down", "for", "from", "in", "into", "of", "off", "on", "out", "to", "up"}
"""What belongs to the verb before it."""
SAME_ACTS = 0.8
"""A finding of which so many acts are told already says nothing new in a headline."""


@dataclass(frozen=True, slots=True)
class Said:
    """One finding's clause."""

    told: Told
    text: str


def headline(
    told: Sequence[Told], words: Vocabulary, start: datetime, end: datetime, *, known: bool = True
) -> str:
    """The story in one sentence, from its findings (weightiest first).

    What can hurt most is told first: a manager has to know of the secrets before the look-ups.
    `known`: whether anything was seen of its entity before.
    """
    told = sorted(told, key=lambda one: _telling(one, words), reverse=True)
    verbs = list(_verbs(told, words))[: len(WORTH_VERBS)]
    adverbs = list(_adverbs(told, words))[: len(WORTH_ADVERBS)]
    if not verbs:
        verbs = [Said(told[0], _alone(told[0], words))]
    who = plain(told[0].entity_type, told[0].entity)
    if not known:
        who += ", never seen before,"
    best, most = "", -1.0
    for n_verbs, n_adverbs in product(range(1, len(verbs) + 1), range(len(adverbs) + 1)):
        done, how = verbs[:n_verbs], adverbs[:n_adverbs]
        why, odd = _odd(done, how, words) if known else (None, "")
        took = _took([*done, *how], start, end)
        for with_took, with_odd in product((False, True), repeat=2):
            if with_odd and why in how:
                # What is odd about from where stands right after it.
                how = [*(one for one in how if one is not why), *(one for one in how if one is why)]
                with_took = False
            tail = (took if with_took else "", odd if with_odd else "")
            said = _sentence(who, done, how, *tail)
            worth = _worth(n_verbs, n_adverbs, *tail)
            if worth > most and (not best or len(said.split()) <= MOST_WORDS):
                best, most = said, worth
    return best


def _worth(verbs: int, adverbs: int, took: str, odd: str) -> float:
    """What was done is worth most, then why it is odd, from where and when, and how long."""
    done = sum(WORTH_VERBS[:verbs]) + sum(WORTH_ADVERBS[:adverbs])
    return done + WORTH_ODD * bool(odd) + WORTH_TOOK * bool(took)


def _took(said: Sequence[Said], start: datetime, end: datetime) -> str:
    """How long it took what is told."""
    first = min(one.told.first or start for one in said)
    return duration(first, max(one.told.last or end for one in said))


def _sentence(who: str, verbs: Sequence[Said], adverbs: Sequence[Said], took: str, odd: str) -> str:
    did = [verb.text for verb in verbs]
    # "read 82 parameters and 60 secrets, and deleted a trail"
    last = ", and" if any(" and " in text for text in did) else "and"
    done = listed(_without_repeated_verb(did), last).replace(" , and", ", and")
    said = " ".join(p for p in (who, done, *(a.text for a in adverbs), took) if p)
    if not odd:
        return said
    close = odd.startswith("for the first") and not took
    return f"{said}{'' if close else ','} {odd}"


def _verbs(told: Sequence[Told], words: Vocabulary) -> Iterator[Said]:
    """What was done, each act once."""
    known: set[bytes] = set()
    first = told[0]
    said: set[str] = set()
    for one in (_more_exact(one, told) for one in told):
        text = clause(one, words, NAME_IN_HEADLINE)
        if adverbial(text) or text in said:
            continue
        if said and _telling(one, words) < LEAST_VERB * _telling(first, words):
            continue
        if one.events and len(one.events & known) >= SAME_ACTS * len(one.events):
            continue
        known |= one.events
        first = first if said else one
        said.add(text)
        yield Said(one, text)


def _more_exact(one: Told, told: Sequence[Told]) -> Told:
    """The one that says the same more exactly: `azure/macos/` rather than `azure`."""
    if not one.value or "{value}" not in one.wording.says:
        return one
    alike = [
        other for other in told if other.events == one.events and other.value.startswith(one.value)
    ]
    return max(alike, key=lambda other: len(other.value), default=one)


def _without_repeated_verb(did: Sequence[str]) -> Sequence[str]:
    """`changed docs/` and `changed ext/` are `changed docs/ and ext/`."""
    first, *more = did[0].split(" ")
    verb = "".join(f"{word} " for word in (first, *takewhile(PARTICLES.__contains__, more)))
    if not all(text.startswith(verb) and " and " not in text for text in did):
        return did
    return [did[0], *(text.removeprefix(verb) for text in did[1:])]


def _adverbs(told: Sequence[Told], words: Vocabulary) -> Iterator[Said]:
    """From where, when and with what: one of each, the weightiest."""
    said: set[str] = set()
    for one in told:
        text = clause(one, words, NAME_IN_HEADLINE)
        if not adverbial(text):
            continue
        # "From France" and "from the network 90.24" are one place, "on the host" and "on Sunday"
        # are not.
        kind = "from" if text.startswith("from ") else one.wording.name
        if kind not in said:
            said.add(kind)
            yield Said(one, text)


def _alone(one: Told, words: Vocabulary) -> str:
    """What was done, where all that is odd is from where, when or how."""
    if one.targets <= 1:
        return first_act(one, words, NAME_IN_HEADLINE)
    return words.act(one.source, one.app, one.action, one.acts, None, one.outcome, one.reason)


def _odd(
    verbs: Sequence[Said], adverbs: Sequence[Said], words: Vocabulary
) -> tuple[Said | None, str]:
    """Why it is odd, of the weightiest that says so; of several acts none can be meant."""
    told = [*(verbs if len(verbs) == 1 else ()), *adverbs]
    for said in sorted(told, key=lambda one: one.told.evidence, reverse=True):
        odd = telling_of(said.told.wording.family).odd(said.told, words)
        if odd:
            return said, odd
    return None, ""


def _telling(one: Told, words: Vocabulary) -> float:
    """How much a finding belongs in the headline: its evidence, its harm, and how exact it is."""
    exact = 1.0 if "{did}" in one.wording.says else 0.4
    harm = words.severity(one.source, one.app, one.action)
    many = sum(kind.count for kind in one.kinds) or one.acts
    harm = harm / 2 if one.outcome == "failure" else harm
    return exact * (one.evidence + log2(max(many, 1)) / 2) + harm
