"""Travel: from where to where, how far, and how soon."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, group
from wheeltapper.refine.words import Vocabulary

COUNTRIES = 677
"""Numbers of countries, and one for the unknown: two are packed into `before`."""
LETTERS = 26


def history(told: Told, words: Vocabulary, clause: str) -> str:
    before, now = divmod(round(told.before), COUNTRIES)
    here, there = (_country(number, words) for number in (now, before))
    # Down to hundreds: more would claim to know more than an address tells.
    far = f"at least {max(100, int(told.observed) // 100 * 100):,} km"
    soon = _span(told.expected)
    if here and there and here != there:
        return f"{here} {soon} after {there}, {far} away, faster than any flight"
    where = f" within {here}" if here and here == there else ""
    return f"{far} apart{where}, with {soon} between, faster than any flight"


def odd(told: Told, words: Vocabulary) -> str:
    before, now = divmod(round(told.before), COUNTRIES)
    here, there = (_country(number, words) for number in (now, before))
    if here and there and here != there:
        return f"{here} {_span(told.expected)} after {there}"
    return f"with {_span(told.expected)} between"


def _country(number: int, words: Vocabulary) -> str:
    if not 0 <= number < LETTERS * LETTERS:
        return ""
    first, second = divmod(number, LETTERS)
    return words.value("country", chr(ord("A") + first) + chr(ord("A") + second))


def _span(minutes: float) -> str:
    if minutes < 1.5:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"


def peers(told: Told) -> str:
    of, had = round(told.of_peers), round(told.peers)
    if of < 2:
        return ""
    if had == 0:
        return f"none of {group(told, of)} has ever moved so between these networks"
    have = "has" if had == 1 else "have"
    return f"{had:,} of {group(told, of)} {have} moved so to or from one of these networks"


def normal(told: Told, words: Vocabulary) -> str:
    return "one place at a time, or networks that it or others often change between"


TELLING = Telling(
    name="travel", history=history, peers=peers, normal=normal, odd=odd, baseline="day"
)
