"""What models are trained on: every record as it is, and written otherwise a few times (`augment`).

Networks and the traditional models are fed the same texts with the same weights.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from wheeltapper.powershell.augment import vary
from wheeltapper.powershell.records import Record
from wheeltapper.powershell.views import view

VARIANTS = 3


@dataclass(frozen=True, slots=True)
class Lessons:
    """For each record: texts as they came and in normal form; the first is the record itself."""

    texts: list[list[tuple[str, str]]]

    def own(self) -> list[tuple[str, str]]:
        return [texts[0] for texts in self.texts]


def prepare(records: Sequence[Record], variants: int = VARIANTS, seed: int = 1) -> Lessons:
    """Unwrap all records and their variants; some minutes for ten thousand."""
    found = []
    for number, record in enumerate(records):
        rng = random.Random(f"{seed}.{number}")  # noqa: S311  nothing secret
        texts = [record.text, *(vary(record.text, rng) for _ in range(variants))]
        seen = [view(text) for text in texts]
        found.append([(one.raw, one.plain) for one in seen])
    return Lessons(found)
