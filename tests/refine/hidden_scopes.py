"""Suppressions of the findings in `few_findings`, made at their Monday."""

from datetime import timedelta

from hypothesis import strategies as st

from wheeltapper.suppression import Scope, Suppression, suppression

from .few_findings import MONDAY


def hiding(*, days: float = 0.0, lasts: int = 90, **scope: str) -> Suppression:
    """One made `days` after Monday; of new countries from North Korea unless said otherwise."""
    scope = scope or {"detector": "any.country", "value": "KP"}
    made = MONDAY + timedelta(days=days)
    return suppression(Scope(**scope), by="ana", at=made, days=lasts, reason="she moved")


scopes = st.builds(
    Scope,
    detector=st.sampled_from(["", "any.country", "any.hour", "any.*", "rule.*", "rule.x"]),
    value=st.sampled_from(["", "KP", "NL"]),
    entity=st.sampled_from(["", "ana", "kim"]),
    app=st.sampled_from(["", "Okta", "AWS"]),
    peer_group=st.sampled_from(["", "sales", "it"]),
)
"""Any at all, those that are refused as well."""


def unchecked(scope: Scope, days: float, lasts: int) -> Suppression:
    made = MONDAY + timedelta(days=days)
    return Suppression(
        id=f"{scope} {days} {lasts}",
        scope=scope,
        by="ana",
        reason="",
        created=made,
        since=made - timedelta(days=90),
        expires=made + timedelta(days=lasts),
    )


suppressions = st.builds(unchecked, scopes, st.integers(-100, 200), st.integers(1, 365))
