"""Telling: what a kind of judge has to say of its findings: the seam to `refine/families`.

A module there, one for each family of kernels and one each for rules and models, holds `TELLING`;
the folder walk in `telling_of` finds it.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

from wheeltapper.refine import families
from wheeltapper.refine.told import Told
from wheeltapper.refine.wording import Wording
from wheeltapper.refine.words import Vocabulary


def nothing(told: Told) -> str:
    return ""


def no_normal(told: Told, words: Vocabulary) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How one family's findings are told."""

    name: str
    history: Callable[[Told, Vocabulary, str], str]
    """`(told, words, clause)`: what the entity's own past says, a part of a sentence such as
    `never before in 58 days`; `clause` is what the sentence has said already."""
    peers: Callable[[Told], str] = nothing
    """What peers do, as the sentence's next part."""
    normal: Callable[[Told, Vocabulary], str] = no_normal
    """What would have raised nothing."""
    odd: Callable[[Told, Vocabulary], str] = no_normal
    """Why it is odd, in the few words that end a headline: `for the first time in 58 days`."""
    unfolds: Literal["acts", "named", "window", "before"] = "acts"
    """What stands behind a finding: the acts it names, of which one is told, or the most frequent
    kinds; all acts of the clock's `window_hours`, or all of the `looks_back_hours` before it."""
    recount: Callable[[pl.DataFrame, Wording], float] | None = None
    """What was observed, from all acts behind the finding, where the kernel spoke before it was
    over: `(events, wording)`, events with `time, app, action, outcome, target, bytes, count`."""
    compares: bool = False
    """Whether the values that the entity usually has are worth telling."""
    baseline: str = ""
    """What `baseline_n` counts, in the singular; empty: the detector's unit."""


@cache
def _tellings() -> dict[str, Telling]:
    found = {}
    for module in pkgutil.iter_modules(families.__path__):
        one: Telling = importlib.import_module(f"{families.__name__}.{module.name}").TELLING
        found[one.name] = one
    return found


def telling_of(family: str) -> Telling:
    """How findings of a family are told; of one that has gone, as a model's are."""
    return _tellings().get(family) or _tellings()["model"]
