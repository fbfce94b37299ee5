"""Referral: an account that is put before people, or that a policy responded to; and what became.

Made by whoever scores accounts, kept by `store`, settled by `review`. What a reviewer says is an
`Opinion`; what is done about the account is a `Decision`, delivered once under its id.
"""

from dataclasses import dataclass
from datetime import datetime

import xxhash

ALLOW, RATE_LIMIT, VERIFY, HOLD = "allow", "rate_limit", "verify", "hold"
REVIEW, REMOVE, RESTORE = "review", "remove", "restore"
STEPS = (ALLOW, RATE_LIMIT, VERIFY, HOLD, REVIEW, REMOVE, RESTORE)

FRAUD, HONEST, UNSURE, ESCALATE = "fraud", "honest", "unsure", "escalate"
OPINIONS = (FRAUD, HONEST, UNSURE, ESCALATE)
SETTLING = (FRAUD, HONEST)

RESPONDED = "responded"
"""By policy alone; nobody is asked to look."""
WAITING, SECOND, ESCALATED, APPEALED = "waiting", "second", "escalated", "appealed"
DECIDED = "decided"
STATES = (RESPONDED, WAITING, SECOND, ESCALATED, APPEALED, DECIDED)
OPEN = (APPEALED, ESCALATED, SECOND, WAITING)
"""Somebody has to look, the most urgent first."""

CHALLENGED, PASSED, FAILED, LAPSED = "challenged", "passed", "failed", "lapsed"
CHALLENGES = (CHALLENGED, PASSED, FAILED, LAPSED)
"""A verification was asked for; was passed; was failed; was not taken in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """One account, as the last scoring and all opinions so far leave it."""

    account: str
    score: float
    """Calibrated probability of fraud."""
    proposed: str = ALLOW
    """What the policy says of the score."""
    step: str = ALLOW
    """What was decided last, by policy or by people."""
    state: str = WAITING
    via: str = ""
    """Why people are asked: uncertain, novel, costly, random, policy, appeal, check."""
    place: int = 0
    """In the order of work; lower is sooner."""
    round: int = 0
    """0, and one more with each appeal."""
    double: bool = False
    """A second reviewer answers without seeing the first."""
    drawn: bool = False
    """In the random sample, from which is estimated."""
    stratum: int = 0
    """Of scores, in the random sample's order."""
    gold: str = ""
    """What is known for sure (fraud, honest), and not told to reviewers; else empty."""
    assigned: str = ""
    assigned_at: datetime | None = None
    challenge: str = ""
    challenge_at: datetime | None = None
    appeal: str = ""
    """What the one who appealed said."""
    evidence: str = "{}"
    """JSON: reasons, groups, profile, neighbours, similar accounts; nothing inside is searched."""
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one reviewer said about one account; the newest of a reviewer and round counts."""

    account: str
    opinion: str
    by: str
    at: datetime
    reason: str = ""
    guideline: str = ""
    """Version of the guidelines that were shown."""
    round: int = 0
    seconds: float = 0.0
    """From being shown to the answer; 0 where not known."""
    score: float = 0.0
    """What the model said then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A step taken about an account, to be carried out by the application."""

    number: int
    id: str
    """The same however often it is delivered."""
    account: str
    step: str
    was: str
    by: str
    """A reviewer, or `policy`."""
    why: str
    at: datetime
    delivered: datetime | None = None
    attempts: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What follows from all that was said in a round."""

    state: str
    step: str
    why: str


def decision_id(account: str, step: str, number: int = 0) -> str:
    """32 hex digits; `number` tells apart the times that a step is taken again."""
    again = f"#{number}" if number else ""
    return xxhash.xxh3_128_hexdigest(f"{len(account)}:{account}{step}{again}".encode())
