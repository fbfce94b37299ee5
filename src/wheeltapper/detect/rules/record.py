"""A native record as Sigma rules see it: fields by name, values as text.

In goes the decoded JSON of one record, out come the values of a field. Sigma leaves much to the
backend, so this is where it is decided: a field name is a path of keys joined by dots and matches
whatever its case, spaces and underscores, since exporters of the same log disagree on these
(`Threat Name`, `ThreatName`); a list stands for each of its elements, and one of `{name, value}`
objects (Google, Microsoft) for an object with these names; null and an absent field are the same;
an object is its compact JSON text; numbers and booleans compare as JSON writes them.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import msgspec

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | dict[str, object]

_NAMED_VALUE = ("value", "boolvalue", "intvalue", "multivalue", "multiintvalue")


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where a field lies in the native record, and what has to be put after its text."""

    keys: tuple[str, ...]
    """As `fold` makes them."""
    suffix: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field as rules of one log source name it; the first path that gives a value counts."""

    name: str
    paths: tuple[Path, ...]

    @property
    def verbatim(self) -> bool:
        """Whether its text stands in the record as it is."""
        return not any(path.suffix for path in self.paths)


def path(name: str, suffix: str = "") -> Path:
    return Path(tuple(fold(name).split(".")), suffix)


@lru_cache(maxsize=65536)
def fold(key: str) -> str:
    """A key as fields are looked up by. Kept, since records of a kind share their keys."""
    return key.lower().replace(" ", "").replace("_", "")


class Record:
    """One native record; what was looked up is kept, since many rules ask for the same."""

    __slots__ = ("_folded", "_keys", "_native", "_texts", "_values", "_words")

    def __init__(self, native: dict[str, object]) -> None:
        self._native = native
        self._keys: dict[int, dict[str, list[object]]] = {}
        self._values: dict[Field, tuple[Value, ...]] = {}
        self._texts: dict[Field, tuple[str, ...]] = {}
        self._folded: dict[Field, tuple[str, ...]] = {}
        self._words: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def values(self, field: Field) -> tuple[Value, ...]:
        """Every value of the field that is not null; none when it is absent."""
        found = self._values.get(field)
        if found is None:
            found = ()
            for way in field.paths:
                got: list[Value] = []
                self._collect(self._native, way.keys, got)
                if got:
                    found = tuple(text(v) + way.suffix for v in got) if way.suffix else tuple(got)
                    break
            self._values[field] = found
        return found

    def texts(self, field: Field) -> tuple[str, ...]:
        """The values as text, in their own case."""
        found = self._texts.get(field)
        if found is None:
            found = self._texts[field] = tuple(text(v) for v in self.values(field))
        return found

    def folded(self, field: Field) -> tuple[str, ...]:
        """The values as text in lower case."""
        found = self._folded.get(field)
        if found is None:
            found = self._folded[field] = tuple(t.lower() for t in self.texts(field))
        return found

    def words(self, *, folded: bool) -> tuple[str, ...]:
        """Text of every value anywhere in the record, for keywords that name no field."""
        if self._words is None:
            got: list[str] = []
            rest: list[object] = [self._native]
            while rest:
                value = rest.pop()
                if isinstance(value, dict):
                    rest.extend(value.values())
                elif isinstance(value, list):
                    rest.extend(value)
                elif isinstance(value, str | int | float):
                    got.append(text(value))
            self._words = tuple(got), tuple(t.lower() for t in got)
        return self._words[folded]

    def _collect(self, value: object, keys: tuple[str, ...], out: list[Value]) -> None:
        if isinstance(value, list):
            # Lists in lists happen in hostile records; the decoder bounds their depth.
            for element in value:
                self._collect(element, keys, out)
        elif not keys:
            if isinstance(value, str | int | float | dict):
                out.append(value)
        elif isinstance(value, dict):
            known = self._by_folded_key(value)
            # A flattened record has the dots in its keys: {"userIdentity.type": …}.
            for size in range(1, len(keys) + 1):
                for below in known.get(keys[0] if size == 1 else ".".join(keys[:size]), ()):
                    self._collect(below, keys[size:], out)
            name, *others = known.get("name", [None])
            if isinstance(name, str) and not others and fold(name) == keys[0]:
                for below in (v for key in _NAMED_VALUE for v in known.get(key, ())):
                    self._collect(below, keys[1:], out)

    def _by_folded_key(self, value: dict[str, object]) -> dict[str, list[object]]:
        known = self._keys.get(id(value))
        if known is None:
            known = self._keys[id(value)] = {}
            for key, below in value.items():
                known.setdefault(fold(key), []).append(below)
        return known


def text(value: Value) -> str:
    """A value as rules compare it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return str(value)
