"""Guess: the name of an action that no vocabulary file names becomes a phrase.

`DescribeDBSnapshots`, `repo.create`, `user_deleted`, `Add member to role`,
`v1.compute.firewalls.insert` and `Microsoft.Compute/virtualMachines/delete` are all a verb and a
thing in some order. A name without a known verb is quoted, so that no sentence ever stays empty.
The name comes from a log: it is shown, never interpreted.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wheeltapper.refine.phrase import (
    Forms,
    Phrase,
    Slot,
    is_plural,
    plural,
    singular,
    with_article,
)

FILE = Path(__file__).parent / "verbs.toml"
_WORD = re.compile(
    r"OAuth\d?|[A-Z]{2,}s?(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[^\W\d_][a-z'’]*|\d+|[^\W_]+"
)
_VERSION = re.compile(r"(?:20\d{6}(?:v\d+)?|(?<=[a-z])V\d+)$")
_VERSION_PART = re.compile(r"v\d+(?:(?:alpha|beta)\d*)?|alpha|beta")
_SIGN = re.compile(r"\b(sign|log)[ _-](in|on|out|off|up)\b", re.I)
_JOINED = re.compile(r"^(?=.*(?:[a-z][A-Z]|[_.:/]))[\w.:/-]+$")
"""A name that an interface made of words, rather than words."""
_BETWEEN = {"to", "from", "in", "for", "of", "on", "with", "by", "into", "as", "at"}
_ALREADY_SAID = {
    *("user", "account", "member", "session", "event", "activity", "in"),
    *("success", "successful", "succeeded", "failure", "failed"),
}
_READING = {"look up", "read", "view", "open"}
_MANY = {"list", "search", "watch", "count"}
_LONGEST = 60
_MOST_WORDS = 9


@dataclass(frozen=True, slots=True)
class Verb:
    """What a word in an action's name says."""

    say: str
    severity: float
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Verbs:
    """The words that names of actions are made of."""

    verbs: Mapping[str, Verb]
    """By every form in which they occur: create, created, creating, creation, creates."""
    forms: Forms
    spelling: Mapping[str, str]
    secrets: frozenset[str]
    guards: frozenset[str]

    @classmethod
    def load(cls) -> "Verbs":
        values = tomllib.loads(FILE.read_text(encoding="utf-8"))
        forms = Forms({verb: (past, doing) for verb, (past, doing) in values["irregular"].items()})
        base = {word: Verb(**entry) for word, entry in values["verbs"].items()}
        verbs: dict[str, Verb] = {noun: base[word] for noun, word in values["nouns"].items()}
        for word, verb in base.items():
            for form in (plural(word), forms.doing(word), forms.past(word)):
                verbs.setdefault(form, verb)
        verbs |= base | {"started": base["start"], "logged": base["login"]}
        things = {kind: frozenset(words) for kind, words in values["things"].items()}
        return cls(verbs, forms, values["spelling"], things["secrets"], things["guards"])

    def phrase(self, action: str) -> Phrase:
        """Put `action`, already free of control characters, in words."""
        words = _words(action)
        if len(words) <= _MOST_WORDS:
            for at in _places(words):
                verb = self.verbs.get(words[at].lower())
                if verb:
                    return self._phrase(verb, words, at)
        joined = _JOINED.search(action) and len(words) <= _MOST_WORDS
        said = self._spelled(words) if joined else action
        return Phrase("perform", (f" “{said}”",))

    def _severity(self, verb: Verb, things: list[str]) -> float:
        named = {singular(thing.lower()) for thing in things}
        if verb.alone:
            return verb.severity
        if verb.severity:
            return min(verb.severity + (2 if named & self.guards else 0), 6)
        return 3 if verb.say in _READING and named & self.secrets else 0

    def _phrase(self, verb: Verb, words: list[str], at: int) -> Phrase:
        severity = self._severity(verb, words[:at] + words[at + 1 :])
        said, *particle = verb.say.split(" ", 1)
        behind = f" {particle[0]}" if particle else ""
        if verb.alone:
            more = [w for w in words[:at] + words[at + 1 :] if w.lower() not in _ALREADY_SAID]
            how = f" ({self._spelled(more)})" if more else ""
            return Phrase(said, (behind + how,) if behind + how else (), severity)
        before, after = words[:at], words[at + 1 :]
        cut = next((i for i, w in enumerate(after) if w.lower() in _BETWEEN), len(after))
        thing, tail = self._spelled(before + after[:cut]), after[cut:]
        end = ""
        if tail:
            place = self._spelled(tail[1:])
            end = f" {tail[0].lower()} {place if is_plural(place) else _with_article(place)}"
        # Collections that are named before their verb (`objects.get`) mean one of theirs.
        if at and not after[:cut] and verb.say not in _MANY:
            thing = singular(thing)
        thing = thing or "something"
        if thing == "something" or is_plural(thing):
            parts: tuple[str | Slot, ...] = (f"{behind} {thing}{end}",)
        else:
            parts = (f"{behind} ", Slot(_with_article(thing), plural(thing), counted=True), end)
        return Phrase(said, tuple(part for part in parts if part), severity)

    def _spelled(self, words: list[str]) -> str:
        capitals = all(word == word.upper() for word in words)  # CHANGE_EMAIL_SETTING
        spelled = []
        for word in words:
            keep = len(word) > 1 and word[:2] == word[:2].upper() and not capitals
            known = self.spelling.get(word.lower())
            spelled.append(known or (word if keep else word.lower()))
        return " ".join(spelled)


def _with_article(noun: str) -> str:
    if noun.split(" ", 1)[0] in ("a", "an", "the"):
        return noun
    return with_article(noun) if noun else "something"


def _places(words: list[str]) -> list[int]:
    """Where the verb is looked for: first, last, then between."""
    last = len(words) - 1
    return list(dict.fromkeys(([0, last] if words else []) + list(range(1, last))))


def _words(action: str) -> list[str]:
    """Words of a name, without the places where interfaces repeat their own."""
    if len(action) > _LONGEST and " " not in action:
        action = action[-_LONGEST:]
    if " " not in action:
        parts = [p for p in re.split(r"[./:]+", _VERSION.sub("", action)) if p]
        parts = [p for p in parts if not _VERSION_PART.fullmatch(p)] or parts
        if len(parts) > 1 and parts[-1].lower() == "action":
            parts.pop()
        action = " ".join(parts[-1:] if parts and _is_whole(parts[-1]) else parts[-2:])
    return _WORD.findall(_SIGN.sub(r"\1\2", action))


def _is_whole(part: str) -> bool:
    """A part such as `DeleteSink` says verb and thing; `delete` needs the part before it."""
    return bool(re.match(r"[A-Z][a-z]+[A-Z]", part)) or "_" in part
