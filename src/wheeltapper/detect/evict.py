"""Evict: what goes when a table is full: the quarter that was unseen for longest.

Whoever can make up names can fill a table. So each has a capacity, and what was used lately stays:
a flood of values that are seen once pushes out old such values, not the habits of the week.
"""

import numpy as np
from numba import njit

from wheeltapper.detect.table import Int64s, Records, slot_in


@njit(cache=True)
def _age(day: int, weight: float) -> float:
    """Later is higher; of one day, the weightier."""
    return float(day) + min(weight, 1e6) / 2e6


@njit(cache=True)
def without_oldest(slots: Records, size: Int64s) -> Records:
    """A table of the same room without the oldest quarter; its records have `key, weight, day`.

    `size[0]` falls by as many.
    """
    age = np.empty(size[0], np.float64)
    used = 0
    for j in range(slots.size):
        if slots[j].key != np.uint64(0):
            age[used] = _age(slots[j].day, slots[j].weight)
            used += 1
    ordered = np.sort(age)
    drop = used // 4 + 1
    oldest = ordered[drop - 1]
    # Of those that are equally old as many as it takes, by key: where they lie shows how the table
    # came about, and that must not decide.
    ties = drop - np.searchsorted(ordered, oldest)
    tied = np.empty(np.sum(age == oldest), np.uint64)
    found = 0
    for j in range(slots.size):
        if slots[j].key != np.uint64(0) and _age(slots[j].day, slots[j].weight) == oldest:
            tied[found] = slots[j].key
            found += 1
    last_tied = np.sort(tied)[ties - 1]
    kept = np.zeros(slots.size, slots.dtype)
    for j in range(slots.size):
        if slots[j].key == np.uint64(0):
            continue
        now = _age(slots[j].day, slots[j].weight)
        if now > oldest or (now == oldest and slots[j].key > last_tied):
            kept[slot_in(kept, slots[j].key)] = slots[j]
    size[0] -= drop
    return kept
