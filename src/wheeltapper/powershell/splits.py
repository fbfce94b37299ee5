"""Which records a model learns from and which it is measured on.

- *pairs*: trained without both sources of a pair, one malicious and one benign, and measured on
  them: what a model does on sources it has never seen. To need few trainings benign sources are
  left out half at a time, so each pair is measured by a model that saw neither, nor the rest of
  that half, nor any text that is nearly one of those (sources copy from each other).
- *grouped*: three folds, near-duplicates in one fold. Sources are known, texts are not.
- *random*: for comparison with papers that split so; it flatters.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.records import Record

PAIRS, GROUPED, RANDOM = "pairs", "grouped", "random"
SPLITS = (PAIRS, GROUPED, RANDOM)
MOST_OF_SOURCE = 500
"""Records of one source that a fold of pairs is measured on; more cost time and tell little."""
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fold:
    """One training and what it is measured on."""

    split: str
    number: int
    train: Rows
    test: Rows


def folds(records: Sequence[Record], split: str) -> list[Fold]:
    """The folds of a split, the same for the same records."""
    if split == PAIRS:
        return _pairs(records)
    place = np.array(
        [_place(r.group if split == GROUPED else f"{i}", split) for i, r in enumerate(records)]
    )
    parts, measured = (3, 3) if split == GROUPED else (5, 1)
    return [
        Fold(split, n, np.flatnonzero(place % parts != n), np.flatnonzero(place % parts == n))
        for n in range(measured)
    ]


def sources(records: Sequence[Record]) -> tuple[list[str], list[str]]:
    """Names of the malicious sources and of the benign ones."""
    found = {label: sorted({r.source for r in records if r.label == label}) for label in (1, 0)}
    return found[1], found[0]


def _pairs(records: Sequence[Record]) -> list[Fold]:
    malicious, benign = sources(records)
    source = np.array([r.source for r in records])
    used = _capped(records)
    group = np.array([r.group for r in records])
    made = list[Fold]()
    for bad in malicious:
        for good in (benign[0::2], benign[1::2]):
            out = np.isin(source, [bad, *good])
            near = np.isin(group, group[out])
            made.append(Fold(PAIRS, len(made), np.flatnonzero(~near), np.flatnonzero(out & used)))
    return made


def _capped(records: Sequence[Record]) -> npt.NDArray[np.bool_]:
    """At most so many records of a source, those whose hash is lowest: no matter of order."""
    used = np.zeros(len(records), np.bool_)
    by_source: dict[str, list[tuple[int, int]]] = {}
    for at, record in enumerate(records):
        by_source.setdefault(record.source, []).append((_place(record.text, "cap"), at))
    for ranked in by_source.values():
        used[[at for _, at in sorted(ranked)[:MOST_OF_SOURCE]]] = True
    return used


def _place(text: str, salt: str) -> int:
    digest = hashlib.sha256(f"{salt}\0{text}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big")


def weights(records: Sequence[Record], rows: Rows) -> npt.NDArray[np.float64]:
    """How often each row should be seen: classes alike, sources and clusters far more alike.

    Half the weight is of each class; within it a source has the root of its number of clusters,
    within a source each cluster the same, within a cluster each text. Sums to 1.
    """
    clusters: dict[tuple[int, str], dict[str, int]] = {}
    for row in rows:
        r = records[row]
        of_source = clusters.setdefault((r.label, r.source), {})
        of_source[r.group] = of_source.get(r.group, 0) + 1
    of_class = {
        label: sum(np.sqrt(len(c)) for (of, _), c in clusters.items() if of == label)
        for label in (0, 1)
    }
    found = np.empty(len(rows))
    for at, row in enumerate(rows):
        r = records[row]
        of_source = clusters[r.label, r.source]
        share = np.sqrt(len(of_source)) / of_class[r.label]
        found[at] = share / len(of_source) / of_source[r.group]
    return np.asarray(found / found.sum())
