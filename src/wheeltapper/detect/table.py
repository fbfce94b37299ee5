"""Open-addressing hash tables of flat arrays, for use inside kernels.

A key is a 64-bit hash, 0 marks an empty slot, probing is linear, a table is at most half full.
Growth is by doubling at the insert that needs it, so a table's bytes depend on what was put in
and in which order, never on how the input was cut into batches.

What a kernel looks up and changes together lies together: a slot is a record of 32 bytes or so
with its key first, because a look-up costs one visit to memory and not much else.
"""

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from wheeltapper.detect.hashing import Hashes

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Float32s = npt.NDArray[np.float32]
Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]

_T = TypeVar("_T", bound=np.generic)
SMALLEST = 64


SEEN = np.dtype([("last", "i4"), ("days", "i4")])
"""The day on which an entity was last looked at, and on how many it was."""


class Index(NamedTuple):
    """Hash to dense number, in order of first appearance."""

    keys: Hashes
    numbers: Int32s
    size: Int64s
    """Shape (1,): how many are in."""
    seen: Records
    """`SEEN` by number."""


def new_index() -> Index:
    return Index(
        np.zeros(SMALLEST, np.uint64),
        np.zeros(SMALLEST, np.int32),
        np.zeros(1, np.int64),
        np.zeros(0, SEEN),
    )


@njit(cache=True, inline="always")
def slot_of(keys: Hashes, key: np.uint64) -> np.int64:
    """Where `key` is, or the empty slot where it would go."""
    mask = keys.size - 1
    at = np.int64(key & np.uint64(mask))
    while keys[at] != np.uint64(0) and keys[at] != key:
        at = (at + 1) & mask
    return at


@njit(cache=True)
def slot_in(slots: Records, key: np.uint64) -> np.int64:
    """The same in a table of records."""
    mask = slots.size - 1
    at = np.int64(key & np.uint64(mask))
    while slots[at].key != np.uint64(0) and slots[at].key != key:
        at = (at + 1) & mask
    return at


@njit(cache=True)
def moved(slots: Records, wider: Records) -> Records:
    """Put what is in `slots` into the empty table `wider`; returns it."""
    for j in range(slots.size):
        if slots[j].key != np.uint64(0):
            wider[slot_in(wider, slots[j].key)] = slots[j]
    return wider


@njit(cache=True)
def with_room(slots: Records, size: int) -> Records:
    """A table with room for one more than the `size` that are in: the same or one of twice."""
    if 2 * (size + 1) <= slots.size:
        return slots
    return moved(slots, np.zeros(2 * slots.size, slots.dtype))


@njit(cache=True, nogil=True)
def number(
    keys: Hashes, numbers: Int32s, size: Int64s, hashes: Hashes, wanted: Bools, out: Int32s
) -> tuple[Hashes, Int32s]:
    for i in range(hashes.size):
        key = hashes[i]
        if key == np.uint64(0) or not wanted[i]:
            out[i] = -1
            continue
        at = slot_of(keys, key)
        if keys[at] == np.uint64(0):
            if 2 * (size[0] + 1) > keys.size:
                old_keys, old_numbers = keys, numbers
                keys = np.zeros(2 * old_keys.size, np.uint64)
                numbers = np.zeros(2 * old_keys.size, np.int32)
                for j in range(old_keys.size):
                    if old_keys[j] != np.uint64(0):
                        to = slot_of(keys, old_keys[j])
                        keys[to] = old_keys[j]
                        numbers[to] = old_numbers[j]
                at = slot_of(keys, key)
            keys[at] = key
            numbers[at] = np.int32(size[0])
            size[0] += 1
        out[i] = numbers[at]
    return keys, numbers


def number_all(index: Index, hashes: Hashes, wanted: Bools | None = None) -> tuple[Index, Int32s]:
    """Dense number of each hash, new ones added; -1 for a null (0) and what is not `wanted`.

    `index.size` is changed.
    """
    out = np.empty(hashes.size, np.int32)
    if wanted is None:
        wanted = np.ones(hashes.size, np.bool_)
    keys, numbers = number(index.keys, index.numbers, index.size, hashes, wanted, out)
    return Index(keys, numbers, index.size, index.seen), out


def widened(array: npt.NDArray[_T], rows: int) -> npt.NDArray[_T]:
    """`array` with room for at least `rows` rows (doubling), new ones zero."""
    if len(array) >= rows:
        return array
    room = max(SMALLEST, 1 << (rows - 1).bit_length())
    wider = np.zeros((room, *array.shape[1:]), array.dtype)
    wider[: len(array)] = array
    return wider
