"""An organisation small enough for tests: people with habits, services that work all night."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from wheeltapper.activity import SCHEMA

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
_ACTIONS = [f"Action{n}" for n in range(40)]


def acts(
    rng: np.random.Generator, actor: str, number: int, day: int, *, times: int = 1
) -> list[dict[str, object]]:
    """One usual day of an actor, who has a few actions, one address and own office hours."""
    robot = actor.startswith("svc")
    start = MONDAY + timedelta(days=day)
    if start.weekday() > 4 and not robot:
        return []
    own = [_ACTIONS[(number * 5 + k) % 40] for k in range(6)]
    rows = []
    for _ in range(times * int(rng.poisson(200 if robot else 15)) + 1):
        hour = rng.uniform(0, 24) if robot else 8 + number % 3 + rng.beta(2, 2) * 9
        time = start + timedelta(microseconds=int(hour * 3.6e9) % 86_400_000_000)
        action = own[min(int(rng.exponential(1.2)), 5)]
        rows.append(
            {
                "time": time,
                "actor": actor,
                "peer_group": "robots" if robot else "people",
                "source": "aws_cloudtrail",
                "app": f"app{number % 4}",
                "action": action,
                "category": "data_access" if action < "Action2" else "other",
                "outcome": "failure" if rng.random() < 0.03 else "success",
                "target": f"{actor}/{int(rng.integers(0, 20))}",
                "src_ip": f"10.0.0.{number}",
                "country": "NL",
                "ua_client": "Chrome",
                "hour_of_week": time.weekday() * 24 + time.hour,
            }
        )
    return rows


def history(actors: int = 30, days: int = 60, seed: int = 0) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    names = [f"svc{n}" if n % 10 == 9 else f"person{n:02}" for n in range(actors)]
    return [
        row
        for day in range(days)
        for n, name in enumerate(names)
        for row in acts(rng, name, n, day)
    ]


def odd_day(actor: str, day: int) -> list[dict[str, object]]:
    """Somebody else at work under this name, at night, from elsewhere."""
    return [
        {
            "time": MONDAY + timedelta(days=day, hours=2, seconds=30 * i),
            "actor": actor,
            "peer_group": "people",
            "source": "aws_cloudtrail",
            "app": "iam",
            "action": f"Strange{i % 25}",
            "category": "account_change" if i % 2 else "admin",
            "outcome": "failure" if i % 3 == 0 else "success",
            "target": f"victim{i}",
            "src_ip": "203.0.113.9",
            "country": "KP",
            "ua_client": "curl",
            "hour_of_week": ((MONDAY + timedelta(days=day)).weekday() * 24 + 2) % 168,
        }
        for i in range(90)
    ]


def table(rows: list[dict[str, object]]) -> pa.Table:
    """Rows as activities in the order that detectors get them."""
    for at, row in enumerate(rows):
        row["event_id"] = blake2b(
            f"{at}{row['actor']}{row['time']}".encode(), digest_size=16
        ).digest()
    rows = sorted(rows, key=lambda row: (row["time"], row["event_id"]))
    return pa.Table.from_pylist(rows, schema=SCHEMA)
