"""Sequence: how much of what was done is habit, and whose habits explain its order better."""

from math import floor, log10

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, account, group, peer, since, units
from wheeltapper.refine.words import Vocabulary

MILLION = 1e6


def history(told: Told, words: Vocabulary, clause: str) -> str:
    steps = round(told.observed)
    new = steps - min(steps, round(told.expected))
    if steps == 1:
        which = "it never" if new else "it seldom"
    elif new == 0:
        which = f"all {steps:,} seldom"
    elif new == steps:
        which = f"none of {steps:,} ever"
    else:
        which = f"{new:,} of {steps:,} never"
    return f"{which} came after the one before in {units(told, told.baseline_n)} {since(told)}"


def peers(told: Told) -> str:
    of = round(told.of_peers)
    others = group(told, of) if of > 1 else f"the only other {peer(told) or account(told)}"
    whose = f"those of {others}" if of >= 1 else "anybody's"
    return f"the {account(told)}'s own habits explain the order {_worse(told.llr)} than {whose}"


def _worse(bits: float) -> str:
    """`about 300 times worse`: to one digit, which is as exact as it can be."""
    times = 2.0 ** min(bits, 40.0)
    if times > MILLION:
        return "more than a million times worse"
    if times < 2:
        return "hardly better"
    unit = 10 ** floor(log10(times))
    return f"about {round(times / unit) * unit:,.0f} times worse"


def normal(told: Told, words: Vocabulary) -> str:
    return "steps in the order in which it usually takes them"


TELLING = Telling(name="sequence", history=history, peers=peers, normal=normal)
