"""Cases as they come back from the casebook with a verdict."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from wheeltapper.case import Case, CaseFinding
from wheeltapper.finding import Finding

from .few_findings import finding as few


def judged(verdict: str, *rows: Mapping[str, object], name: str = "", **columns: Any) -> Case:
    """A case that holds some of `few_findings`, or one of them, and what was said of it."""
    told = tuple(_told(row) for row in rows or (few(**columns),))
    times: Sequence[datetime] = [f.finding.time for f in told]
    top = told[0].finding
    return Case(
        id=name or f"case {min(times)} {top.entity}",
        rank=1,
        score=12.0,
        entity_type=top.entity_type,
        entity=top.entity,
        start=min(times),
        end=max(times),
        headline="Ana signed in from North Korea",
        summary="",
        baseline_days=60,
        baseline_acts=1000,
        peer_group="",
        peers=0,
        tactics=(),
        findings=told,
        native_ids=("1",),
        event_count=1,
        apps=("Okta",),
        verdict=verdict,
        verdict_at=max(times) + timedelta(hours=1),
    )


def _told(row: Mapping[str, object]) -> CaseFinding:
    said = {name: row[name] for name in ("source", "peer_group") if row[name] is not None}
    time, bits, evidence = row["time"], row["bits"], row["evidence"]
    assert isinstance(time, datetime)
    assert isinstance(bits, float)
    assert isinstance(evidence, float)
    return CaseFinding(
        finding=Finding(
            detector=str(row["detector"]), entity_type=str(row["entity_type"]),
            entity=str(row["entity"]), time=time, bits=bits, llr=6.0, observed=1.0, expected=0.0,
            baseline_n=100, event_ids=("00" * 16,), evidence=said,
        ),
        bits=evidence, sentence="Ana signed in from North Korea.", would_be_normal="", first=time,
        last=time, count=1, app="Okta", value="from North Korea", key=str(row["key"]),
    )  # fmt: skip
