"""Sharing: with how many others an account has a thing in common, and within what time.

All things are looked at once; after that an account costs only what it has itself, however many
have the same.
"""

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts.judge import GROUP
from wheeltapper.accounts.tables import Tables

Ints = npt.NDArray[np.int64]
_HOUR = 3_600_000_000


class Sharing:
    """Who had what before a time (µs), in an order by which one account's things are found."""

    def __init__(self, tables: Tables, until: int) -> None:
        shared = tables.shared
        before = slice(0, int(np.searchsorted(shared.time, until)))
        account, value = shared.account[before], shared.value[before]
        # Rows rise in time and the order is stable: the first row of a pair is its earliest.
        order = np.lexsort((account, value))
        new, edge = _changes(value[order]), _changes(account[order])
        first = order[new | edge]
        starts = np.flatnonzero(_changes(value[first]))
        thing = np.cumsum(_changes(value[first])) - 1
        time = shared.time[before][first]
        self._things = tables.things
        self._holders = np.diff(np.append(starts, len(first)))
        none = np.empty(0, np.int64)
        latest = np.maximum.reduceat(time, starts) if len(time) else none
        earliest = np.minimum.reduceat(time, starts) if len(time) else none
        self._span = latest - earliest
        self._kind = shared.kind[before][first[starts]]
        by_account = np.argsort(account[first], kind="stable")
        self._who, self._thing = account[first][by_account], thing[by_account]

    def groups(self, account: int) -> list[str]:
        """In words, the largest first: `37 accounts, same card, within 2 h`."""
        low, high = np.searchsorted(self._who, [account, account + 1])
        told = []
        for thing in self._thing[low:high]:
            holders = int(self._holders[thing])
            if holders >= GROUP:
                name = self._things[int(self._kind[thing])]
                within = _within(int(self._span[thing]))
                told.append((-holders, f"{holders:,} accounts, same {name}, within {within}"))
        return [text for _, text in sorted(told)]


def _changes(values: Ints) -> npt.NDArray[np.bool_]:
    """Where a value differs from the one before it."""
    changed = np.ones(len(values), bool)
    changed[1:] = values[1:] != values[:-1]
    return changed


def _within(span: int) -> str:
    hours = -(-span // _HOUR)
    return f"{max(hours, 1)} h" if hours < 72 else f"{hours // 24} days"
