"""Aside: what entities did of late that is not yet learned, in one pool for all of them.

Whether an act is worth learning often shows only later. Until then it lies in a chain of its
entity: `entities[e].first` is the number of the latest record, a record's `next` that of the one
before it, 0 ends it; number 1 lies at 0. What is given back is used again, the latest first, so
the pool is as large as what ever lay in it at one time.
"""

import numpy as np
from numba import njit

from wheeltapper.detect.table import SMALLEST, Int64s, Records

PENDING = np.dtype([("context", "u8"), ("value", "u8"), ("next", "i8")])
KEPT_SHARE = 0.75


def nothing_aside() -> tuple[Records, Int64s]:
    """The records; how many numbers were ever given out, and the latest given back (0: none)."""
    return np.zeros(SMALLEST, PENDING), np.zeros(2, np.int64)


@njit(cache=True)
def _given_back(pending: Records, pool: Int64s, number: int) -> None:
    pending[number - 1].context = np.uint64(0)
    pending[number - 1].value = np.uint64(0)
    pending[number - 1].next = pool[1]
    pool[1] = number


@njit(cache=True)
def _with_number(pending: Records, pool: Int64s, entities: Records) -> Records:
    """A pool that has a number to give out.

    What was set aside of entities that were since forgotten is found when the pool is full.
    """
    if pool[1] or pool[0] < pending.size:
        return pending
    used = np.zeros(pending.size, np.bool_)
    for e in range(entities.size):
        number = np.int64(entities[e].first)
        while number:
            used[number - 1] = True
            number = pending[number - 1].next
    for j in range(pending.size):
        if not used[j]:
            _given_back(pending, pool, j + 1)
    if np.sum(used) <= KEPT_SHARE * used.size:
        return pending
    wider = np.zeros(2 * pending.size, pending.dtype)
    wider[: pending.size] = pending
    return wider


@njit(cache=True)
def set_aside(
    pending: Records, pool: Int64s, entities: Records, e: int, context: np.uint64, value: np.uint64
) -> Records:
    """Put one more in an entity's chain; returns the records, more of them where they were full."""
    pending = _with_number(pending, pool, entities)
    number = pool[1]
    if number:
        pool[1] = pending[number - 1].next
    else:
        pool[0] += 1
        number = pool[0]
    pending[number - 1].context = context
    pending[number - 1].value = value
    pending[number - 1].next = entities[e].first
    entities[e].first = number
    return pending


@njit(cache=True)
def forgotten(pending: Records, pool: Int64s, entities: Records, e: int) -> None:
    """Give all of an entity's chain back."""
    number = np.int64(entities[e].first)
    while number:
        follows = pending[number - 1].next
        _given_back(pending, pool, int(number))
        number = follows
    entities[e].first = 0
