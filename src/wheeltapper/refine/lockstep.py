"""Lockstep: whether what many did at once was arranged for them, or done by one hand.

A roll-out reaches people where they are: in their teams, over their working hours, at their usual
addresses and with their usual programs. One hand that moves many accounts moves them one right
after the other, from where they never were (SynchroTrap, Cao et al., CCS 2014; CopyCatch, Beutel et
al., WWW 2013: the same act, in the same narrow time, by accounts with nothing else in common). Four
log-likelihood ratios, in bits, one hand against an arrangement, and the odds before:

    time     gaps between one account's first act and the next are exponential: with the mean that
             is seen, or that of a working day in which all of them come at their own time
    place,   how many act from an address, with a client program, they never used before. Members of
    client   a wave are not independent, so the share of them is unknown, not its consequences:
             beta-binomial, Beta(4, 1) for one hand and Beta(1, 4) for an arrangement
    team     members over peer groups against a draw from all accounts (multinomial), less what it
             takes to say which groups, and with which shares; for an arrangement, never against one
    before   one wave of a thousand is one hand's

What the wave is itself about proves nothing: a wave of a new network is from new addresses, whoever
makes it. Each ratio is bounded, so that time alone, or any other alone, decides nothing. Assumed,
and wrong for a mail that everybody opens at once: in an arrangement accounts come independently
over a working day. That such a mail is read in its place with one's own program outweighs it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, lgamma, log, log2
from statistics import median

PRIOR = -10.0
"""Bits: log2 of the odds before anything is looked at."""
MOST_TIME = 9.0
MOST_OTHER = 12.0
LEAST_TIME = 3.0
"""Bits: what is spread over hours is not in step, wherever it comes from."""
WORKING_DAY_S = 8 * 3600.0
STRANGE, USUAL = (4.0, 1.0), (1.0, 4.0)
"""Beta priors of the share of accounts that are where they never were: one hand's, and arranged."""
MOST_RAISED = 12.0
"""Bits that lockstep adds to its members' evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Log-likelihood ratios in bits, one hand against an arrangement; 0: nothing is known."""

    time: float
    place: float
    client: float
    team: float
    """From 0; against one hand."""

    @property
    def bits(self) -> float:
        """All of them, and the odds before."""
        return PRIOR + self.time + self.place + self.client - self.team

    @property
    def one_hand(self) -> bool:
        return self.time >= LEAST_TIME and self.bits > 0

    @property
    def raised(self) -> float:
        """Bits above the members' own, from 0 to `MOST_RAISED`."""
        return min(self.bits, MOST_RAISED) if self.one_hand else 0.0


def judged(
    seconds: Sequence[float],
    *,
    new_place: tuple[int, int] | None,
    new_client: tuple[int, int] | None,
    teams: Mapping[str, int],
    sizes: Mapping[str, int],
) -> Judgement:
    """What speaks for one hand and what against it.

    Parameters
    ----------
    seconds : of each account's first act, in any order
    new_place, new_client : how many of how many act from where, with what, they never did before;
        None where that is not known, or is what the wave is about
    teams : accounts of the wave by peer group; sizes : accounts of all peer groups
    """
    return Judgement(
        time=time_bits(seconds),
        place=0.0 if new_place is None else strange_bits(*new_place),
        client=0.0 if new_client is None else strange_bits(*new_client),
        team=team_bits(teams, sizes),
    )


def time_bits(seconds: Sequence[float]) -> float:
    """How much closer together than a working day would have them; below 0: farther apart.

    By the median gap, which a few stragglers do not move; one second at least.
    """
    ordered = sorted(seconds)
    gaps = [b - a for a, b in pairwise(ordered)]
    if not gaps:
        return 0.0
    usual = WORKING_DAY_S / len(ordered)
    seen = max(median(gaps) / log(2), 1.0)
    ratio = len(gaps) * (log(usual / seen) - 1 + seen / usual) / log(2)
    bits = ratio - log2(len(gaps)) / 2 if seen < usual else -ratio
    return max(-MOST_TIME, min(MOST_TIME, bits))


def strange_bits(strange: int, of: int) -> float:
    """That so many of so many are where they never were, one hand against an arrangement."""
    bits = (_log_share(strange, of, *STRANGE) - _log_share(strange, of, *USUAL)) / log(2)
    return max(-MOST_OTHER, min(MOST_OTHER, bits))


def _log_share(k: int, n: int, a: float, b: float) -> float:
    """Logarithm of the beta-binomial probability, without the number of orders."""
    return _log_beta(k + a, n - k + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def team_bits(teams: Mapping[str, int], sizes: Mapping[str, int]) -> float:
    """How much more in few peer groups than as many drawn from all accounts; from 0.

    Accounts of no known peer group are left out.
    """
    known = {name: k for name, k in sorted(teams.items()) if name and sizes.get(name, 0) > 0}
    n, total = sum(known.values()), sum(sizes.values())
    if n < 2 or len(sizes) < 2:
        return 0.0
    bits = sum(k * log2(k / n * total / sizes[name]) for name, k in known.items())
    which = log2(comb(len(sizes), len(known)))
    shares = (len(known) - 1) * log2(n) / 2
    return max(0.0, min(MOST_OTHER, bits - which - shares))
