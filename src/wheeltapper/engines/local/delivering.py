"""Delivering: decisions that were not handed over yet go to the webhook, in their order.

At the first that is not taken the rest waits: a later step about an account must not arrive before
an earlier one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from wheeltapper.config import Accounts
from wheeltapper.errors import WheeltapperError
from wheeltapper.notify import webhook
from wheeltapper.store.casebook import Casebook


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many were taken, how many wait, and why."""

    taken: int
    waiting: int
    problem: str


def deliver(book: Casebook, settings: Accounts) -> Delivered:
    """Hand over what waits.

    Raises
    ------
    WheeltapperError   without a webhook in the settings, or with one that cannot be
    """
    if not settings.webhook:
        raise WheeltapperError(
            "no webhook is named: set webhook and webhook_secret in [accounts] of wheeltapper.toml"
        )
    webhook.check(settings.webhook, settings.webhook_secret)
    waiting = book.referrals.decisions(undelivered=True)
    for n, one in enumerate(waiting):
        at = datetime.now(UTC)
        problem = webhook.post(one, settings.webhook, settings.webhook_secret, at=at)
        book.referrals.delivered(one.number, at=at, problem=problem)
        if problem:
            return Delivered(n, len(waiting) - n, problem)
    return Delivered(len(waiting), 0, "")
