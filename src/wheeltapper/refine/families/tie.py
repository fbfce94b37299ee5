"""Tie: what somebody did who said nothing odd by it, told because of what ties them to the case."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    return told.title


TELLING = Telling(name="tie", history=history, unfolds="named", baseline="act")
