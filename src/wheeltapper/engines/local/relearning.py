"""Relearning: what reviewers settled trains the model anew, and is measured on answers held out.

The new model is written beside the old one and takes its place whole. Where it is worse on the
held-out answers beyond chance it is not taken, and that is said.
"""

import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from wheeltapper.accounts import judge
from wheeltapper.accounts.judge import Judge
from wheeltapper.config import Accounts
from wheeltapper.engines.local import lock, reviewing
from wheeltapper.engines.local.reviewing import Filled, Looked
from wheeltapper.errors import WheeltapperError
from wheeltapper.review import drift, learning
from wheeltapper.review.learning import Compared
from wheeltapper.store.casebook import Casebook

TRAINED = "trained"
LOCK = Path("state") / "relearning.lock"


@dataclass(frozen=True, slots=True)
class Relearned:
    """What was learned, how it compares, and what changed."""

    settled: int
    trained: int
    compared: Compared | None
    adopted: bool
    changed: dict[str, int]
    filled: Filled


def relearn(book: Casebook, root: Path, settings: Accounts, *, now: datetime) -> Relearned:
    """Train on labels and settled answers, compare, and fill the queue by what holds then.

    Raises
    ------
    WheeltapperError   without tables in the settings, or with too few answers of a kind
    """
    if not settings.data:
        raise WheeltapperError(
            "no tables of accounts are named: set data in [accounts] of wheeltapper.toml"
        )
    with lock.awaited(root / LOCK):
        looked = reviewing.look(root / settings.data)
        folder = root / settings.model
        old = reviewing.fitting(folder, looked) if (folder / judge.CARD).exists() else None
        people = reviewing.settled(book.referrals)
        labels = learning.labels(reviewing.labelled(looked.tables), people)
        new = learn(looked, labels)
        before = old.probability(looked.base) if old else np.full(looked.tables.accounts, 0.5)
        after = new.probability(looked.base)
        number = {one: i for i, one in enumerate(looked.tables.ids)}
        held = [a for a in people if learning.held_out(a) and a in number]
        at = np.array([number[a] for a in held], np.int64)
        said = np.array([people[a] == "fraud" for a in held], bool)
        compared = learning.compare(before[at], after[at], said)
        adopted = old is None or compared is None or not compared.refused
        if adopted:
            keep(new, looked, folder)
        rules = root / settings.policy if settings.policy else None
        steps = [reviewing.proposed(p, looked.tables.ids, rules) for p in (before, after)]
        changed = learning.changed(*steps) if adopted else {}
        book.referrals.note(
            TRAINED,
            {
                "settled": len(people), "trained": len(labels), "adopted": adopted,
                "compared": asdict(compared) if compared else None, "changed": changed,
                "movers": _movers(looked, before, after) if adopted else [],
            },
            at=now,
        )  # fmt: skip
        holds = new if adopted or old is None else old
        filled = reviewing.fill(book, looked, holds, settings, root, now=now)
    return Relearned(len(people), len(labels), compared, adopted, changed, filled)


def learn(looked: Looked, labels: dict[str, bool]) -> Judge:
    """A model from labels by account.

    Raises
    ------
    WheeltapperError   with too few of a kind
    """
    number = {one: i for i, one in enumerate(looked.tables.ids)}
    fraud = np.zeros(looked.tables.accounts, bool)
    judged = np.array(sorted(number[a] for a in labels if a in number), np.int64)
    fraud[[number[a] for a, bad in labels.items() if bad and a in number]] = True
    try:
        return judge.train(looked.now, judged, fraud, base=looked.base)
    except ValueError as error:
        raise WheeltapperError(f"too few answers to learn from: {error}") from error


def keep(made: Judge, looked: Looked, folder: Path) -> None:
    """Write a model with what drift is told by, and put it in the place of the one before."""
    beside, before = (folder.with_name(f"{folder.name}{end}") for end in (".new", ".before"))
    for left in (beside, before):
        shutil.rmtree(left, ignore_errors=True)
    made.save(beside)
    own = looked.now.own
    drift.save(drift.reference(made.probability(looked.base), own.rows, own.names), beside)
    if folder.exists():
        folder.rename(before)
    beside.rename(folder)


def _movers(
    looked: Looked, before: reviewing.Floats, after: reviewing.Floats
) -> list[dict[str, object]]:
    """The accounts of which the model has changed its mind most."""
    order = np.argsort(-np.abs(after - before), kind="stable")[:8]
    return [
        {
            "account": looked.tables.ids[i],
            "before": round(float(before[i]), 4),
            "after": round(float(after[i]), 4),
        }
        for i in order
    ]
