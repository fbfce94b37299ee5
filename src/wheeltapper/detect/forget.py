"""Forget: entities that were unseen for longest go when there are more than a shard may keep.

Whoever can make up names (a password guesser's user names, a scanner's addresses) could otherwise
fill the memory: each family keeps a row for each entity. It happens only where a day begins, so
that it depends on the acts and not on how they were cut into batches.
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


def kept(index: Index, most: int) -> Int64s | None:
    """Numbers of the entities that stay, in order; None where all do."""
    size = int(index.size[0])
    if size <= most:
        return None
    days = index.days[:size]
    # Of those last seen on the same day, the later comers stay.
    order = np.lexsort((np.arange(size), days))
    return np.sort(order[size - int(most * KEPT_SHARE) :])


def index_of(index: Index, numbers: Int64s) -> Index:
    """An index of only these, numbered anew in their order."""
    keys = np.zeros(int(index.size[0]), np.uint64)
    taken = index.keys != 0
    keys[index.numbers[taken]] = index.keys[taken]
    fresh, _ = number_all(new_index(), keys[numbers])
    return fresh._replace(days=widened(index.days[numbers], len(numbers)))


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
