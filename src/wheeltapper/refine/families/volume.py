"""Volume: how much was moved, and how much was to be expected."""

import polars as pl

from wheeltapper.refine import values
from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told, among, counted, per, within
from wheeltapper.refine.wording import Wording
from wheeltapper.refine.words import Vocabulary

BYTES = "bytes"


def amount(told: Told, number: float) -> str:
    if told.wording.measure == BYTES:
        return values.size(number)
    return values.number(number if number < 100 else round(number))


def history(told: Told, words: Vocabulary, clause: str) -> str:
    much = f"{amount(told, told.observed)} {within(told.wording.window_hours)}"
    if told.baseline_n < 1:
        return f"{much}, with no history of its own to compare with"
    window = "active hour" if told.wording.window_hours == 1 else "active window"
    return (
        f"{much}, where about {amount(told, told.expected)} were to be expected "
        f"from {counted(told.baseline_n, window)}"
    )


def peers(told: Told) -> str:
    of = round(told.of_peers)
    return f"about {amount(told, told.peers)} {among(told, of)}" if of >= 1 else ""


def normal(told: Told, words: Vocabulary) -> str:
    return f"about {amount(told, told.expected)} {within(told.wording.window_hours)}"


def odd(told: Told, words: Vocabulary) -> str:
    if told.baseline_n < 1:
        return ""
    usual = amount(told, told.expected)
    return f"{amount(told, told.observed)}, where {usual} {per(told.wording.window_hours)} is usual"


def recount(events: pl.DataFrame, wording: Wording) -> float:
    """All that was moved in the fullest window, not just up to where it was noticed."""
    if wording.measure != BYTES:
        return 0.0  # the number is not among what is told of events
    window = pl.col("time").dt.truncate(f"{wording.window_hours}h")
    moved = events.group_by(window).agg(pl.col("bytes").clip(lower_bound=0).cast(float).sum())
    return float(max(moved["bytes"].to_list(), default=0))


TELLING = Telling(
    name="volume", history=history, peers=peers, normal=normal, odd=odd, unfolds="window",
    recount=recount, baseline="active hour",
)  # fmt: skip
