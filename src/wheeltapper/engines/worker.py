"""A worker: some of a detection's shards, in one process, on whichever engine started it.

All workers are shown the same days in the same order, each at least the acts that fall to its
shards. Before a day begins they exchange what they saw on the one before (`exchange`), and each
adds it up to the same peer tables. Worker 0 runs the models as well, which look at all actors at
once, and keeps the peer tables. Rules remember nothing: any worker judges any act.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from wheeltapper import activity, finding
from wheeltapper.detect import process as kernels
from wheeltapper.detect import snapshot
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.hashing import hash_column
from wheeltapper.detect.models.commands import COLUMNS as COMMAND_COLUMNS
from wheeltapper.detect.models.features import COLUMNS as MODEL_COLUMNS
from wheeltapper.detect.peers import Peers, no_peers
from wheeltapper.detect.prepare import DAY_US, columns_read
from wheeltapper.detect.shard import Shard, closed
from wheeltapper.engines.exchange import Exchange
from wheeltapper.engines.local.checkpoint import Manifest
from wheeltapper.engines.local.judges import Judges
from wheeltapper.errors import WheeltapperError

KEEPER = 0
"""The worker that runs the models and keeps the peer tables."""
LEAST_SHARDS = 2
"""One shard's state is kept in another form, by one process alone."""


def columns_for(judges: Judges) -> list[str]:
    """The Activity columns that kernels and models read."""
    named = {*columns_read(judges.detectors), "late"}
    if judges.models.names:
        named |= {*MODEL_COLUMNS, *COMMAND_COLUMNS}
    return [f.name for f in activity.FIELDS if f.name in named]


def by_column(detectors: Sequence[Detector]) -> dict[str, list[Detector]]:
    """Detectors by the column of their entity: each column is dealt out by itself."""
    return {
        c: [d for d in detectors if d.entity == c] for c in sorted({d.entity for d in detectors})
    }


def fell_to(acts: pa.Table, judges: Judges, shards: int, workers: int) -> list[np.ndarray]:
    """Rows that each worker has to be shown, in order: those of which it has a shard."""
    shown = np.zeros((workers, len(acts)), np.bool_)
    for column in by_column(judges.detectors):
        hashes = hash_column(acts[column], judges.secret)
        worker = (hashes % np.uint64(shards)) % np.uint64(workers)
        for number in range(workers):
            shown[number] |= (hashes != 0) & (worker == number)
    if judges.models.names:
        shown[KEEPER] = True
    return [np.flatnonzero(mask) for mask in shown]


def dealt(acts: pa.Table, judges: Judges, shards: int, workers: int) -> Iterator[pa.Table]:
    """What each worker is shown of `acts`: of its shards, what kernels and models read."""
    slim = acts.select(columns_for(judges)).unify_dictionaries().combine_chunks()
    for rows in fell_to(slim, judges, shards, workers):
        yield slim.take(pa.array(rows))


def part(acts: pa.Table, number: int, of: int) -> pa.Table:
    """The acts of which one of so many workers judges rules."""
    begin, end = (len(acts) * n // of for n in (number, number + 1))
    return acts.slice(begin, end - begin)


class Snapshots(Protocol):
    """Where a worker's snapshots are: on disk (`Checkpoint`), or wherever an engine keeps them."""

    folder: Path

    def read(self, name: str, checksum: str, /) -> bytes: ...
    def put(self, name: str, data: bytes) -> str: ...


@dataclass(slots=True)
class Worker:
    """Shards `number`, `number + workers`, … of so many."""

    judges: Judges
    exchange: Exchange
    shards: int
    day: int | None = None
    """The open day, in days since 1970-01-01; the same for all workers."""
    _shards: list[Shard] = field(default_factory=list)
    _peers: dict[str, Peers] = field(default_factory=dict)
    _models: Mapping[str, object] = field(default_factory=dict)

    def restore(self, checkpoint: Snapshots, manifest: Manifest) -> None:
        """Begin where the manifest says that detection stands.

        Raises
        ------
        WheeltapperError   if a snapshot is damaged, of other detectors, or of so many shards that
                           it cannot be gone on with.
        """
        mine = range(self.exchange.worker, self.shards, self.exchange.workers)
        self._shards = [
            Shard(
                detectors, self.judges.secret, number, self.shards,
                _read(checkpoint, manifest, name_of(manifest.saved, column, number), detectors),
            )
            for column, detectors in by_column(self.judges.detectors).items()
            for number in mine
        ]  # fmt: skip
        kept = _read(checkpoint, manifest, peers_name(manifest.saved), self.judges.detectors)
        for detector in self.judges.detectors:
            known = kept.detectors[detector.name].peers if kept else no_peers()
            self._peers[detector.name] = known
        for shard in self._shards:
            for detector in shard.detectors:
                shard.state.detectors[detector.name].peers = self._peers[detector.name]
        if self.exchange.worker == KEEPER:
            name = models_name(manifest.saved)
            self._models = (
                self.judges.models.from_bytes(checkpoint.read(name, manifest.files[name]))
                if name in manifest.files
                else self.judges.models.start()
            )
        if manifest.watermark_us is not None:
            self.day = manifest.watermark_us // DAY_US

    def judge(self, acts: pa.Table, days: Sequence[int]) -> pa.Table:
        """Judge acts in order of time, on all `days` of them, which are the same for all workers.

        Returns
        -------
        rows of `finding.SCHEMA` by kernels and models, in no order
        """
        apart = any(shard.crowded(len(acts)) for shard in self._shards)
        time_us = acts["time"].cast(pa.int64()).to_numpy()
        found = [finding.SCHEMA.empty_table()]
        for together in [[day] for day in days] if apart else [list(days)]:
            edges = [together[0] * DAY_US, (together[-1] + 1) * DAY_US]
            first, last = np.searchsorted(time_us, edges)
            for shard in self._shards:
                shard.take(acts.slice(first, last - first))
            for day in together:
                self._turn(day)
                for shard in self._shards:
                    shard.judge(day)
            found += [shard.findings() for shard in self._shards]
        if self.exchange.worker == KEEPER and self.judges.models.names:
            found.append(self._by_models(acts, days))
        return pa.concat_tables(found)

    def _by_models(self, acts: pa.Table, days: Sequence[int]) -> pa.Table:
        self._models, said = self.judges.models.process(self._models, acts)  # type: ignore[arg-type]
        return said

    def _turn(self, day: int) -> None:
        """Close the open day if this is a later one."""
        if self.day is not None and day > self.day:
            saw = {}
            for column in {shard.column for shard in self._shards}:
                mine = [shard.saw() for shard in self._shards if shard.column == column]
                for name in {name for one in mine for name in one}:
                    saw[name] = np.concatenate([one[name] for one in mine if name in one])
            seen = self.exchange.swap(self.day, saw)
            self._peers = closed(self._peers, seen, self.judges.detectors, self.day)
            for shard in self._shards:
                shard.close({d.name: self._peers[d.name] for d in shard.detectors})
        self.day = day

    def save(self, checkpoint: Snapshots, step: int) -> dict[str, str]:
        """Put the state of this worker's shards there; the checksums of its files by name."""
        files = {}
        for shard in self._shards:
            bare = {
                name: kernels.DetectorState(one.own, one.open, no_peers())
                for name, one in shard.state.detectors.items()
            }
            state = kernels.State(shard.state.indexes, bare, shard.state.watermark_us)
            name = name_of(step, shard.column, shard.number)
            files[name] = checkpoint.put(name, snapshot.to_bytes(state, shard.detectors))
        if self.exchange.worker == KEEPER:
            files |= self.save_peers(checkpoint, step)
            name = models_name(step)
            files[name] = checkpoint.put(name, self.judges.models.to_bytes(self._models))  # type: ignore[arg-type]
        return files

    def save_peers(self, checkpoint: Snapshots, step: int) -> dict[str, str]:
        """The same with the peer tables, which all workers have and need one copy of."""
        kept = kernels.start(self.judges.detectors)
        for name, peers in self._peers.items():
            kept.detectors[name].peers = peers
        name = peers_name(step)
        return {name: checkpoint.put(name, snapshot.to_bytes(kept, self.judges.detectors))}


def name_of(step: int, column: str, shard: int) -> str:
    return f"detect-{step}-{column}-{shard}.arrow"


def peers_name(step: int) -> str:
    return f"detect-{step}-peers.arrow"


def models_name(step: int) -> str:
    return f"models-{step}.arrow"


def _read(
    checkpoint: Snapshots, manifest: Manifest, name: str, detectors: Sequence[Detector]
) -> kernels.State | None:
    """A snapshot; None before the first step."""
    if not manifest.files:
        return None
    try:
        data = checkpoint.read(name, manifest.files.get(name, ""))
        state, anew = snapshot.from_bytes(data, detectors)
    except ValueError as error:
        raise WheeltapperError(f"{checkpoint.folder}: {error}") from error
    if anew:
        raise WheeltapperError(
            f"{len(anew)} detectors are new or changed ({', '.join(anew[:5])}); where several "
            "workers share detection, they learn by judging history again: "
            "wheeltapper detect --replay"
        )
    return state
