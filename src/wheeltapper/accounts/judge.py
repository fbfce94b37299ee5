"""Two stages: many cheap labels teach what fraud looks like, few human ones what is fraud here.

First stage: who was reported, or acts in lockstep, is told from everybody else by all *other*
signals; what that model says of an account, by models that did not see it, is one more column.
It is kept where it helps with accounts that people judged (`helps`), and left out elsewhere.
Second stage: boosted trees on what people decided. Its log-odds become a probability by a line
fitted to predictions out of fold (Platt, 1999). Reasons are the signals that added most.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts import boost
from wheeltapper.accounts.boost import Boost
from wheeltapper.accounts.signals import Seen
from wheeltapper.accounts.steps import STRUCTURE, Columns, build, deal
from wheeltapper.errors import WheeltapperError

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CHEAP = "looks like who is reported"
FEWEST = 10
"""Cheap labels of each kind without which there is no first stage; human ones likewise."""
REASONS = 5
CARD = "judge.json"
GROUP = 3
"""Fewer who share something are no group."""
COSTLY = (
    "age in days", "days before the first act", "acts received", "different senders",
    "share of targets that ever answered",
)  # fmt: skip
"""Signals that take an attacker time, or the help of others; of neighbours likewise (DEC, 2021)."""
_SEED = 1
_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What was learned."""

    cheap: Boost | None
    """None where too few were reported, or it did not help."""
    decision: Boost
    slope: float
    shift: float

    def save(self, folder: Path) -> None:
        """Plain arrays and JSON; the JSON last, so that it is there only if all is."""
        folder.mkdir(parents=True, exist_ok=True)
        self.decision.save(folder / "decision.npz")
        if self.cheap is not None:
            self.cheap.save(folder / "cheap.npz")
        told = {"slope": self.slope, "shift": self.shift, "cheap": self.cheap is not None}
        part = folder / f"{CARD}.part"
        part.write_text(json.dumps(told), encoding="utf-8")
        part.replace(folder / CARD)

    def fits(self, base: Columns) -> bool:
        """Whether tables have the columns that it learned from, in their order."""
        return self.decision.names == base.names + ((CHEAP,) if self.cheap else ())

    def columns(self, base: Columns) -> Columns:
        """With the first stage's score, for accounts at any time."""
        if self.cheap is None:
            return base
        rows = _without(base, self.cheap.names)
        return base + Columns((CHEAP,), _column(self.cheap.log_odds(rows)))

    def probability(self, base: Columns) -> Floats:
        """Of fraud, calibrated on accounts like those that people judged."""
        odds = self.decision.log_odds(self.columns(base).rows)
        return _chance(self.slope * odds + self.shift)


def load(folder: Path) -> Judge:
    """Read what `save` wrote.

    Raises
    ------
    WheeltapperError   if it is not there, or damaged
    """
    try:
        told = json.loads((folder / CARD).read_text(encoding="utf-8"))
        slope, shift, cheap = float(told["slope"]), float(told["shift"]), bool(told["cheap"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WheeltapperError(
            f"{folder}: no model of accounts ({error}); make one: wheeltapper accounts train"
        ) from error
    return Judge(
        cheap=boost.load(folder / "cheap.npz") if cheap else None,
        decision=boost.load(folder / "decision.npz"), slope=slope, shift=shift,
    )  # fmt: skip


def view(now: Seen) -> Columns:
    """All columns that a judge looks at; labels of neighbours are not among them."""
    none = np.empty(0, np.int64)
    return build(now.ties, now.own, STRUCTURE, now.groups)(none, np.empty(0, bool), _SEED)


def cheap_labels(now: Seen) -> Mask:
    """Who was reported, or is in a group of three or more by what honest people hardly share."""
    marked = _of(now.own, "reports") > 0
    for name in now.groups.names:
        thing = name.removeprefix("in lockstep by ")
        if thing != name and thing not in ("address", "device"):
            marked |= np.expm1(_of(now.groups, name)) >= GROUP - 0.5
    return marked


@dataclass(frozen=True, slots=True)
class First:
    """What cheap labels taught."""

    model: Boost
    said: Floats
    """(accounts): log-odds, each by a model that did not see the account."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """How well columns tell what people decided, each account by a model that did not see it."""

    columns: Columns
    slope: float
    shift: float
    losses: Floats
    """(judged): log loss of the calibrated probabilities, in nats."""


def train(
    now: Seen, judged: Ints, fraud: Mask, *, base: Columns | None = None, cheap: bool | None = None
) -> Judge:
    """Learn from what people decided.

    Parameters
    ----------
    judged   accounts that somebody judged
    fraud    of all accounts; only those judged are looked at
    base     `view(now)`, where it is at hand
    cheap    whether there is a first stage; None: if it helps with those judged (`helps`)

    Raises
    ------
    ValueError   if fewer than ten of a kind were judged
    """
    bad = int(fraud[judged].sum())
    if min(bad, len(judged) - bad) < FEWEST:
        raise ValueError(
            f"{bad} judged fraudulent and {len(judged) - bad} honest; {FEWEST} of each are needed"
        )
    base = base or view(now)
    first = None if cheap is False else first_stage(now, base)
    if first is None:
        return decided(crossed(base, judged, fraud), judged, fraud)
    two = crossed(staged(base, first), judged, fraud)
    if cheap is None:
        alone = crossed(base, judged, fraud)
        if not helps(alone.losses, two.losses):
            return decided(alone, judged, fraud)
    return decided(two, judged, fraud, first)


def first_stage(now: Seen, base: Columns) -> First | None:
    """Learn from cheap labels; None where there are too few."""
    marked = cheap_labels(now)
    if min(marked.sum(), (~marked).sum()) < FEWEST:
        return None
    # What made the labels is not looked at, or nothing else would be learned.
    names = tuple(n for n in base.names if "report" not in n and n not in now.groups.names)
    rows = _without(base, names)
    everybody = np.arange(len(rows))
    model = boost.fit(rows, marked, names, seed=_SEED)
    said = np.empty(len(rows))
    for rest, hidden in deal(everybody, marked, _SEED):
        part = boost.fit(rows[rest], marked[rest], names, seed=_SEED)
        said[hidden] = part.log_odds(rows[hidden])
    return First(model, said)


def staged(base: Columns, first: First) -> Columns:
    """With what the first stage says of each account."""
    return base + Columns((CHEAP,), _column(first.said))


def crossed(columns: Columns, judged: Ints, fraud: Mask) -> Crossed:
    """Fit fold by fold, and calibrate what is said of the folds that were left out."""
    odds = np.empty(len(judged))
    place = {int(one): at for at, one in enumerate(judged)}
    for rest, hidden in deal(judged, fraud, _SEED):
        model = boost.fit(columns.rows[rest], fraud[rest], columns.names, seed=_SEED)
        odds[[place[int(one)] for one in hidden]] = model.log_odds(columns.rows[hidden])
    slope, shift = platt(odds, fraud[judged])
    chance = _chance(slope * odds + shift)
    return Crossed(columns, slope, shift, -np.log(np.where(fraud[judged], chance, 1 - chance)))


def helps(alone: Floats, two: Floats) -> bool:
    """Whether the first stage lowers the mean loss by more than one standard error.

    Pair by pair over the judged accounts, whom neither model saw.
    """
    gain = alone - two
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))


def decided(found: Crossed, judged: Ints, fraud: Mask, first: First | None = None) -> Judge:
    """Fit on all that were judged."""
    columns = found.columns
    decision = boost.fit(columns.rows[judged], fraud[judged], columns.names, seed=_SEED)
    return Judge(
        cheap=first.model if first else None, decision=decision,
        slope=found.slope, shift=found.shift,
    )  # fmt: skip


def platt(odds: Floats, fraud: Mask) -> tuple[float, float]:
    """Slope and shift of the log-odds that make them probabilities, by Newton's method.

    Labels are drawn in by one account of each kind, so that a perfect ranking does not claim to be
    sure (Lin, Lin and Weng, 2007).
    """
    bad = fraud.sum()
    aim = np.where(fraud, (bad + 1) / (bad + 2), 1 / (len(fraud) - bad + 2))
    rows = np.column_stack([odds, np.ones(len(odds))])
    line = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        chance = _chance(rows @ line)
        bend = rows.T @ (rows * (chance * (1 - chance))[:, None]) + 1e-3 * np.eye(2)
        line = line - np.linalg.solve(bend, rows.T @ (chance - aim) + 1e-3 * (line - (1.0, 0.0)))
        line = np.clip(line, (0.05, -50), (100, 50))
    return float(line[0]), float(line[1])


def reasons(judge: Judge, base: Columns, account: int, *, whole: bool = False) -> list[str]:
    """What spoke most for fraud, in words, strongest first.

    `whole`: `base` holds the first stage's column already (`judge.columns`), as for many accounts.
    """
    columns = base if whole else judge.columns(base)
    row = columns.rows[account]
    credit = judge.decision.reasons(row)
    told = []
    for k in np.argsort(-credit)[:REASONS]:
        if credit[k] <= 0:
            break
        usual = float(np.median(columns.rows[:, k]))
        side = "high" if row[k] > usual else "low" if row[k] < usual else ""
        rare = f"{side}, as one in {_seldom(columns.rows[:, k], row[k])}" if side else "as usual"
        name = columns.names[k]
        told.append(f"{name}: {rare}{' (costly to change)' if costly(name) else ''}")
    return told


def costly(name: str) -> bool:
    """Whether a signal costs an attacker most to change: a judgement, not measured."""
    return name in COSTLY or name.startswith(("neighbours' ", "two hops' "))


def _seldom(values: npt.NDArray[np.float32], value: np.float32) -> str:
    share = min(float((values >= value).mean()), float((values <= value).mean()))
    return f"{1 / max(share, 1 / len(values)):,.0f}"


def _of(columns: Columns, name: str) -> npt.NDArray[np.float32]:
    return columns.rows[:, columns.names.index(name)]


def _without(base: Columns, names: tuple[str, ...]) -> npt.NDArray[np.float32]:
    at = {name: k for k, name in enumerate(base.names)}
    return base.rows[:, [at[name] for name in names]]


def _column(values: Floats) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)[:, None]


def _chance(odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -50, 50))), np.float64)
