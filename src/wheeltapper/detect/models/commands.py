"""A judge of PowerShell commands: do they look malicious, and have they been run here before?

Good at commands that nobody here ever ran and that look like known attacks, wrapped or not. Blind
to ordinary commands with ill intent, and to what was run here daily before it began to watch.

In go acts with a PowerShell `command_line` (process creation, 4103, 4104), out come findings.
Verdict and rarity are combined: from the bits of the verdict go the bits of how often the same
command, in its normal form, was run on days before, by the actor or by peers. So what a whole
department runs every morning falls silent by itself, and what is run for the first time does not.

How a command is judged is handed in (`Judge`): this room knows no PowerShell. State is bounded:
`CAPACITY` commands of actors and groups, those longest not seen go first. Method: Hendler, Kels and
Rubin (2018) for the verdict; see docs/powershell.md. Cost: about a millisecond a command that is
not yet seen in a batch.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import log2
from typing import NamedTuple

import pyarrow as pa

from wheeltapper import finding
from wheeltapper.errors import WheeltapperError

NAME = "powershell"
THRESHOLD_BITS = 6.0
"""One benign text of 64 looks as malicious."""
CAPACITY = 200_000
COLUMNS = ("event_id", "time", "app", "process", "command_line", "actor", "peer_group")
"""Columns of an activity that are looked at."""
_DAY_US = 86_400_000_000
_FORMAT = "wheeltapper.powershell.1"
_WORDS = ("powershell", "pwsh")


class Judged(NamedTuple):
    """What is thought of one command."""

    form: str
    """Its normal form: the same for all ways to write it."""
    bits: float
    """-log2 of the share of benign commands that look as malicious."""
    score: float
    attack: tuple[str, ...]
    evidence: Mapping[str, object]


Judge = Callable[[Sequence[str]], Sequence[Judged]]
"""Commands to what is thought of each; the same command, the same answer."""


class Seen(NamedTuple):
    """How often a command was there."""

    days: int
    last: int
    """The last day, in days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Forms:
    """Which commands were run, by whom: by a hash of actor or group and form. Never changed."""

    seen: Mapping[bytes, Seen] = field(default_factory=dict)
    day: int = 0

    def to_bytes(self) -> bytes:
        keys = sorted(self.seen)
        table = pa.table(
            {
                "key": pa.array(keys, pa.binary()),
                "days": pa.array([self.seen[key].days for key in keys], pa.int32()),
                "last": pa.array([self.seen[key].last for key in keys], pa.int32()),
            }
        ).replace_schema_metadata({"format": _FORMAT, "day": str(self.day)})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Forms":
        """What `to_bytes` gave.

        Raises
        ------
        WheeltapperError   if it is something else
        """
        try:
            table = pa.ipc.open_stream(content).read_all()
            told = table.schema.metadata or {}
            if told.get(b"format") != _FORMAT.encode():
                raise ValueError("of another version")
            columns = [table[name].to_pylist() for name in ("key", "days", "last")]
            day = int(told[b"day"])
        except (pa.ArrowInvalid, KeyError, ValueError) as error:
            raise WheeltapperError(
                "this is no state of a judge of commands that this version reads; "
                "detect again from the beginning to build it anew"
            ) from error
        return cls({k: Seen(n, last) for k, n, last in zip(*columns, strict=True)}, day)


@dataclass(frozen=True, slots=True)
class Named:
    """What a model is called; a user-day model has a whole card."""

    name: str = NAME


class Commands:
    """The judge. Holds nothing of what it has seen: that is `Forms`."""

    def __init__(self, judge: Judge, secret: bytes, capacity: int = CAPACITY) -> None:
        self.card = Named()
        self.detector = f"model.{NAME}"
        self._judge, self._secret, self._capacity = judge, secret, capacity

    def start(self) -> Forms:
        """Before any activity."""
        return Forms()

    def process(self, state: Forms, events: pa.Table) -> tuple[Forms, pa.Table]:
        """Judge the PowerShell commands among acts, in order of time.

        Parameters
        ----------
        events   columns of `activity.SCHEMA`, ordered by `(time, event_id)` and after those seen

        Returns
        -------
        the state after them, and findings: of an actor, a command and a day at most one
        """
        acts = [act for act in _rows(events) if _is_powershell(act)]
        if not acts:
            return state, finding.SCHEMA.empty_table()
        texts = list(dict.fromkeys(str(act["command_line"]) for act in acts))
        judged = dict(zip(texts, self._judge(texts), strict=True))
        seen, day, rows = dict(state.seen), state.day, []
        for act in acts:
            one = judged[str(act["command_line"])]
            today = int(str(act["time_us"])) // _DAY_US
            if today > day:
                day = today
                _forget(seen, self._capacity)
            own = self._key("actor", act["actor"], one.form)
            group = self._key("group", act["peer_group"], one.form)
            before = seen.get(own, Seen(0, -1))
            if before.last != today:
                peers = seen.get(group, Seen(0, -1))
                bits = _told(one, before, peers, today)
                if bits >= THRESHOLD_BITS:
                    rows.append(self._finding(act, one, bits, before.days))
            for key in (own, group):
                seen[key] = _again(seen.get(key), today)
        return Forms(seen, day), pa.Table.from_pylist(rows, schema=finding.SCHEMA)

    def _key(self, what: str, who: object, form: str) -> bytes:
        text = json.dumps([what, who, form])
        return blake2b(text.encode("utf-8", "replace"), digest_size=12, key=self._secret).digest()

    def _finding(
        self, act: Mapping[str, object], one: Judged, bits: float, days: int
    ) -> dict[str, object]:
        return {
            "detector": self.detector,
            "entity_type": "actor",
            "entity": act["actor"],
            "time": act["time"],
            "bits": bits,
            "llr": bits / 2,
            "observed": one.score,
            "expected": 0.0,
            "baseline_n": days,
            "event_ids": [act["event_id"]],
            "attack": list(one.attack),
            "evidence": json.dumps({"unit": "days", **one.evidence}, ensure_ascii=False),
        }


def _rows(events: pa.Table) -> list[dict[str, object]]:
    table = events.select(COLUMNS)
    if not table.num_rows:
        return []
    us = table["time"].cast(pa.int64())
    return list(table.append_column("time_us", us).to_pylist())


def _is_powershell(act: Mapping[str, object]) -> bool:
    if not act["command_line"] or act["actor"] is None:
        return False
    if act["app"] == "PowerShell":
        return True
    around = f"{act['process'] or ''} {str(act['command_line'])[:2000]}".lower()
    return any(word in around for word in _WORDS)


def _told(one: Judged, own: Seen, peers: Seen, today: int) -> float:
    """Bits of the verdict less those of how often it was run before: days count, not acts."""
    others = peers.days - (1 if peers.last == today else 0)
    return one.bits - log2(1 + own.days + max(0, others - own.days))


def _again(seen: Seen | None, today: int) -> Seen:
    if seen is None:
        return Seen(1, today)
    return seen if seen.last == today else Seen(seen.days + 1, today)


def _forget(seen: dict[bytes, Seen], capacity: int) -> None:
    """At the turn of a day a full table loses a quarter: so where batches end does not matter."""
    if len(seen) <= capacity:
        return
    oldest = sorted(seen, key=lambda key: (seen[key].last, key))
    for key in oldest[: len(seen) - capacity * 3 // 4]:
        del seen[key]
