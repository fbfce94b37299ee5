"""Rate: how many, and how many were to be expected."""

import polars as pl

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, about, among, counted, usual, within
from wheeltapper.refine.wording import Wording
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    span = within(told.wording.window_hours)
    window = "active hour" if told.wording.window_hours == 1 else "active window"
    if told.baseline_n < 1:
        return f"{told.observed:,.0f} {span}, with no history of its own to compare with"
    # "made 306 changes" need not be told twice.
    count = f"{told.observed:,.0f}"
    many = "all of them" if f" {count} " in f" {clause} " else count
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


def recount(events: pl.DataFrame, wording: Wording) -> float:
    """All acts of the fullest window, not just those up to where it was noticed."""
    window = pl.col("time").dt.truncate(f"{wording.window_hours}h")
    return float(max(events.group_by(window).len()["len"].to_list(), default=0))


TELLING = Telling(
    name="rate", history=history, peers=peers, normal=normal, odd=odd, unfolds="window",
    recount=recount, baseline="active hour",
)  # fmt: skip
