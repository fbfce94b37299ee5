"""Forget: passers-by go when there are more entities than a shard may keep.

Whoever can make up names (a password guesser's user names, a scanner's addresses) could otherwise
fill the memory: each family keeps a row for each entity. First go those that were seen on fewest
days, up to a week; of those alike, the ones unseen for longest. So a flood of new names pushes out
its own and not the people who are off for the weekend. It happens only where a day begins, so that
it depends on the acts and not on how they were cut into batches.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.family import families
from wheeltapper.detect.table import Index, Int64s, new_index, number_all, widened

MOST_ENTITIES = 1_000_000
"""Of one kind (actors, addresses, …), in one shard."""
KEPT_SHARE = 0.75
WEEK_DAYS = 7
"""Who was seen on more days than this is no better known than who was seen on so many."""


def kept(index: Index, most: int) -> Int64s | None:
    """Numbers of the entities that stay, in order; None where all do."""
    size = int(index.size[0])
    if size <= most:
        return None
    seen = index.seen[:size]
    # Of those last seen on the same day, the later comers stay.
    order = np.lexsort((np.arange(size), seen["last"], np.minimum(seen["days"], WEEK_DAYS)))
    return np.sort(order[size - int(most * KEPT_SHARE) :])


def index_of(index: Index, numbers: Int64s) -> Index:
    """An index of only these, numbered anew in their order."""
    keys = np.zeros(int(index.size[0]), np.uint64)
    taken = index.keys != 0
    keys[index.numbers[taken]] = index.keys[taken]
    fresh, _ = number_all(new_index(), keys[numbers])
    return fresh._replace(seen=widened(index.seen[numbers], len(numbers)))


def forget(
    indexes: Mapping[str, Index],
    own: Mapping[str, Any],  # each family's own NamedTuple of arrays
    detectors: Sequence[Detector],
    most: int,
) -> tuple[dict[str, Index], dict[str, Any]]:
    """Indexes, and own states by detector, without the entities that are too many."""
    left, states = dict(indexes), dict(own)
    for entity, index in indexes.items():
        numbers = kept(index, most)
        if numbers is None:
            continue
        left[entity] = index_of(index, numbers)
        for one in detectors:
            if one.entity == entity:
                mine, size = states[one.name], int(index.size[0])
                rows = {
                    name: widened(getattr(mine, name), size)[numbers]
                    for name in families()[one.family].by_entity
                }
                states[one.name] = mine._replace(**rows)
    return left, states
