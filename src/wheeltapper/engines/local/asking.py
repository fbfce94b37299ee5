"""Asking: a question to an actor is made, kept, and written as a message with its link."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from wheeltapper.case import Case
from wheeltapper.config import Config
from wheeltapper.engines.local.routing import routing
from wheeltapper.question import Question
from wheeltapper.refine.letter import Letter, asked_of, to_actor, with_link
from wheeltapper.review import keys
from wheeltapper.review.asking import LASTS, link, question_of
from wheeltapper.store.casebook import Casebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, and what is to be sent. The link is told once: it is not kept."""

    question: Question
    link: str
    letter: Letter


def ask(
    root: Path, settings: Config, book: Casebook, case: Case, *, by: str, now: datetime,
    lasts: timedelta = LASTS, actor: str = "", address: str = "",
) -> Asked:  # fmt: skip
    """Ask one of the case's accounts, its own where no other is named.

    `address` is where the server is reached, in place of the settings'.

    Raises
    ------
    WheeltapperError   where nobody can be asked, or the time is too short or too long.
    """
    whom = asked_of(case, actor)
    question = book.questions.ask(question_of(case, whom, by=by, now=now, lasts=lasts))
    where = settings.server.address or address or settings.server.local_address
    url = link(question, keys.load(root / keys.FILE), where)
    zone = routing(root, settings).zone_of(whom)
    letter = with_link(to_actor(case, whom, zone), url, question.expires, zone)
    return Asked(question=question, link=url, letter=letter)
