"""Around: what else an entity did before, while and after it stood out, a line each.

in the 12 minutes before: signed in to Okta, listed the buckets 14 times
meanwhile: looked up 31 instances and 6 other acts
in the hour after: signed out of Okta

Times are told by their distance, so that the lines are true in every reader's zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log2
from typing import Any

import polars as pl

from wheeltapper.refine import looked_up, values
from wheeltapper.refine.explain import plain
from wheeltapper.refine.looked_up import AFTER, BEFORE, MEANWHILE, Lake
from wheeltapper.refine.told import counted, listed
from wheeltapper.refine.unpack import table_of
from wheeltapper.refine.words import Vocabulary

MOST = 4
"""Kinds of acts that one line names."""
# A row of a Polars frame holds values of many types; each use below knows its own.
Row = Mapping[str, Any]
MOST_PLACES = 3
MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """What the lake knows of one story beside its findings."""

    acts: Sequence[Row] = ()
    places: Sequence[Row] = ()
    actors: Sequence[Row] = ()
    """Of an entity that is no account."""


@dataclass(frozen=True, slots=True)
class _Acts:
    text: str
    n: int
    first: datetime
    weight: float


def seen(lake: Lake, stories: pl.DataFrame, events: pl.DataFrame) -> dict[int, Seen]:
    """By story what the lake knows around it.

    Parameters
    ----------
    stories : `story, entity_type, entity, start, end`
    events : `event_id` of the acts that the stories tell
    """
    told = table_of(events.select("event_id").unique())
    found: dict[int, dict[str, list[Row]]] = {s: {} for s in stories["story"].to_list()}
    for (kind,), part in stories.group_by("entity_type", maintain_order=True):
        asked = table_of(part.select("story", "entity", "start", "end"))
        answers = {
            "acts": looked_up.around(lake, str(kind), asked, told),
            "places": looked_up.places(lake, str(kind), asked) if kind != "src_ip" else None,
            "actors": looked_up.actors(lake, str(kind), asked) if kind != "actor" else None,
        }
        for name, answer in answers.items():
            for row in answer.to_dicts() if answer is not None else ():
                found[row["story"]].setdefault(name, []).append(row)
    return {story: Seen(**parts) for story, parts in found.items()}


def lines(
    acts: Sequence[Row], start: datetime, end: datetime, words: Vocabulary
) -> tuple[str, ...]:
    """The lines, from rows of `looked_up.around` about one entity."""
    told = []
    for phase in (BEFORE, MEANWHILE, AFTER):
        rows = [row for row in acts if row["phase"] == phase]
        if rows:
            label = _when(phase, rows, start, end)
            told.append(f"{label}: {_said(_kinds(rows, words))}")
    return tuple(told)


def _when(phase: int, rows: Sequence[Row], start: datetime, end: datetime) -> str:
    if phase == MEANWHILE:
        return "meanwhile"
    if phase == BEFORE:
        return f"in the {_span(start - min(row['first'] for row in rows))} before"
    return f"in the {_span(max(row['last'] for row in rows) - end)} after"


def _kinds(rows: Iterable[Row], words: Vocabulary) -> list[_Acts]:
    """Acts of one phase, those that are called the same put together."""
    alike: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        act = (row["source"] or "", row["app"] or "", row["action"] or "")
        alike.setdefault((words.noun(*act), row["outcome"] or ""), []).append(row)
    return [_alike(some, words) for some in alike.values()]


def _alike(rows: Sequence[Row], words: Vocabulary) -> _Acts:
    row, n = rows[0], max(1, sum(r["n"] for r in rows))
    act = (row["source"] or "", row["app"] or "", row["action"] or "")
    alone = len(rows) == 1 and row["targets"] == 1
    target = (row["target"] or "") if alone else None
    outcome = row["outcome"] or ""
    harm = words.severity(*act) / (2 if outcome == "failure" else 1)
    return _Acts(
        text=words.act(*act, n, target, outcome, row["reason"]),
        n=n,
        first=min(r["first"] for r in rows),
        weight=harm + log2(n) / 4,
    )


def _said(kinds: Sequence[_Acts]) -> str:
    """The weightiest kinds in the order of time, and how many more acts there are."""
    chosen = sorted(kinds, key=lambda k: (-k.weight, k.first, k.text))[:MOST]
    said = [k.text for k in sorted(chosen, key=lambda k: (k.first, k.text))]
    rest = sum(k.n for k in kinds) - sum(k.n for k in chosen)
    return listed([*said, counted(rest, "other act")] if rest > 0 else said)


def _span(took: timedelta) -> str:
    """`minute`, `12 minutes`, `hour`: rounded up."""
    minutes = max(1, ceil(took.total_seconds() / 60))
    return "minute" if minutes == 1 else f"{minutes} minutes" if minutes < 55 else "hour"


def where_from(places: Sequence[Row], words: Vocabulary) -> str:
    """From which addresses it acted, new ones first, as a sentence; empty where none is known.

    `From 203.0.113.9 (Nigeria, never used before).`
    """
    if not places:
        return ""
    ordered = sorted(places, key=lambda p: (p["days"] > 0, -p["n"], p["src_ip"]))
    said = [_place(place, words) for place in ordered[:MOST_PLACES]]
    rest = len(ordered) - len(said)
    more = [counted(rest, "other address")] if rest else []
    return f"From {listed([*said, *more])}."


def _place(place: Row, words: Vocabulary) -> str:
    said = [words.value("country", place["country"])] if place["country"] else []
    if place["days"]:
        said.append(f"used on {counted(place['days'], 'day')} before")
    elif place["known"]:
        said.append("never used before")
    aside = f" ({', '.join(said)})" if said else ""
    return f"{values.clean(place['src_ip'])}{aside}"


def as_whom(actors: Sequence[Row]) -> str:
    """Which accounts acted from an address or on a machine: `As Kim Lee, ana and 39 others.`"""
    if not actors:
        return ""
    said = [plain("actor", row["actor"]) for row in actors[:MOST_NAMES]]
    rest = len(actors) - len(said)
    return f"As {listed([*said, counted(rest, 'other')] if rest > 0 else said)}."
