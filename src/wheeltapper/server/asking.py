"""Asking, on the page: an actor is asked about a case, and a case is written for its reader."""

from datetime import UTC, datetime, timedelta

from wheeltapper.case import Case
from wheeltapper.engines.local.asking import ask as ask_actor
from wheeltapper.engines.local.routing import routing
from wheeltapper.refine.letter import written
from wheeltapper.server import cases
from wheeltapper.server.answers import Ask, AskedView, LetterView
from wheeltapper.server.view import View


def ask(view: View, case: Case, wanted: Ask, address: str) -> AskedView:
    """Ask one of a case's accounts; `address` is where this page was reached.

    Raises
    ------
    WheeltapperError   where nobody can be asked.
    """
    asked = ask_actor(
        view.root,
        view.config,
        view.casebook,
        case,
        by=view.reader,
        now=datetime.now(UTC),
        lasts=timedelta(hours=wanted.hours),
        actor=wanted.actor,
        address=address,
    )
    return AskedView(
        subject=asked.letter.subject,
        text=asked.letter.text,
        link=asked.link,
        case=cases.whole(view, view.casebook.case(case.id) or case),
    )


def letter(view: View, case: Case, reader: str) -> LetterView:
    """The case for its owner or its actor.

    Raises
    ------
    WheeltapperError   where there is no such reader.
    """
    made = written(case, reader, routing(view.root, view.config), datetime.now(UTC))
    return LetterView(subject=made.subject, text=made.text)
