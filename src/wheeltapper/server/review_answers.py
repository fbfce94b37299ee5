"""Answers about accounts under review, as types; the front end's own are generated from these.

Names, profiles and reasons come from users of the application: plain text, never markup.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from wheeltapper.server.answers import Answer

Word = Literal["fraud", "honest", "unsure", "escalate"]
_Name = Annotated[str, Field(max_length=200)]
_Account = Annotated[str, Field(min_length=1, max_length=1000)]
_Words = Annotated[str, Field(max_length=10_000)]


class Who(BaseModel):
    """Who asks for work; empty: the account that started the server."""

    reviewer: _Name = ""


class Given(BaseModel):
    """What a reviewer says."""

    account: _Account
    opinion: Word
    reviewer: _Name = ""
    reason: _Words = ""
    seconds: Annotated[float, Field(ge=0)] = 0.0


class Appealed(BaseModel):
    """Somebody says that a decision is wrong."""

    account: _Account
    words: _Words = ""


class Verified(BaseModel):
    """What came of a verification."""

    account: _Account
    outcome: Literal["passed", "failed", "lapsed"]


class NodeView(Answer):
    """An account or a shared thing in the picture; the first is the account itself."""

    name: str
    kind: Literal["account", "thing"]
    known: str
    """fraud, honest, or nothing."""
    more: int
    """Holders of a thing that are not drawn."""


class TieView(Answer):
    """Between two places in `nodes`."""

    a: int
    b: int
    what: str


class Like(Answer):
    """A similar account of which something is known."""

    account: str
    known: str


class Said(Answer):
    """What somebody said of an account."""

    account: str
    opinion: str
    by: str = ""
    reason: str = ""
    score: float = 0.0


class ReviewView(Answer):
    """All that a reviewer is shown; the score is not among it, lest it be the answer."""

    account: str
    state: str
    step: str
    round: int
    appeal: str
    challenge: str
    decided: bool
    profile: str
    facts: list[str]
    groups: list[str]
    reasons: list[str]
    reach: int
    nodes: list[NodeView]
    ties: list[TieView]
    similar: list[Like]
    said: list[Said]
    """By others and oneself, once it is decided, or in rounds before this one."""
    mine: str
    """What oneself said last."""


class Queue(Answer):
    """A reviewer's work."""

    reviewer: str
    account: ReviewView | None
    waiting: int
    today: int
    recent: list[Said]
    can_learn: bool


class DecisionView(Answer):
    """A step that was taken, to be carried out."""

    number: int
    id: str
    account: str
    step: str
    was: str
    by: str
    why: str
    at: datetime
    delivered: datetime | None


class DecisionList(Answer):
    """In the order they were made."""

    decisions: list[DecisionView]


class Answered(Answer):
    """What became of an answer."""

    state: str
    step: str
    score: float
    decisions: list[DecisionView]


class Guidelines(Answer):
    """What reviewers go by."""

    text: str
    version: str


class EstimateView(Answer):
    """A share, with its 95 % interval."""

    value: float
    low: float
    high: float
    of: int


class KappaView(Answer):
    """Agreement beyond chance."""

    value: float
    low: float
    high: float
    pairs: int
    agreed: float


class ReviewerView(Answer):
    """What one reviewer did."""

    name: str
    opinions: int
    today: int
    seconds: float
    gold: int
    gold_right: int
    settled: int
    settled_alike: int


class QualityView(Answer):
    """How well probabilities fit what people said."""

    answers: int
    fraud: int
    auc: float | None
    log_loss: float
    brier: float
    precision: float | None
    recall: float | None
    expected: float


class ComparedView(Answer):
    """Two models on the same held-out answers."""

    before: QualityView
    after: QualityView
    worse_by: float
    low: float
    high: float


class Mover(Answer):
    """An account of which the model changed its mind."""

    account: str
    before: float
    after: float


class TrainingView(Answer):
    """The last learning from answers."""

    settled: int
    trained: int
    adopted: bool
    compared: ComparedView | None
    changed: dict[str, int]
    movers: list[Mover]


class DriftView(Answer):
    """How far a column has moved."""

    name: str
    psi: float
    word: str


class ReviewFigures(Answer):
    """How reviewing goes."""

    states: dict[str, int]
    waiting: int
    waiting_by_reason: dict[str, int]
    settled: int
    settled_fraud: int
    drawn: int
    drawn_settled: int
    prevalence: EstimateView | None
    precision: EstimateView | None
    recall: EstimateView | None
    estimated_at: datetime | None
    """Where the three are of before the last scoring: when."""
    acted_from: float
    kappa: KappaView | None
    escalated: int
    reviewers: list[ReviewerView]
    scored_at: datetime | None
    accounts: int
    drift: list[DriftView]
    trained_at: datetime | None
    training: TrainingView | None
    decisions: int
    undelivered: int
    steps: dict[str, int]
    can_learn: bool
