"""Clock: an offset from UTC that does not fit where the entity lives."""

from wheeltapper.refine.families.novelty import normal, odd, peers
from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, since, units
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    n = told.baseline_n
    if told.before < 0.5:
        return f"never before in {units(told, n)} {since(told)}"
    return f"at this time of the year hardly ever before in {units(told, n)} {since(told)}"


TELLING = Telling(name="clock", history=history, peers=peers, normal=normal, odd=odd, compares=True)
