"""An office of nine people in Okta's log: forty quiet days, then one account in other hands.

The account bears a hostile name, and so does what it touched: whoever shows it must not obey it.
"""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 40
PEOPLE = ("ana", "ben", "cleo", "dirk", "eva", "finn", "gus", "hana")
HOSTILE = "mallory\x1b[31m\u202e<b>\n=cmd"
"""Colours a terminal, turns text around, is markup, breaks a line, is a formula."""
BAD_HOUR = FIRST + timedelta(days=38, hours=3)
BAD_ACTS = (
    "user.mfa.factor.deactivate", "system.api_token.create", "user.account.privilege.grant",
    "policy.rule.delete", "application.user_membership.add", "user.lifecycle.create",
)  # fmt: skip


def record(actor: str, time: datetime, action: str, number: int, **more: object) -> str:
    """One event of the System Log."""
    event: Mapping[str, object] = {
        "actor": {
            "alternateId": actor,
            "displayName": actor,
            "id": f"00u{actor[:3]}",
            "type": "User",
        },
        "client": {
            "ipAddress": more.get("ip", "192.0.2.7"),
            "userAgent": {
                "rawUserAgent": more.get("agent", "Mozilla/5.0 (X11; Linux) Firefox/130.0")
            },
        },
        "eventType": action,
        "outcome": {"result": more.get("result", "SUCCESS")},
        "published": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "severity": "INFO",
        "target": [{"alternateId": more.get("target", "Wiki"), "type": "AppInstance"}],
        "uuid": f"event-{number}",
        "version": "0",
    }
    return json.dumps(event)


def records() -> Iterator[str]:
    draw = random.Random(1)
    number = 0
    for day in range(DAYS):
        for actor in (*PEOPLE, HOSTILE):
            for hour in range(8, 8 + draw.randrange(2, 5)):
                number += 1
                time = FIRST + timedelta(days=day, hours=hour, minutes=draw.randrange(60))
                action = draw.choice(("user.session.start", "user.authentication.sso"))
                yield record(actor, time, action, number, target=draw.choice(("Wiki", "Mail")))
    for minute, action in enumerate(BAD_ACTS):
        number += 1
        yield record(
            HOSTILE, BAD_HOUR + timedelta(minutes=minute), action, number,
            ip="203.0.113.66", agent="curl/8.5", target=f"=cmd|' /C calc'!A{minute}\x1b[2J",
        )  # fmt: skip


def write(folder: Path) -> Path:
    """The log in `folder`, with one line in it that is no record."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = list(records())
    lines.insert(3, '{"eventType": "user.session.start", "published": ')
    path = folder / "okta.ndjson"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
