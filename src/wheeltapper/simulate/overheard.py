"""Overheard: the session that somebody is in at some moment: what a thief of it would have."""

import msgspec

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate.cast import Session
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.life import Life


class _Actor(msgspec.Struct):
    alternateId: str


class _Context(msgspec.Struct):
    externalSessionId: str


class _Said(msgspec.Struct):
    """What is read of a record of the System Log."""

    actor: _Actor
    authenticationContext: _Context


class _Identity(msgspec.Struct):
    accessKeyId: str = ""


class _Call(msgspec.Struct):
    """What is read of a CloudTrail record."""

    userIdentity: _Identity


def overheard(life: Life, like: Journal, at_s: float, day: int) -> Session:
    """The session in Okta and the key in the cloud that were last used before `at_s`.

    The day is lived through once more, aside: the same chance gives the same sessions.

    Raises
    ------
    WheeltapperError   if there was none on that day.
    """
    aside = Journal(like.first_s, like.end_s)
    Life(life.person, life.calendar).live(day, aside)
    logs = sorted(e for records in aside.okta.values() for e in records if e[0] < at_s)
    calls = sorted(e for records in aside.cloud.values() for e in records if e[0] < at_s)
    said = [msgspec.json.decode(record, type=_Said) for _, record in logs]
    ids = [
        s.authenticationContext.externalSessionId
        for s in said
        if s.actor.alternateId == life.person.email
        and s.authenticationContext.externalSessionId != "unknown"
    ]
    keys = [msgspec.json.decode(record, type=_Call).userIdentity.accessKeyId for _, record in calls]
    if not ids:
        raise WheeltapperError(
            f"{life.person.email} is in no session at that hour of day {day}; simulate more days"
        )
    return Session(ids[-1], keys[-1] if keys else "", at_s - 3600)
