"""How well each step finds fraud that nobody knew of yet: tables, cut at one time.

Trained as it was at the *cut*: signals, ties and labels that were known then. Judged as it is at
the end, on accounts that were not trained on: fraud that became known after the cut, and the other
half of the honest ones. Accounts that turn fraudulent later count as honest at the cut, as they
would have.
*Unseen campaign*: all fraud of one kind is left out of training, and it alone is looked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts import boost
from wheeltapper.accounts.boost import Boost
from wheeltapper.accounts.evaluate import SEEDS, Evaluation, Step
from wheeltapper.accounts.measure import Floats, measure, summary
from wheeltapper.accounts.signals import Seen, seen
from wheeltapper.accounts.steps import LABELS, STEPS, Columns, build
from wheeltapper.accounts.tables import Tables
from wheeltapper.errors import WheeltapperError

Mask = npt.NDArray[np.bool_]
CUT = 0.6
"""Share of the acts before the cut."""
HALVES = 5
"""Ways to deal honest accounts into those trained on and those judged."""
FEWEST = 10
"""Fraudulent accounts, on either side of the cut."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Both moments, and who was known to be fraudulent at the first."""

    tables: Tables
    then: Seen
    now: Seen
    before: Mask
    fraud: Mask
    labelled: Mask
    here: Mask
    """Accounts that were there at the cut."""


def cut(tables: Tables) -> Cut:
    """Look at the tables at the cut and at the end.

    Raises
    ------
    WheeltapperError   if there are no times of labels, or too few fraudulent accounts on a side
    """
    times = tables.acts.time
    if not len(times):
        raise WheeltapperError("no acts in the tables; see [[acts]] in accounts.toml")
    at, end = int(times[int(len(times) * CUT)]), int(times[-1]) + 1
    fraud = tables.fraud == 1
    before = fraud & (tables.known < at)
    if before.sum() < FEWEST or (fraud & ~before).sum() < FEWEST:
        raise WheeltapperError(
            f"{int(before.sum())} accounts were known to be fraudulent before the cut, "
            f"{int((fraud & ~before).sum())} after it; {FEWEST} of each are needed. "
            "[labels] in accounts.toml names them, and its time says when each was known"
        )
    return Cut(
        tables, seen(tables, at), seen(tables, end), before, fraud, tables.fraud >= 0,
        tables.created < at,
    )  # fmt: skip


def evaluate(
    tables: Tables, progress: Callable[[float, float, str], None] = lambda done, of, note: None
) -> Evaluation:
    """Each step, by time."""
    one = cut(tables)
    made = []
    for s, name in enumerate(STEPS):
        runs, width = [], 0
        then, now = _both(one, name)
        for half in range(HALVES):
            progress(s * HALVES + half, len(STEPS) * HALVES, name)
            trained, judged = deal(one, half)
            score, width = _scored(one, then, now, trained, SEEDS if name == LABELS else 1)
            runs.append(measure(one.fraud[judged], score[judged]))
        made.append(Step(name=name, features=width, runs=runs))
    return Evaluation(
        accounts=tables.accounts, fraudulent=int(one.fraud.sum()),
        ties=len(one.now.ties.to) // 2, splits=HALVES, judged="fraud known after the cut",
        steps=made, ships=LABELS, simulated=tables.simulated,
        unseen=unseen(one),
    )  # fmt: skip


def unseen(one: Cut) -> dict[str, dict[str, tuple[float, float]]]:
    """What is found of each kind of campaign by a model that has seen no fraud of the kind."""
    kind = np.array(one.tables.campaign)
    told = {}
    then, now = _both(one, LABELS)
    for name in sorted(set(one.tables.campaign) - {""}):
        of = (kind == name) & one.fraud
        runs = []
        for half in range(HALVES):
            trained, judged = deal(one, half)
            judged = (judged | (of & one.before)) & (~one.fraud | of)
            rest = trained & ~of
            if (one.before & rest).sum() < FEWEST or not (of & judged).any():
                continue
            score, _ = _scored(one, then, now, rest, 1)
            runs.append(measure(one.fraud[judged], score[judged]))
        if runs:
            told[name] = summary(runs)
    return told


def deal(one: Cut, half: int) -> tuple[Mask, Mask]:
    """Who is trained on, and who is judged: nobody is both."""
    rng = np.random.default_rng(half)
    drawn = rng.random(one.tables.accounts) < 0.5
    trained = one.labelled & one.here & (one.before | drawn)
    return trained, one.labelled & ~trained & ~(one.before)


_Build = Callable[[npt.NDArray[np.int64], Mask, int], Columns]


def _both(one: Cut, name: str) -> tuple[_Build, _Build]:
    return (
        build(one.then.ties, one.then.own, name, one.then.groups),
        build(one.now.ties, one.now.own, name, one.now.groups),
    )


def _scored(one: Cut, then: _Build, now: _Build, trained: Mask, seeds: int) -> tuple[Floats, int]:
    score = np.zeros(one.tables.accounts)
    width = 0
    for model, columns in _fitted(one, then, now, trained, seeds):
        score += model.log_odds(columns.rows)
        width = len(columns.names)
    return score, width


def _fitted(
    one: Cut, then: _Build, now: _Build, trained: Mask, seeds: int
) -> Iterator[tuple[Boost, Columns]]:
    known, fraud = np.flatnonzero(trained), one.before & trained
    for seed in range(seeds):
        rows = then(known, fraud, seed)
        yield (
            boost.fit(rows.rows[known], fraud[known], rows.names, seed=seed),
            now(known, fraud, seed),
        )
