"""Question: what the one under whose name something was done was asked about it, and said.

Made by `review`, kept by `store`, answered on a page of `server`, heard by `refine`. An answer is
evidence and no verdict: an account that is stolen answers too.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

ASKED, ANSWERED, WITHDRAWN, EXPIRED = "asked", "answered", "withdrawn", "expired"
YES, NO, UNSURE = "yes", "no", "unsure"
ANSWERS = (YES, NO, UNSURE)
SAYS = {
    YES: "that this was them",
    NO: "that this was not them",
    UNSURE: "that they are not sure whether this was them",
}
SAME_ADDRESS = "it came from an address of the case itself"
UNKNOWN_ADDRESS = "it is not known from which address it came"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question about one case to one account."""

    id: str
    """24 hex digits."""
    case_id: str
    actor: str
    """Who is asked; the entity of findings that are theirs."""
    start: datetime
    end: datetime
    """Span of the case when it was asked about."""
    about: tuple[tuple[str, str], ...]
    """Detector and key of each of the actor's findings in it."""
    asked_by: str
    asked_at: datetime
    expires: datetime
    nonce: str
    """32 hex digits; the link's signature covers it."""
    state: str = ASKED
    """asked, answered, or withdrawn because it was asked again."""
    answer: str = ""
    answered_at: datetime | None = None
    address: str = ""
    """Where the answer came from, as the server saw it."""
    user_agent: str = ""
    doubt: str = ""
    """Why a `yes` counts nothing; empty where it counts."""

    def standing(self, now: datetime) -> str:
        """The state, with `expired` for what was not answered in time."""
        return EXPIRED if self.state == ASKED and now >= self.expires else self.state

    def told(self, zone: ZoneInfo, now: datetime) -> str:
        """In a sentence, for whoever looks at the case."""
        standing = self.standing(now)
        by = f"asked by {self.asked_by}"
        if standing == ANSWERED and self.answered_at:
            at = f"{self.answered_at.astimezone(zone):%-d %B %Y %H:%M}"
            void = self.answer == YES and self.doubt
            told = f"{self.actor} said on {at} {SAYS[self.answer]} ({by})"
            return f"{told}; this counts nothing: {self.doubt}" if void else told
        until = f"{self.expires.astimezone(zone):%-d %B %Y %H:%M}"
        then = {
            ASKED: f", and can answer until {until}",
            EXPIRED: f", and did not answer by {until}",
        }.get(standing, "; the question was asked anew")
        return f"{self.actor} was asked whether this was them{then} ({by})"

    def to_dict(self) -> dict[str, object]:
        """As JSON-ready values, without what the link is signed over."""
        return {
            "id": self.id,
            "case": self.case_id,
            "actor": self.actor,
            "asked_by": self.asked_by,
            "asked_at": self.asked_at.isoformat(),
            "expires": self.expires.isoformat(),
            "state": self.state,
            "answer": self.answer,
            "answered_at": self.answered_at.isoformat() if self.answered_at else None,
            "address": self.address,
            "user_agent": self.user_agent,
            "doubt": self.doubt,
        }
