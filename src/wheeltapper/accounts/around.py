"""Around: the accounts and shared things about an account, few enough to be drawn.

A picture of two rings: whom it dealt with and what it shares, then who shares that. Things that a
crowd has are left out, as they tie nobody. Of many the strongest are kept, and the rest counted.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts.lockstep import CROWD
from wheeltapper.accounts.tables import Tables

Ints = npt.NDArray[np.int64]
THINGS = 6
HOLDERS = 12
PARTNERS = 12


@dataclass(frozen=True, slots=True)
class Node:
    """An account, or a thing that accounts share."""

    name: str
    """The account's id, or the kind of thing: its value stays a hash."""
    kind: str
    """`account` or `thing`."""
    account: int
    """-1 for a thing."""
    more: int = 0
    """Holders of a thing that are not drawn."""


@dataclass(frozen=True, slots=True)
class Around:
    """Nodes, the account itself first; ties as pairs of places in `nodes`, with what they are."""

    nodes: list[Node]
    ties: list[tuple[int, int, str]]
    reach: int
    """How many accounts it dealt with in all."""


class Ties:
    """Acts and shared things in an order by which one account's are found at once."""

    def __init__(self, tables: Tables, until: int) -> None:
        self._tables = tables
        acts, shared = tables.acts, tables.shared
        a = slice(0, int(np.searchsorted(acts.time, until)))
        s = slice(0, int(np.searchsorted(shared.time, until)))
        both = np.concatenate([acts.account[a], acts.target[a]])
        other = np.concatenate([acts.target[a], acts.account[a]])
        order = np.argsort(both, kind="stable")
        self._who, self._whom = both[order], other[order]
        self._by_account = np.argsort(shared.account[s], kind="stable")
        self._by_value = np.argsort(shared.value[s], kind="stable")
        self._holder = shared.account[s][self._by_account]
        self._value = shared.value[s][self._by_value]

    def around(self, account: int) -> Around:
        """What is drawn about one account."""
        tables = self._tables
        nodes = [Node(tables.ids[account], "account", account)]
        place = {account: 0}
        ties: list[tuple[int, int, str]] = []

        def at(one: int) -> int:
            if one not in place:
                place[one] = len(nodes)
                nodes.append(Node(tables.ids[one], "account", one))
            return place[one]

        for kind, holders in self._things(account):
            rest = holders[holders != account]
            nodes.append(Node(kind, "thing", -1, max(0, len(rest) - HOLDERS)))
            thing = len(nodes) - 1
            ties.append((0, thing, kind))
            ties += [(thing, at(int(one)), kind) for one in rest[:HOLDERS]]
        partners, often = np.unique(self._of(account), return_counts=True)
        strongest = np.argsort(-often, kind="stable")[:PARTNERS]
        ties += [(0, at(int(partners[k])), f"{often[k]:,} acts") for k in strongest]
        return Around(nodes, ties, len(partners))

    def _of(self, account: int) -> Ints:
        low, high = np.searchsorted(self._who, [account, account + 1])
        return self._whom[low:high]

    def _things(self, account: int) -> list[tuple[str, Ints]]:
        """Kind and holders of what it shares with others, the rarest and largest groups first."""
        shared = self._tables.shared
        low, high = np.searchsorted(self._holder, [account, account + 1])
        rows = self._by_account[low:high]
        found = []
        for value in np.unique(shared.value[rows]):
            first = int(np.searchsorted(self._value, value))
            last = int(np.searchsorted(self._value, value, side="right"))
            of = self._by_value[first:last]
            holders = np.unique(shared.account[of])
            if 2 <= len(holders) <= CROWD:
                found.append((self._tables.things[int(shared.kind[of[0]])], holders))
        found.sort(key=lambda one: (one[0] == "address", -len(one[1])))
        return found[:THINGS]
