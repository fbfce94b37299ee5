"""Reviewing: accounts are scored, and those that people have to look at are put into the casebook.

The same tables, model and policy fill the queue with the same accounts; nothing is decided twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts import around, judge, likeness, policy, signals, tables, telling
from wheeltapper.accounts.judge import Judge
from wheeltapper.accounts.sharing import Sharing
from wheeltapper.accounts.signals import Seen
from wheeltapper.accounts.steps import Columns
from wheeltapper.accounts.tables import Tables
from wheeltapper.config import Accounts
from wheeltapper.errors import WheeltapperError
from wheeltapper.referral import (
    ALLOW,
    FRAUD,
    HOLD,
    HONEST,
    RESPONDED,
    REVIEW,
    WAITING,
    Decision,
    Opinion,
    Referral,
)
from wheeltapper.review import drift, ordering, sampling
from wheeltapper.review.ordering import CHECK
from wheeltapper.review.ruling import truth
from wheeltapper.store.casebook import Casebook
from wheeltapper.store.referrals import Referrals, standing

Floats = npt.NDArray[np.float64]
SCORED, ESTIMATED = "scored", "estimated"
ACTED = 4
"""The first stratum of those that precision and recall are told of: scores of 0.6 and above."""
LIKE = 16
"""Accounts like one that are kept with it; those of whom something is known are shown."""
SUSPECT = 0.5
"""Without a policy, accounts as likely as that are looked at."""


@dataclass(frozen=True, slots=True)
class Looked:
    """All accounts at one moment, and what their model says of them."""

    tables: Tables
    now: Seen
    until: int
    base: Columns


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a scoring."""

    accounts: int
    waiting: int
    responded: int
    decisions: list[Decision]
    drift: list[drift.Moved]


def look(folder: Path) -> Looked:
    """Read tables, and all that is known at their end."""
    read = tables.read(folder)
    until = tables.end(read)
    now = signals.seen(read, until)
    return Looked(read, now, until, judge.view(now))


def fitting(folder: Path, looked: Looked) -> Judge:
    """The model of a folder.

    Raises
    ------
    WheeltapperError   if it is not there, or learned from other kinds of tables
    """
    made = judge.load(folder)
    if not made.fits(looked.base):
        raise WheeltapperError(
            f"{folder}: learned from tables with other kinds of acts, things or numbers; train it "
            "on tables like these"
        )
    return made


def proposed(chance: Floats, ids: Sequence[str], rules: Path | None) -> list[str]:
    """A step for each account; without a policy, `review` for those likelier fraud than not."""
    if rules is None:
        return [REVIEW if p >= SUSPECT else ALLOW for p in chance]
    return policy.load(rules).respond(ids, chance)


def settled(queue: Referrals) -> dict[str, str]:
    """What people settled on, by account; what is known of gold is not among it."""
    by_account: dict[str, list[Opinion]] = {}
    for one in queue.opinions():
        by_account.setdefault(one.account, []).append(one)
    told = {}
    for account in queue.all(evidence=False):
        mine = by_account.get(account.account, [])
        found = truth(account, standing(mine, max((one.round for one in mine), default=0)))
        if found:
            told[account.account] = found
    return told


# Any: figures for JSON.
def estimates(queue: Referrals, truth: Mapping[str, str]) -> dict[str, Any]:
    """What the random sample tells by the last scoring; None for what it does not."""
    drawn = {one.account: one.stratum for one in queue.all(evidence=False) if one.drawn}
    scored = queue.noted(SCORED)
    seen = sampling.looked(scored[0][1]["strata"] if scored else [], drawn, truth)
    found = {
        "prevalence": sampling.prevalence(seen),
        "precision": sampling.precision(seen, ACTED),
        "recall": sampling.recall(seen, ACTED),
    }
    told: dict[str, Any] = {name: asdict(one) if one else None for name, one in found.items()}
    return told | {"drawn": len(drawn), "drawn_settled": sum(one.looked for one in seen)}


def fill(
    book: Casebook, looked: Looked, made: Judge, settings: Accounts, root: Path, *, now: datetime
) -> Filled:
    """Score all accounts and renew the queue.

    Parameters
    ----------
    settings   how many to pick, how large a random sample, how many are judged twice
    root       folder that paths of the settings are relative to
    """
    read, queue = looked.tables, book.referrals
    chance = made.probability(looked.base)
    rules = root / settings.policy if settings.policy else None
    known = read.fraud >= 0
    steps = proposed(chance, read.ids, rules)
    # What is known of an account was dealt with before it came here.
    steps = [ALLOW if known[i] else step for i, step in enumerate(steps)]
    people, number = settled(queue), {one: i for i, one in enumerate(read.ids)}
    # Other scores make other strata, of which some are not looked at yet: what was known is kept.
    before = estimates(queue, people)
    if before["prevalence"]:
        queue.note(ESTIMATED, before, at=now)
    done = np.zeros(read.accounts, bool)
    done[[number[one] for one in people if one in number]] = True
    place = likeness.ranks(looked.now.own)
    drawn = sampling.draw(read.ids, chance, settings.sample)
    turns = ordering.order(
        chance, likeness.novelty(place, np.flatnonzero(known | done)),
        looked.now.ties.degree.astype(np.float64),
        must=np.array([step in (REVIEW, HOLD) for step in steps]) & ~known,
        drawn=drawn & ~known, gold=_gold(read, settings), left=~known & ~done,
        size=settings.queue,
    )  # fmt: skip
    via = {turn.account: turn.via for turn in turns}
    earlier = [number[one.account] for one in queue.all(evidence=False) if one.account in number]
    rest = [i for i, step in enumerate(steps) if step != ALLOW and i not in via]
    rest += [i for i in earlier if i not in via and i not in set(rest)]
    rest += [int(i) for i in np.flatnonzero(drawn & known) if int(i) not in via]
    asked = [*via, *dict.fromkeys(rest)]
    told = _evidence(looked, made, asked, np.flatnonzero(known))
    of = sampling.strata(chance)
    decisions = queue.fill(
        [
            Referral(
                account=read.ids[i], score=float(chance[i]), proposed=steps[i], step=steps[i],
                state=WAITING if i in via else RESPONDED, via=via.get(i, ""), place=n,
                double=sampling.permanent(f"twice {read.ids[i]}") < settings.double_share,
                drawn=bool(drawn[i]) and not known[i], stratum=int(of[i]),
                gold=_word(read, i) if via.get(i) == CHECK else "",
                evidence=json.dumps(told[i]), changed=now,
            )
            for n, i in enumerate(asked)
        ]
    )  # fmt: skip
    moved = _moved(root / settings.model, looked, chance)
    queue.note(
        SCORED,
        {
            "accounts": read.accounts,
            "strata": np.bincount(of[~known], minlength=sampling.STRATA).tolist(),
            "steps": {step: steps.count(step) for step in sorted(set(steps))},
            "drift": [{"name": m.name, "psi": round(m.psi, 4), "word": m.word} for m in moved[:9]],
        },
        at=now,
    )
    return Filled(read.accounts, queue.waiting(), len(rest), decisions, moved)


def _gold(read: Tables, settings: Accounts) -> npt.NDArray[np.bool_]:
    """Accounts that may be dealt in as checks: one labelled account in five, always the same."""
    labelled = np.flatnonzero(read.fraud >= 0)
    gold = np.zeros(read.accounts, bool)
    if settings.checks:
        gold[[i for i in labelled if sampling.permanent(f"gold {read.ids[i]}") < 0.2]] = True
    return gold


def _word(read: Tables, i: int) -> str:
    return FRAUD if read.fraud[i] == 1 else HONEST


def _evidence(
    looked: Looked, made: Judge, asked: Sequence[int], known: npt.NDArray[np.int64]
) -> dict[int, dict[str, object]]:
    """What is shown of each account that is asked about."""
    read = looked.tables
    columns, ties = made.columns(looked.base), around.Ties(read, looked.until)
    sharing = Sharing(read, looked.until)
    own = np.array(asked, np.int64)
    among = np.union1d(known, own)
    like = likeness.nearest(likeness.ranks(looked.now.own), own, among, LIKE)
    told = {}
    for i, similar in zip(asked, like, strict=True):
        drawn = ties.around(i)
        told[i] = {
            "facts": telling.facts(read, looked.now, i),
            "reasons": judge.reasons(made, columns, i, whole=True),
            "groups": sharing.groups(i),
            "profile": read.profiles[i] if read.profiles else "",
            "nodes": [
                {"name": n.name, "kind": n.kind, "known": _known(read, n.account), "more": n.more}
                for n in drawn.nodes
            ],
            "ties": drawn.ties,
            "reach": drawn.reach,
            "similar": [[read.ids[j], _known(read, j)] for j in similar],
        }
    return told


def _known(read: Tables, i: int) -> str:
    return _word(read, i) if i >= 0 and read.fraud[i] >= 0 else ""


def _moved(folder: Path, looked: Looked, chance: Floats) -> list[drift.Moved]:
    then = drift.load(folder)
    own = looked.now.own
    return drift.moved(then, chance, own.rows, own.names) if then else []


def labelled(read: Tables) -> Mapping[str, bool]:
    """Labels of the tables, by account."""
    return {read.ids[i]: bool(read.fraud[i] == 1) for i in np.flatnonzero(read.fraud >= 0)}
