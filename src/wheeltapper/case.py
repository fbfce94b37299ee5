"""Case: what a person sees: an entity, a span, ranked findings and a sentence.

Made by `refine`, kept in the casebook by `store`, judged on the timeline.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from html import escape

from wheeltapper.finding import Finding
from wheeltapper.question import Question
from wheeltapper.suppression import Suppression

STORY, CAMPAIGN, LOCKSTEP = "story", "campaign", "lockstep"
KINDS = (STORY, CAMPAIGN, LOCKSTEP)
"""What happened to one and those tied to it; to many at once, in order; to many at once, in one
hand."""
OPEN, CLOSED, REOPENED = "open", "closed", "reopened"
STATUSES = (OPEN, CLOSED, REOPENED)
"""To be looked at; judged; judged, and then something came that nobody has judged."""
TO_READ = (OPEN, REOPENED)
JOINED, MERGED, SPLIT, RETURN, REOPEN = "joined", "merged", "split", "returned", "reopened"
TURNS = (JOINED, MERGED, SPLIT, RETURN, REOPEN)
"""New findings came to it; another is told in it from then on; it came out of another; it arises
again; it was judged and has more now than was judged."""
MALICIOUS, POLICY_VIOLATION, EXPECTED, UNUSUAL, WRONG_DATA = (
    "malicious",
    "policy_violation",
    "benign_expected",
    "benign_unusual",
    "wrong_data",
)
VERDICTS = (MALICIOUS, POLICY_VIOLATION, EXPECTED, UNUSUAL, WRONG_DATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFinding:
    """A finding as it stands in a case: with its weight and its words."""

    finding: Finding
    bits: float
    """Calibrated: -log2 of how often this detector says as much about anybody here."""
    sentence: str
    """What happened against what was expected, in the application's words."""
    would_be_normal: str
    """What would have raised nothing; empty where nothing can be said."""
    first: datetime
    last: datetime
    """Span of the acts it rests on; `first` is before `last` when repeats were put together."""
    count: int
    """How many findings of the same kind it stands for."""
    app: str
    """Application of the act it rests on."""
    value: str
    """What was unusual, as a short label for the timeline."""
    key: str = ""
    """The value itself, as the detector compared it: what a verdict speaks for."""
    suppressed: Suppression | None = None
    """What hides it: it is shown greyed, and its bits count nothing."""
    learned: str = ""
    """Why verdicts on its like changed its bits: `lowered: 14 of 14 like it were benign`."""
    learned_bits: float = 0.0
    """What they added to its bits; below 0 what they took."""
    what: str = ""
    """The sentence in its parts: what happened, as a note whose subject is the case's entity;"""
    expected: str = ""
    """what its own history made likely, and how much history that is;"""
    peers: str = ""
    """what peers do. Parts of which nothing can be said are empty."""
    techniques: tuple[str, ...] = ()
    """ATT&CK techniques by name: `Data from Cloud Storage (T1530)`."""
    adds: float = 0.0
    """Bits that it adds to the case's evidence: less than `bits` beside others of its kind."""

    @property
    def normal(self) -> str:
        """What would have been normal, where that says more than what was expected."""
        said = {word.strip(",;") for word in self.expected.split()}
        return "" if set(self.would_be_normal.split()) <= said else self.would_be_normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another account, address or machine that belongs to a case."""

    entity_type: str
    entity: str
    why: str
    """What ties it to the others, as a phrase: `made or changed by Kim Lee`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A peer group, as far as it is in a campaign or lockstep."""

    name: str
    """Empty: those who are in none."""
    members: int
    of: int
    """How many it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What became of a case from one run to the next."""

    what: str
    """One of `TURNS`."""
    case_id: str
    """Which it happened to: the case itself, or one that was merged into it."""
    at: datetime
    """When it was noticed; UTC."""
    other: str = ""
    """The other case, of a merge or a split."""
    why: str = ""
    """What is new, or what ties them, as a sentence."""

    def said(self, reader: str) -> str:
        """As a line in the history of the case `reader`."""
        if self.what == MERGED:
            told = f"case {self.other} was merged into it"
        elif self.what == SPLIT and self.other == reader:
            told = f"case {self.case_id} was split from it"
        elif self.what == SPLIT:
            told = f"split from case {self.other}"
        else:
            told = {JOINED: "grew", RETURN: "arises again", REOPEN: "opened again"}[self.what]
        if self.case_id != reader and self.other != reader:
            told = f"case {self.case_id}: {told}"
        return f"{told}: {self.why}" if self.why else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A story about one entity and those tied to it, or what many had in common at once; ranked
    among the cases of its workspace.
    """

    id: str
    rank: int
    """1 is the most unusual of the listing it came in."""
    score: float
    """log2 of N in `one in N actor-days`."""
    entity_type: str
    entity: str
    start: datetime
    end: datetime
    headline: str
    summary: str
    """Under the headline, what it leaves open: from where, or that nothing was known before."""
    baseline_days: int
    baseline_acts: int
    peer_group: str
    peers: int
    tactics: tuple[str, ...]
    """ATT&CK tactics in the order in which they happened."""
    findings: tuple[CaseFinding, ...]
    """The weightiest first."""
    native_ids: tuple[str, ...]
    """The records' own ids of every event its findings rest on."""
    event_count: int
    """Acts of the entity, and of those tied to it, within the span, ordinary ones included."""
    apps: tuple[str, ...]
    others: tuple[Other, ...] = ()
    """Who else belongs to it; of a campaign or lockstep the first."""
    kind: str = STORY
    """One of `KINDS`."""
    members: int = 0
    """Accounts of a campaign or lockstep, those that are named among them."""
    teams: tuple[Team, ...] = ()
    """Of a campaign or lockstep, the fullest first."""
    learned_bits: float = 0.0
    """What verdicts on cases before added to its evidence; below 0 what they took."""
    evidence: float = 0.0
    """Bits that its findings add up to; its score says how seldom as many come together. 0: nothing
    is added up, as in a campaign."""
    around: tuple[str, ...] = ()
    """What else its entity did before, meanwhile and after, a line each."""
    owner: str = ""
    """Who can recognise the act; empty where nobody but the analyst is asked."""
    owner_because: str = ""
    """Why they, or why nobody."""
    questions: tuple[Question, ...] = ()
    """What its actors were asked and said, the first asked first."""
    turns: tuple[Turn, ...] = ()
    """What became of it from run to run, the first first."""
    formerly: tuple[str, ...] = ()
    """Ids of cases that were merged into it."""
    status: str = OPEN
    """One of `STATUSES`."""
    verdict: str = ""
    verdict_by: str = ""
    verdict_reason: str = ""
    verdict_at: datetime | None = None

    @property
    def parts(self) -> tuple[float, ...]:
        """What each finding adds to the evidence, and last what is not shown, in tenths of a bit:
        they add up to the evidence, as it is rounded.
        """
        exact = [max(0.0, f.adds) * 10 for f in self.findings]
        exact.append(max(0.0, self.evidence * 10 - sum(exact)))
        tenths = [int(part) for part in exact]
        # What rounding down lost goes to those that lost most.
        lost = max(0, round(self.evidence * 10) - sum(tenths))
        by_loss = sorted(range(len(exact)), key=lambda i: (tenths[i] - exact[i], i))
        for i in by_loss[:lost]:
            tenths[i] += 1
        return tuple(part / 10 for part in tenths)

    def to_dict(self) -> dict[str, object]:
        """As JSON-ready values: `id, rank, score, entity, start, end, headline, findings …`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "rank": self.rank,
            "score": round(self.score, 3),
            "one_in": round(2.0**self.score),
            "learned_bits": round(self.learned_bits, 3),
            "evidence": round(self.evidence, 3),
            "entity": self.entity,
            "entity_type": self.entity_type,
            "others": [dataclasses.asdict(other) for other in self.others],
            "members": self.members,
            "teams": [dataclasses.asdict(team) for team in self.teams],
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "headline": self.headline,
            "summary": self.summary,
            "baseline_days": self.baseline_days,
            "baseline_acts": self.baseline_acts,
            "peer_group": self.peer_group,
            "peers": self.peers,
            "tactics": list(self.tactics),
            "apps": list(self.apps),
            "event_count": self.event_count,
            "around": list(self.around),
            "owner": self.owner,
            "owner_because": self.owner_because,
            "questions": [question.to_dict() for question in self.questions],
            "turns": [
                {**dataclasses.asdict(turn), "at": turn.at.isoformat()} for turn in self.turns
            ],
            "formerly": list(self.formerly),
            "status": self.status,
            "verdict": self.verdict,
            "verdict_by": self.verdict_by,
            "verdict_reason": self.verdict_reason,
            "verdict_at": self.verdict_at.isoformat() if self.verdict_at else None,
            "findings": [
                {
                    "id": f.finding.id,
                    "calibrated_bits": round(f.bits, 3),
                    "adds_bits": round(f.adds, 3),
                    "sentence": f.sentence,
                    "what": f.what,
                    "expected": f.expected,
                    "peers": f.peers,
                    "techniques": list(f.techniques),
                    "would_be_normal": f.would_be_normal,
                    "first": f.first.isoformat(),
                    "last": f.last.isoformat(),
                    "count": f.count,
                    "app": f.app,
                    "value": f.value,
                    "key": f.key,
                    "suppressed": f.suppressed.to_dict() if f.suppressed else None,
                    "learned": f.learned,
                    "learned_bits": round(f.learned_bits, 3),
                    **f.finding.to_dict(),
                }
                for f in self.findings
            ],
            "native_ids": list(self.native_ids),
        }

    def _repr_html_(self) -> str:
        """The case as a notebook shows it; log text is escaped."""
        items = "".join(
            f"<li>{escape(f.sentence)}"
            + (f" <small>{part:.1f} bits of {self.evidence:.1f}</small>" if part else "")
            + (f"<br><small>{escape(f.suppressed.said())}</small>" if f.suppressed else "")
            + (f"<br><small>{escape(f.learned)}</small>" if f.learned else "")
            + (
                f"<br><small>Would have been normal: {escape(f.normal)}.</small>"
                if f.normal
                else ""
            )
            + "</li>"
            for f, part in zip(self.findings[:10], self.parts, strict=False)
        )
        around = "".join(f"<li>{escape(line)}</li>" for line in self.around)
        more = len(self.findings) - 10
        rest = f"<p><small>… and {more} more findings</small></p>" if more > 0 else ""
        return (
            f"<h4>{escape(self.headline)}</h4><p>{escape(self.summary)}</p>"
            f"<p><small>1 in {2.0**self.score:,.0f} {escape(self.entity_type)}-days · "
            f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC · "
            f"{escape(' → '.join(self.tactics))}</small></p>{self._with_html()}"
            f"<ul>{items}</ul>{rest}"
            + (f"<p>What else happened</p><ul>{around}</ul>" if around else "")
        )

    @property
    def unnamed(self) -> int:
        """Members of a campaign or lockstep beyond those that are named."""
        named = [self.entity_type, *(other.entity_type for other in self.others)].count("actor")
        return max(0, self.members - named)

    def _with_html(self) -> str:
        said = "; ".join(f"{escape(o.entity)}, {escape(o.why)}" for o in self.others)
        said += f"; and {self.unnamed:,} more" if self.unnamed else ""
        return f"<p><small>with {said}</small></p>" if said else ""
