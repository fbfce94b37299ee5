"""Finding: one detector's statement about one entity.

Made by `detect` (rules, statistics and models alike), weighed and put together by `refine`.
Nothing in this file knows how bits are computed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from wheeltapper.activity import TIME

SCHEMA = pa.schema(
    [
        pa.field("detector", pa.string()),
        pa.field("entity_type", pa.string()),
        pa.field("entity", pa.string()),
        pa.field("time", TIME),
        pa.field("bits", pa.float64()),
        pa.field("llr", pa.float64()),
        pa.field("observed", pa.float64()),
        pa.field("expected", pa.float64()),
        pa.field("baseline_n", pa.int64()),
        pa.field("event_ids", pa.list_(pa.binary())),
        pa.field("attack", pa.list_(pa.string())),
        pa.field("evidence", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row of `SCHEMA`, for people."""

    detector: str
    """Catalogue name such as `cloudtrail.new_action`, or `rule.<id>`, or `model.<name>`."""
    entity_type: str
    """The Activity column that the entity is a value of."""
    entity: str
    time: datetime
    """Of the act that completed it; UTC."""
    bits: float
    """Surprise: -log2 of a probability under the entity's own history; from 0, higher = odder."""
    llr: float
    """The same against peers, in bits: evidence that the act is not the entity's own."""
    observed: float
    expected: float
    """What its history made likely, in the unit of `observed`."""
    baseline_n: int
    """Units of history (acts, sessions or days: the evidence says which) behind `expected`."""
    event_ids: tuple[str, ...]
    """Hex ids of the activities it rests on; never empty."""
    attack: tuple[str, ...] = ()
    """MITRE ATT&CK technique ids."""
    evidence: Mapping[str, object] = field(default_factory=dict)
    """What the explanation is rendered from: small, JSON."""

    def __post_init__(self) -> None:
        if not self.event_ids:
            raise ValueError(f"finding by {self.detector} about {self.entity!r} has no event")

    @property
    def id(self) -> str:
        """The same statement has the same id on every engine and in every replay."""
        parts = (self.detector, self.entity_type, self.entity, self.time.isoformat(),
                 *self.event_ids)  # fmt: skip
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()

    def to_dict(self) -> dict[str, object]:
        """As JSON-ready values, with the column names of `SCHEMA`."""
        return {
            "detector": self.detector,
            "entity_type": self.entity_type,
            "entity": self.entity,
            "time": self.time.isoformat(),
            "bits": self.bits,
            "llr": self.llr,
            "observed": self.observed,
            "expected": self.expected,
            "baseline_n": self.baseline_n,
            "event_ids": list(self.event_ids),
            "attack": list(self.attack),
            "evidence": dict(self.evidence),
        }


def from_table(table: pa.Table) -> list[Finding]:
    """Rows of `SCHEMA` as Findings, in the table's order."""
    return [
        Finding(
            **{
                **row,
                "event_ids": tuple(id.hex() for id in row["event_ids"]),
                "attack": tuple(row["attack"] or ()),
                "evidence": json.loads(row["evidence"] or "{}"),
            }
        )
        for row in table.select(SCHEMA.names).to_pylist()
    ]
