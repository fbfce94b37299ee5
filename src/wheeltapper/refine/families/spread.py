"""Spread: how many different ones, and how many were to be expected."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, about, among, counted, usual, within
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    span = within(told.wording.window_hours)
    window = {1: "active hour", 24: "active day"}.get(told.wording.window_hours, "active window")
    count = f"{told.observed:,.0f}"
    # "failed to sign in to 85 accounts" need not be told twice.
    many = "all of them" if f" {count} " in f" {clause} " else f"{count} different ones"
    if told.baseline_n < 1:
        return f"{many} {span}, with no history of its own to compare with"
    return (
        f"{many} {span}, where {about(told.expected)} were to be expected "
        f"from {counted(told.baseline_n, window)}"
    )


def peers(told: Told) -> str:
    of = round(told.of_peers)
    return f"{about(told.peers)} {among(told, of)}" if of >= 1 else ""


def normal(told: Told, words: Vocabulary) -> str:
    return f"{about(told.expected)} {within(told.wording.window_hours)}"


def odd(told: Told, words: Vocabulary) -> str:
    if told.baseline_n < 1:
        return ""
    return f"where {usual(told.expected, told.wording.window_hours)}"


TELLING = Telling(
    name="spread", history=history, peers=peers, normal=normal, odd=odd, unfolds="window",
    baseline="active window",
)  # fmt: skip
