"""Truth: what is in the logs on purpose, as truth.ndjson tells it, one line a scenario."""

from dataclasses import dataclass
from datetime import datetime

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One line of truth.ndjson."""

    scenario: str
    about: str
    actor: str
    """Whose identity does most of it, as the directory calls it."""
    actors: tuple[str, ...]
    """All identities that do any of it, the first included."""
    addresses: tuple[str, ...]
    """From where; not those at which nothing but ordinary work is done, too."""
    start: datetime
    end: datetime
    native_ids: tuple[str, ...]
    """Ids of the records that are the attack, in order of time."""
    lines: tuple[str, ...]
    """Lines of auth.log that are the attack: those carry no id of their own."""
    attack: tuple[str, ...]
    """ATT&CK ids."""
    real: bool
    origin: str = ""
    """Of real records: where they were published."""
    changed: tuple[str, ...] = ()
    """Of real records: sentences for SOURCES.md."""

    def to_json(self) -> bytes:
        """The line, without its end. What SOURCES.md tells is left out."""
        return msgspec.json.encode(
            {
                "scenario": self.scenario,
                "about": self.about,
                "actor": self.actor,
                "actors": self.actors,
                "addresses": self.addresses,
                "start": self.start,
                "end": self.end,
                "real": self.real,
                "attack": self.attack,
                "native_ids": self.native_ids,
                "lines": self.lines,
            }
        )
