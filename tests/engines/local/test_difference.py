"""Two versions side by side: what both say is the same, the rest is added or gone."""

import dataclasses
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper import finding
from wheeltapper.detect import catalogue
from wheeltapper.engines.local.difference import by_day, by_entity, changes_of, compared
from wheeltapper.testing import MONDAY

SCHEMA = pl.from_arrow(finding.SCHEMA.empty_table()).schema | {"value": pl.String}


def frame(rows):
    return pl.DataFrame(
        [
            {
                "detector": "any.country", "entity_type": "actor", "entity": who,
                "time": MONDAY + timedelta(hours=hours), "bits": 9.0, "llr": 1.0,
                "observed": 1.0, "expected": 0.0, "baseline_n": 9,
                "event_ids": [f"{hours}".encode()], "attack": [], "evidence": "{}", "value": value,
            }
            for who, hours, value in sorted(rows, key=lambda row: row[1])
        ],
        schema=SCHEMA,
    )  # fmt: skip


def changed(rows, change):
    return rows.filter(pl.col("change") == change)


SAID = st.lists(
    st.tuples(
        st.sampled_from(["ana", "ben", None]),
        st.integers(0, 60),
        st.sampled_from(["NL", "KP", None]),
    ),
    max_size=12,
)


def counted(rows):
    """Findings by whom, what and day, as an obvious loop would count them."""
    return Counter((who, value, (MONDAY + timedelta(hours=h)).date()) for who, h, value in rows)


@given(now=SAID, before=SAID)
def test_same_added_and_gone_are_what_counting_says(now, before):
    both = compared(frame(now), frame(before), alike=True)
    a, b = counted(now), counted(before)
    assert changed(both, "same").height == (a & b).total()
    assert changed(both, "added").height == (a - b).total()
    assert changed(both, "gone").height == (b - a).total()
    assert both["time"].is_sorted()


@given(now=SAID)
def test_a_version_beside_itself_changes_nothing(now):
    assert set(compared(frame(now), frame(now), alike=True)["change"]) <= {"same"}
    alone = compared(frame(now), None, alike=True)
    assert set(alone["change"]) <= {"same"}
    assert alone.height == len(now)


def test_a_burst_noticed_at_another_of_its_acts_is_the_same():
    both = compared(frame([("ana", 1, None)]), frame([("ana", 2, None)]), alike=True)
    assert both["change"].to_list() == ["same"]
    assert both["time"].to_list() == [MONDAY + timedelta(hours=1)]


def test_values_are_left_aside_where_the_versions_compare_different_ones():
    now, before = frame([("ana", 1, "S3 GetObject")]), frame([("ana", 1, "GetObject")])
    assert sorted(compared(now, before, alike=True)["change"]) == ["added", "gone"]
    assert compared(now, before, alike=False)["change"].to_list() == ["same"]


@given(now=SAID, before=SAID)
def test_days_and_entities_add_up(now, before):
    both = compared(frame(now), frame(before), alike=True)
    since, until = MONDAY - timedelta(hours=9), MONDAY + timedelta(hours=63)
    days = by_day(both, since, until, "UTC")
    assert days["day"].to_list() == [MONDAY.date() + timedelta(days=n) for n in range(3)]
    entities = by_entity(both, "UTC")
    for table in (days, entities):
        assert table["findings"].sum() == len(now)
        assert table["added"].sum() == changed(both, "added").height
        assert table["gone"].sum() == changed(both, "gone").height
    assert entities["findings"].to_list() == sorted(entities["findings"], reverse=True)


def test_a_day_is_a_day_of_the_readers_zone_through_summer_time():
    since = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Amsterdam, before the change
    until = datetime(2026, 3, 30, 22, tzinfo=UTC)  # midnight there, after it
    at = (datetime(2026, 3, 29, 22, 30, tzinfo=UTC) - MONDAY) / timedelta(hours=1)
    days = by_day(compared(frame([("ana", at, "NL")]), None, alike=True), since, until,
                  "Europe/Amsterdam")  # fmt: skip
    assert days["day"].to_list() == [date(2026, 3, 29), date(2026, 3, 30)]
    assert days["findings"].to_list() == [0, 1]


def test_fields_that_differ_are_named_settings_among_them():
    (entry,) = [d for d in catalogue.load() if d.name == "any.country"]
    other = dataclasses.replace(
        entry,
        says="out of {value}",
        settings=dataclasses.replace(entry.settings, min_bits=3.0),
        file="elsewhere.toml:1",
    )
    said = [(c.field, c.before, c.now) for c in changes_of(entry, other)]
    assert said == [
        ("says", "from {value}", "out of {value}"),
        ("settings.min_bits", "7", "3"),
    ]
    assert changes_of(entry, entry) == changes_of(None, entry) == ()
