"""Telling: what an account did, in sentences for whoever looks at it, each beside what is usual.

Made from the same signals that a model sees, and of the same moment. Half of all accounts lie
below what is called usual. Nothing is said where there is nothing to say.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from wheeltapper.accounts.signals import Seen
from wheeltapper.accounts.steps import Columns
from wheeltapper.accounts.tables import Tables

_SECOND = 1_000_000
_MOST_KINDS = 6


@dataclass(frozen=True, slots=True)
class _Own:
    """An account's own signals by name; counts are kept as logarithms and come back as counts."""

    columns: Columns
    account: int

    def plain(self, name: str) -> float:
        return float(np.nan_to_num(self._column(name)[self.account]))

    def count(self, name: str) -> int:
        return round(float(np.expm1(self.plain(name))))

    def usual(self, name: str) -> float:
        return float(np.nanmedian(self._column(name)))

    def usual_count(self, name: str) -> int:
        return round(float(np.expm1(self.usual(name))))

    def _column(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return self.columns.rows[:, self.columns.names.index(name)]


def facts(tables: Tables, now: Seen, account: int) -> list[str]:
    """What stands out or frames it: age, volume, reach, texts, shared things, reports."""
    own = _Own(now.own, account)
    told = [_age(tables, own), _volume(tables, own), *_reach(own), *_texts(own)]
    told += _things(tables, own)
    reports = own.count("reports")
    if reports:
        told.append(f"Reported by users {_times(reports)}.")
    return [line for line in told if line]


def _age(tables: Tables, own: _Own) -> str:
    created = tables.created[own.account]
    day = datetime.fromtimestamp(created // _SECOND, UTC).strftime("%-d %B %Y")
    days, usual = own.plain("age in days"), own.usual("age in days")
    return f"{_span(days)} old, made on {day}; half of all are younger than {_span(usual)}."


def _volume(tables: Tables, own: _Own) -> str:
    acts = own.count("acts")
    if not acts:
        return "It has done nothing yet."
    kinds = [(own.count(f"{kind}s"), kind) for kind in tables.kinds[:_MOST_KINDS]]
    listed = ", ".join(f"{n:,} {kind}{'s' if n > 1 else ''}" for n, kind in kinds if n)
    busiest, first = own.count("acts in the busiest hour"), own.count("acts in the first day")
    more = [f"{busiest:,} within its busiest hour"] if busiest > 3 else []
    more += [f"{first:,} on its first day"] if first > 3 else []
    usual = own.usual_count("acts")
    return f"{listed}{''.join(f', {m}' for m in more)}; usual is {usual:,} in all."


def _reach(own: _Own) -> list[str]:
    others = own.count("different targets")
    if not others:
        return []
    name = "share of targets that ever answered"
    answered, usual = own.plain(name), own.usual(name)
    return [
        f"It turned to {_accounts(others)} (usual: {own.usual_count('different targets'):,}); "
        f"{answered:.0%} of them ever turned to it (usual: {usual:.0%})."
    ]


def _texts(own: _Own) -> list[str]:
    texts, others = own.count("texts"), own.plain("share of texts that others write")
    if not texts or others <= 0:
        return []
    name = "accounts that write nearly the same"
    return [
        f"{others:.0%} of the {texts:,} texts it wrote are nearly what others write (usual: "
        f"{own.usual('share of texts that others write'):.0%}); one of them "
        f"{_accounts(own.count(name))} write as well."
    ]


def _things(tables: Tables, own: _Own) -> list[str]:
    told = []
    for thing in tables.things:
        holders, usual = (
            own.count(f"accounts with the same {thing}"),
            own.usual_count(f"accounts with the same {thing}"),
        )
        if holders > max(usual, 1):
            told.append(
                f"It shares a {thing} with {_accounts(holders - 1)} (usual: {max(usual - 1, 0):,})."
            )
    return told


def _accounts(count: int) -> str:
    return f"{count:,} other account{'s' if count != 1 else ''}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _span(days: float) -> str:
    if days < 2:
        hours = max(1, round(days * 24))
        return f"{hours} hour{'s' if hours > 1 else ''}"
    return f"{days:,.0f} days" if days < 730 else f"{days / 365.25:,.1f} years"
