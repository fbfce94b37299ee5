"""Burst: how many failures, how often it takes any, and how peers fare."""

from wheeltapper.refine import values
from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, counted, group, since
from wheeltapper.refine.words import Vocabulary

NEVER = 0.5
"""Fewer, faded, are none."""


def history(told: Told, words: Vocabulary, clause: str) -> str:
    n = told.baseline_n
    if n < 1:
        return "the first success ever seen of it"
    times = f"{counted(n, 'success')} {since(told)}"
    if told.before < NEVER:
        return f"of {times} none came after a failure"
    came = f"about {told.before:,.0f}" if told.before >= 1.5 else "one"
    return f"of {times} {came} came after a failure, then after {_usually(told)}"


def peers(told: Told) -> str:
    of = round(told.of_peers)
    if of < 1:
        return ""
    share = f"{values.number(100 * told.peers)} %"
    if told.baseline_n < 1:
        return f"{share} of the successes of {group(told, of)} came after a failure"
    return f"{share} of those of {group(told, of)} did"


def normal(told: Told, words: Vocabulary) -> str:
    if told.before < NEVER:
        return ""
    usually = _usually(told)
    return f"a success after {usually} {'failure' if usually == 'one' else 'failures'}"


def _usually(told: Told) -> str:
    return f"about {told.expected:,.0f}" if told.expected >= 1.5 else "one"


TELLING = Telling(
    name="burst", history=history, peers=peers, normal=normal, unfolds="before", baseline="success",
)  # fmt: skip
