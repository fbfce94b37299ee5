"""Reason: why a finding weighs less or more than by itself, in words.

What `learn` left beside it becomes a note such as `lowered: 14 of 14 like it were benign for
developer peers`, or `raised: 2 of 3 like it were malicious`.
"""

from dataclasses import dataclass

from wheeltapper.refine.learn import ACCOUNT, GROUP, SAME, VALUE
from wheeltapper.refine.told import Told, account, peer

LEAST_BITS = 0.05
"""A smaller change is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Judged cases that hold the like of a finding, by one of `learn`'s levels."""

    level: str
    cases: int
    malicious: int
    policy: int
    wrong: int


def reason(alike: Alike, bits: float, told: Told) -> str:
    """The note; `bits` is what the finding gained, below 0 what it lost. Empty if hardly any."""
    if abs(bits) < LEAST_BITS or not alike.cases:
        return ""
    worth = alike.malicious + alike.policy
    if bits > 0:
        return f"raised: {_of(worth, alike)} {_worth(alike)}{_where(alike, told)}"
    if 2 * alike.wrong > alike.cases:
        return f"lowered: {_of(alike.wrong, alike)} wrong data"
    benign = alike.cases - worth
    if alike.level == SAME:
        times = f"{benign:,} of {alike.cases:,} times"
        return f"lowered: just this was benign for this {account(told)}, {times}"
    return f"lowered: {_of(benign, alike)} benign{_where(alike, told)}"


def _of(some: int, alike: Alike) -> str:
    """`14 of 14 like it were`"""
    what = "with this value" if alike.level == VALUE else "like it"
    return f"{some:,} of {alike.cases:,} {what} {'was' if alike.cases == 1 else 'were'}"


def _worth(alike: Alike) -> str:
    if not alike.policy:
        return "malicious"
    return "malicious or against policy" if alike.malicious else "against policy"


def _where(alike: Alike, told: Told) -> str:
    if alike.level in (GROUP, VALUE):
        return f" for {peer(told)}s" if peer(told) else " among its peers"
    return f" for this {account(told)}" if alike.level == ACCOUNT else ""
