"""A shard's state as bytes and back: Arrow IPC, one row per array.

The same events give the same bytes however they were cut into batches: spare room is left out and
tables grow only by what is put in. A detector whose entry changed since does not get its old state
back; its name is returned, so that the caller can say that it starts anew.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.family import families
from wheeltapper.detect.peers import Open, Peers
from wheeltapper.detect.process import DetectorState, State, start
from wheeltapper.detect.table import Index

VERSION = 3
_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("type", pa.string()),
        pa.field("shape", pa.list_(pa.int64())),
        pa.field("data", pa.large_binary()),
    ]
)
Array = npt.NDArray[np.generic]


def _layout(family: str) -> str:
    """What the family's own state is made of: an update of the program may have changed it."""
    arrays = families()[family].start()._asdict()
    return json.dumps({n: np.lib.format.dtype_to_descr(a.dtype) for n, a in arrays.items()})


def fingerprint(detector: Detector) -> str:
    """Changes when old state would mean something else."""
    parts = (
        detector.family, detector.filter, detector.entity, detector.value, detector.unit,
        detector.peers, detector.mark, detector.measure, repr(detector.settings),
        _layout(detector.family),
    )  # fmt: skip
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def _arrays(state: State, detectors: Sequence[Detector]) -> Iterator[tuple[str, Array]]:
    for entity, index in state.indexes.items():
        entities = int(index.size[0])
        for name, array in index._asdict().items():
            yield f"index/{entity}/{name}", _fitted(array, entities, name == "seen")
    for detector in detectors:
        one = state.detectors[detector.name]
        entities = int(state.indexes[detector.entity].size[0])
        by_entity = families()[detector.family].by_entity
        for name, array in one.own._asdict().items():
            # Spare room for entities to come is no state; a detector that saw none has none.
            yield f"own/{detector.name}/{name}", _fitted(array, entities, name in by_entity)
        for name, array in one.open._asdict().items():
            yield f"open/{detector.name}/{name}", array
        for name, array in one.peers._asdict().items():
            yield f"peers/{detector.name}/{name}", array


def _fitted(array: Array, rows: int, by_entity: bool) -> Array:
    if not by_entity:
        return array
    if len(array) >= rows:
        return array[:rows]
    return np.concatenate([array, np.zeros((rows - len(array), *array.shape[1:]), array.dtype)])


def to_bytes(state: State, detectors: Sequence[Detector]) -> bytes:
    named = list(_arrays(state, detectors))
    meta = {
        "version": VERSION,
        "watermark_us": state.watermark_us,
        "fingerprints": {d.name: fingerprint(d) for d in detectors},
    }
    table = pa.table(
        {
            "name": [name for name, _ in named],
            "type": [json.dumps(np.lib.format.dtype_to_descr(a.dtype)) for _, a in named],
            "shape": [list(array.shape) for _, array in named],
            "data": _packed([array for _, array in named]),
        },
        schema=_SCHEMA.with_metadata({"wheeltapper": json.dumps(meta, sort_keys=True)}),
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _packed(arrays: Sequence[Array]) -> pa.LargeBinaryArray:
    """The bytes of each array; no second copy of a state is made on the way."""
    ends = np.cumsum([0, *(array.nbytes for array in arrays)], dtype=np.int64)
    packed = np.empty(ends[-1], np.uint8)
    for array, begin, end in zip(arrays, ends[:-1], ends[1:], strict=True):
        packed[begin:end] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(packed)]
    return pa.Array.from_buffers(pa.large_binary(), len(arrays), buffers)


def from_bytes(data: bytes, detectors: Sequence[Detector]) -> tuple[State, list[str]]:
    """The state, and the names of detectors that have none in it or changed since.

    Raises
    ------
    ValueError   if the bytes are no snapshot, or one of a later version.
    """
    try:
        table = pa.ipc.open_stream(data).read_all()
        meta = json.loads(table.schema.metadata[b"wheeltapper"])
    except (pa.ArrowInvalid, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a snapshot of detection state: {error}") from error
    if meta["version"] > VERSION:
        raise ValueError(f"snapshot of version {meta['version']}, this program reads {VERSION}")
    state = start(detectors)
    state.watermark_us = meta["watermark_us"]
    if meta["version"] < VERSION:
        return state, [detector.name for detector in detectors]
    parts = zip(*(table[name] for name in ("name", "type", "shape", "data")), strict=True)
    arrays: dict[str, Array] = {
        name.as_py(): np.frombuffer(part.as_buffer(), _dtype(kind.as_py()))
        .reshape(shape.as_py())
        .copy()
        for name, kind, shape, part in parts
    }
    for entity in state.indexes:
        if f"index/{entity}/keys" in arrays:
            state.indexes[entity] = Index(
                *(arrays[f"index/{entity}/{field}"] for field in Index._fields)  # type: ignore[arg-type]  # dtypes are checked by the file's own type column
            )
    anew = []
    for detector in detectors:
        if meta["fingerprints"].get(detector.name) != fingerprint(detector):
            anew.append(detector.name)
            continue
        own = state.detectors[detector.name].own
        state.detectors[detector.name] = DetectorState(
            own._replace(**{f: arrays[f"own/{detector.name}/{f}"] for f in own._fields}),
            Open._make(arrays[f"open/{detector.name}/{f}"] for f in Open._fields),
            Peers._make(arrays[f"peers/{detector.name}/{f}"] for f in Peers._fields),
        )
    return state, anew


def _dtype(text: str) -> np.dtype[np.generic]:
    found = json.loads(text)
    fields = [tuple(field) for field in found] if isinstance(found, list) else found
    return np.dtype(fields)
