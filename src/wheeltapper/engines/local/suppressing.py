"""Suppressing: what somebody would hide is drafted, and looked at before it is kept."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from wheeltapper.case import Case
from wheeltapper.refine.preview import Preview, preview, scopes_of
from wheeltapper.store import Casebook, Lake
from wheeltapper.suppression import Scope, Suppression, suppression

Remade = Callable[[Sequence[Suppression]], Sequence[Case]]
"""Makes the cases of all findings, with these suppressions beside those of the casebook."""


def drafts(
    of: Case | Mapping[str, str], lake: Lake, *, by: str, at: datetime, days: int, reason: str
) -> list[Suppression]:
    """Suppressions of a scope, by its fields, or of all kinds of findings in a case; not yet kept.

    Raises
    ------
    WheeltapperError   for a scope that cannot be used.
    """
    case = of if isinstance(of, Case) else None
    scopes = scopes_of(of) if isinstance(of, Case) else [Scope(**of)]
    _, last, _ = lake.span()
    return [
        suppression(
            scope, by=by, at=at, last=last, days=days, reason=reason,
            case_id=case.id if case else "",
        )
        for scope in scopes
    ]  # fmt: skip


def foreseen(made: Sequence[Suppression], lake: Lake, book: Casebook, remade: Remade) -> Preview:
    """What suppressions would hide; nothing is kept."""
    known, before = book.suppressions(), book.cases()
    return preview(
        lake.findings(), made, known=known, before=before, after=book.renamed(remade(made))
    )
