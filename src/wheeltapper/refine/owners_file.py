"""The owners file: YAML, read strictly. What it cannot mean is told with its line and a hint.

Only nodes are read, never values: YAML's own ideas of `08:00` (a number of minutes) and `no`
(false) do not count, and every node knows its line.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from wheeltapper.errors import ConfigError
from wheeltapper.refine.hours import ALL_DAYS, Hours, parse
from wheeltapper.refine.owners import (
    ACTOR,
    ANALYST,
    FALLBACKS,
    URGENT,
    Claim,
    Owners,
    Party,
    is_glob,
    meet,
    same,
)

LARGEST_BYTES = 1_000_000
LONGEST_NAME = 200
_TOP = ("applications", "groups", "people", "fallbacks", "escalation", "urgent")
_HOURS = ("timezone", "quiet", "workdays")
_GROUP = ("members", *_HOURS)
_PERSON = ("accounts", "away", *_HOURS)
_Pairs = list[tuple[str, yaml.ScalarNode, yaml.Node]]


def load(path: Path, *, must: bool = False) -> Owners:
    """Owners from a file; none at all where it is not there, unless it `must` be.

    Raises
    ------
    ConfigError   with `file:line` for what cannot be understood.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        if must:
            raise ConfigError(
                f"{path} is not there; [refine] owners names it: make it, or take the setting away"
            ) from error
        return Owners(file=path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_BYTES:
        raise ConfigError(f"{path} has {len(content):,} bytes; at most {LARGEST_BYTES:,} are read")
    return _File(path).owners(_composed(path, content))


def _composed(path: Path, content: bytes) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(content.decode("utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    return node


class _File:
    """One reading of one file: what is read goes with where it stands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parties: dict[str, Party] = {}

    def owners(self, node: yaml.Node | None) -> Owners:
        top = {key: value for key, _, value in self._pairs(node, "the file", _TOP)}
        for key, plural, read in (("groups", "groups", self._group),
                                  ("people", "people", self._person)):  # fmt: skip
            for name, at, value in self._pairs(top.get(key), plural):
                self._add(at, read(name, value))
        self._know_members(top.get("groups"))
        fallbacks = {
            key: value
            for key, _, value in self._pairs(
                top.get("fallbacks"), "fallbacks", (*FALLBACKS, "default")
            )
        }
        return Owners(
            file=self._path,
            applications=self._applications(top.get("applications")),
            fallbacks={
                kind: self._claims(fallbacks[kind], f"fallbacks.{kind}")
                for kind in FALLBACKS
                if kind in fallbacks
            },
            default=self._one(fallbacks.get("default"), "default"),
            escalation=self._escalation(top.get("escalation")),
            parties=self._parties,
            urgent=self._number(top["urgent"]) if "urgent" in top else URGENT,
        )

    # Who there is

    def _add(self, at: yaml.Node, party: Party) -> None:
        known = next((name for name in self._parties if same(name, party.name)), None)
        if known is not None:
            self._wrong(at, f"{party.name!r} is there twice; a name is one group or one person")
        if party.name in (ACTOR, ANALYST):
            self._wrong(at, f"{party.name!r} has a meaning of its own here; choose another name")
        self._parties[party.name] = party

    def _group(self, name: str, node: yaml.Node) -> Party:
        parts = self._parts(node, f"groups.{name}", _GROUP)
        members = tuple(self._texts(parts["members"])) if "members" in parts else ()
        if not members:
            self._wrong(
                node, f"groups.{name} has no members; list them: members: [ana@example.org]"
            )
        return Party(
            name=name, members=members, timezone=self._zone(parts), hours=self._hours(node, parts)
        )

    def _person(self, name: str, node: yaml.Node) -> Party:
        parts = self._parts(node, f"people.{name}", _PERSON)
        away = parts.get("away")
        return Party(
            name=name,
            accounts=tuple(self._texts(parts["accounts"])) if "accounts" in parts else (),
            timezone=self._zone(parts),
            hours=self._hours(node, parts),
            away=tuple(self._period(item) for item in self._items(away)) if away else (),
        )

    def _know_members(self, groups: yaml.Node | None) -> None:
        for name, _, value in self._pairs(groups, "groups"):
            for key, _, members in self._pairs(value, f"groups.{name}"):
                for member in self._items(members) if key == "members" else ():
                    who = self._known(member)
                    if who in (ACTOR, ANALYST) or self._parties.get(who, Party(name=who)).members:
                        self._wrong(member, f"{who!r} is no person; members of a group are people")

    def _known(self, node: yaml.Node) -> str:
        """The name of an owner that there is."""
        name = self._text(node)
        if name in self._parties or name in (ACTOR, ANALYST) or "@" in name:
            return name
        near = difflib.get_close_matches(name, [*self._parties, ACTOR, ANALYST], n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        self._wrong(
            node,
            f"{name!r} is no group and no person; {hint}define it under groups or people, or "
            "write an address with @",
        )

    # What is whose

    def _applications(self, node: yaml.Node | None) -> tuple[Claim, ...]:
        claims = self._claims(node, "applications")
        globs = [c for c in claims if is_glob(c.what)]
        for n, one in enumerate(globs):
            for other in globs[:n]:
                if one.owner != other.owner and meet(one.what, other.what):
                    raise ConfigError(
                        f"{self._path}:{one.line}: {one.what!r} ({one.owner}) and {other.what!r} "
                        f"({other.owner}, line {other.line}) can fit one application; narrow one, "
                        "or name the application itself: exact names count before globs"
                    )
        return claims

    def _claims(self, node: yaml.Node | None, what: str) -> tuple[Claim, ...]:
        return tuple(
            Claim(what=name, owner=self._known(value), line=_line(at))
            for name, at, value in self._pairs(node, what)
        )

    def _one(self, node: yaml.Node | None, what: str) -> Claim | None:
        return Claim(what=what, owner=self._known(node), line=_line(node)) if node else None

    def _escalation(self, node: yaml.Node | None) -> Claim | None:
        claim = self._one(node, "escalation")
        if claim and claim.owner == ACTOR:
            self._wrong(node, "escalation is for when the actor cannot be asked; name another")
        return claim

    # Values

    def _hours(self, at: yaml.Node, parts: Mapping[str, yaml.Node]) -> Hours:
        spans = list(self._texts(parts["quiet"])) if "quiet" in parts else []
        days = list(self._texts(parts["workdays"])) if "workdays" in parts else []
        for key, values, read in (("quiet", spans, lambda: parse(spans, ())),
                                  ("workdays", days, lambda: parse((), days))):  # fmt: skip
            if key in parts:
                if not values:
                    self._wrong(parts[key], f"{key} is empty; fill it, or take it away")
                self._try(parts[key], read)
        return self._try(at, lambda: parse(spans, days)) if spans or days else Hours((), ALL_DAYS)

    def _zone(self, parts: Mapping[str, yaml.Node]) -> str:
        if "timezone" not in parts:
            return ""
        name = self._text(parts["timezone"])
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._wrong(
                parts["timezone"], f"timezone {name!r} is not known; write it like Europe/Amsterdam"
            )
        return name

    def _period(self, node: yaml.Node) -> tuple[date, date]:
        text = self._text(node)
        first, _, last = (part.strip() for part in text.partition(".."))
        try:
            period = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self._wrong(node, f"{text!r} is no period; write 2026-12-24..2027-01-02, or one day")
        if period[1] < period[0]:
            self._wrong(node, f"{text!r} ends before it begins")
        return period

    def _number(self, node: yaml.Node) -> float:
        try:
            number = float(self._text(node))
        except ValueError:
            number = -1.0
        if not 0 <= number <= 100:
            self._wrong(node, "urgent must be a score from 0 to 100, such as 14: one in 16,000")
        return number

    def _try(self, node: yaml.Node, read: Callable[[], Hours]) -> Hours:
        try:
            return read()
        except ValueError as error:
            self._wrong(node, str(error))

    # Nodes

    def _pairs(
        self, node: yaml.Node | None, what: str, known: tuple[str, ...] | None = None
    ) -> _Pairs:
        if node is None or _is_empty(node):
            return []
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{what} must be names with values, such as  Okta: ana@example.org")
        found: _Pairs = []
        for key, value in node.value:
            name = self._text(key)
            if known and name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
                self._wrong(key, f"{name!r} means nothing in {what}; {hint}")
            if any(same(name, other) for other, *_ in found):
                self._wrong(key, f"{name!r} is there twice in {what}; keep one")
            found.append((name, key, value))
        return found

    def _parts(self, node: yaml.Node, what: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        return {key: value for key, _, value in self._pairs(node, what, known)}

    def _items(self, node: yaml.Node) -> list[yaml.Node]:
        """A list's nodes; one value stands for a list of one."""
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def _texts(self, node: yaml.Node) -> Iterator[str]:
        return map(self._text, self._items(node))

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self._wrong(node, "a name or a value is missing here; quote it where it is unusual")
        text: str = node.value.strip()
        if len(text) > LONGEST_NAME:
            self._wrong(node, f"a name may have {LONGEST_NAME} characters at most")
        return text

    def _wrong(self, node: yaml.Node | None, says: str) -> NoReturn:
        raise ConfigError(f"{self._path}:{_line(node) if node else 1}: {says}")


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.value.strip()
