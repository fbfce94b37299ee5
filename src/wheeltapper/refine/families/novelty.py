"""Novelty: never, once or hardly ever before; who of the peers has."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, account, group, listed, peer, since, units, word
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    n = told.baseline_n
    if n == 0:
        return f"the first this {account(told)} was ever seen to do here"
    if told.before < 0.5:
        return f"never before in {units(told, n)} {since(told)}"
    times = max(1, round(told.before))
    often = {1: "once", 2: "twice"}.get(times, f"about {times:,} times")
    return f"{often} before in {units(told, n)} {since(told)}"


def peers(told: Told) -> str:
    of, had = round(told.of_peers), round(told.peers)
    if of < 1:
        return ""
    if of == 1:
        only = f"the only other {peer(told) or account(told)}"
        return f"nor has {only}" if had == 0 else f"{only} has"
    who = group(told, of)
    if had == 0:
        return f"nor has any of {who}"
    return f"{had:,} of {who} {'has' if had == 1 else 'have'}"


def normal(told: Told, words: Vocabulary) -> str:
    if not told.usual:
        return ""
    said = [word(told, words, value) for value, _ in told.usual[:3]]
    total = sum(n for _, n in told.usual)
    top = sum(n for _, n in told.usual[:3])
    share = f" ({top:,} of {units(told, total)} before)" if total else ""
    return f"{listed(said, 'or')}{share}"


def odd(told: Told, words: Vocabulary) -> str:
    n = told.baseline_n
    if n == 0:
        return ""
    if told.before < 0.5:
        return f"for the first time in {units(told, n)}"
    return f"hardly ever before in {units(told, n)}"


TELLING = Telling(
    name="novelty", history=history, peers=peers, normal=normal, odd=odd, compares=True
)
