"""Review, on the page: the next account for a reviewer, what they say, figures, and learning anew.

A reviewer is whoever the page says it is: this server knows no accounts of its own, and whoever
may open it is trusted. Of what others said about an account nothing is told before it is decided.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from wheeltapper.engines.local import reviewed
from wheeltapper.engines.local.relearning import relearn
from wheeltapper.engines.local.reviewing import settled
from wheeltapper.errors import WheeltapperError
from wheeltapper.referral import DECIDED, OPEN, Decision, Opinion, Referral
from wheeltapper.review.ruling import settle
from wheeltapper.server.review_answers import (
    Answered,
    Appealed,
    DecisionList,
    DecisionView,
    Given,
    Guidelines,
    Like,
    NodeView,
    Queue,
    ReviewFigures,
    ReviewView,
    Said,
    TieView,
    Verified,
    Who,
)
from wheeltapper.server.view import View

SHOWN_LIKE = 6
RECENT = 50
LONGEST_SHOWN_S = timedelta(hours=1)
DEFAULT_GUIDELINES = """\
Fraudulent: somebody uses the account to harm or to deceive others, or lends it to those who do.

Honest: a person, however odd. Being new, busy or a trader is no fraud.

Look at what it did to others before what it is tied to. A shared address is weak, a shared card is
strong, and the same text from many accounts is stronger still.

An account that was honest and suddenly acts otherwise may be stolen: say so in the reason.

Unsure after two minutes: leave it to another reviewer. Escalate what needs somebody who knows more.
"""


def routes(view: View) -> APIRouter:
    """What the page of reviewers asks."""
    api = APIRouter()
    queue = view.casebook.referrals

    @api.post("/review/next")
    def next_account(who: Who) -> Queue:
        name = who.reviewer or view.reader
        found = queue.next(name, at=datetime.now(UTC))
        return _queue(view, name, found)

    @api.get("/review/accounts")
    def read_account(account: str, reviewer: str = "") -> ReviewView:
        return _view(view, _referral(view, account), reviewer or view.reader)

    @api.post("/review/answers")
    def answer(given: Given) -> Answered:
        try:
            found, decided = queue.answer(
                Opinion(
                    account=given.account, opinion=given.opinion,
                    by=given.reviewer or view.reader, reason=given.reason.strip(),
                    guideline=guidelines(view).version, at=datetime.now(UTC),
                    seconds=min(given.seconds, LONGEST_SHOWN_S.total_seconds()),
                ),
                settle,
            )  # fmt: skip
        except (WheeltapperError, ValueError) as error:
            raise HTTPException(422, str(error)) from error
        return Answered(state=found.state, step=found.step, score=found.score,
                        decisions=[_decision(one) for one in decided])  # fmt: skip

    @api.post("/review/appeals")
    def appeal(appealed: Appealed) -> ReviewView:
        try:
            found = queue.appeal(appealed.account, appealed.words, at=datetime.now(UTC))
        except WheeltapperError as error:
            raise HTTPException(422, str(error)) from error
        return _view(view, found, view.reader)

    @api.post("/review/verifications")
    def verify(verified: Verified) -> ReviewView:
        try:
            found, _ = queue.challenged(verified.account, verified.outcome, at=datetime.now(UTC))
        except WheeltapperError as error:
            raise HTTPException(422, str(error)) from error
        return _view(view, found, view.reader)

    @api.get("/review/guidelines")
    def read_guidelines() -> Guidelines:
        return guidelines(view)

    @api.get("/review/metrics")
    def metrics() -> ReviewFigures:
        return _figures(view)

    @api.post("/review/retrain")
    def retrain() -> ReviewFigures:
        try:
            relearn(view.casebook, view.root, view.config.accounts, now=datetime.now(UTC))
        except WheeltapperError as error:
            raise HTTPException(422, str(error)) from error
        return _figures(view)

    @api.get("/decisions")
    def decisions(
        after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 200
    ) -> DecisionList:
        found = queue.decisions(after=after, limit=limit)
        return DecisionList(decisions=[_decision(one) for one in found])

    return api


def guidelines(view: View) -> Guidelines:
    """The file of the settings, or what comes with the program; its version is its content."""
    path = view.config.accounts.guidelines
    try:
        text = (view.root / path).read_text(encoding="utf-8") if path else DEFAULT_GUIDELINES
    except (OSError, UnicodeDecodeError) as error:
        raise WheeltapperError(f"{path}: guidelines cannot be read: {error}") from error
    return Guidelines(text=text, version=hashlib.sha256(text.encode()).hexdigest()[:8])


def _queue(view: View, name: str, found: Referral | None) -> Queue:
    mine = [one for one in view.casebook.referrals.opinions() if one.by == name]
    today = datetime.now(UTC).date()
    newest = {one.account: one for one in mine}
    recent = sorted(newest.values(), key=lambda one: one.at, reverse=True)[:RECENT]
    return Queue(
        reviewer=name,
        account=_view(view, found, name) if found else None,
        waiting=view.casebook.referrals.waiting(),
        today=sum(one.at.date() == today for one in newest.values()),
        recent=[Said(account=o.account, opinion=o.opinion, score=o.score) for o in recent],
        can_learn=bool(view.config.accounts.data),
    )


def _referral(view: View, account: str) -> Referral:
    found = view.casebook.referrals.one(account)
    if found is None:
        raise HTTPException(404, f"{account} is not in the queue")
    return found


def _view(view: View, one: Referral, reviewer: str) -> ReviewView:
    queue = view.casebook.referrals
    told = json.loads(one.evidence)
    known = _known(view, told)
    opinions = queue.opinions(one.account)
    mine = [o for o in opinions if o.by == reviewer]
    # Blind: who has still to speak does not see what others said in this round.
    open_ = one.state in OPEN
    before = [o for o in opinions if o.round < one.round or not open_]
    return ReviewView(
        account=one.account,
        state=one.state,
        step=one.step,
        round=one.round,
        appeal=one.appeal,
        challenge=one.challenge,
        decided=one.state == DECIDED,
        profile=told.get("profile", ""),
        facts=told.get("facts", []),
        groups=told.get("groups", []),
        reasons=told.get("reasons", []),
        reach=told.get("reach", 0),
        nodes=[
            NodeView(
                name=n["name"], kind=n["kind"], more=n["more"],
                known=known.get(n["name"], "") if n["kind"] == "account" and k else "",
            )
            for k, n in enumerate(told.get("nodes", []))
        ],
        ties=[TieView(a=a, b=b, what=what) for a, b, what in told.get("ties", [])],
        similar=_similar(told, known),
        said=[Said(account=o.account, opinion=o.opinion, by=o.by, reason=o.reason) for o in before],
        mine=mine[-1].opinion if mine else "",
    )  # fmt: skip


# Any: `engines.local.reviewing` names what evidence holds.
def _known(view: View, told: dict[str, Any]) -> dict[str, str]:
    """What is known of accounts about this one: labels, and what people settled since."""
    known = {n["name"]: n["known"] for n in told.get("nodes", []) if n["known"]}
    known |= {name: word for name, word in told.get("similar", []) if word}
    return known | settled(view.casebook.referrals)


def _similar(told: dict[str, Any], known: dict[str, str]) -> list[Like]:
    listed = [name for name, _ in told.get("similar", []) if known.get(name)]
    return [Like(account=name, known=known[name]) for name in listed[:SHOWN_LIKE]]


def _figures(view: View) -> ReviewFigures:
    told = reviewed.figures(view.casebook, now=datetime.now(UTC))
    return ReviewFigures.model_validate(told | {"can_learn": bool(view.config.accounts.data)})


def _decision(one: Decision) -> DecisionView:
    return DecisionView(
        number=one.number, id=one.id, account=one.account, step=one.step, was=one.was,
        by=one.by, why=one.why, at=one.at, delivered=one.delivered,
    )  # fmt: skip
