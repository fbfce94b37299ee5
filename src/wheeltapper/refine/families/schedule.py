"""Schedule: an hour of the week at which the entity never, or hardly ever, acts."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, counted, listed, since
from wheeltapper.refine.words import Vocabulary

HOURS = 168
"""From here on a value is an hour of a day off."""


def history(told: Told, words: Vocabulary, clause: str) -> str:
    hours = f"{counted(told.baseline_n, 'active hour')} {since(told)}"
    off = told.value.isdecimal() and int(told.value) >= HOURS
    if told.before < 0.5:
        return f"never active at that hour of {'a day off' if off else 'the week'} in {hours}"
    return f"hardly ever active at that hour in {hours}"


def normal(told: Told, words: Vocabulary) -> str:
    if not told.usual:
        return ""
    return listed([words.value("hour_of_week", v) for v, _ in told.usual[:3]], "or")


def odd(told: Told, words: Vocabulary) -> str:
    if told.before >= 0.5:
        return "hardly ever active at that hour before"
    return "never active at that hour before"


TELLING = Telling(name="schedule", history=history, normal=normal, odd=odd, baseline="active hour")
