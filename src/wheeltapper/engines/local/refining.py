"""Refinement on one machine, as far as it has to be done: an hour of findings costs an hour's work.

Days that are over are done: their cases stay, and what they count as a reference is remembered. A
run takes the findings of the days that are not over, and of a few days before them, so that waves,
ties and stories that go on are whole. What comes for a day that is over (a late act that a rule
speaks of) opens that day again, and all after it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from wheeltapper import config
from wheeltapper.case import Case
from wheeltapper.engines.local.judges import Judges, wordings
from wheeltapper.engines.local.memory import Memory, Remembered, digest
from wheeltapper.refine import reference as days
from wheeltapper.refine.feedback import Feedback
from wheeltapper.refine.reference import NOTHING, Reference
from wheeltapper.refine.refine import refine as made
from wheeltapper.refine.wording import Wordings
from wheeltapper.refine.words import Vocabulary
from wheeltapper.store.casebook import Casebook
from wheeltapper.store.lake import Lake

BEFORE_DAYS = 3
"""A wave lasts as long, and a tie reaches no further back."""


def refine(
    lake: Lake,
    casebook: Casebook,
    memory: Memory,
    judges: Judges,
    *,
    step: int,
    words: Vocabulary,
    settings: config.Refine,
    feedback: Feedback,
    routed: Callable[[list[Case]], list[Case]] = list,
    anew: bool = False,
) -> int:
    """Make the cases of what is new, and keep them; the number of cases in all.

    `step` is the last of detection; `routed` names the owners of cases. With `anew` all findings
    make cases again, as after somebody said what is to be seen differently from now on.
    """
    first, last, _ = lake.span()
    if first is None or last is None:
        return 0
    wording = wordings(judges)
    known, reference = memory.load(_judges(wording, settings))
    if anew:
        reference = NOTHING
    reference = _opened(lake, known, reference)
    since = _midnight(reference.last + timedelta(days=1)) if reference.last else None
    before = since - timedelta(days=BEFORE_DAYS) if since else None
    done = made(
        lake.findings(since=before),
        lake,
        wordings=wording,
        words=words,
        settings=settings,
        feedback=feedback,
        reference=reference,
    )
    casebook.save(routed(done.cases), since=since, looked_from=before)
    open_from = days.closed_before(first.date(), last.date())
    memory.save(
        Remembered(step=step, judges=known.judges, run=known.run + 1),
        done.reference.until(open_from),
    )
    return casebook.count()


def remade(
    lake: Lake, judges: Judges, words: Vocabulary, settings: config.Refine, feedback: Feedback
) -> list[Case]:
    """The cases of all findings, kept nowhere."""
    return made(
        lake.findings(), lake, wordings=wordings(judges), words=words, settings=settings,
        feedback=feedback,
    ).cases  # fmt: skip


def _opened(lake: Lake, known: Remembered, reference: Reference) -> Reference:
    """The reference before the first day that something new was said of."""
    if reference.last is None:
        return reference
    after = f"{known.step:012d}~"
    new = lake.sql("select min(time) as time from findings where step > ?", [after])
    earliest = new["time"][0].as_py()
    if earliest is None or earliest.date() > reference.last:
        return reference
    left = reference.until(earliest.date())
    # Of what was forgotten no reference can be made again.
    short = reference.first is None or left.first is None
    return NOTHING if short else left


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _judges(wording: Wordings, settings: config.Refine) -> str:
    """What bits and bars depend on."""
    said = sorted((name, str(one)) for name, one in wording.by_name.items())
    return digest(f"{said} {settings} {days.COUNTED}")
