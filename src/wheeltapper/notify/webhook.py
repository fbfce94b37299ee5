"""Webhook: a decision is handed to an application by HTTP, signed, and safe to send again.

    POST URL
    content-type: application/json
    idempotency-key: the decision's id        the same each time: whoever has seen it does nothing
    wheeltapper-signature: t=SECONDS,v1=HEX   HMAC-SHA256 of `SECONDS.BODY` with the shared secret

An answer of 2xx is taken for done; redirects are not followed, as the body would go elsewhere.
"""

import hashlib
import hmac
import http.client
import json
import urllib.error
import urllib.request
from datetime import datetime
from email.message import Message
from typing import IO
from urllib.parse import urlsplit

from wheeltapper.errors import WheeltapperError
from wheeltapper.referral import Decision

PATIENCE_S = 10.0
SHORTEST_SECRET = 16
TOLERANCE_S = 300


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: Message, newurl: str,
    ) -> None:  # fmt: skip
        return None


def check(url: str, secret: str) -> None:
    """Refuse what cannot be a webhook.

    Raises
    ------
    WheeltapperError   for an address that is not http(s), or a secret that can be guessed
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise WheeltapperError(f"accounts.webhook {url!r} is no address; write https://…")
    if len(secret) < SHORTEST_SECRET:
        raise WheeltapperError(
            f"accounts.webhook_secret has {len(secret)} characters; whoever guesses it can forge "
            f"decisions, so it needs at least {SHORTEST_SECRET}"
        )


def body(decision: Decision) -> bytes:
    """What is sent: JSON, the same each time."""
    return json.dumps(
        {
            "id": decision.id, "number": decision.number, "account": decision.account,
            "step": decision.step, "was": decision.was, "by": decision.by, "why": decision.why,
            "at": decision.at.isoformat(),
        },
        sort_keys=True,
    ).encode()  # fmt: skip


def signature(sent: bytes, secret: str, at: datetime) -> str:
    """The header that tells that it comes from here, and when it was sent."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_mac(sent, secret, seconds)}"


def genuine(sent: bytes, header: str, secret: str, now: datetime) -> bool:
    """For receivers: whether a body was signed with the secret, within five minutes."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    if not parts.get("t", "").isdecimal():
        return False
    seconds = int(parts["t"][:12])
    fresh = abs(now.timestamp() - seconds) <= TOLERANCE_S
    return fresh and hmac.compare_digest(parts.get("v1", ""), _mac(sent, secret, seconds))


def post(decision: Decision, url: str, secret: str, *, at: datetime) -> str:
    """Hand one over; empty where it was taken, else why not."""
    sent = body(decision)
    request = urllib.request.Request(  # noqa: S310  (`check` has seen the address)
        url, data=sent, method="POST",
        headers={
            "content-type": "application/json", "idempotency-key": decision.id,
            "user-agent": "wheeltapper", "wheeltapper-signature": signature(sent, secret, at),
        },
    )  # fmt: skip
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=PATIENCE_S) as answer:
            return "" if 200 <= answer.status < 300 else f"answered with {answer.status}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"answered with {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"cannot be reached: {error}"


def _mac(sent: bytes, secret: str, seconds: int) -> str:
    return hmac.new(secret.encode(), b"%d." % seconds + sent, hashlib.sha256).hexdigest()
