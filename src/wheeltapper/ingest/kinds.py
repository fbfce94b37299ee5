"""The log kinds that are known, and which of them a record is of."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import msgspec

from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest.mapping import Mapping, Nested, PathTo, load

_decode = msgspec.json.Decoder().decode
_WHOLE = PathTo("$", ())


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
    places: tuple[PathTo, ...]
    """Everywhere that a mapping looks for a record inside another, outer places first."""

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
        places = {path for _, mapping in ordered for path in mapping.unwrap}
        return cls(tuple(mapping for _, mapping in ordered), _outer_first(places))

    def named(self, name: str) -> Mapping:
        """The mapping that `--source` names; WheeltapperError where there is none."""
        for mapping in self.mappings:
            if mapping.name == name:
                return mapping
        names = ", ".join(sorted(m.name for m in self.mappings))
        raise WheeltapperError(f"no log kind is called {name!r}; there are: {names}")

    def kind(self, record: object) -> Kind | None:
        """What kind a decoded record is of, and where in it it lies; None where no one knows."""
        places = list(_places(record, self.places))
        for fallback in (False, True):
            for path, value in places:
                for mapping in self.mappings:
                    if mapping.fallback == fallback and path in mapping.unwrap:
                        if _is_of(mapping, value):
                            return Kind(mapping, path)
                        if nested := _shape(mapping, value):
                            return Kind(mapping, path, nested)
        return None

    def kind_of_raw(self, raw: bytes) -> Kind | None:
        return self.kind(_decode(raw))

    def kind_of_file(self, sample: Sequence[bytes]) -> Kind | None:
        """What most of its first records are, unknown ones aside; ties go to what came first."""
        seen = Counter(kind for raw in sample if (kind := self.kind_of_raw(raw)))
        return max(seen, key=lambda kind: seen[kind]) if seen else None

    def place(self, mapping: Mapping, sample: Sequence[bytes]) -> Kind:
        """Where records of a kind that the user named lie."""
        for raw in sample:
            for path, value in _places(_decode(raw), _outer_first(mapping.unwrap)):
                if _is_of(mapping, value):
                    return Kind(mapping, path)
                if nested := _shape(mapping, value):
                    return Kind(mapping, path, nested)
        return Kind(mapping, mapping.unwrap[0] if mapping.unwrap else _WHOLE)


def _outer_first(paths: Iterable[PathTo]) -> tuple[PathTo, ...]:
    return tuple(sorted(paths, key=lambda path: (len(path.steps), path.json_path)))


def _places(record: object, paths: Iterable[PathTo]) -> Iterator[tuple[PathTo, object]]:
    """Where a record may lie in `record`: itself, then objects inside it."""
    for path in paths:
        value = path.of(record)
        if isinstance(value, dict):
            yield path, value


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
