"""Lineage: which case of this run is which case of the runs before.

Cases are made anew by every run and have no memory: a story that grows at its front, is tied to
another or comes apart has another name each time. What stays are the acts that its findings rest
on, so a case is known by them. Each case of before goes on in the new one that holds most of it, by
the weight of its findings:

    joined     one goes on in one: it keeps its id, whatever came to it or changed
    merged     several go on in one: it is the eldest, the others are merged into it
    split      one is in several: the part that holds most of it goes on, the others are new cases
    returned   one that had no longer arisen, or had been merged, arises by itself again, as itself

An id names one case for ever: what goes is kept, and a new case never takes a name that was given.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wheeltapper.case import Case, CaseFinding

LEAST_SHARE = 0.1
"""Of one of the two: a case that holds less of another has an act in common with it by the way."""
LEAST_WEIGHT = 1.0
"""Bits that a finding counts at least: one that is hidden, or explained by now, is there still."""
OF_WEIGHT = 3.0
"""Bits: so much that nobody has judged opens a judged case again. It is what the least of the cases
weighs that are raised by themselves, so nothing that would have been shown is hidden in another."""
HALVING = 0.5
"""As findings are combined: of one detector the weightiest counts whole, the next half."""
MANY = "many"

Mark = tuple[str, str, str]
"""Whom a finding is about, and one act it rests on."""
Key = tuple[str, str, str, str]
"""Detector, entity and value: what is the same finding when it is made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A case as the casebook has it."""

    id: str
    made: datetime
    """When it first arose."""
    start: datetime
    living: bool
    merged_into: str
    """Empty, unless it is told in another."""
    traces: Sequence[tuple[float, frozenset[Mark]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What became of the cases before, and what the new ones are called."""

    ids: Sequence[str]
    """Of the new cases, in their order."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """Cases of before that are told in another now, and in which."""
    split: Mapping[str, str] = field(default_factory=dict)
    """Cases that came out of another, and out of which."""
    returned: Collection[str] = ()
    """Cases that had not arisen for a while."""
    gone: Collection[str] = ()
    """Living ones that are in no new case."""


def traces(findings: Sequence[CaseFinding]) -> list[tuple[float, frozenset[Mark]]]:
    """Of each finding its weight, and what it is known by.

    By whom it is about and its acts, not by its detector: one that is tuned makes no other case.
    """
    found = []
    for one in findings:
        what = one.finding
        about = (MANY, "") if "members" in what.evidence else (what.entity_type, what.entity)
        marks = frozenset((*about, id) for id in what.event_ids)
        found.append((max(one.bits, LEAST_WEIGHT), marks))
    return found


def named(known: Sequence[Known], cases: Sequence[Case], taken: Collection[str]) -> Named:
    """Which of the new cases are which of those that are known.

    Parameters
    ----------
    known : cases that the new ones may be, those that went and those that were merged among them
    cases : those of this run, each with the id that it would have by itself
    taken : every id that was ever given
    """
    heirs, held = _heirs(known, cases)
    heard: dict[int, list[Known]] = {}
    for one in known:
        if one.id in heirs:
            heard.setdefault(heirs[one.id], []).append(one)
    ids: dict[int, str] = {}
    merged: dict[str, str] = {}
    split: dict[str, str] = {}
    returned: list[str] = []
    for n, claims in heard.items():
        eldest, *others = sorted(claims, key=_seniority)
        ids[n] = eldest.id
        merged |= {other.id: eldest.id for other in others if other.merged_into != eldest.id}
        if eldest.merged_into:
            split[eldest.id] = eldest.merged_into
        elif not eldest.living:
            returned.append(eldest.id)
    used = set(taken)
    for n, case in enumerate(cases):
        if n in ids:
            continue
        ids[n] = _fresh(case.id, used)
        used.add(ids[n])
        parents = [o for o in known if o.living and (o.id, n) in held]
        if parents:
            split[ids[n]] = max(parents, key=lambda o: (held[o.id, n], o.id)).id
    return Named(
        ids=[ids[n] for n in range(len(cases))],
        merged=merged,
        split=split,
        returned=tuple(returned),
        gone=tuple(one.id for one in known if one.living and one.id not in heirs),
    )


def _seniority(one: Known) -> tuple[bool, bool, datetime, datetime, str]:
    """A case that is told now keeps its name before one that went; of those the first made."""
    return not one.living, not one.merged_into, one.made, one.start, one.id


def _heirs(
    known: Sequence[Known], cases: Sequence[Case]
) -> tuple[dict[str, int], dict[tuple[str, int], float]]:
    """In which case each goes on; and how much of each is in which."""
    new = [traces(case.findings) for case in cases]
    where: dict[Mark, set[int]] = {}
    for n, parts in enumerate(new):
        for _, marks in parts:
            for mark in marks:
                where.setdefault(mark, set()).add(n)
    heirs: dict[str, int] = {}
    held: dict[tuple[str, int], float] = {}
    theirs_of = _merged_marks(known)
    for one in known:
        mine = frozenset[Mark]().union(*(marks for _, marks in one.traces))
        found = {n for mark in mine for n in where.get(mark, ())}
        if not found:
            continue
        whole = sum(weight for weight, _ in one.traces)
        best: list[tuple[float, float, float, str, int]] = []
        for n in sorted(found):
            theirs = frozenset[Mark]().union(*(marks for _, marks in new[n]))
            inside = _within(one.traces, theirs)
            back = _within(new[n], mine) / sum(weight for weight, _ in new[n])
            if max(inside / whole, back) >= LEAST_SHARE:
                held[one.id, n] = inside
                own = _within(one.traces, theirs - theirs_of.get(one.id, frozenset()))
                best.append((-own, -inside, -back, cases[n].id, n))
        if best:
            heirs[one.id] = min(best)[-1]
    return heirs, held


def _merged_marks(known: Sequence[Known]) -> dict[str, frozenset[Mark]]:
    """What each case holds of those that were merged into it: it leaves them that."""
    found: dict[str, frozenset[Mark]] = {}
    for one in known:
        if one.merged_into:
            mine = frozenset[Mark]().union(*(marks for _, marks in one.traces))
            found[one.merged_into] = found.get(one.merged_into, frozenset()) | mine
    return found


def _within(parts: Sequence[tuple[float, frozenset[Mark]]], marks: frozenset[Mark]) -> float:
    """Weight of findings, as far as they rest on these acts."""
    return sum(weight * len(own & marks) / len(own) for weight, own in parts)


def _fresh(wanted: str, used: Collection[str]) -> str:
    """The id that a case has by itself, or another where that was given already."""
    found, n = wanted, 0
    while found in used:
        n += 1
        found = hashlib.blake2b(f"{wanted}\0{n}".encode(), digest_size=6).hexdigest()
    return found


def key(one: CaseFinding) -> Key:
    return one.finding.detector, one.finding.entity_type, one.finding.entity, one.key


def loudest(findings: Sequence[CaseFinding]) -> dict[Key, float]:
    """What findings say, and how loud: what somebody knew who judged them."""
    said: dict[Key, float] = {}
    for one in findings:
        said[key(one)] = max(one.bits, said.get(key(one), 0.0))
    return said


def beyond(
    findings: Sequence[CaseFinding], judged: Mapping[Key, float]
) -> tuple[float, list[CaseFinding]]:
    """Evidence in bits that was not judged, and the findings it is in, the weightiest first.

    What is said again adds nothing; what is said louder adds what it is louder by.
    """
    new = [
        (max(0.0, one.bits - judged.get(key(one), 0.0)), one)
        for one in findings
        if one.suppressed is None
    ]
    new = sorted((n for n in new if n[0] > 0), key=lambda n: (-n[0], key(n[1])))
    nth: dict[str, int] = {}
    bits = 0.0
    for more, one in new:
        place = nth.get(one.finding.detector, 0)
        nth[one.finding.detector] = place + 1
        bits += more * HALVING**place
    return bits, [one for _, one in new]
