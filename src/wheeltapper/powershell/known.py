"""The known examples that a command is most like: by sketches of them, no text is kept.

A sketch is what 64 hash functions find least among the 5-grams of a command's normal form; the
share of hashes that two sketches have in common estimates how many of all their 5-grams they share.
One example of each cluster of near-duplicates is kept, malicious and benign, with the name of its
collection and the kind of attack. Method: MinHash (Broder, 1997), kept in 16 bits (Li and König,
2010). Cost: about a millisecond for a command, 190 bytes for an example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wheeltapper.errors import ConfigError
from wheeltapper.powershell.ngrams import Kind, features
from wheeltapper.powershell.records import Record

FILE = Path(__file__).parent / "shipped" / "known.npy"
HASHES = 64
LEAST = 0.2
"""What is less alike is not told."""
_KIND = Kind(sizes=(5,), raw=False)
_NAMED = 60
_ROW = np.dtype([("label", "u1"), ("what", f"S{_NAMED}"), ("sketch", "<u2", (HASHES,))])
_RNG = np.random.default_rng(20)
_TIMES = _RNG.integers(1, 1 << 32, HASHES, np.uint32) | np.uint32(1)
_PLUS = _RNG.integers(0, 1 << 32, HASHES, np.uint32)

Sketch = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A known example."""

    what: str
    """Its collection, and the kind of attack where that is known."""
    label: int
    """1 is malicious."""
    likeness: float
    """Estimated share of 5-grams in common, 0 to 1; in steps of 1/64."""


def sketch(plain: str) -> Sketch | None:
    """Of a normal form; None if it is too short to have 5-grams."""
    places, _ = features(_KIND, "", plain)
    if not len(places):
        return None
    mixed = places.astype(np.uint32)[:, None] * _TIMES + _PLUS
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x2C1B3C6D)
    mixed ^= mixed >> np.uint32(12)
    return np.asarray(mixed.min(axis=0).astype(np.uint16))  # its lowest bits


def nearest(plain: str, most: int = 3, file: Path = FILE) -> list[Near]:
    """The examples that a normal form is most like, the most alike first."""
    own = sketch(plain)
    table = load(file)
    if own is None or not len(table):
        return []
    likeness = (table["sketch"] == own).mean(axis=1)
    best = np.argsort(-likeness, kind="stable")[:most]
    return [
        Near(
            what=bytes(table["what"][at]).decode("utf-8", "replace"),
            label=int(table["label"][at]),
            likeness=float(likeness[at]),
        )
        for at in best
        if likeness[at] >= LEAST
    ]


def write(records: Sequence[Record], plains: Sequence[str], file: Path) -> int:
    """Keep sketches of one record of each cluster; how many there are."""
    rows, seen = [], set[tuple[int, str, str, str]]()
    for record, plain in zip(records, plains, strict=True):
        key = record.label, record.source, record.family, record.group
        if key in seen or (own := sketch(plain)) is None:
            continue
        seen.add(key)
        what = ", ".join(part for part in (record.source, record.family) if part)
        rows.append((record.label, what.encode("utf-8", "replace")[:_NAMED], own))
    np.save(file, np.array(rows, _ROW), allow_pickle=False)
    return len(rows)


@cache
def load(file: Path = FILE) -> npt.NDArray[np.void]:
    """The table of examples.

    Raises
    ------
    ConfigError   if it is missing or something else
    """
    try:
        table = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}; make models") from error
    if table.dtype != _ROW or table.ndim != 1:
        raise ConfigError(f"{file}: holds no known examples of this version; make models")
    return np.asarray(table)
