"""Telling: single findings in words, as `refine` would tell them in a case."""

from dataclasses import dataclass

import pyarrow as pa

from wheeltapper import config
from wheeltapper.refine.feedback import Feedback
from wheeltapper.refine.refine import tell
from wheeltapper.refine.wording import Wordings
from wheeltapper.refine.words import Vocabulary
from wheeltapper.store.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What refinement has to know of a workspace to say what findings mean there."""

    wordings: Wordings
    words: Vocabulary
    settings: config.Refine
    feedback: Feedback
    timezone: str


def sentences(
    findings: pa.Table, lake: Lake, around: Surroundings, wordings: Wordings
) -> list[str | None]:
    """A sentence for each row of `finding.SCHEMA`; None where its act is no longer in the lake."""
    cases = tell(findings, lake, wordings=wordings, words=around.words, settings=around.settings)
    said = {
        (f.finding.detector, f.finding.entity_type, f.finding.entity, id): f.sentence
        for case in cases
        for f in case.findings
        for id in f.finding.event_ids
    }
    return [
        next(
            (
                said[key]
                for id in row["event_ids"]
                if (key := (row["detector"], row["entity_type"], row["entity"], id.hex())) in said
            ),
            None,
        )
        for row in findings.select(["detector", "entity_type", "entity", "event_ids"]).to_pylist()
    ]
