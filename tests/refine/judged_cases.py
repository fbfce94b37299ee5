"""Cases as they come back from the casebook with a verdict."""

from datetime import timedelta

from few_findings import MONDAY

from wheeltapper.case import Case, CaseFinding
from wheeltapper.finding import Finding


def judged(verdict: str, *, days: float = 0.0, entity: str = "ana") -> Case:
    """A case about one new country, at a single moment."""
    time = MONDAY + timedelta(days=days)
    finding = Finding(
        detector="any.country",
        entity_type="actor",
        entity=entity,
        time=time,
        bits=10.0,
        llr=6.0,
        observed=1.0,
        expected=0.0,
        baseline_n=100,
        event_ids=("00" * 16,),
    )
    told = CaseFinding(
        finding=finding,
        bits=8.0,
        sentence="Ana signed in from North Korea.",
        would_be_normal="",
        first=time,
        last=time,
        count=1,
        app="Okta",
        value="from North Korea",
        key="KP",
    )
    return Case(
        id=f"case {days}",
        rank=1,
        score=12.0,
        entity_type="actor",
        entity=entity,
        start=time,
        end=time,
        headline="Ana signed in from North Korea",
        summary="",
        baseline_days=60,
        baseline_acts=1000,
        peer_group="",
        peers=0,
        tactics=(),
        findings=(told,),
        native_ids=("1",),
        event_count=1,
        apps=("Okta",),
        verdict=verdict,
    )
