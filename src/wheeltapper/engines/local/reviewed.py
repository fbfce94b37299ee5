"""Reviewed: the figures of reviewing, for the page, the command and programs alike."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any

from wheeltapper.engines.local.relearning import TRAINED
from wheeltapper.engines.local.reviewing import ACTED, ESTIMATED, SCORED, estimates, settled
from wheeltapper.referral import OPEN, Opinion
from wheeltapper.review import agreement, sampling
from wheeltapper.store.casebook import Casebook


# Any: figures for JSON, each named where it is made.
def figures(book: Casebook, *, now: datetime) -> dict[str, Any]:
    """Queue, estimates, agreement, load, learning and drift; None for what is not known."""
    queue = book.referrals
    accounts, opinions = queue.all(evidence=False), queue.opinions()
    truth = settled(queue)
    by_account: dict[str, list[Opinion]] = {}
    for one in opinions:
        by_account.setdefault(one.account, []).append(one)
    scored = queue.noted(SCORED)
    told, since = estimates(queue, truth), None
    earlier = queue.noted(ESTIMATED)
    if not told["prevalence"] and earlier:
        since, kept = earlier[0]
        told = told | {name: kept[name] for name in ("prevalence", "precision", "recall")}
    pairs = agreement.blind_pairs(accounts, by_account)
    kappa = agreement.kappa(pairs)
    trained = queue.noted(TRAINED)
    day = now.date().isoformat()
    people = agreement.reviewers({a.account: a for a in accounts}, opinions, truth, day)
    decisions = queue.decisions()
    return {
        "states": dict(Counter(a.state for a in accounts)),
        "waiting": sum(a.state in OPEN for a in accounts),
        "waiting_by_reason": dict(Counter(a.via for a in accounts if a.state in OPEN)),
        "settled": len(truth),
        "settled_fraud": sum(word == "fraud" for word in truth.values()),
        **told,
        "estimated_at": since.isoformat() if since else None,
        "acted_from": sampling.EDGES[ACTED - 1],
        "kappa": asdict(kappa) if kappa else None,
        "escalated": agreement.escalated(accounts),
        "reviewers": [asdict(one) for one in people],
        "scored_at": scored[0][0].isoformat() if scored else None,
        "accounts": scored[0][1]["accounts"] if scored else 0,
        "drift": scored[0][1]["drift"] if scored else [],
        "trained_at": trained[0][0].isoformat() if trained else None,
        "training": trained[0][1] if trained else None,
        "decisions": len(decisions),
        "undelivered": sum(one.delivered is None for one in decisions),
        "steps": dict(Counter(one.step for one in decisions)),
    }
