"""Token: the signed part of a link by which one question can be answered.

48 bytes in 64 characters that are safe in an address: the question's id (12), the key's id (4) and
an HMAC-SHA256 (32) over the question, its case, who is asked, a nonce, and when it expires. What
is signed is read from the casebook, so that nothing of a log stands in the address and the token
is of no use for another question, case or account. That it works once is the casebook's doing.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable

from wheeltapper.question import Question
from wheeltapper.review.keys import ID_BYTES, Keys, id_of

QUESTION_ID_BYTES = 12
MAC_BYTES = 32
CHARACTERS = 64
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{CHARACTERS}}}")


def sign(question: Question, keys: Keys) -> str:
    """The token for a question."""
    key = keys.newest
    parts = bytes.fromhex(question.id) + id_of(key) + _mac(question, key)
    return base64.urlsafe_b64encode(parts).decode("ascii")


def verify(token: str, find: Callable[[str], Question | None], keys: Keys) -> Question | None:
    """The question that a token was made for; None for anything else.

    Whether it was answered, or has expired, is not looked at here.
    """
    if not _TOKEN.fullmatch(token):
        return None
    try:
        parts = base64.b64decode(token, altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    question = find(parts[:QUESTION_ID_BYTES].hex())
    key = keys.named(parts[QUESTION_ID_BYTES : QUESTION_ID_BYTES + ID_BYTES])
    if question is None or key is None:
        return None
    signed = parts[QUESTION_ID_BYTES + ID_BYTES :]
    return question if hmac.compare_digest(signed, _mac(question, key)) else None


def _mac(question: Question, key: bytes) -> bytes:
    signed = [
        "wheeltapper confirm 1",
        question.id,
        question.case_id,
        question.actor,
        question.nonce,
        question.expires.isoformat(),
    ]
    # JSON tells where one text ends and the next begins, whatever they hold.
    return hmac.new(key, json.dumps(signed).encode("ascii"), hashlib.sha256).digest()
