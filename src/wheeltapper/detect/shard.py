"""One shard among several: its acts are judged a day at a time, and all shards read the same peers.

A shard has the entities of one column whose hash falls to it, and every act of theirs. `take` hands
it acts of one or more days, `judge` one of those days after the other; when all shards have had a
day, what they `saw` is added up and `close` gives the peer tables of the closed day to each. So the
findings are those of `process` over all acts, as long as no table of it has to forget anything: a
shard has the capacity of a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from wheeltapper import finding
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.distinct import Memo
from wheeltapper.detect.family import Columns, Hits
from wheeltapper.detect.findings import findings_of
from wheeltapper.detect.forget import MOST_ENTITIES, forget
from wheeltapper.detect.hashing import hash_column
from wheeltapper.detect.peers import Open, Peers, close_day, nothing_open
from wheeltapper.detect.prepare import DAY_US, Prepared, columns_read, number_entities, prepare
from wheeltapper.detect.process import State, run, start
from wheeltapper.detect.table import Records

Sums = Mapping[str, Records]
"""What was seen on a day by detector: rows of `peers.SUM`, none empty, in no order."""


class Shard:
    """The detectors of one entity column, over the entities that fall to one shard."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        secret: bytes,
        number: int,
        shards: int,
        state: State | None = None,
    ) -> None:
        (self.column,) = {d.entity for d in detectors}
        self.detectors = tuple(detectors)
        self.state = state or start(detectors)
        self.number = number
        self._shards = np.uint64(shards)
        self._secret = secret
        self._reads = columns_read(detectors)
        self._memo = Memo(secret)
        self._prepared: Prepared | None = None
        self._columns: dict[str, Columns] = {}
        self._hits: dict[str, list[Hits]] = {}

    def crowded(self, acts: int) -> bool:
        """May so many more acts bring more entities than are kept? Then take one day at a time."""
        return any(
            int(index.size[0]) + acts > MOST_ENTITIES for index in self.state.indexes.values()
        )

    def take(self, events: pa.Table) -> None:
        """Make ready to judge those of the acts that fall to this shard.

        Parameters
        ----------
        events : pa.Table   columns of `activity.SCHEMA` that the detectors read, in (time,
                            event_id) order, none before those of the call before; acts of other
                            shards may be among them

        Raises
        ------
        ValueError   if the acts begin before the state's watermark.
        """
        mine = hash_column(events[self.column], self._secret)
        falls = (mine != 0) & (mine % self._shards == np.uint64(self.number))
        self._prepared, self._hits = None, {}
        if not falls.any():
            return
        # A filter leaves chunks as they are, each with its dictionary.
        table = events.select(self._reads).filter(pa.array(falls))
        prepared = prepare(table, self.detectors, self._secret, self._memo)
        if prepared.time_us[0] < self.state.watermark_us:
            raise ValueError("a shard needs acts in order of time, none before the watermark")
        if self.crowded(len(table)) and self.state.watermark_us // DAY_US < prepared.days[0]:
            self._forget()
        indexes = number_entities(prepared, self.detectors, self.state.indexes)
        self.state = replace(self.state, indexes=indexes, watermark_us=int(prepared.time_us[-1]))
        self._prepared = prepared
        self._columns = {d.name: prepared.columns_of(d) for d in self.detectors}

    def _forget(self) -> None:
        own = {name: one.own for name, one in self.state.detectors.items()}
        indexes, own = forget(self.state.indexes, own, self.detectors, MOST_ENTITIES)
        moved = {n: replace(one, own=own[n]) for n, one in self.state.detectors.items()}
        self.state = State(indexes, moved, self.state.watermark_us)

    def judge(self, day: int) -> None:
        """Judge and learn what was taken of one day (days since 1970-01-01)."""
        if self._prepared is None:
            return
        first, last = np.searchsorted(self._prepared.days, [day, day + 1])
        entities = int(self.state.indexes[self.column].size[0])
        for detector in self.detectors:
            acts = self._columns[detector.name]
            begin, end = np.searchsorted(acts.row, [first, last])
            if begin < end:
                today = acts._replace(row=acts.row[begin:end])
                known = self.state.detectors[detector.name]
                moved, hits = run(known, today, detector, entities)
                self.state.detectors[detector.name] = moved
                self._hits.setdefault(detector.name, []).append(hits)

    def findings(self) -> pa.Table:
        """What was said of the acts that were taken: rows of `finding.SCHEMA`."""
        if self._prepared is None:
            return finding.SCHEMA.empty_table()
        said = (
            (detector, Hits(*(np.concatenate(parts) for parts in zip(*hits, strict=True))))
            for detector in self.detectors
            if (hits := self._hits.get(detector.name))
        )
        found = findings_of(said, self._prepared)
        self._prepared, self._hits, self._columns = None, {}, {}
        return found

    def saw(self) -> Sums:
        """What this shard saw on the open day, by detector; those that saw nothing are left out."""
        return {
            name: one.open.slots[one.open.slots["key"] != 0]
            for name, one in self.state.detectors.items()
            if one.open.size[0]
        }

    def close(self, peers: Mapping[str, Peers]) -> None:
        """The day is over: forget what was seen on it, and read these tables from now on."""
        for name, one in self.state.detectors.items():
            moved = replace(one, open=nothing_open(), peers=peers.get(name, one.peers))
            self.state.detectors[name] = moved


def closed(
    peers: Mapping[str, Peers], seen: Sequence[Sums], detectors: Sequence[Detector], day: int
) -> dict[str, Peers]:
    """The peer tables after `day`, of which `seen` is what all shards saw; `peers` is used up."""
    after = dict(peers)
    for detector in detectors:
        sums = [one[detector.name] for one in seen if detector.name in one]
        if sums:
            rows = np.concatenate(sums)
            together = Open(rows, np.full(1, rows.size, np.int64), np.full(1, day, np.int64))
            half_life = float(detector.settings.half_life_days)
            after[detector.name] = close_day(peers[detector.name], [together], day, half_life)
    return after
