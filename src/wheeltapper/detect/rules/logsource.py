"""Which records a rule is about: Sigma's `logsource` against our log kinds.

In goes product, category and service of a rule, out come the places to run it: a log kind, what
fields of the record have to say, and under which names the record has the rule's fields. The table
is `logsources.toml` beside this file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path as File

from wheeltapper.detect.rules.record import Field, Path, path


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One kind of record that a logsource stands for."""

    sources: tuple[str, ...]
    where: Mapping[str, frozenset[str]]
    """Field to the values, in lower case, of which it must have one."""
    aliases: Mapping[str, tuple[Path, ...]]
    _fields: dict[str, Field] = field(default_factory=dict)

    def field(self, name: str) -> Field:
        """Where a field that a rule names is found; one object a name, so look-ups are shared."""
        known = self._fields.get(name)
        if known is None:
            ways = (path(name), *self.aliases.get(name.lower(), ()))
            known = self._fields[name] = Field(name, ways)
        return known


def places(product: str | None, category: str | None, service: str | None) -> tuple[Place, ...]:
    """Where to run rules of this logsource; nowhere when no log kind here is meant."""
    return _table().get((product, category, service), ())


_Key = tuple[str | None, str | None, str | None]


@lru_cache(maxsize=1)
def _table() -> Mapping[_Key, tuple[Place, ...]]:
    written = tomllib.loads(File(__file__).with_name("logsources.toml").read_text())
    table: dict[_Key, tuple[Place, ...]] = {}
    for entry in written["logsource"]:
        sigma = entry["sigma"]
        fields = written["everywhere"].get(sigma.get("product"), {}) | entry.get("fields", {})
        key = sigma.get("product"), sigma.get("category"), sigma.get("service")
        place = Place(
            sources=tuple(entry["source"]),
            where={
                name.lower(): frozenset(value.lower() for value in values)
                for name, values in entry.get("where", {}).items()
            },
            aliases={
                name.lower(): tuple(_alias(way) for way in ways) for name, ways in fields.items()
            },
        )
        table[key] = (*table.get(key, ()), place)
    return table


def _alias(way: str | dict[str, str]) -> Path:
    return path(way) if isinstance(way, str) else path(way["path"], way["suffix"])
