"""Periodicity: how often, how regularly, and who else keeps such time."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, counted, group, since, times
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    kept = f"every {_period(told.expected)}, {times(round(told.observed))} by then"
    days = told.baseline_n
    if days < 1:
        return f"{kept}, on the first day it was ever seen here"
    count = f"{counted(days, 'day')} before, {since(told)}"
    if told.before < 0.5:
        return f"{kept}; never so regular in {count}"
    return f"{kept}; hardly ever so regular in {count}"


def _period(seconds: float) -> str:
    if seconds < 90:
        return "second" if round(seconds) <= 1 else f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f}".removesuffix(".0") + " hours"


def peers(told: Told) -> str:
    of, had = round(told.of_peers), round(told.peers)
    if of < 2:
        return ""
    if had == 0:
        return f"none of {group(told, of)} does it so regularly"
    return f"{had:,} of {group(told, of)} {'does' if had == 1 else 'do'} it as regularly"


def normal(told: Told, words: Vocabulary) -> str:
    return "pauses as a person makes them, or a service account of its own"


def odd(told: Told, words: Vocabulary) -> str:
    return f"every {_period(told.expected)}, {times(round(told.observed))}"


TELLING = Telling(
    name="periodicity", history=history, peers=peers, normal=normal, odd=odd, baseline="day"
)
