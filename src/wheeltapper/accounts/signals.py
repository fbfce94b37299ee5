"""What is told of accounts by what they did, as it was known at one time and no later.

Every figure is made from acts, shared things and reports before `until` alone; a test plants later
ones and sees nothing change. All of it takes time in proportion to the rows (sorting aside).
What `accounts.toml` lists as numbers of the profile is taken as it stands.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wheeltapper.accounts import graph
from wheeltapper.accounts.graph import Graph
from wheeltapper.accounts.lockstep import CROWD, Groups, lockstep
from wheeltapper.accounts.steps import Columns
from wheeltapper.accounts.tables import Tables

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
HOUR = 3_600_000_000
DAY = 24 * HOUR
COMMON = ("address",)
"""Things that honest strangers share."""
_NEXT = 3
"""With so many others each holder of a thing is tied: linear in the holders."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known at one time."""

    own: Columns
    groups: Columns
    ties: Graph


def seen(tables: Tables, until: int) -> Seen:
    """Own signals, lockstep groups and ties, of all accounts, at `until` (µs)."""
    acts, shared = tables.acts, tables.shared
    a = slice(0, int(np.searchsorted(acts.time, until)))
    s = slice(0, int(np.searchsorted(shared.time, until)))
    own = _volume(tables, a, until) + _reach(tables, a) + _texts(tables, a)
    own = tables.profile + own + _things(tables, s) + _reports(tables, until)
    return Seen(own, _groups(tables, a, s), _ties(tables, a, s))


def _count(at: Ints, accounts: int, weight: Floats | None = None) -> Floats:
    return np.bincount(at, weight, accounts).astype(np.float64)


def _columns(made: dict[str, Floats]) -> Columns:
    return Columns(tuple(made), np.column_stack(list(made.values())).astype(np.float32))


def _share(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.maximum(whole, 1e-9), 0.0)


def _volume(tables: Tables, a: slice, until: int) -> Columns:
    """How much, how fast, how old."""
    n, who, time = tables.accounts, tables.acts.account[a], tables.acts.time[a]
    age = np.maximum(until - tables.created, 0) / DAY
    total = _count(who, n)
    first = np.full(n, until, np.int64)
    np.minimum.at(first, who, time)
    hours = until // HOUR + 1
    slots, times = np.unique(who * hours + time // HOUR, return_counts=True)
    busiest = np.zeros(n)
    np.maximum.at(busiest, slots // hours, times)
    amount = tables.acts.amount[a].astype(np.float64)
    largest = np.zeros(n)
    np.maximum.at(largest, who, amount)
    made = {
        "age in days": age,
        "acts": np.log1p(total),
        "acts a day": np.log1p(total / np.maximum(age, 1 / 24)),
        "acts in the first day": np.log1p(_count(who[time < tables.created[who] + DAY], n)),
        "acts in the last week": np.log1p(_count(who[time >= until - 7 * DAY], n)),
        "share of acts in the last week": _share(_count(who[time >= until - 7 * DAY], n), total),
        "acts in the busiest hour": np.log1p(busiest),
        "days before the first act": np.clip((first - tables.created) / DAY, 0, None),
        "amounts": np.log1p(np.maximum(_count(who, n, amount), 0)),
        "largest amount": np.log1p(np.maximum(largest, 0)),
    }
    for k, kind in enumerate(tables.kinds[:12]):
        made[f"{kind}s"] = np.log1p(_count(who[tables.acts.kind[a] == k], n))
    return _columns(made)


def _reach(tables: Tables, a: slice) -> Columns:
    """How far beyond those who ever turned to the account themselves."""
    n, who, whom = tables.accounts, tables.acts.account[a], tables.acts.target[a]
    pairs, times = np.unique(who * n + whom, return_counts=True)
    left, right = pairs // n, pairs % n
    answered = np.isin(right * n + left, pairs, assume_unique=True)
    targets = _count(left, n)
    made = {
        "different targets": np.log1p(targets),
        "share of targets that ever answered": _share(_count(left[answered], n), targets),
        "different targets an act": _share(targets, _count(left, n, times.astype(np.float64))),
        "acts received": np.log1p(_count(whom, n)),
        "different senders": np.log1p(_count(right, n)),
        "share of senders that it answered": _share(_count(right[answered], n), _count(right, n)),
    }
    return _columns(made)


def _texts(tables: Tables, a: slice) -> Columns:
    """How much of what it writes others write nearly as well, and it itself."""
    n = tables.accounts
    with_text = tables.acts.text[a] >= 0
    who, row = tables.acts.account[a][with_text], tables.acts.text[a][with_text]
    keys = tables.bands[row]
    others, again = np.zeros(len(who)), np.zeros(len(who))
    for band in keys.T:
        _, at = np.unique(band, return_inverse=True)
        pairs, which, times = np.unique(at * n + who, return_inverse=True, return_counts=True)
        writers = np.bincount(pairs // n)
        others = np.maximum(others, writers[at] - 1.0)
        again = np.maximum(again, times[which] - 1.0)
    texts = _count(who, n)
    most = np.zeros(n)
    np.maximum.at(most, who, others)
    made = {
        "texts": np.log1p(texts),
        "share of texts that others write": _share(_count(who[others > 0], n), texts),
        "accounts that write nearly the same": np.log1p(most),
        "share of texts that it repeats": _share(_count(who[again > 0], n), texts),
    }
    return _columns(made)


def _things(tables: Tables, s: slice) -> Columns:
    """How many addresses, devices, cards; and with how many others."""
    n, made = tables.accounts, {}
    for k, thing in enumerate(tables.things):
        of = tables.shared.kind[s] == k
        who, value = tables.shared.account[s][of], tables.shared.value[s][of]
        _, at = np.unique(value, return_inverse=True)
        pairs = np.unique(at * n + who)
        holders = np.bincount(pairs // n) if len(pairs) else np.zeros(0, np.int64)
        most = np.zeros(n)
        np.maximum.at(most, pairs % n, holders[pairs // n])
        made[f"different {thing} values"] = np.log1p(_count(pairs % n, n))
        made[f"accounts with the same {thing}"] = np.log1p(most)
    return _columns(made) if made else Columns((), np.empty((n, 0), np.float32))


def _reports(tables: Tables, until: int) -> Columns:
    told = tables.report_account[tables.report_time < until]
    return _columns({"reports": np.log1p(_count(told, tables.accounts))})


def _groups(tables: Tables, a: slice, s: slice) -> Columns:
    """Lockstep by targets, by shared things, by nearly the same text."""
    made: dict[str, Floats] = {}
    for name, groups in lockstep_groups(tables, a, s).items():
        made[f"in lockstep by {name}"] = np.log1p(groups.size)
        made[f"meetings by {name}"] = np.log1p(groups.meetings)
    return _columns(made)


def lockstep_groups(tables: Tables, a: slice, s: slice) -> dict[str, Groups]:
    """Groups by what ties them: `target`, `text`, and each kind of thing."""
    acts, shared, n = tables.acts, tables.shared, tables.accounts
    what = acts.target[a] * max(len(tables.kinds), 1) + acts.kind[a]
    made = {"target": lockstep(acts.account[a], what, acts.time[a], n, at_once=False)}
    written = acts.text[a] >= 0
    # One band of eight is enough in a crowd of likes, and an eighth of the work.
    keys = tables.bands[acts.text[a][written], 0]
    made["text"] = lockstep(acts.account[a][written], keys, acts.time[a][written], n, at_once=True)
    for k, thing in enumerate(tables.things):
        of = shared.kind[s] == k
        made[thing] = lockstep(
            shared.account[s][of], shared.value[s][of], shared.time[s][of], n,
            at_once=thing not in COMMON,
        )  # fmt: skip
    return made


def _ties(tables: Tables, a: slice, s: slice) -> Graph:
    """Who dealt with whom, and who had the same thing; a thing of a crowd ties nobody."""
    acts, shared, n = tables.acts, tables.shared, tables.accounts
    dealt = np.column_stack([acts.account[a], acts.target[a]])
    value, who = shared.value[s], shared.account[s]
    order = np.lexsort((who, value))
    value, who = value[order], who[order]
    new = np.ones(len(value), bool)
    new[1:] = (value[1:] != value[:-1]) | (who[1:] != who[:-1])
    value, who = value[new], who[new]
    edge = np.ones(len(value), bool)
    edge[1:] = value[1:] != value[:-1]
    group = np.cumsum(edge) - 1
    small = np.bincount(group)[group] <= CROWD if len(group) else np.zeros(0, bool)
    tied = [dealt]
    for step in range(1, _NEXT + 1):
        same = (group[step:] == group[:-step]) & small[step:]
        tied.append(np.column_stack([who[:-step][same], who[step:][same]]))
    return graph.build(np.vstack(tied), n)
