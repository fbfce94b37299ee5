"""User-days to train on, and the same with two actors exchanged.

In go activities in order of time, out come rows of `features.relative`, each seen from the history
up to the day before, as it is when the model runs. An exchanged day is another actor's day of work
judged as one's own: what it looks like when somebody else sits at the keyboard.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from wheeltapper.detect.models.features import FEATURES, Matrix, measure, relative
from wheeltapper.detect.models.history import empty, learn
from wheeltapper.detect.models.state import DAY_US, columns
from wheeltapper.detect.models.userday import GRACE_DAYS


@dataclass(frozen=True, slots=True)
class Lessons:
    """User-days with enough history behind them, in order of days."""

    day: npt.NDArray[np.int64]
    own: Matrix
    exchanged_day: npt.NDArray[np.int64]
    exchanged: Matrix
    actors: int


def lessons(batches: Iterable[pa.Table], until_us: int, rng: np.random.Generator) -> Lessons:
    """Live through all days that are over before `until_us`."""
    history = empty(list(FEATURES))
    own: list[Matrix] = []
    swapped: list[Matrix] = []
    days: list[npt.NDArray[np.int64]] = []
    swapped_days: list[npt.NDArray[np.int64]] = []
    actors: set[str] = set()
    for number, day in _days(batches, until_us):
        measured = measure(day, history)
        deviation, _, n = relative(measured, history)
        ready = n >= GRACE_DAYS
        own.append(deviation[ready])
        days.append(np.full(ready.sum(), number))
        known = measured.filter(pl.Series(ready))
        actors.update(known["actor"])
        if len(known) > 1:
            foreign, _, _ = relative(measure(_exchanged(day, known, rng), history), history)
            swapped.append(foreign)
            swapped_days.append(np.full(len(foreign), number))
        history = learn(history, number, day, measured)
    nothing = np.empty((0, len(FEATURES)), np.float32)
    return Lessons(
        np.concatenate([np.empty(0, np.int64), *days]),
        np.concatenate([nothing, *own]),
        np.concatenate([np.empty(0, np.int64), *swapped_days]),
        np.concatenate([nothing, *swapped]),
        len(actors),
    )


def _exchanged(day: pl.DataFrame, known: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The day with everybody in the place of somebody else, mostly of a peer."""
    order = rng.permutation(len(known))
    shuffled = known.select("actor", "peer_group")[order].sort("peer_group", maintain_order=True)
    places = pl.concat([shuffled[1:], shuffled[:1]])
    swap = pl.DataFrame(
        {"actor": shuffled["actor"], "place": places["actor"], "group": places["peer_group"]}
    )
    return (
        day.join(swap, on="actor", how="inner", maintain_order="left")
        .drop("actor", "peer_group")
        .rename({"place": "actor", "group": "peer_group"})
    )


def _days(batches: Iterable[pa.Table], until_us: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Each day that is over before `until_us`, whole."""
    last, parts = until_us // DAY_US, list[pl.DataFrame]()
    current = -1
    for batch in batches:
        frame = columns(batch).with_columns((pl.col("time").dt.epoch("us") // DAY_US).alias("day"))
        for (number,), part in frame.partition_by("day", maintain_order=True, as_dict=True).items():
            if number < current:
                raise ValueError("activities are not in order of time")
            if number != current and parts:
                yield current, pl.concat(parts)
                parts = []
            current = number
            if number >= last:
                return
            parts.append(part.drop("day"))
    if parts and current < last:
        yield current, pl.concat(parts)
