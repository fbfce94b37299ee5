"""Techniques of MITRE ATT&CK that the words of a command point to; a hint, never a verdict.

The words stand in `attack.toml`: short, readable, to be added to. They are looked for in the normal
form (`normalise`), so wrapping, case and aliases do not hide them.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wheeltapper.powershell.views import Views


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique, and what pointed to it."""

    id: str
    name: str
    because: str


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    name: str
    any: tuple[str, ...]
    how: tuple[str, ...]


@cache
def _entries() -> tuple[_Entry, ...]:
    table = tomllib.loads((Path(__file__).parent / "attack.toml").read_text(encoding="utf-8"))
    return tuple(
        _Entry(
            key.replace("-", "."), str(entry["name"]), tuple(entry.get("any", ())),
            tuple(entry.get("how", ())),
        )
        for key, entry in table.items()
    )  # fmt: skip


def techniques(views: Views) -> list[Technique]:
    """Techniques that a command points to, in the order of the table."""
    ways = {layer.how for layer in views.unwrapped.layers[1:]}
    found = []
    for entry in _entries():
        because = next(
            (w for w in entry.any if w in views.plain),
            next((h for h in entry.how if h in ways), ""),
        )
        if because:
            found.append(Technique(entry.id, entry.name, because))
    return found
