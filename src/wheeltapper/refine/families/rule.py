"""Rule: which one it was."""

from wheeltapper.refine import values
from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    return f"rule “{values.clean(told.title or told.wording.about, 120)}”"


TELLING = Telling(name="rule", history=history, baseline="day")
