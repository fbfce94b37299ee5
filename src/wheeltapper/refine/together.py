"""Together: what many had in common at once, in words.

41 of 55 engineer accounts signed in with Chrome 126 between 4 and 6 May: looks like a roll-out
12 accounts of 9 teams shared a document with x@example.org within 4 minutes on 5 May, all from
one address that is new to them
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from wheeltapper.refine import explain, values
from wheeltapper.refine.lockstep import Judgement
from wheeltapper.refine.told import Told, listed
from wheeltapper.refine.wording import Wording
from wheeltapper.refine.words import Vocabulary

MOSTLY = 0.8
"""From this share on it is said of all, with the number where it is fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the accounts of a happening have in common."""

    entities: int
    teams: Mapping[str, int]
    sizes: Mapping[str, int]
    told: Sequence[Told]
    """One for each wave, that of the most accounts first."""
    times: Sequence[datetime]
    """Of each account's first act, in order."""
    address: str
    """From which most of them acted."""
    at_address: int
    addresses: int
    targets: Mapping[str, int]
    place: tuple[int, int] | None
    """To how many of how many their address was new."""
    client: tuple[int, int] | None
    about: str
    """`place`, `client` or neither: what the wave is itself about."""
    category: str
    alike: bool
    """Whether the first act of nearly all is of one kind."""

    @classmethod
    def of(
        cls,
        lead: pl.DataFrame,
        first: pl.DataFrame,
        wordings: Sequence[Wording],
        keys: Sequence[str],
        *,
        teams: Mapping[str, int],
        sizes: Mapping[str, int],
        place: tuple[int, int] | None,
        client: tuple[int, int] | None,
        about: str,
    ) -> "Shared":
        """`first` has the first act of each account."""
        addresses = _counted(first, "src_ip")
        address = next(iter(addresses), "")
        return cls(
            entities=len(lead),
            teams=teams,
            sizes=sizes,
            told=[told_of(w, k, first) for w, k in zip(wordings, keys, strict=True)],
            times=sorted(lead["time"].to_list()),
            address=address,
            at_address=addresses.get(address, 0),
            addresses=len(addresses),
            targets=_counted(first, "target"),
            place=place,
            client=client,
            about=about,
            category=next(iter(_counted(first, "category")), ""),
            alike=about == "" or _alike(first),
        )

    @property
    def one_address(self) -> bool:
        """Whether nearly all came from one."""
        return self.at_address >= MOSTLY * self.entities

    def label(self, wording: Wording, key: str, acts: pl.DataFrame, words: Vocabulary) -> str:
        """A few words for a mark on the timeline."""
        return explain.label(told_of(wording, key, acts), words)


def _alike(first: pl.DataFrame) -> bool:
    """Whether nearly all first acts are of one kind."""
    kinds = Counter(first.select("app", "action", "outcome").rows())
    return kinds.most_common(1)[0][1] >= MOSTLY * len(first)


def _counted(acts: pl.DataFrame, column: str) -> dict[str, int]:
    """Values with their numbers, the most frequent first."""
    counts = Counter(v for v in acts[column].to_list() if v is not None)
    return dict(sorted(counts.items(), key=lambda c: (-c[1], c[0])))


def told_of(wording: Wording, key: str, acts: pl.DataFrame) -> Told:
    """A wave as if it were one finding: by its commonest act, and its target if it has only one."""
    kinds = Counter(acts.select("source", "app", "action", "outcome").rows())
    (source, app, action, outcome), _ = min(
        kinds.items(), key=lambda k: (-k[1], tuple(map(str, k[0])))
    )
    mine = acts.filter(pl.col("action").eq_missing(action) & pl.col("app").eq_missing(app))
    targets = mine["target"].unique().to_list()
    reasons = _counted(mine, "reason")
    return Told(
        wording=wording, entity_type="actor", entity="", time=acts["time"][0], observed=1.0,
        expected=0.0, baseline_n=0, source=source or "", app=app or "", action=action or "",
        outcome=outcome or "", reason=next(iter(reasons), ""),
        target=(targets[0] or "") if len(targets) == 1 else "", value=key, evidence=0.0, acts=1,
    )  # fmt: skip


def headline(shared: Shared, words: Vocabulary, *, one_hand: bool) -> str:
    """What happened to whom and when, and what it looks like."""
    said = f"{_who(shared)} {_did(shared, words)} {_when(shared.times, words, close=one_hand)}"
    if one_hand:
        return f"{said}{_from_where(shared)}: accounts in lockstep"
    return f"{said}: looks like {_looks_like(shared)}"


def _who(shared: Shared) -> str:
    n, total = shared.entities, sum(shared.sizes.values())
    name, members = max(shared.teams.items(), key=lambda t: (t[1], t[0]))
    if _named(name) and members >= MOSTLY * n:
        of = max(shared.sizes.get(name, members), members)
        rest = n - members
        more = f" and {rest} {'other' if rest == 1 else 'others'}" if rest else ""
        return f"{members:,} of {of:,} {values.clean(name)} accounts{more}"
    if 2 * n >= total > n:
        return f"{n:,} of all {total:,} accounts"
    named = sum(_named(team) for team in shared.teams)
    return f"{n:,} accounts of {named:,} teams" if named > 1 else f"{n:,} accounts"


def _named(team: str) -> bool:
    """A UTC offset is a peer group, and no team."""
    return team != "" and not team.removeprefix("-").isdigit()


def _did(shared: Shared, words: Vocabulary) -> str:
    verbs: list[str] = []
    adverbs: dict[str, str] = {}
    for told in shared.told:
        what = explain.clause(told, words, explain.NAME_IN_HEADLINE)
        if explain.adverbial(what):  # a country and a network in it are one place
            adverbs.setdefault(what.split(" ", 1)[0], what)
        elif what not in verbs and len(verbs) < 2:
            verbs.append(what)
    first = shared.told[0]
    if not verbs:
        verbs = [_act(first, words) if shared.alike else "came"]
    return " ".join([_of_many(listed(verbs)), *list(adverbs.values())[:2]])


def _act(told: Told, words: Vocabulary) -> str:
    return words.act(
        told.source, told.app, told.action, 1, told.target or None, told.outcome, told.reason
    )


def _of_many(verb: str) -> str:
    """`were denied reading a secret`, where one was."""
    return re.sub(r"^was\b", "were", verb)


def _when(times: Sequence[datetime], words: Vocabulary, *, close: bool) -> str:
    first, last = times[0].astimezone(words.zone), times[-1].astimezone(words.zone)
    if close and last - first < timedelta(hours=36):
        return f"{explain.duration(times[0], times[-1]) or 'within a minute'} on {first:%-d %B %Y}"
    if first.date() == last.date():
        return f"on {first:%-d %B %Y}"
    if last.date() - first.date() == timedelta(days=1):
        return f"on {first:%-d} and {last:%-d %B %Y}" if first.month == last.month else (
            f"on {first:%-d %B} and {last:%-d %B %Y}")  # fmt: skip
    begins = f"{first:%-d}" if (first.year, first.month) == (last.year, last.month) else (
        f"{first:%-d %B}")  # fmt: skip
    return f"between {begins} and {last:%-d %B %Y}"


def _from_where(shared: Shared) -> str:
    n = shared.entities
    if shared.addresses == 0:
        return ""
    all_new = shared.place is not None and shared.place[0] >= MOSTLY * shared.place[1]
    if shared.one_address:
        who = "all" if shared.at_address == n else f"{shared.at_address:,} of them"
        return f", {who} from one address" + (" new to them" if all_new else "")
    return f", from {shared.addresses:,} addresses" + (" new to them" if all_new else "")


def _looks_like(shared: Shared) -> str:
    if shared.told[0].wording.value_column == "utc_offset":
        return "a conference, or clocks that are set another way"
    if shared.about == "place":
        return "a new office, or another way into the network"
    if shared.told[0].outcome == "failure":
        return "an outage, or something that was taken away"
    if shared.category == "account_change" and "{did}" in shared.told[0].wording.says:
        return "something that all were asked to do"
    return "a roll-out"


def summary(shared: Shared, judgement: Judgement, words: Vocabulary, *, one_hand: bool) -> str:
    """What speaks for it, in figures."""
    took = values.duration((shared.times[-1] - shared.times[0]).total_seconds())
    parts = []
    if shared.place is not None:
        parts.append(f"{_share(*shared.place)} came from an address that is new to them")
    if shared.client is not None:
        parts.append(f"{_share(*shared.client)} with a program that is")
    begins = f"The first and the last of {shared.entities:,} are {took} apart"
    said = f"{begins}{': ' if parts else ''}{listed(parts)}. {_teams(shared)}"
    if one_hand:
        return f"{said} What speaks for one hand weighs {judgement.bits:.0f} bits."
    return f"{said} It weighs less in their own cases; what else they did counts in full."


def _share(new: int, of: int) -> str:
    return "none" if new == 0 else "all" if new == of else f"{new:,} of {of:,}"


def _teams(shared: Shared) -> str:
    teams = sorted(
        ((t, k) for t, k in shared.teams.items() if _named(t)), key=lambda t: (-t[1], t[0])
    )
    if not teams:
        return "No teams are known."
    said = [f"{k:,} of {max(shared.sizes.get(t, k), k):,} in {values.clean(t)}" for t, k in teams]
    more = len(said) - 4
    rest = [f"others in {more:,} more teams"] if more > 1 else said[4:]
    return f"They are {listed([*said[:4], *rest])}."


# Any: the row of a frame.
def why(member: Mapping[str, Any], words: Vocabulary) -> str:
    """When, and of which team: beside a member's name."""
    team = member["peer_group"] or ""
    when = values.moment(member["time"], words.zone)
    return f"{values.clean(team)}, {when}" if _named(team) else when


def sentence(
    wave: pl.DataFrame, acts: pl.DataFrame, wording: Wording, key: str, words: Vocabulary
) -> str:
    """One value of a happening as a sentence."""
    told = told_of(wording, key, acts)
    what = explain.clause(told, words)
    if explain.adverbial(what):
        first = acts.sort("time").unique("entity", keep="first", maintain_order=True)
        what = f"{_act(told, words) if _alike(first) else 'came'} {what}"
    what = _of_many(what)
    times = sorted(wave["time"].to_list())
    usual = "which was odd for each of them"
    return f"{len(wave):,} accounts {what} {_when(times, words, close=False)}, {usual}."
