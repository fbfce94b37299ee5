"""Asking: a question about a case is made, and its answer is looked at for where it came from."""

import ipaddress
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from wheeltapper.case import Case
from wheeltapper.errors import WheeltapperError
from wheeltapper.question import SAME_ADDRESS, UNKNOWN_ADDRESS, Question
from wheeltapper.review.keys import Keys
from wheeltapper.review.token import QUESTION_ID_BYTES, sign

LASTS = timedelta(hours=48)
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=30)
LONGEST_NAME = 200
PATH = "/confirm/"


def question_of(
    case: Case, actor: str, *, by: str, now: datetime, lasts: timedelta = LASTS
) -> Question:
    """A new question to one of the case's accounts.

    Raises
    ------
    WheeltapperError   without somebody who asks, or for a time that is too short or too long.
    """
    if not by.strip() or len(by) > LONGEST_NAME:
        raise WheeltapperError("a question needs somebody who asks it, by a name")
    if not SHORTEST <= lasts <= LONGEST:
        raise WheeltapperError("a question can be answered for 5 minutes at least, 30 days at most")
    return Question(
        id=secrets.token_hex(QUESTION_ID_BYTES),
        case_id=case.id,
        actor=actor,
        start=case.start,
        end=case.end,
        about=tuple(
            dict.fromkeys(
                (f.finding.detector, f.key) for f in case.findings if f.finding.entity == actor
            )
        ),
        asked_by=by.strip(),
        asked_at=now.astimezone(UTC),
        expires=now.astimezone(UTC) + lasts,
        nonce=secrets.token_hex(16),
    )


def link(question: Question, keys: Keys, address: str) -> str:
    """What is sent: `address` is how the one who is asked reaches the server."""
    return f"{address.rstrip('/')}{PATH}{sign(question, keys)}"


def doubt(address: str, of_case: Collection[str]) -> str:
    """Why a `yes` from an address counts nothing; empty where it counts."""
    try:
        mine = _plain(address)
    except ValueError:
        return UNKNOWN_ADDRESS
    if mine.is_loopback or mine.is_unspecified:
        return UNKNOWN_ADDRESS
    for other in of_case:
        try:
            if _plain(other) == mine:
                return SAME_ADDRESS
        except ValueError:
            continue
    return ""


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address as a number: one machine has several ways to be written."""
    found = ipaddress.ip_address(address.strip().partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found
