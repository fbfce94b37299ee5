"""What a kernel family is: the seam between the statistics and everything around them.

A family module in `detect/statistics` holds `Settings`, a start state, a kernel and `FAMILY`; the
folder walk in `families` finds it. What an entity did is *own* state of its shard; what peers do
is read from `Peers`, the tables of closed days; what was seen today is summed in `Open`.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from wheeltapper.detect import statistics
from wheeltapper.detect.hashing import Hashes
from wheeltapper.detect.peers import Open, Peers
from wheeltapper.detect.table import Bools, Float64s, Int32s, Int64s


class Columns(NamedTuple):
    """A batch as one detector reads it: which rows it looks at, and whole columns.

    `row` has the positions in (time, event_id) order; every other array has the batch's length and
    is shared with the other detectors.
    """

    row: Int64s
    entity: Hashes
    number: Int32s
    """Dense number of the entity in this shard; -1 where there is none."""
    group: Hashes
    """Peer group; 0 where there is none."""
    value: Hashes
    """0 where the act has no value or the detector names none."""
    unit: Hashes
    """What counts as one: acts with the same unit count once per value."""
    day: Int32s
    """Days since 1970-01-01, UTC."""
    hour: Int64s
    """Hours since 1970-01-01, UTC."""
    hour_of_week: Int32s
    """In the actor's own zone, 0 (Monday 00 h) to 167; -1 where unknown."""
    amount: Float64s
    """How many acts the record stands for: whole, from 1."""
    time: Int64s
    """Microseconds since 1970-01-01 00:00 UTC."""
    mark: Bools
    """Whether the act meets the detector's `mark`; empty where it names none."""
    measure: Float64s
    """The detector's `measure`; NaN where an act has none, empty where it names none."""
    latitude: Float64s
    """Degrees; NaN where the place is unknown, empty unless the family needs `place`."""
    longitude: Float64s
    utc_offset: Float64s
    """Minutes east of UTC; NaN where untold, empty unless the family needs `offset`."""


class Hits(NamedTuple):
    """What a kernel has to say: one row a finding, all of one length.

    Each family's docstring says what `observed`, `expected`, `before` and the peers' figures are.
    """

    row: Int64s
    bits: Float64s
    llr: Float64s
    observed: Float64s
    expected: Float64s
    baseline: Float64s
    """Units of own history."""
    peers: Float64s
    """Peers who do the like, or what they do on average: the family says which."""
    of_peers: Float64s
    """How many peers there are, or how many of their units stand behind `peers`."""
    since: Float64s
    """Day of the entity's first act that this detector saw."""
    before: Float64s
    """How often the entity did it before (faded)."""


FIELDS = len(Hits._fields)


def hits_of(out: Float64s) -> Hits:
    """Hits from the (fields, n) matrix that kernels fill."""
    return Hits(out[0].astype(np.int64), *(out[i].copy() for i in range(1, FIELDS)))


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of question about an entity's acts, and the kernel that answers it."""

    name: str
    settings: type[Any]  # each family has its own frozen dataclass of numbers
    start: Callable[[], Any]
    """Own state before any act: a NamedTuple of arrays of the family's own."""
    step: Callable[[Any, Open, Peers, Columns, Any], tuple[Any, Open, Peers, Hits]]
    """`(own, open, peers, acts, settings) -> (own, open, peers, hits)`: judge and learn acts in
    order; arrays change in place. The open day closes when an act of a later one comes, so an
    engine with several shards hands over one day at a time and closes it with `close_day`."""
    by_entity: tuple[str, ...]
    """Own arrays with a row for each entity number; they are widened before `step`."""
    needs: tuple[str, ...] = ()
    """What an entry must name, of `value`, `mark` and `measure`; `place` asks for coordinates,
    `offset` for the UTC offset."""


@cache
def families() -> dict[str, Family]:
    """Every family in `detect/statistics`, by name."""
    found = {}
    for module in pkgutil.iter_modules(statistics.__path__):
        family: Family = importlib.import_module(f"{statistics.__name__}.{module.name}").FAMILY
        found[family.name] = family
    return found
