"""Which texts are nearly the same: by sketches (`known`), for files of records that do not say.

A model that is measured on a text which it has nearly learned from looks better than it is, so
near-duplicates have to be in one fold. Method: MinHash with banding (Broder, 1997; Leskovec et al.,
2020, section 3.4): texts that share all four hashes of one of 16 bands are compared, those that
share `ALIKE` of all hashes are one group, and so is what is alike to one of the group. Linear in
the number of texts: within a band only with the first that has the same four.
"""

from collections.abc import Sequence
from dataclasses import replace

from wheeltapper.powershell.known import HASHES, Sketch, sketch
from wheeltapper.powershell.normalise import normalise
from wheeltapper.powershell.records import Record

ALIKE = 0.6
_BAND = 4


def grouped(records: Sequence[Record]) -> list[Record]:
    """Records with near-duplicates in one group; as they are if any two share one already."""
    if len({record.group for record in records}) < len(records):
        return list(records)
    groups = near(list(map(normalise, (record.text for record in records))))
    return [
        replace(record, group=f"near.{group}")
        for record, group in zip(records, groups, strict=True)
    ]


def near(plains: Sequence[str]) -> list[int]:
    """Group of each text, given in normal form: the place of the first of the group."""
    parent = list(range(len(plains)))
    sketches = [sketch(plain) for plain in plains]
    first: dict[tuple[int, bytes] | str, int] = {}
    for at, (plain, own) in enumerate(zip(plains, sketches, strict=True)):
        if own is None:  # too short for a sketch: the same or not
            _join(parent, first.setdefault(plain, at), at)
            continue
        for band in range(0, HASHES, _BAND):
            other = first.setdefault((band, own[band : band + _BAND].tobytes()), at)
            if other != at and _alike(own, sketches[other]):
                _join(parent, other, at)
    return [_root(parent, at) for at in range(len(plains))]


def _alike(one: Sketch, other: Sketch | None) -> bool:
    return other is not None and float((one == other).mean()) >= ALIKE


def _join(parent: list[int], one: int, other: int) -> None:
    a, b = sorted((_root(parent, one), _root(parent, other)))
    parent[b] = a


def _root(parent: list[int], at: int) -> int:
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at
