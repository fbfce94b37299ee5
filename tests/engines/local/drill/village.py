"""What drills are tried on: a scenario, and three weeks of three accounts."""

from datetime import UTC, datetime, timedelta

from wheeltapper.testing import activity

TAKEOVER = """\
name = "takeover"
about = "Somebody's account is used from far away"
attack = ["T1078"]

[who.owner]
rule = "actor_type = 'human' and days_30 >= 8"

[[step]]
like = "outcome = 'success'"
place = "abroad"
client = "new"
times = 5
hour = 14.0
"""
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def act(actor, at, hour, action, **more):
    """One act with all that a drill may have to change in it."""
    begun = at["time"] + timedelta(hours=hour)
    return activity(
        actor, time=begun, action=action,
        **{
            "src_ip": f"192.0.2.{len(actor)}", "country": "NL", "as_org": "Home",
            "session": f"{actor}-{begun:%d}", "user_agent": "Firefox/1", "ua_client": "Firefox",
            "peer_group": "people", "hour_of_week": begun.weekday() * 24 + (hour + 1) % 24,
            "workday": begun.weekday() < 5,
            "raw": f'{{"who": "{actor}", "did": "{action}", "on": "{begun:%Y-%m-%d}", "from": '
            f'"192.0.2.{len(actor)}"}}', **more,
        },
    )  # fmt: skip
