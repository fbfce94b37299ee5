"""Reference: what was said of whom on the days that are over, counted so that it can be added up.

How unusual a statement is shows in how often its like is made here. So each day leaves counts: how
many entities were active, and of how many each detector said at least so much. Evidence is in bits,
and bits are counted on a grid of eighths: a sketch of quantiles with a bounded relative error of
the probability (DDSketch; Masson, Rim and Lee, VLDB 2019, with gamma = 2^(1/8)). Counts are whole
numbers, so days add up to the same in whatever order and however they were cut (decision 0016).

The reference of a day is the `WINDOW_DAYS` before it: what changes slowly becomes usual. The first
`FIRST_DAYS` of a workspace have nothing before them and are each other's reference. Stories of days
on which everything was new are no reference of those of later ones (`warm_up`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

WINDOW_DAYS = 90
FIRST_DAYS = 14
KEPT_DAYS = WINDOW_DAYS + 30
"""A day that is opened again, up to a month later, still has its reference."""
OPEN_DAYS = 2
"""Days up to the last act that are not over: a model speaks of a day when the next has begun."""
COUNTED = 2
"""Raised when days are counted in another way: then what is remembered is counted anew."""
GRID = 8
"""Bins a bit."""
BINS = 64 * GRID + 1
"""Up to 64 bits, and one for what is beyond."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ACTIVE = {"day": pl.Date, "entity_type": pl.String, "peer_group": pl.String, "n": pl.Int64}
SPOKEN = {"day": pl.Date, "detector": pl.String, "entity_type": pl.String,
          "peer_group": pl.String, "bin": pl.Int64, "n": pl.Int64}  # fmt: skip
TOLD = {"day": pl.Date, "bin": pl.Int64, "n": pl.Int64}
LOGS = {"source": pl.String, "day": pl.Date}
HABITS = {"entity_type": pl.String, "entity": pl.String, "detector": pl.String,
          "key": pl.String, "day": pl.Date}  # fmt: skip
BARS = {"day": pl.Date, "scope": pl.String, "bar": pl.Float64, "raised": pl.Int64}


def _empty(schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Counts of days, and what else is remembered of them; frames by `day` (UTC)."""

    active: pl.DataFrame = field(default_factory=lambda: _empty(ACTIVE))
    """How many entities of each peer group acted."""
    spoken: pl.DataFrame = field(default_factory=lambda: _empty(SPOKEN))
    """Of how many entities a detector said most so much."""
    told: pl.DataFrame = field(default_factory=lambda: _empty(TOLD))
    """How many stories began, by evidence."""
    logs: pl.DataFrame = field(default_factory=lambda: _empty(LOGS))
    """On which days there was anything of a log."""
    habits: pl.DataFrame = field(default_factory=lambda: _empty(HABITS))
    """What was said of whom; kept as long as it counts as a habit."""
    bars: pl.DataFrame = field(default_factory=lambda: _empty(BARS))
    """What a story had to reach to become a case, and how many did."""

    @property
    def first(self) -> date | None:
        """First day on which anything happened."""
        day = self.logs["day"].min()
        return day if isinstance(day, date) else None

    @property
    def last(self) -> date | None:
        day = self.active["day"].max()
        return day if isinstance(day, date) else None

    def plus(self, other: "Reference") -> "Reference":
        """Both; they have no day in common."""
        return Reference(
            **{f.name: pl.concat([getattr(self, f.name), getattr(other, f.name)])
               for f in fields(self)}
        )  # fmt: skip

    def until(self, day: date) -> "Reference":
        """The days before `day`, as far back as they are kept."""
        oldest = day - timedelta(days=KEPT_DAYS)

        def kept(frame: pl.DataFrame) -> pl.DataFrame:
            return frame.filter(pl.col("day").is_between(oldest, day, closed="left"))

        mine = {f.name: kept(getattr(self, f.name)) for f in fields(self)}
        # How long a log is known goes back further than the window.
        return replace(Reference(**mine), logs=self.logs.filter(pl.col("day") < day))


def closed_before(first: date, last: date) -> date:
    """The first day that is not over, when `last` is the day of the last act."""
    if last < first + timedelta(days=FIRST_DAYS + OPEN_DAYS - 1):
        return first
    return last - timedelta(days=OPEN_DAYS - 1)


def bins(evidence: Floats) -> Ints:
    """Bin of each evidence, from 0."""
    return np.clip(np.floor(evidence * GRID), 0, BINS - 1).astype(np.int64)


def moving(
    day: Ints,
    row: Ints,
    bin: Ints,
    n: Ints,
    rows: int,
    asked: Sequence[int],
    first: int,
    settled: int | None = None,
) -> Iterator[Ints]:
    """For each asked day the counts of its reference.

    Parameters
    ----------
    day, row, bin, n : int64 (counts,)   days as numbers, in order of `day`; rows below `rows`
    asked : ascending day numbers
    first : number of the first day of the workspace
    settled : number of a day; of days after it nothing before it is a reference

    Yields
    ------
    int64 (rows, BINS or 1)   the same array each time: how many, by bin; not to be kept.
    """
    counts = np.zeros((rows, int(bin.max()) + 1 if bin.size else 1), np.int64)
    low = high = 0
    for today in asked:
        begins = today < first + FIRST_DAYS
        since = first if begins else today - WINDOW_DAYS
        until = first + FIRST_DAYS if begins else today
        if settled is not None and today > settled:
            since = max(since, settled)
        to = max(high, int(np.searchsorted(day, until)))
        np.add.at(counts, (row[high:to], bin[high:to]), n[high:to])
        high = to
        to = max(low, int(np.searchsorted(day, since)))
        np.subtract.at(counts, (row[low:to], bin[low:to]), n[low:to])
        low = to
        yield counts


def at_least(counts: Ints) -> Ints:
    """How many are in each bin or above, along the last axis."""
    return np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]


def numbered(days: pl.Series) -> Ints:
    """Dates as days since 1970-01-01."""
    return days.cast(pl.Date).cast(pl.Int32).cast(pl.Int64).to_numpy()


NOTHING = Reference()
