"""Phrase: an act in words that can be told as done, as doing, as tried and denied, once or often.

A phrase is written once, in the base form, and everything else follows from it:

    read {a secret}                 read 60 secrets · reading secrets · was denied reading a secret
    attach {a policy} to [a user]   attached 6 policies to the user kim
    open {~a file}                  opened payroll.xlsx · opened 12 files
    sign in to {app}                signed in to Okta · failed to sign in to Okta 41 times

`{a thing}` is what is counted. `[a thing]` is what a target names where that is something else.
With `~` the name alone says enough. An unusual plural stands after a bar: `{a piece of mail|mail}`.
"""

import re
from dataclasses import dataclass

APP = "{app}"
SUCCESS, FAILURE, DENIED = "success", "failure", "denied"
_ARTICLE = re.compile(r"^(?:an?|the) ")
_INNER = re.compile(r" an? (?=\S+$)")
_PART = re.compile(r"(\{app\}|\{[^{}\[\]]+\}|\[[^{}\[\]]+\])")
_HAPPENS = {"be", "come", "fail", "have", "refuse", "report", "try"}
"""What began with these happened, whatever outcome the log gives it: being locked out."""
_SPOKEN_AS_WORD = {"LAN", "MAC", "NAT", "RAM", "RAID", "SAML", "SAN", "SIM"}
"""Capitals that are not read letter by letter: a SAML provider, but an MFA device."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a phrase for a thing, some things, or the one that is named."""

    one: str
    """With its article: `a secret`."""
    many: str
    counted: bool
    alone: bool = False
    """The target's name needs no `the secret` before it."""

    def named(self, name: str) -> str:
        """`the secret prod/db`; of `the password of an instance`, the instance is what is named."""
        if self.alone:
            return name
        if _INNER.search(self.one):
            return f"{_INNER.sub(' the ', self.one)} {name}"
        return f"the {_ARTICLE.sub('', self.one.replace('another ', 'other ', 1))} {name}"


@dataclass(frozen=True, slots=True)
class Forms:
    """How verbs inflect; those that do not follow the rule are listed."""

    irregular: dict[str, tuple[str, str]]

    def past(self, verb: str) -> str:
        if verb in self.irregular:
            return self.irregular[verb][0]
        if verb.endswith("e"):
            return f"{verb}d"
        if re.search(r"[^aeiou]y$", verb):
            return f"{verb[:-1]}ied"
        return f"{verb}ed"

    def doing(self, verb: str) -> str:
        if verb in self.irregular:
            return self.irregular[verb][1]
        if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
            return f"{verb[:-1]}ing"
        return f"{verb}ing"


@dataclass(frozen=True, slots=True)
class Phrase:
    """What one kind of act is called, and how much harm such acts can do."""

    verb: str
    parts: tuple[str | Slot, ...]
    """What follows the verb, with its spaces; `APP` stands for the application's name."""
    severity: float = 0.0
    """Bits, 0 to 6."""

    def told(
        self,
        forms: Forms,
        *,
        count: int = 1,
        target: str = "",
        app: str = "",
        outcome: str = SUCCESS,
    ) -> str:
        """Say it in the past tense, without its subject; `outcome` is one of the three above."""
        base = self.verb + self._rest(count, target, app)
        if outcome == SUCCESS or self.verb in _HAPPENS:
            return forms.past(self.verb) + self._rest(count, target, app)
        if outcome == DENIED:
            return f"was denied {forms.doing(self.verb)}{self._rest(count, target, app)}"
        return f"failed to {base}"

    def doing(self, forms: Forms, *, app: str = "") -> str:
        """Say it as a thing in general: `reading secrets`."""
        rest = "".join(
            app if part == APP else part.many if isinstance(part, Slot) else part
            for part in self.parts
        )
        return forms.doing(self.verb) + rest

    def _says(self, count: int, target: str) -> bool:
        """Whether a counted thing carries the number."""
        slots = [part for part in self.parts if isinstance(part, Slot)]
        counted = next((slot for slot in slots if slot.counted), None)
        return count > 1 and counted is not None and not (target and len(slots) == 1)

    def _rest(self, count: int, target: str, app: str) -> str:
        named = None
        if target:
            slots = [part for part in self.parts if isinstance(part, Slot)]
            named = next((slot for slot in slots if not slot.counted), slots[0] if slots else None)
        text = ""
        for part in self.parts:
            if part == APP:
                text += app
            elif isinstance(part, str):
                text += part
            elif part is named:
                text += part.named(target)
            elif count > 1:
                text += f"{count:,} {part.many}" if part.counted else part.many
            else:
                text += part.one
        if count > 1 and not self._says(count, target):
            text += " twice" if count == 2 else f" {count:,} times"
        return text


def parse(text: str, severity: float = 0.0) -> Phrase:
    """Read a phrase as it is written in a vocabulary file.

    Raises
    ------
    ValueError   that says what is wrong with it.
    """
    verb, space, rest = text.partition(" ")
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", verb):
        raise ValueError(f"{text!r} must begin with a verb in its base form, such as 'read'")
    parts: list[str | Slot] = []
    for piece in _PART.split(space + rest):
        if piece == APP:
            parts.append(APP)
        elif piece.startswith(("{", "[")):
            parts.append(_slot(piece))
        elif re.search(r"[][{}|~]", piece):
            raise ValueError(f"{text!r} has one of {{}}[]|~ where it means nothing")
        elif piece:
            parts.append(piece)
    slots = [part for part in parts if isinstance(part, Slot)]
    if len(slots) > 2 or len({slot.counted for slot in slots}) != len(slots):
        raise ValueError(f"{text!r} can have one {{thing that is counted}} and one [that is named]")
    return Phrase(verb, tuple(parts), severity)


def _slot(piece: str) -> Slot:
    inner = piece[1:-1]
    alone = inner.startswith("~")
    one, _, many = inner.removeprefix("~").partition("|")
    if not one.strip():
        raise ValueError(f"{piece!r} has nothing in it")
    return Slot(one, many or _many(one), piece[0] == "{", alone)


def _many(one: str) -> str:
    if one.startswith("someone"):
        return "other people" if one.endswith(" else") else "people"
    return plural(_ARTICLE.sub("", one.replace("another ", "other ", 1)))


def plural(noun: str) -> str:
    """Plural of a noun phrase whose last word is the noun."""
    if re.search(r"[^aeiouAEIOU]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search(r"(?:s|x|z|ch|sh)$", noun) else f"{noun}s"


def singular(noun: str) -> str:
    """Undo `plural`; a noun that is none stays as it is."""
    if not is_plural(noun):
        return noun
    if noun.endswith("ies") and len(noun) > 4:
        return f"{noun[:-3]}y"
    return noun[:-2] if re.search(r"(?:ss|x|ch|sh|us)es$", noun) else noun[:-1]


def is_plural(noun: str) -> bool:
    if re.search(r"\b[A-Z0-9]{2,}s$", noun):  # APIs, IDs
        return True
    return len(noun) > 2 and bool(re.search(r"[^siu'’]s$", noun, re.I)) and noun != noun.upper()


def with_article(noun: str) -> str:
    """`an MFA device`, `a VPC`, `an account`, `a user`."""
    word = noun.split(" ")[0]
    if len(word) > 1 and word == word.upper() and word not in _SPOKEN_AS_WORD:
        vowel = word[0] in "AEFHILMNORSX8"
    else:
        vowel = bool(re.match(r"(?!us|uni|uti|ur[il]|eu|one)[aeiou]", word, re.I))
    return f"{'an' if vowel else 'a'} {noun}"
