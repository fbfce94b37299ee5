"""ATT&CK: ids of techniques become names, tactics, and the chain of an intrusion in short words.

The facts are in `attack.toml`, with MITRE's notice. An id that is not there has no tactic: nothing
is guessed.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "attack.toml"
WEB = "https://attack.mitre.org/techniques/"


@dataclass(frozen=True, slots=True)
class Technique:
    """One way of doing harm."""

    id: str
    name: str
    """With its parent: `Valid Accounts: Cloud Accounts`."""
    tactics: tuple[str, ...]
    """Reader's words of what it is done for, in the order of an intrusion."""

    @property
    def link(self) -> str:
        """Where ATT&CK describes it."""
        return WEB + self.id.replace(".", "/")


@cache
def techniques() -> Mapping[str, Technique]:
    """All techniques by id."""
    words = {key: word for key, (_, word) in _facts()["tactics"].items()}
    rows = _facts()["techniques"]
    found = {}
    for id_, row in rows.items():
        parent = f"{rows[id_.split('.')[0]]['name']}: " if "." in id_ else ""
        tactics_ = tuple(words[key] for key in row["tactics"])
        found[id_] = Technique(id_, f"{parent}{row['name']}", tactics_)
    return found


@cache
def order() -> tuple[str, ...]:
    """Reader's words for the tactics, in the order of an intrusion."""
    return tuple(dict.fromkeys(word for _, word in _facts()["tactics"].values()))


def technique(id_: str) -> Technique | None:
    """The technique of an id, in any case of letters; a new sub-technique is taken as its parent.

    None where ATT&CK has no such technique.
    """
    known = techniques()
    id_ = id_.strip().upper()
    return known.get(id_) or known.get(id_.split(".")[0])


def named(ids: Sequence[str]) -> tuple[str, ...]:
    """Techniques as a reader knows them: `Valid Accounts: Cloud Accounts (T1078.004)`.

    An id that ATT&CK does not have stays itself.
    """
    found = [(id_, technique(id_)) for id_ in ids]
    return tuple(f"{one.name} ({id_})" if one else id_ for id_, one in found)


def tactics(ids: Sequence[str]) -> tuple[str, ...]:
    """Put technique ids, in the order in which they happened, as tactics: each once.

    Many techniques serve several tactics (a stolen account is a way in, a way to stay and a way
    to hide). Such a one adds nothing where one of its tactics is told already; else it is told by
    the first of them in the order of an intrusion.
    """
    told: list[str] = []
    for id_ in ids:
        found = technique(id_)
        if found and not set(found.tactics) & set(told):
            told += found.tactics[:1]
    return tuple(told)


@cache
def _facts() -> dict[str, Any]:  # our own file, whose form the tests keep
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
