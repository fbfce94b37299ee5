"""The log kinds that are known, and which of them a record is of."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, KeysView, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import msgspec

from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest.mapping import Mapping, Nested, PathTo
from wheeltapper.ingest.mapping_file import load

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Kind:
    """What a record was taken for."""

    mapping: Mapping
    at: PathTo
    """Where in what the file holds the record lies; `$` where nothing is wrapped around it."""
    nested: Nested | None = None
    """The shape that it has to be freed of; None where it is flat."""

    def __hash__(self) -> int:
        return hash((self.mapping.name, self.at))


@dataclass(frozen=True, slots=True)
class Sources:
    """Mappings in the order in which a record is offered to them."""

    mappings: tuple[Mapping, ...]
    offers: tuple["_Offer", ...]
    """In which order a record, and what lies inside it, is held against them."""

    @classmethod
    def load(cls, extra: Path | None = None) -> "Sources":
        """Those of the package and, before them, those of folder `extra` (missing: none).

        Raises
        ------
        ConfigError   with `file:line` and a hint, for the first mistake.
        """
        found: dict[str, tuple[bool, Mapping]] = {}
        packaged = resources.files("wheeltapper.ingest") / "sources"
        with resources.as_file(packaged) as folder:
            for path in sorted(folder.glob("*.toml")):
                found[path.stem] = (True, load(path))
        for path in sorted(extra.glob("*.toml")) if extra else ():
            found[path.stem] = (False, load(path))
        # The user's own first, then those that ask for more: they are the more special ones.
        ordered = sorted(
            found.values(), key=lambda f: (f[1].fallback, f[0], -_tests(f[1]), f[1].name)
        )
        mappings = tuple(mapping for _, mapping in ordered)
        return cls(mappings, tuple(_offers(mappings)))

    def named(self, name: str) -> Mapping:
        """The mapping that `--source` names; WheeltapperError where there is none."""
        for mapping in self.mappings:
            if mapping.name == name:
                return mapping
        names = ", ".join(sorted(m.name for m in self.mappings))
        raise WheeltapperError(f"no log kind is called {name!r}; there are: {names}")

    def kind(self, record: object) -> Kind | None:
        """What kind a decoded record is of, and where in it it lies; None where no one knows."""
        for offer in self.offers:
            value = offer.at.of(record)
            if not isinstance(value, dict):
                continue
            names = value.keys()
            for mapping, ways in offer.mappings:
                if not any(way.may(names) for way in ways):
                    continue
                if _is_of(mapping, value):
                    return Kind(mapping, offer.at)
                if nested := _shape(mapping, value):
                    return Kind(mapping, offer.at, nested)
        return None

    def kind_of_raw(self, raw: bytes) -> Kind | None:
        return self.kind(_decode(raw))

    def kind_of_file(self, sample: Sequence[bytes]) -> Kind | None:
        """What most of its first records are, unknown ones aside; ties go to what came first."""
        seen = Counter(kind for raw in sample if (kind := self.kind_of_raw(raw)))
        return max(seen, key=lambda kind: seen[kind]) if seen else None

    def place(self, mapping: Mapping, sample: Sequence[bytes]) -> Kind:
        """Where records of a kind that the user named lie."""
        alone = Sources((mapping,), tuple(_offers((mapping,))))
        found = (alone.kind_of_raw(raw) for raw in sample)
        return next(filter(None, found), Kind(mapping, mapping.unwrap[0]))


@dataclass(frozen=True, slots=True)
class _Way:
    """What the names at the top of a record must hold before it is looked at closely.

    Most records are of one kind and not of two dozen others: asking for names alone first makes
    recognising a record ten times cheaper.
    """

    all: frozenset[str]
    any: frozenset[str]

    def may(self, names: KeysView[str]) -> bool:
        return self.all <= names and (not self.any or not self.any.isdisjoint(names))


@dataclass(frozen=True, slots=True)
class _Offer:
    """Mappings that a record is held against, if there is one at a place."""

    at: PathTo
    mappings: tuple[tuple[Mapping, tuple[_Way, ...]], ...]


def _offers(mappings: Sequence[Mapping]) -> Iterator[_Offer]:
    """Known kinds before fallbacks, the record itself before what lies inside it."""
    places = {path for mapping in mappings for path in mapping.unwrap}
    for fallback in (False, True):
        for at in sorted(places, key=lambda path: (len(path.steps), path.json_path)):
            here = [m for m in mappings if m.fallback == fallback and at in m.unwrap]
            yield _Offer(at, tuple((mapping, _ways(mapping)) for mapping in here))


def _ways(mapping: Mapping) -> tuple[_Way, ...]:
    detect = mapping.detect
    ways = [_Way(_tops([shape.has]), frozenset()) for shape in mapping.nested]
    if detect.line:
        ways.append(_Way(frozenset({"line"}), frozenset()))
    if detect.has or detect.equals or detect.any:
        ways.append(_Way(_tops([*detect.has, *detect.equals]), _tops(detect.any)))
    return tuple(ways)


def _tops(paths: Iterable[PathTo]) -> frozenset[str]:
    return frozenset(str(path.steps[0]) for path in paths if path.steps)


def _shape(mapping: Mapping, record: object) -> Nested | None:
    return next((n for n in mapping.nested if _there(n.has.of(record))), None)


def _is_of(mapping: Mapping, record: object) -> bool:
    detect = mapping.detect
    line = _LINE.of(record)
    if detect.line and isinstance(line, str) and re.search(detect.line, line):
        return True
    tested = bool(detect.has or detect.equals or detect.any)
    return (
        tested
        and all(_there(path.of(record)) for path in detect.has)
        and all(_text(path.of(record)) in values for path, values in detect.equals.items())
        and (not detect.any or any(_there(path.of(record)) for path in detect.any))
    )


_LINE = PathTo("$", ("line",))


def _there(value: object) -> bool:
    return value is not None and value != ""


def _text(value: object) -> str | None:
    """As `json_extract_string` gives it, so that both ways of looking agree."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _tests(mapping: Mapping) -> int:
    return len(mapping.detect.has) + len(mapping.detect.equals)
