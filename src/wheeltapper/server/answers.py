"""Answers: what the page is told, as types. The front end's own types are generated from these.

Times are ISO 8601 in UTC; the page turns them into the workspace's zone. Everything that comes out
of a log is plain text: it is never markup.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Lane = Literal["app", "detector", "session", "device"]
Reader = Literal["owner", "actor"]
Unit = Literal["day", "week", "month"]
Kind = Literal["story", "campaign", "lockstep"]
Status = Literal["open", "closed", "reopened"]
Turned = Literal["joined", "merged", "split", "returned", "reopened"]
Verdict = Literal[
    "malicious", "policy_violation", "benign_expected", "benign_unusual", "wrong_data"
]


class Answer(BaseModel):
    """Base of every answer: its fields are all there, always."""

    model_config = ConfigDict(frozen=True)


class Problem(Answer):
    """What went wrong, in a sentence for the reader."""

    error: str


class Budget(Answer):
    """How much of the reader's day is used up."""

    day: str
    """The last local day of the log, `2026-07-10`; empty while the lake is."""
    used: int
    """Cases that ended on it; campaigns take no place."""
    per_day: float


class Overview(Answer):
    """What was looked at."""

    name: str
    timezone: str
    first: datetime | None
    last: datetime | None
    acts: int
    actors: int
    findings: int
    findings_below: int
    """Findings that stand in no story."""
    open: int
    closed: int
    hidden: int
    """Suppressions in force."""
    to_review: int
    """Accounts that wait for people."""
    reviewed: bool
    """Whether accounts are reviewed here at all."""
    budget: Budget


class CaseLine(Answer):
    """A case in the list."""

    id: str
    kind: Kind
    """Of one and those tied to it; of many at once, in order; of many at once, in one hand."""
    rank: int
    score: float
    one_in: int
    entity: str
    entity_type: str
    start: datetime
    end: datetime
    headline: str
    apps: list[str]
    findings: int
    members: int
    """Accounts of a campaign or lockstep; 0 of a story."""
    status: Status
    verdict: Verdict | None


class CaseList(Answer):
    """The best ranked of the cases that were asked for."""

    cases: list[CaseLine]
    total: int
    """How many there are, those beyond the limit included."""


class HiddenBy(Answer):
    """What greys a finding."""

    id: str
    by: str
    reason: str
    made: datetime
    until: datetime


class FindingView(Answer):
    """A finding in its case."""

    n: int
    """Its place by weight, from 1: its address on the page."""
    id: str
    detector: str
    about: str
    """What the detector looks for; empty for one that is no longer in the catalogue."""
    sentence: str
    what: str
    """The sentence in its parts: what happened, without whom the case is about;"""
    history: str
    """what its own history made likely;"""
    peers: str
    """and what peers do."""
    would_be_normal: str
    """Empty where what was expected says it."""
    first: datetime
    last: datetime
    time: datetime
    count: int
    app: str
    value: str
    bits: float
    """Calibrated."""
    learned: str
    """Why verdicts on its like changed its bits; empty where they did not."""
    learned_bits: float
    raw_bits: float
    llr: float
    observed: float
    expected: float
    baseline_n: int
    baseline_unit: str
    """What `baseline_n` counts, in the singular."""
    adds: float
    """Bits that it adds to the case's evidence, in tenths: those of all findings and the case's
    `rest` sum to it."""
    attack: list[str]
    techniques: list[str]
    """By name."""
    events: int
    evidence: str
    """Small JSON, as text."""
    hidden: HiddenBy | None
    """It is shown greyed, and counts nothing."""


class JudgedOnce(Answer):
    """One line of a case's history of verdicts."""

    verdict: Verdict | None
    by: str
    reason: str
    at: datetime


class TurnView(Answer):
    """What became of a case from one run to the next."""

    what: Turned
    at: datetime
    case: str
    """Another case that it leads to; empty where there is none."""
    said: str
    """As a line of the case's history."""


class OtherView(Answer):
    """Another account, address or machine that belongs to a case."""

    entity_type: str
    entity: str
    why: str


class TeamView(Answer):
    """A peer group, as far as it is in a campaign or lockstep."""

    name: str
    members: int
    of: int


class QuestionView(Answer):
    """What an actor was asked about a case, and said."""

    id: str
    actor: str
    asked_by: str
    asked_at: datetime
    expires: datetime
    standing: Literal["asked", "answered", "withdrawn", "expired"]
    answer: Literal["yes", "no", "unsure"] | None
    answered_at: datetime | None
    address: str
    """Where the answer came from, as the server saw it."""
    user_agent: str
    doubt: str
    """Why a yes counts nothing; empty where it counts."""


class CaseView(CaseLine):
    """A case, whole."""

    summary: str
    baseline_days: int
    baseline_acts: int
    peer_group: str
    peers: int
    tactics: list[str]
    event_count: int
    learned_bits: float
    """What verdicts on cases before added to its evidence; below 0 what they took."""
    evidence: float
    """Bits that the findings add up to, in tenths; 0 where nothing is added up."""
    rest: float
    """What of them is in no finding that is shown."""
    around: list[str]
    """What else its entity did, a line each."""
    owner: str
    owner_because: str
    others: list[OtherView]
    teams: list[TeamView]
    accounts: list[str]
    """Who can be asked."""
    questions: list[QuestionView]
    found: list[FindingView]
    judged: list[JudgedOnce]
    """Of cases that were merged into this one, too."""
    turns: list[TurnView]
    formerly: list[str]
    """Ids of cases that were merged into it."""


class LaneView(Answer):
    """One swimlane: the actor's ordinary activity in it, and how usual it is for them."""

    key: str
    name: str
    counts: list[int]
    """Acts per bucket of the window."""
    before: int
    """Acts before the case began."""
    days: int
    """Days with acts before the case began."""
    last_before: datetime | None
    marks: list[int]
    """Numbers of the findings that stand in it."""


class ActivityView(Answer):
    """The entity's acts in a window, lane by lane."""

    start: datetime
    end: datetime
    buckets: int
    lanes: list[LaneView]
    acts: int
    """All its acts in the window, lanes left out included."""
    lanes_left_out: int
    history_days: int
    """Days from its first act to the start of the case."""


class Bar(Answer):
    """Acts in one local day, week or month."""

    start: datetime
    end: datetime
    acts: int


class HistoryView(Answer):
    """The entity's acts over the whole log; units without any are there with 0."""

    unit: Unit
    bars: list[Bar]


class Peers(Answer):
    """What others do of the same kind in one unit of time, the quiet ones included."""

    who: str
    accounts: int
    low: float
    """5th percentile."""
    high: float
    """95th percentile."""
    most: int
    doing: int
    """Accounts that ever did it."""


class KindView(Answer):
    """One finding's kind of act, observed against expected."""

    unit: Unit
    what: str
    """The acts that are counted, in words."""
    bars: list[Bar]
    peers: Peers | None


class EventLine(Answer):
    """An act in a table."""

    event_id: str
    time: datetime
    app: str
    action: str
    outcome: str
    actor: str
    target: str
    src_ip: str
    device: str
    country: str
    user_agent: str


class EventList(Answer):
    """Some acts of many, in the order of time."""

    events: list[EventLine]
    total: int
    offset: int


class EventField(Answer):
    """One column of an act that has a value."""

    name: str
    meaning: str
    value: str


class EventView(Answer):
    """An act with everything that is known about it."""

    event_id: str
    time: datetime
    fields: list[EventField]
    raw: str
    """The record as it came; not necessarily JSON, never markup."""


class Judgement(BaseModel):
    """A reader's verdict on a case; none opens it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict | None
    reason: Annotated[str, Field(max_length=2000)] = ""


class SuppressionView(Answer):
    """What somebody wants hidden for a while."""

    id: str
    scope: str
    """In words."""
    detector: str
    peer_group: str
    value: str
    app: str
    entity: str
    by: str
    reason: str
    created: datetime
    expires: datetime
    case_id: str
    """The case whose verdict it came from; empty for one made by hand."""
    ended_by: str
    ended: datetime | None
    in_force: bool


class SuppressionList(Answer):
    """All that were ever made."""

    suppressions: list[SuppressionView]


class NamedCase(Answer):
    """A case by its sentence."""

    id: str
    headline: str


class HidingView(Answer):
    """What suppressions hide of the past ninety days."""

    scopes: list[str]
    findings: int
    gone: list[NamedCase]
    """Open cases that are no longer raised."""
    weaker: list[NamedCase]
    """Cases that lose evidence."""
    judged: list[NamedCase]
    """Cases with a verdict that have findings of the kind; they keep them."""
    warned: list[NamedCase]
    """Those of them that were no false alarm."""
    unknown: list[str]
    """What the scopes name and no finding has."""
    kept: bool


class Hide(BaseModel):
    """What a reader wants hidden: the like of a case's findings, or of a scope by its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: Annotated[str, Field(max_length=100)] = ""
    detector: Annotated[str, Field(max_length=1000)] = ""
    peer_group: Annotated[str, Field(max_length=1000)] = ""
    value: Annotated[str, Field(max_length=1000)] = ""
    app: Annotated[str, Field(max_length=1000)] = ""
    entity: Annotated[str, Field(max_length=1000)] = ""
    days: Annotated[int, Field(ge=1, le=365)] = 90
    reason: Annotated[str, Field(max_length=1000)] = ""
    dry_run: bool = False


Name = Annotated[str, Field(max_length=100)]


class Ended(BaseModel):
    """Suppressions that a reader ends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: Annotated[list[Name], Field(min_length=1, max_length=1000)]


class Ask(BaseModel):
    """Whom to ask about a case, and for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: Annotated[str, Field(max_length=1000)] = ""
    """One of the case's accounts; empty: its own."""
    hours: Annotated[float, Field(gt=0, le=720)] = 48


class LetterView(Answer):
    """A case as somebody gets it who is no analyst; plain text."""

    subject: str
    text: str


class AskedView(LetterView):
    """What is to be sent to the actor; the link is told this once."""

    link: str
    case: CaseView
