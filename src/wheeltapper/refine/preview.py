"""Preview: what suppressions would hide, before anybody decides.

Cases are made with them and without, so that what is foretold is what then happens.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from wheeltapper.case import MALICIOUS, POLICY_VIOLATION, Case, CaseFinding
from wheeltapper.refine.feedback import Feedback
from wheeltapper.refine.suppress import speaks, suppress
from wheeltapper.refine.unpack import unpacked
from wheeltapper.refine.wording import TIE
from wheeltapper.suppression import SCOPE, Scope, Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What some suppressions hide of the history there is."""

    suppressions: tuple[Suppression, ...]
    findings: int
    """So many that nothing hid before."""
    gone: tuple[Case, ...]
    """Open cases that are no longer raised, the most unusual first. What else they hold is not told
    with another case either."""
    weaker: tuple[Case, ...]
    """Cases that are still raised, with some of their findings greyed."""
    judged: tuple[Case, ...]
    """Cases with a verdict that have findings of the kind; they keep them."""
    unknown: tuple[str, ...]
    """What the scopes name and no finding at all, with the name that may be meant."""

    @property
    def warned(self) -> tuple[Case, ...]:
        """Those of the judged ones that were rightly raised."""
        return tuple(c for c in self.judged if c.verdict in (MALICIOUS, POLICY_VIOLATION))

    def to_dict(self) -> dict[str, object]:
        """As JSON-ready values; cases by id, headline and verdict."""

        def named(cases: Sequence[Case]) -> list[dict[str, object]]:
            return [{"id": c.id, "headline": c.headline, "verdict": c.verdict} for c in cases]

        return {
            "suppressions": [one.to_dict() for one in self.suppressions],
            "findings": self.findings,
            "gone": named(self.gone),
            "weaker": named(self.weaker),
            "judged": named(self.judged),
            "warned": named(self.warned),
            "unknown": list(self.unknown),
        }


def preview(
    findings: pa.Table,
    drafts: Sequence[Suppression],
    *,
    known: Sequence[Suppression],
    before: Sequence[Case],
    after: Sequence[Case],
) -> Preview:
    """What `drafts` change.

    Parameters
    ----------
    findings : pa.Table    `finding.SCHEMA`, all of the workspace
    known : the suppressions that there are already
    before : the cases as they are
    after : the cases as they are made with `drafts` as well
    """
    told = {_what(f) for case in after for f in case.findings}
    ids = {one.id for one in drafts}
    judged = [case for case in before if case.verdict]
    alike = [case for case in before if _has_like(case, drafts)]
    # What speaks for somebody is never shown.
    against = unpacked(findings).filter(pl.col("bits") + pl.col("llr") >= 0)
    now = _hidden(against, Feedback(judged=judged, suppressions=known))
    then = _hidden(against, Feedback(judged=judged, suppressions=[*known, *drafts]))
    return Preview(
        suppressions=tuple(drafts),
        findings=then - now,
        gone=tuple(c for c in alike if not (c.verdict or told & {_what(f) for f in c.findings})),
        weaker=tuple(
            c for c in after if any(f.suppressed and f.suppressed.id in ids for f in c.findings)
        ),
        judged=tuple(c for c in alike if c.verdict),
        unknown=tuple(dict.fromkeys(name for one in drafts for name in _unknown(against, one))),
    )


def scopes_of(case: Case) -> list[Scope]:
    """What a verdict on a case speaks for: one scope for each kind of finding, each once.

    Detector, value, peer group and application. What has no value, such as an amount, and what is
    compared with nobody, as by a rule, is hidden of its entity alone: that a hundred downloads are
    one person's work says nothing about the others'.
    """
    found: dict[Scope, None] = {}
    for one in case.findings:
        # What is told because of a tie, no detector said: there is nothing to hide.
        if one.suppressed is None and not one.finding.detector.startswith(TIE):
            group, app = _named(one, "peer_group"), _named(one, "app")
            found[
                Scope(
                    detector=one.finding.detector,
                    peer_group=group,
                    value=one.key,
                    app=app,
                    entity="" if one.key and group else one.finding.entity,
                )
            ] = None
    return list(found)


def _has_like(case: Case, drafts: Sequence[Suppression]) -> bool:
    return any(f.suppressed is None and _takes(one, f) for f in case.findings for one in drafts)


def _takes(one: Suppression, told: CaseFinding) -> bool:
    """As `suppress` decides of a frame's rows; of findings put together, whether of any."""
    scope, name = one.scope, told.finding.detector
    return (
        told.first < one.expires
        and told.last >= one.since
        and (name.startswith(scope.prefix) if scope.prefix else scope.detector in ("", name))
        and scope.value in ("", told.key)
        and scope.entity in ("", told.finding.entity)
        and scope.app in ("", _named(told, "app"))
        and scope.peer_group in ("", _named(told, "peer_group"))
    )


def _named(told: CaseFinding, what: str) -> str:
    """What the finding itself says; a case may know more, but a scope is compared with this."""
    return str(told.finding.evidence.get(what) or "")


def _what(told: CaseFinding) -> tuple[object, ...]:
    """The same finding, in whatever case."""
    one = told.finding
    return one.detector, one.entity_type, one.entity, told.key, told.first


def _unknown(findings: pl.DataFrame, one: Suppression) -> list[str]:
    """Fields of a scope, as words, of which by themselves there is no finding."""
    told = []
    for name in SCOPE:
        text: str = getattr(one.scope, name)
        alone = Scope(**{name: text})
        if text and findings.filter(speaks(alone)).is_empty():
            there = findings[name].drop_nulls().unique().sort().to_list()
            meant = difflib.get_close_matches(text.casefold(), there, n=1)
            told.append(f"{alone}" + (f"; is it {meant[0]}?" if meant else ""))
    return told


def _hidden(findings: pl.DataFrame, feedback: Feedback) -> int:
    """How many findings are hidden; `suppress` wants to know what they weigh."""
    plain = findings.with_columns(key=pl.col("value").fill_null(""), evidence=1.0)
    done = suppress(plain, feedback.suppressions, feedback.judged)
    return len(done) - done["suppressed"].null_count()
