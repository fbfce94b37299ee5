"""Likeness: which accounts are like one another, and how unlike all that were judged.

Each signal counts by its rank among all accounts, so that none outweighs another by its unit; two
accounts differ by the mean difference of ranks over the signals in which anybody differs at all.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts.steps import Columns

Ints = npt.NDArray[np.int64]
Ranks = npt.NDArray[np.float32]
_AT_ONCE = 256


def ranks(own: Columns) -> Ranks:
    """Ranks in [0, 1], equal values alike; constant signals are left out."""
    rows = np.nan_to_num(own.rows)
    made = []
    for column in rows.T:
        different, at, count = np.unique(column, return_inverse=True, return_counts=True)
        if len(different) > 1:
            below = np.cumsum(count) - count
            made.append(((below + (count - 1) / 2) / max(len(column) - 1, 1))[at])
    return np.column_stack(made).astype(np.float32) if made else np.zeros((len(rows), 1), "f4")


def novelty(place: Ranks, judged: Ints) -> npt.NDArray[np.float64]:
    """How far each account is from the nearest that was judged, as its rank among all in [0, 1]."""
    if not len(judged):
        return np.ones(len(place))
    apart = np.concatenate([far.min(axis=1) for _, far in _apart(place, judged)])
    order = np.argsort(np.argsort(apart, kind="stable"), kind="stable")
    return np.asarray(order / max(len(place) - 1, 1), np.float64)


def nearest(place: Ranks, asked: Ints, among: Ints, count: int) -> list[list[int]]:
    """For each that is asked about, the accounts of `among` most like it, itself left out."""
    told = []
    for rows, far in _apart(place[asked], among, place):
        for one, row in zip(asked[rows], far, strict=True):
            order = among[np.argsort(row, kind="stable")[: count + 1]]
            told.append([int(other) for other in order if other != one][:count])
    return told


def _apart(
    place: Ranks, among: Ints, of: Ranks | None = None
) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
    """Mean differences of ranks to the accounts `among`, some rows at once."""
    others = (place if of is None else of)[among]
    for start in range(0, len(place), _AT_ONCE):
        rows = slice(start, min(start + _AT_ONCE, len(place)))
        far = np.zeros((rows.stop - start, len(among)), np.float32)
        for k in range(place.shape[1]):
            far += np.abs(place[rows, k, None] - others[None, :, k])
        yield rows, far / place.shape[1]
