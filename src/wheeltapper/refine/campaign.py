"""Campaign: what many accounts met at once is one case that says so.

Waves are found (`wave`), the lake is asked from where and with what their accounts acted, and each
is judged (`lockstep`). An arrangement (a roll-out, an office, a day on which everybody must change
something) becomes a case of kind campaign: it is there to be known, its score is 0, and it takes no
place in the budget. One hand becomes a case of kind lockstep. Its evidence is that of its members
as `combine` adds what depends on each other (the weightiest whole, the next half, ...) and, above
it, what speaks for one hand: from 0 to `lockstep.MOST_RAISED` bits. It is never less than that of
any member. Its score is that of a story with as much evidence. Where nearly all came from one
address, the case is told of the address, and what the address's own story says belongs to it.

What is in a wave weighs less in the accounts' own stories (`discount`), whatever the wave is judged
to be; what else they did counts in full, so that nobody hides in a roll-out.
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from wheeltapper.case import CAMPAIGN, LOCKSTEP, STORY, Case, CaseFinding, Other, Team
from wheeltapper.finding import Finding
from wheeltapper.refine import attack, lockstep, looked_up
from wheeltapper.refine.combine import HALVING
from wheeltapper.refine.lockstep import Judgement
from wheeltapper.refine.looked_up import Lake
from wheeltapper.refine.reference import NOTHING, Floats
from wheeltapper.refine.together import Shared, headline, sentence, summary, why
from wheeltapper.refine.wave import waves
from wheeltapper.refine.wording import CLIENT, PLACE, Wordings
from wheeltapper.refine.words import Vocabulary

NAMED = 12
"""Members that are named, the first."""
MOST_HAPPENINGS = 100
"""That are told of one run; those that chance makes least."""
MOST_FINDINGS = 200
"""Of a lockstep and what is told in it, its own first."""
MOST_EVENTS = 2_000
"""Acts that one value of a wave is unfolded to."""
TOLD_BITS = 3.0
"""What says less is tied to nothing by itself, and is no case beside one that tells the rest."""
NEW_FOR = timedelta(hours=1)
"""What an account used less than this before is as new to it as the act itself."""

# A row of a Polars frame holds values of many types; each use below knows its own.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One wave, or several of the same accounts, with what the lake knows of it."""

    lead: pl.DataFrame
    """The members of the wave that tells most, one row each, by time."""
    waves: Sequence[pl.DataFrame]
    """All of them, `lead` first."""
    acts: pl.DataFrame
    shared: Shared
    judgement: Judgement

    @property
    def kind(self) -> str:
        return LOCKSTEP if self.judgement.one_hand else CAMPAIGN


def campaigns(
    findings: pl.DataFrame,
    stories: pl.DataFrame,
    lake: Lake,
    wordings: Wordings,
    words: Vocabulary,
    known: pl.DataFrame = NOTHING.habits,
    since: date | None = None,
) -> list[Case]:
    """Cases of what many had in common at once, by time; `rank` is left at 0.

    Parameters
    ----------
    findings : as `stories_of` leaves them
    stories : `evidence`, `score`: what a score of so much evidence is
    known : `HABITS`, who met which value on which day, of days before the findings too
    since : those that were over before this day have been told
    """
    # Whoever acts at the same time acts at the same hour: that is no value to have in common.
    hours = [n for n in findings["detector"].unique() if wordings.of(n).family == "schedule"]
    members = waves(findings.filter(~pl.col("detector").is_in(hours)), known)
    if since is not None:
        members = members.filter(pl.col("last").max().over("happening").dt.date() >= since)
    members = _loudest(members)
    if members.is_empty():
        return []
    sizes = looked_up.peer_counts(lake)
    scored = scored_of(stories)
    acts, used = looked_up.wave_acts(lake, _asked(members))
    acts_of = {key[0]: part for key, part in acts.group_by("happening", maintain_order=True)}
    found = []
    for (number,), part in members.group_by("happening", maintain_order=True):
        mine = acts_of.get(number, acts.clear())
        one = _happening(part, mine, used, sizes, wordings, words)
        if one is not None:
            found.append(_case(one, scored, sizes, wordings, words))
    return found


def _loudest(members: pl.DataFrame) -> pl.DataFrame:
    """Members of the happenings that are told."""
    kept = (
        members.group_by("happening")
        .agg(pl.col("surprise").max())
        .sort("surprise", "happening", descending=[True, False])
        .head(MOST_HAPPENINGS)
    )
    return members.join(kept, on="happening", how="semi", maintain_order="left")


def _asked(members: pl.DataFrame) -> pl.DataFrame:
    """`happening, detector, key, entity, id`: the acts that are behind each value of a wave."""
    return (
        members.select("happening", "detector", "key", "entity", "time", id="event_ids")
        .explode("id")
        .sort("happening", "detector", "key", "time", "entity", "id")
        .group_by("happening", "detector", "key", maintain_order=True)
        .head(MOST_EVENTS)
        .drop("time")
    )


def _happening(
    members: pl.DataFrame,
    acts: pl.DataFrame,
    used: pl.DataFrame,
    sizes: Mapping[str, int],
    wordings: Wordings,
    words: Vocabulary,
) -> Happening | None:
    """None where the lake has lost the acts."""
    parts = [p for _, p in members.group_by("detector", "key", "wave", maintain_order=True)]
    # Many first; of as many those that say what was done, and then those that say it loudest.
    parts.sort(
        key=lambda p: (-len(p), "{did}" not in wordings.of(p["detector"][0]).says,
                       -float(p["alone"].sum()), p["detector"][0], p["key"][0])
    )  # fmt: skip
    lead = parts[0].sort("time", "entity")
    of_lead = acts.filter(
        (pl.col("detector") == lead["detector"][0]) & (pl.col("key") == lead["key"][0])
    )
    first = of_lead.sort("time", "event_id").unique("entity", keep="first", maintain_order=True)
    if len(first) < len(lead) / 2:
        return None
    wording = wordings.of(lead["detector"][0])
    teams = {r["peer_group"] or "": r["len"]
             for r in lead.group_by("peer_group").len().sort("peer_group").to_dicts()}  # fmt: skip
    place, client = _new(first, used, "src_ip"), _new(first, used, "ua_client")
    judgement = lockstep.judged(
        [t.timestamp() for t in lead["time"].to_list()],
        new_place=None if wording.aspect == PLACE else place,
        new_client=None if wording.aspect == CLIENT else client,
        teams=teams,
        sizes=sizes,
    )
    shared = Shared.of(
        lead, first, [wordings.of(p["detector"][0]) for p in parts], [p["key"][0] for p in parts],
        teams=teams, sizes=sizes, place=place, client=client,
        about=wording.aspect,
    )  # fmt: skip
    return Happening(lead=lead, waves=parts, acts=acts, shared=shared, judgement=judgement)


def _new(first: pl.DataFrame, used: pl.DataFrame, column: str) -> tuple[int, int] | None:
    """Of how many accounts the act's address or program is known, and to how many it is new."""
    known = first.filter(pl.col(column).is_not_null()).select("entity", "time", value=column)
    if known.is_empty():
        return None
    since = used.filter(pl.col("what") == column).select("entity", "value", "since")
    joined = known.join(since, on=["entity", "value"], how="left")
    new = joined.filter(
        pl.col("since").is_null() | (pl.col("since") > pl.col("time") - pl.lit(NEW_FOR))
    )
    return len(new), len(known)


def evidence_of(happening: Happening) -> float:
    """Bits of lockstep: its members', as `combine` adds them, and what speaks for one hand."""
    return sum(added(happening)) + happening.judgement.raised


def added(happening: Happening) -> list[float]:
    """Bits that each wave adds: the weightiest member counts whole, the next half, and so on."""
    rows = [wave.select("entity", "alone").rows() for wave in happening.waves]
    each: dict[str, float] = {}
    for entity, alone in chain.from_iterable(rows):
        each[entity] = each.get(entity, 0.0) + alone
    members = set(happening.lead["entity"].to_list())
    ordered = sorted(members, key=lambda name: (-each[name], name))
    share = {name: HALVING**n for n, name in enumerate(ordered)}
    return [sum(alone * share.get(entity, 0.0) for entity, alone in wave) for wave in rows]


def scored_of(stories: pl.DataFrame) -> tuple[Floats, Floats]:
    """Evidence of stories, ascending, and the score of each, which never falls."""
    ordered = stories.select("evidence", "score").sort("evidence", "score")
    return ordered["evidence"].to_numpy(), np.maximum.accumulate(ordered["score"].to_numpy())


def score_of(evidence: float, scored: tuple[Floats, Floats]) -> float:
    """The score of a story with as much evidence; between two, between theirs."""
    return float(np.interp(evidence, *scored)) if scored[0].size else 0.0


def case_id(kind: str, detector: str, key: str, first: datetime) -> str:
    """The same wave keeps its id when more come to it."""
    name = f"{kind}\0{detector}\0{key}\0{first.isoformat()}"
    return hashlib.blake2b(name.encode(), digest_size=6).hexdigest()


def _case(
    one: Happening,
    scored: tuple[Floats, Floats],
    sizes: Mapping[str, int],
    wordings: Wordings,
    words: Vocabulary,
) -> Case:
    lead, kind = one.lead, one.kind
    raised = kind == LOCKSTEP
    told = [
        _finding(wave, one, wordings, words, adds=adds if raised else 0.0)
        for wave, adds in zip(one.waves, added(one), strict=True)
    ]
    known = [f for f in told if f is not None]
    who = [
        Other(entity_type="actor", entity=row["entity"], why=why(row, words))
        for row in lead.head(NAMED).to_dicts()
    ]
    if raised and one.shared.one_address:
        entity_type, entity, others = "src_ip", one.shared.address, who
    else:
        entity_type, entity, others = "actor", who[0].entity, who[1:]
    apps = list(dict.fromkeys(f.app for f in known if f.app))
    natives = one.acts.sort("time", "event_id").unique(
        "event_id", keep="first", maintain_order=True
    )
    return Case(
        id=case_id(kind, lead["detector"][0], lead["key"][0], lead["time"][0]),
        rank=0,
        score=score_of(evidence_of(one), scored) if raised else 0.0,
        entity_type=entity_type,
        entity=entity,
        start=min(f.first for f in known),
        end=max(f.last for f in known),
        headline=headline(one.shared, words, one_hand=raised),
        summary=summary(one.shared, one.judgement, words, one_hand=raised),
        baseline_days=0,
        baseline_acts=0,
        peer_group="",
        peers=0,
        tactics=attack.tactics([t for f in known for t in f.finding.attack]) if raised else (),
        findings=tuple(known),
        native_ids=tuple(dict.fromkeys(natives["native_id"].drop_nulls().to_list())),
        event_count=len(natives),
        apps=tuple(apps),
        others=tuple(others),
        evidence=evidence_of(one) if raised else 0.0,
        kind=kind,
        members=len(lead),
        teams=tuple(
            Team(name=name, members=k, of=sizes.get(name, k))
            for name, k in sorted(one.shared.teams.items(), key=lambda t: (-t[1], t[0]))
        ),
    )


def absorbed(cases: Sequence[Case]) -> list[Case]:
    """Cases without the stories that are told in a lockstep.

    That is the story of the address it came from, with whatever is tied to it; and of an account,
    what says no more than `TOLD_BITS` beside what the lockstep rests on.
    """
    first = [case for case in cases if case.kind == LOCKSTEP]
    many, left = list(first), []
    for case in cases:
        if case.kind == LOCKSTEP:
            continue
        at = next((n for n, whole in enumerate(first) if _belongs(case, whole)), None)
        if at is None:
            left.append(case)
        else:
            many[at] = _with(many[at], case)
    return [*many, *left]


def _belongs(case: Case, whole: Case) -> bool:
    if case.kind != STORY or case.start > whole.end or case.end < whole.start:
        return False
    entities = {(case.entity_type, case.entity), *((o.entity_type, o.entity) for o in case.others)}
    if whole.entity_type == "src_ip" and (whole.entity_type, whole.entity) in entities:
        return True
    told = {id for f in whole.findings for id in f.finding.event_ids}
    beside = [f for f in case.findings if not told.issuperset(f.finding.event_ids)]
    return len(beside) < len(case.findings) and _evidence(beside) < TOLD_BITS


def _evidence(findings: Sequence[CaseFinding]) -> float:
    """Bits, as `combine` adds them."""
    nth: dict[str, int] = {}
    bits = 0.0
    for one in sorted(findings, key=lambda f: -f.bits):
        place = nth.setdefault(one.finding.detector, 0)
        nth[one.finding.detector] += 1
        bits += 0.0 if one.suppressed else one.bits * HALVING**place
    return bits


def _with(whole: Case, story: Case) -> Case:
    """A lockstep, and what a story that belongs to it says; the score is that of the odder one."""
    heavier = whole if whole.score >= story.score else story
    findings = (*whole.findings, *story.findings)[:MOST_FINDINGS]
    of_address = story.entity_type == "src_ip"
    counted = {id(f) for f in heavier.findings}
    others = dict.fromkeys((*story.others, *whole.others))
    named = {other.entity: other for other in reversed(list(others))}
    return dataclasses.replace(
        whole,
        score=heavier.score,
        evidence=heavier.evidence,
        start=min(whole.start, story.start),
        end=max(whole.end, story.end),
        # Of an account it is known already what is said here.
        summary=f"{whole.summary} {story.headline}." if of_address else whole.summary,
        tactics=tuple(dict.fromkeys((*whole.tactics, *story.tactics))),
        findings=tuple(
            f if id(f) in counted else dataclasses.replace(f, adds=0.0) for f in findings
        ),
        around=story.around if of_address else whole.around,
        native_ids=tuple(dict.fromkeys((*whole.native_ids, *story.native_ids))),
        event_count=max(whole.event_count, story.event_count),
        apps=tuple(dict.fromkeys((*whole.apps, *story.apps))),
        others=tuple(other for other in others if named[other.entity] is other),
    )


def _finding(
    wave: pl.DataFrame,
    one: Happening,
    wordings: Wordings,
    words: Vocabulary,
    *,
    adds: float,
) -> CaseFinding | None:
    """All findings of one wave as one."""
    detector, key = wave["detector"][0], wave["key"][0]
    acts = one.acts.filter((pl.col("detector") == detector) & (pl.col("key") == key))
    acts = acts.sort("time", "event_id").unique("event_id", keep="first", maintain_order=True)
    if acts.is_empty():
        return None
    ordered = wave.sort("time", "entity")
    # Every member's finding says the same; the first speaks for all.
    said = ordered.row(0, named=True)
    wording = wordings.of(detector)
    return CaseFinding(
        finding=Finding(
            detector=detector,
            entity_type="actor",
            entity=ordered["entity"][0],
            time=ordered["time"][0],
            bits=float(said["bits"]),
            llr=float(said["llr"]),
            observed=float(len(wave)),
            expected=0.0,
            baseline_n=0,
            event_ids=tuple(id.hex() for id in acts["event_id"].to_list()),
            attack=tuple(said["attack"] or ()) if one.kind == LOCKSTEP else (),
            evidence={"value": key, "source": acts["source"][0], "app": acts["app"][0],
                      "action": acts["action"][0], "members": len(wave),
                      "surprise": float(wave["surprise"][0])},
        ),
        bits=float(wave["alone"].max() or 0.0),  # type: ignore[arg-type]  # a number, as the column is
        sentence=sentence(wave, acts, wording, key, words),
        what=sentence(wave, acts, wording, key, words).removesuffix("."),
        techniques=attack.named(said["attack"] or ()) if one.kind == LOCKSTEP else (),
        adds=adds,
        would_be_normal="",
        first=acts["time"][0],
        last=acts["time"][-1],
        count=int(wave["findings"].sum()),
        app=acts["app"][0] or "",
        value=one.shared.label(wording, key, acts, words),
        key=key,
    )  # fmt: skip
