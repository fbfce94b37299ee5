"""Who is who: the organisation's own list of its people and service accounts.

CSV with a header, or JSON (an array of objects), with the fields of `Person`; only `actor` is
needed. Names are compared without regard to case. An alias is another name of the same account
(a CloudTrail user, an e-mail address, a Unix login): the actor column gets the one in `actor`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wheeltapper.activity import ACTOR_TYPES
from wheeltapper.enrich import listfile
from wheeltapper.errors import ConfigError

_YES, _NO = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account's entry; None where it says nothing."""

    actor: str
    """The name that activities are kept under."""
    department: str | None = None
    role: str | None = None
    manager: str | None = None
    timezone: str | None = None
    """Such as Europe/Amsterdam."""
    country: str | None = None
    """ISO 3166-1 alpha-2: whose public holidays count."""
    start_date: date | None = None
    privileged: bool | None = None
    peer_group: str | None = None
    actor_type: str | None = None
    """One of activity.ACTOR_TYPES; it counts more than what the log says."""
    aliases: tuple[str, ...] = ()
    """Separated by `;` in CSV."""


_COLUMNS = tuple(field.name for field in fields(Person))


class Directory:
    """People by any of their names."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        """`people` by each of their names, in lower case."""
        self._people = people

    @classmethod
    def load(cls, path: Path) -> "Directory":
        """Read a file ending in .json as JSON, any other as CSV.

        Raises
        ------
        ConfigError   with `file:line` (`file: entry N` in JSON) for what cannot be understood,
                      and for a name that two entries claim.
        """
        people: dict[str, Person] = {}
        owner: dict[str, str] = {}
        for at, values in _json(path) if path.suffix == ".json" else _csv(path):
            person = _person(at, values)
            for name in dict.fromkeys(n.casefold() for n in (person.actor, *person.aliases)):
                if name in owner:
                    raise ConfigError(
                        f"{at}: {name!r} is a name of {people[name].actor!r} already, "
                        f"see {owner[name]}; each name belongs to one entry"
                    )
                people[name], owner[name] = person, at
        return cls(people)

    def find(self, name: str) -> Person | None:
        return self._people.get(name.casefold())


def _csv(path: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield from listfile.rows(path, needed=["actor"], known=_COLUMNS)


def _json(path: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        values = json.loads(listfile.text(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, list):
        raise ConfigError(f"{path}: must be an array of objects")
    for number, entry in enumerate(values, start=1):
        at = f"{path}: entry {number}"
        if not isinstance(entry, dict):
            raise ConfigError(f"{at}: must be an object")
        for name in entry:
            if name not in _COLUMNS:
                raise ConfigError(f"{at}: {name!r} is no field; there are: {', '.join(_COLUMNS)}")
        yield at, entry


def _person(at: str, values: Mapping[str, object]) -> Person:
    text = {name: _text(at, name, values.get(name)) for name in _COLUMNS if name != "aliases"}
    actor = text["actor"]
    if actor is None:
        raise ConfigError(f"{at}: actor is empty; each entry needs the name of an account")
    if text["timezone"] is not None:
        try:
            ZoneInfo(text["timezone"])
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(
                f"{at}: timezone {text['timezone']!r} is not known; write it like Europe/Amsterdam"
            ) from error
    if text["country"] is not None and not _COUNTRY.fullmatch(text["country"]):
        raise ConfigError(f"{at}: country {text['country']!r} must be two letters, like NL")
    if text["actor_type"] is not None and text["actor_type"] not in ACTOR_TYPES:
        raise ConfigError(
            f"{at}: actor_type {text['actor_type']!r} must be one of {', '.join(ACTOR_TYPES)}"
        )
    return Person(
        actor=actor,
        department=text["department"],
        role=text["role"],
        manager=text["manager"],
        timezone=text["timezone"],
        country=text["country"],
        start_date=_date(at, text["start_date"]),
        privileged=_yes(at, text["privileged"]),
        peer_group=text["peer_group"],
        actor_type=text["actor_type"],
        aliases=_aliases(at, values.get("aliases")),
    )


def _text(at: str, name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip() or None
    raise ConfigError(f"{at}: {name} must be text, got {value!r}")


def _aliases(at: str, value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else (_text(at, "aliases", value) or "").split(";")
    texts = [_text(at, "aliases", part) for part in parts]
    return tuple(text for text in texts if text)


def _yes(at: str, text: str | None) -> bool | None:
    if text is None:
        return None
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ConfigError(f"{at}: privileged {text!r} must be true or false")


def _date(at: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{at}: start_date {text!r} must be like 2024-03-01") from error
