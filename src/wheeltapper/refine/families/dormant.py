"""Dormant: how long it was silent before, and whether peers ever were."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, counted, group, since
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    n, longest = told.baseline_n, round(told.expected)
    active = f"{counted(n, 'active day')} {since(told)}"
    if longest <= 1:
        return f"never silent for a day in {active}"
    if told.before >= 0.5:
        times = max(1, round(told.before))
        often = {1: "once", 2: "twice"}.get(times, f"about {times:,} times")
        return f"silent for as long {often} before, in {active}"
    if longest >= told.observed:  # by the calendar, but not by what others did meanwhile
        return f"silent for longer in quieter times only (at most {longest:,} days), in {active}"
    return f"never silent for more than {longest:,} days in {active}"


def peers(told: Told) -> str:
    of, were = round(told.of_peers), round(told.peers)
    if of < 1:
        return ""
    if were == 0:
        return f"nor was any of {group(told, of)} for as long"
    return f"{were:,} of {group(told, of)} {'was' if were == 1 else 'were'} for as long"


def normal(told: Told, words: Vocabulary) -> str:
    longest = round(told.expected)
    return f"at most {longest:,} days of silence" if longest > 1 else ""


def odd(told: Told, words: Vocabulary) -> str:
    longest = round(told.expected)
    if told.before >= 0.5 or longest >= told.observed:
        return ""
    return (
        "never silent before" if longest <= 1 else f"never silent for over {longest:,} days before"
    )


TELLING = Telling(
    name="dormant", history=history, peers=peers, normal=normal, odd=odd, baseline="active day"
)
