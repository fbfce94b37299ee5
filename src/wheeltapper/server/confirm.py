"""Confirm: the page on which whoever is asked about a case answers, without being known here.

The address is the right to answer: it is signed, works once, and expires (decision 0015). A GET
only shows, because programs that look at links in messages open them; the answer is a form that is
sent. The page works without JavaScript, loads nothing, and says nothing about how it was noticed.
"""

import base64
import hashlib
import re
from datetime import UTC, datetime
from html import escape
from typing import Annotated
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from wheeltapper.case import Case
from wheeltapper.engines.local.routing import routing
from wheeltapper.question import ANSWERED, ANSWERS, ASKED, NO, UNSURE, YES, Question
from wheeltapper.refine.explain import plain
from wheeltapper.refine.letter import acts_of, span
from wheeltapper.review import keys
from wheeltapper.review.asking import PATH, doubt
from wheeltapper.review.token import verify
from wheeltapper.server.security import Public
from wheeltapper.server.view import WITHIN, View, ids_of, span_of

MOST_BODY_BYTES = 2_000
STYLE = """
body{font:17px/1.5 system-ui,sans-serif;max-width:36em;margin:2em auto;padding:0 1em;
color:#1c1b19;background:#faf9f6}
h1{font-size:1.5em}li{margin:.3em 0}
button{font:inherit;display:block;width:100%;margin:.6em 0;padding:.7em 1em;text-align:left;
border:1px solid #5f5c55;border-radius:8px;background:#fff;color:inherit;cursor:pointer}
button:focus-visible{outline:3px solid #1f5fbf}small{color:#5f5c55}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PUBLIC = Public(
    path=re.compile(re.escape(PATH) + r"[A-Za-z0-9_-]{1,200}"),
    policy=(
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
)
"""Served to everybody: exactly these addresses, with a policy that lets a form be sent home."""
CHOICES = {
    YES: "Yes, that was me",
    NO: "No, that was not me",
    UNSURE: "I am not sure",
}
THANKS = {
    YES: "Thank you. You said that this was you.",
    NO: "Thank you. You said that this was not you, and the case is now looked at first. Somebody "
    "will contact you. Until then, please do not use the account.",
    UNSURE: "Thank you. You said that you are not sure; somebody may contact you.",
}


async def _body(request: Request) -> bytes:
    """What was sent, as far as a form of ours can be long."""
    found = b""
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BODY_BYTES:
            return b""
    return found


_Sent = Annotated[bytes, Depends(_body)]


def routes(view: View) -> APIRouter:
    """The page and its answer, for `PATH` and a token."""
    pages = APIRouter(include_in_schema=False)

    @pages.get(PATH + "{token}")
    def read(token: str) -> HTMLResponse:
        question = _question(view, token)
        if question is None:
            return _invalid()
        standing = question.standing(datetime.now(UTC))
        return _asking(view, question) if standing == ASKED else _over(question)

    @pages.post(PATH + "{token}")
    def answer(
        token: str, request: Request, body: Annotated[bytes, Depends(_body)]
    ) -> HTMLResponse:
        question = _question(view, token)
        if question is None:
            return _invalid()
        given = parse_qs(body.decode("ascii", "replace")).get("answer", [""])[0]
        if given not in ANSWERS:
            return _page("No answer", "<p>Please go back, and choose one of the answers.</p>", 422)
        case = view.casebook.case(question.case_id)
        address = request.client.host if request.client else ""
        kept = view.casebook.questions.answer(
            question.id,
            given,
            at=datetime.now(UTC),
            address=address,
            user_agent=request.headers.get("user-agent", ""),
            doubt=doubt(address, addresses_of(view, case) if case else set()),
        )
        if kept is None:  # another was first, or it expired while the page was open
            return _over(_question(view, token) or question)
        return _page("Thank you", f"<p>{escape(THANKS[given])}</p>", 200)

    return pages


def addresses_of(view: View, case: Case) -> set[str]:
    """Addresses that the acts behind a case's findings came from."""
    rows = view.rows_within(
        "select distinct src_ip from activities where src_ip is not null "
        f"and {WITHIN} and event_id in (select unnest($ids::blob[]))",
        {**span_of(case), "ids": ids_of(case.findings)},
    )
    named = [(case.entity_type, case.entity), *((o.entity_type, o.entity) for o in case.others)]
    return {str(row["src_ip"]) for row in rows} | {name for kind, name in named if kind == "src_ip"}


def _question(view: View, token: str) -> Question | None:
    return verify(token, view.casebook.questions.question, keys.load(view.root / keys.FILE))


def _asking(view: View, question: Question) -> HTMLResponse:
    case = view.casebook.case(question.case_id)
    zone = routing(view.root, view.config).zone_of(question.actor)
    if case:
        when = f"This was done with your account {span(case.start, case.end, ZoneInfo(zone))}"
        acts = "".join(
            f"<li><bdi>{escape(act)}</bdi></li>" for act in acts_of(case, question.actor, zone)
        )
    else:
        when, acts = "What was done can no longer be shown; you were told of it", ""
    buttons = "".join(
        f'<button name="answer" value="{value}">{escape(says)}</button>'
        for value, says in CHOICES.items()
    )
    return _page(
        "Was this you?",
        f"<p>Hello <bdi>{escape(plain('actor', question.actor))}</bdi>.</p>"
        f"<p>{escape(when)} ({escape(zone)}):</p><ul>{acts}</ul>"
        f'<form method="post">{buttons}</form>'
        "<p><small>You can answer once. You are asked for no password, here or afterwards. "
        f"Asked by <bdi>{escape(question.asked_by)}</bdi>.</small></p>",
        200,
    )


def _over(question: Question) -> HTMLResponse:
    said = {
        ANSWERED: "This question has been answered. If that was not you, please call us.",
        ASKED: "This link has expired. If you still want to answer, please call us.",
    }.get(question.state, "You were asked anew: please use the newest link.")
    return _page("No longer open", f"<p>{escape(said)}</p>", 410)


def _invalid() -> HTMLResponse:
    return _page(
        "Not a valid link",
        "<p>This link is not complete, or was not made here. Please open it as it was sent.</p>",
        404,
    )


def _page(title: str, body: str, status: int) -> HTMLResponse:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(
        text.encode("utf-8", "backslashreplace"), status, headers={"cache-control": "no-store"}
    )
