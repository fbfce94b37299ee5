"""Agreement: how far reviewers agree beyond chance, how much each does, and how well.

Cohen's κ (1960) of the first two blind opinions of accounts that were judged twice; its interval
is his large-sample one, too narrow below some thirty pairs. Of a reviewer: opinions, the middle
of the seconds they took, how often they were right where what the account is was known, and how
often they agreed with what was settled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

from wheeltapper.referral import ESCALATED, FRAUD, HONEST, Opinion, Referral

_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement of pairs: 1 perfect, 0 what chance gives."""

    value: float
    low: float
    high: float
    pairs: int
    agreed: float
    """Share of pairs that said the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """What one reviewer did."""

    name: str
    opinions: int
    today: int
    seconds: float
    """The middle one of what was measured; 0 where nothing was."""
    gold: int
    gold_right: int
    settled: int
    settled_alike: int


def kappa(pairs: Sequence[tuple[str, str]]) -> Kappa | None:
    """Of what two reviewers said about the same; None without pairs."""
    n = len(pairs)
    if not n:
        return None
    agreed = sum(a == b for a, b in pairs) / n
    words = {word for pair in pairs for word in pair}
    chance = sum(
        (sum(a == w for a, _ in pairs) / n) * (sum(b == w for _, b in pairs) / n) for w in words
    )
    if chance >= 1:  # all said one and the same thing, so that nothing is known of agreement
        return Kappa(1.0, -1.0, 1.0, n, agreed)
    value = (agreed - chance) / (1 - chance)
    half = _Z * sqrt(agreed * (1 - agreed) / n) / (1 - chance)
    return Kappa(value, max(-1.0, value - half), min(1.0, value + half), n, agreed)


def blind_pairs(
    accounts: Iterable[Referral], opinions: Mapping[str, Sequence[Opinion]]
) -> list[tuple[str, str]]:
    """The first opinions of the first two reviewers, of accounts that were judged twice.

    First ones only: who changes an opinion may have seen the other's by then.
    """
    pairs = []
    for account in accounts:
        if not account.double:
            continue
        first: dict[str, str] = {}
        for one in opinions.get(account.account, ()):
            if one.round == 0:
                first.setdefault(one.by, one.opinion)
        if len(first) >= 2:
            a, b, *_ = first.values()
            pairs.append((a, b))
    return pairs


def reviewers(
    accounts: Mapping[str, Referral], opinions: Sequence[Opinion], truth: Mapping[str, str],
    day: str,
) -> list[Reviewer]:  # fmt: skip
    """Each who ever spoke, the busiest first.

    Parameters
    ----------
    truth   what was settled, by account
    day     today in UTC, `2026-07-10`
    """
    newest = {(one.by, one.account, one.round): one for one in opinions}
    told = []
    for name in sorted({one.by for one in opinions}):
        mine = [one for one in newest.values() if one.by == name]
        sure = [one for one in mine if one.opinion in (FRAUD, HONEST)]
        gold = [one for one in sure if accounts[one.account].gold]
        # What one reviewer alone settled agrees with itself, and tells nothing.
        shared = [one for one in sure if _several(one.account, newest) and truth.get(one.account)]
        times = [one.seconds for one in mine if one.seconds > 0]
        told.append(
            Reviewer(
                name=name, opinions=len(mine),
                today=sum(one.at.date().isoformat() == day for one in mine),
                seconds=median(times) if times else 0.0, gold=len(gold),
                gold_right=sum(one.opinion == accounts[one.account].gold for one in gold),
                settled=len(shared),
                settled_alike=sum(one.opinion == truth[one.account] for one in shared),
            )
        )  # fmt: skip
    return sorted(told, key=lambda one: -one.opinions)


def escalated(accounts: Iterable[Referral]) -> int:
    """How many wait for somebody to decide between others."""
    return sum(one.state == ESCALATED for one in accounts)


def _several(account: str, newest: Mapping[tuple[str, str, int], Opinion]) -> bool:
    return len({by for by, about, _ in newest if about == account}) > 1
