"""Lockstep: accounts that did the same, to the same target, at the same time, again and again.

After SynchroTrap (CCS 2014) and CopyCatch (WWW 2013), in time near-linear in the acts. Acts are
put into windows of hours, and once more shifted by half, so that no edge parts a pair both times.
Accounts that share `(act, target, window)` meet; those who meet at enough different targets are
tied into one group. What is rarely shared (a card, a device, a text) counts at once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
HOURS = 2
CROWD = 60
"""More accounts than this at one target in one window are a crowd, not a group."""
MEETINGS = 2
"""Different targets at which two accounts have to meet."""
_MICROS = 3_600_000_000
_NEAR = 3
"""With so many of the next accounts of a window each is paired: linear in the acts."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Who acts in lockstep with whom."""

    group: Ints
    """(accounts): the group's number, -1 for who is in none."""
    size: Ints
    """(accounts): how many are in the group, itself included; 0 for none."""
    meetings: Ints
    """(accounts): how often it met one of its own group."""


def lockstep(account: Ints, what: Ints, time: Ints, accounts: int, *, at_once: bool) -> Groups:
    """Find groups.

    Parameters
    ----------
    account    who acted, 0 to accounts - 1
    what       a number for act and target together
    time       µs
    at_once    one meeting ties: for what honest strangers hardly share
    """
    pairs: list[Ints] = []
    width = HOURS * _MICROS
    for shift in (0, width // 2):
        window = (time + shift) // width
        pairs.append(_met(account, what, window))
    low, high, where = np.vstack(pairs).T
    # A pair counts once for each target, however many windows it shares there.
    order = np.lexsort((where, high, low))
    low, high, where = low[order], high[order], where[order]
    new = np.ones(len(low), bool)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1]) | (where[1:] != where[:-1])
    low, high = low[new], high[new]
    first = np.ones(len(low), bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    starts = np.flatnonzero(first)
    times = np.diff(np.append(starts, len(low)))
    tied = starts[times >= (1 if at_once else MEETINGS)]
    met = times[times >= (1 if at_once else MEETINGS)]
    root = _joined(low[tied], high[tied], accounts)
    meetings = np.bincount(low[tied], met, accounts) + np.bincount(high[tied], met, accounts)
    size = np.bincount(root, minlength=accounts)[root]
    alone = size < 2
    return Groups(np.where(alone, -1, root), np.where(alone, 0, size), meetings.astype(np.int64))


def _met(account: Ints, what: Ints, window: Ints) -> Ints:
    """Pairs of one window, shape (pairs, 3): lower account, higher one, where they met."""
    order = np.lexsort((account, window, what))
    account, what, window = account[order], what[order], window[order]
    same = (what[1:] == what[:-1]) & (window[1:] == window[:-1])
    new = np.ones(len(account), bool)
    new[1:] = ~(same & (account[1:] == account[:-1]))
    account, what, window = account[new], what[new], window[new]
    edge = np.ones(len(account), bool)
    edge[1:] = (what[1:] != what[:-1]) | (window[1:] != window[:-1])
    starts = np.append(np.flatnonzero(edge), len(account))
    return _pairs(account, what, starts)


@njit(cache=True)
def _pairs(account: Ints, what: Ints, starts: Ints) -> Ints:
    made = 0
    for g in range(len(starts) - 1):
        n = starts[g + 1] - starts[g]
        if n <= CROWD:
            for step in range(1, _NEAR + 1):
                made += max(0, n - step)
    out = np.empty((made, 3), np.int64)
    at = 0
    for g in range(len(starts) - 1):
        if starts[g + 1] - starts[g] > CROWD:
            continue
        for i in range(starts[g], starts[g + 1]):
            for j in range(i + 1, min(i + 1 + _NEAR, starts[g + 1])):
                out[at, 0], out[at, 1], out[at, 2] = account[i], account[j], what[i]
                at += 1
    return out


@njit(cache=True)
def _joined(low: Ints, high: Ints, accounts: int) -> Ints:
    """Union by the lower number; shape (accounts): the lowest account of each one's group."""
    root = np.arange(accounts)
    for i in range(len(low)):
        a, b = low[i], high[i]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a < b:
            root[b] = a
        else:
            root[a] = b
    for i in range(accounts):
        root[i] = root[root[i]]
    return root
