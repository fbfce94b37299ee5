"""Spread: how many different ones, and how many were to be expected."""

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, about, group, within
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    per = within(told.wording.window_hours)
    windows = {1: "active hours", 24: "active days"}.get(
        told.wording.window_hours, "active windows"
    )
    count = f"{told.observed:,.0f}"
    # "failed to sign in to 85 accounts" need not be told twice.
    many = "all of them" if f" {count} " in f" {clause} " else f"{count} different ones"
    if told.baseline_n < 1:
        return f"{many} {per}, with no history of its own to compare with"
    return f"{many} {per}, where {about(told.expected)} were to be expected from " + (
        f"{told.baseline_n:,} {windows}"
    )


def peers(told: Told) -> str:
    of = round(told.of_peers)
    return f"{about(told.peers)} among {group(told, of)}" if of >= 1 else ""


def normal(told: Told, words: Vocabulary) -> str:
    return f"about {max(told.expected, 1.0):,.0f} {within(told.wording.window_hours)}"


TELLING = Telling(
    name="spread", history=history, peers=peers, normal=normal, unfolds="window",
    baseline="active window",
)  # fmt: skip
