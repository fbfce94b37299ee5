"""Ordering: which accounts people look at first, so that the model learns most and least is lost.

Three lists take turns: *uncertain* (probability near a half), *novel* (unlike whatever was judged)
and *costly* (probability times how many it reaches); a random sample, gold questions and what the
policy wants looked at are dealt in between. Any one of the three alone narrows what is learned
(Settles, 2009, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
UNCERTAIN, NOVEL, COSTLY, RANDOM, POLICY, CHECK = (
    "uncertain", "novel", "costly", "random", "policy", "check",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """One account's place in the queue, and why it is there."""

    account: int
    via: str


def order(
    score: Floats,
    novelty: Floats,
    reach: Floats,
    *,
    must: Mask,
    drawn: Mask,
    gold: Mask,
    left: Mask,
    size: int,
) -> list[Turn]:
    """The queue.

    Parameters
    ----------
    score     probability of fraud
    novelty   0 like something judged, 1 like nothing
    reach     how many others an account deals with
    must      the policy wants them looked at: all are in the queue
    drawn     the random sample: all are in it, too
    gold      what they are is known: some are dealt in to check on reviewers
    left      who may be asked about at all: nobody judged them yet
    size      accounts picked by the three lists
    """
    lists = {
        POLICY: _falling(score, must & left),
        RANDOM: _falling(np.zeros(len(score)), drawn & left),
        UNCERTAIN: _falling(-np.abs(score - 0.5), left),
        NOVEL: _falling(novelty, left),
        COSTLY: _falling(score * np.log1p(reach), left),
        CHECK: _falling(np.zeros(len(score)), gold),
    }
    picks = dict.fromkeys(lists, 0)
    room = {
        POLICY: int((must & left).sum()),
        RANDOM: int((drawn & left).sum()),
        CHECK: max(1, size // 20),
        **dict.fromkeys((UNCERTAIN, NOVEL, COSTLY), -(-size // 3)),
    }
    taken: set[int] = set()
    queue: list[Turn] = []
    for via in _turns(len(score)):
        if picks[via] >= room[via]:
            if all(picks[v] >= room[v] or not lists[v] for v in lists):
                break
            continue
        one = _first(lists[via], taken)
        if one is None:
            room[via] = picks[via]
            continue
        picks[via] += 1
        taken.add(one)
        queue.append(Turn(one, via))
    return queue


def _turns(accounts: int) -> Sequence[str]:
    """Whose turn it is: the same thirteen for ever."""
    hand = [
        UNCERTAIN, POLICY, COSTLY, RANDOM, NOVEL, POLICY, UNCERTAIN, COSTLY, RANDOM, POLICY,
        NOVEL, CHECK, POLICY,
    ]  # fmt: skip
    return hand * (accounts + 1)


def _falling(value: Floats, among: Mask) -> list[int]:
    """Accounts, the largest value last, so that it is popped first."""
    inside = np.flatnonzero(among)
    rising = np.argsort(value[inside], kind="stable")
    return [int(one) for one in inside[rising]]


def _first(stack: list[int], taken: set[int]) -> int | None:
    while stack:
        one = stack.pop()
        if one not in taken:
            return one
    return None
