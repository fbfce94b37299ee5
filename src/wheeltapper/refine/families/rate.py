"""Rate: how many, and how many were to be expected."""

import polars as pl

from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, about, group, within
from wheeltapper.refine.wording import Wording
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    per = within(told.wording.window_hours)
    windows = "active hours" if told.wording.window_hours == 1 else "active windows"
    if told.baseline_n < 1:
        return f"{told.observed:,.0f} {per}, with no history of its own to compare with"
    # "made 306 changes" need not be told twice.
    count = f"{told.observed:,.0f}"
    many = "all of them" if f" {count} " in f" {clause} " else count
    return (
        f"{many} {per}, where {about(told.expected)} were to be expected "
        f"from {told.baseline_n:,} {windows}"
    )


def peers(told: Told) -> str:
    of = round(told.of_peers)
    return f"{about(told.peers)} among {group(told, of)}" if of >= 1 else ""


def normal(told: Told, words: Vocabulary) -> str:
    return f"about {max(told.expected, 1.0):,.0f} {within(told.wording.window_hours)}"


def recount(events: pl.DataFrame, wording: Wording) -> float:
    """All acts of the fullest window, not just those up to where it was noticed."""
    window = pl.col("time").dt.truncate(f"{wording.window_hours}h")
    return float(max(events.group_by(window).len()["len"].to_list(), default=0))


TELLING = Telling(
    name="rate", history=history, peers=peers, normal=normal, unfolds="window", recount=recount,
    baseline="active hour",
)  # fmt: skip
