"""A little town of accounts whose life the engine judges: habits, and now and then something odd.

Every act is of CloudTrail's kind, so that statistics, models and a rule all have something to say.
"""

import hashlib
import json
import random
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from wheeltapper import finding
from wheeltapper.detect import catalogue
from wheeltapper.detect.rules.ruleset import Ruleset
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.engines.local.detect import Detection, Judges, detect
from wheeltapper.engines.local.models import Models
from wheeltapper.store import Lake
from wheeltapper.testing import activities, activity

RULE = """
title: Somebody switched the recorder off
id: 7ab94ac6-3c46-4d01-a4a0-a0ae4c5a5c4b
level: high
tags: [attack.t1562]
logsource: {product: aws, service: cloudtrail}
detection:
    silenced: {eventName: StopLogging}
    condition: silenced
"""
SECRET = b"0123456789abcdef"
ACTIONS = ("GetObject", "PutObject", "ListBuckets", "DescribeInstances", "GetRole", "AssumeRole")
Row = Mapping[str, object]


def act(actor: str, action: str = "GetObject", **more: object) -> dict[str, object]:
    """One act, with an id that says what it is, whenever it is received."""
    name = repr((actor, action, sorted(more.items())))
    return activity(
        actor,
        event_id=hashlib.blake2b(name.encode(), digest_size=16).digest(),
        source="aws_cloudtrail",
        app="aws",
        action=action,
        raw=json.dumps({"eventName": action}),
        **{"country": "NL", "ua_client": "aws-cli", "peer_group": "people", **more},
    )


def life(
    people: int = 5, days: int = 30, seed: int = 1, *, odd: bool = True
) -> list[dict[str, object]]:
    """Acts of everybody, five or so a day each, in no order."""
    draw = random.Random(seed)
    rows = []
    for day in range(days):
        for n in range(people):
            for _ in range(draw.randrange(3, 8)):
                rows.append(
                    act(
                        f"person{n}",
                        draw.choice(ACTIONS[n % 3 : n % 3 + 3]),
                        days=day,
                        minutes=draw.randrange(480),
                        target=f"thing{len(rows)}",
                    )
                )
        if odd and day > 20 and day % 3 == 0:
            who = f"person{draw.randrange(people)}"
            then = {"days": day, "minutes": 500 + draw.randrange(60), "country": "KP"}
            rows += [
                act(who, "StopLogging", **then),
                act(who, "CreateUser", ua_client="curl", **then),
            ]
    return rows


class Town:
    """A lake with life in it, and where its detection stands."""

    def __init__(self, root: Path, judges: Judges, *, step_rows: int = 100) -> None:
        self.lake = Lake(str(root / "lake"))
        self.checkpoint = Checkpoint(root / "state")
        self.judges = judges
        self.step_rows = step_rows
        self.batches = 0

    def add(self, rows: Iterable[Row], *, received: datetime | None = None) -> int:
        """Keep acts as ingest does: those whose time has been passed are late."""
        passed = self.checkpoint.manifest().watermark_us
        given = []
        for row in rows:
            when = row["time"]
            assert isinstance(when, datetime)
            late = passed is not None and when.timestamp() * 1e6 <= passed
            given.append({**row, "received": received or row["received"], "late": late})
        self.batches += 1
        return self.lake.append(activities(given), f"batch {self.batches}")

    def detect(self, **how: Any) -> Detection:
        return detect(
            self.lake, self.checkpoint, self.judges, step_rows=self.step_rows, threads=2, **how
        )

    def findings(self) -> list[dict[str, object]]:
        """Everything that was found, each once, in one order."""
        return said(self.lake.findings())

    def state(self) -> tuple[bytes, bytes]:
        manifest = self.checkpoint.manifest()
        return (
            self.checkpoint.read(manifest.snapshot, manifest.checksum),
            self.checkpoint.read(manifest.models, manifest.models_checksum),
        )


def said(table: pa.Table) -> list[dict[str, object]]:
    return sorted((f.to_dict() for f in finding.from_table(table)), key=repr)


def judges_of(rules: Path, names: str = "any.*", models: Models | None = None) -> Judges:
    """Judges with the packaged detectors of one name, and the rules of a folder."""
    return Judges(
        detectors=[d for d in catalogue.load() if catalogue.switched_off(d.name, [names])],
        rules=Ruleset.load([rules]),
        models=models or Models([]),
        secret=SECRET,
    )
