"""Feedback: what people have said, as far as it changes what becomes a case."""

from collections.abc import Sequence
from dataclasses import dataclass

from wheeltapper.case import Case
from wheeltapper.question import Question
from wheeltapper.suppression import Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Everything that refinement hears from people; nothing, in a new workspace."""

    judged: Sequence[Case] = ()
    """Cases with a verdict."""
    suppressions: Sequence[Suppression] = ()
    answers: Sequence[Question] = ()
    """What actors were asked, and said."""


NONE = Feedback()
