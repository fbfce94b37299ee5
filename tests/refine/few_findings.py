"""Findings as the steps of refinement get them, from the few columns that a test is about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import strategies as st

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
_PLAIN: Mapping[str, object] = {
    "detector": "any.country",
    "entity_type": "actor",
    "entity": "ana",
    "time": MONDAY,
    "bits": 10.0,
    "llr": 6.0,
    "value": "KP",
    "key": "KP",
    "source": "okta",
    "app": "Okta",
    "action": "sign in",
    "peer_group": "sales",
    "of_peers": 20.0,
    "evidence": 8.0,
}


def finding(*, hours: float = 0.0, days: float = 0.0, **columns: object) -> dict[str, object]:
    """One finding; its `key` is its `value` unless said otherwise."""
    if "value" in columns:
        columns.setdefault("key", columns["value"])
    time = MONDAY + timedelta(days=days, hours=hours)
    return {**_PLAIN, "time": time, **columns}


ASPECTS = {"any.country": "place", "any.network": "place"}


def frame(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    types = pl.DataFrame([_PLAIN]).schema | {"time": pl.Datetime("us", "UTC")}
    found = pl.DataFrame(list(rows), schema=types, orient="row")
    return found.with_columns(aspect=pl.col("detector").replace(ASPECTS))


@st.composite
def many(draw: st.DrawFn, most: int = 25) -> list[dict[str, object]]:
    """Findings of few entities, detectors and values, so that they meet."""
    one = st.builds(
        finding,
        days=st.integers(0, 200),
        hours=st.integers(0, 23),
        entity=st.sampled_from(["ana", "kim", "lee"]),
        detector=st.sampled_from(["any.country", "any.network", "any.hour", "rule.x"]),
        value=st.sampled_from(["", "KP", "NL"]),
        evidence=st.sampled_from([0.0, 1.0, 3.3, 8.1, 20.7]),
    )
    return draw(st.lists(one, min_size=1, max_size=most))


def same(a: pl.DataFrame, b: pl.DataFrame) -> bool:
    """The same rows, to the bit, in whatever order."""
    return sorted(map(repr, a.rows())) == sorted(map(repr, b.select(a.columns).rows()))
