from datetime import datetime

import pytest

from wheeltapper.activity import SCHEMA
from wheeltapper.testing import MONDAY, activities, activity


def test_rows_become_a_table_in_order_of_time():
    table = activities([activity("kim", minutes=5), activity(country="NL")])
    assert table.schema == SCHEMA
    assert table["actor"].to_pylist() == ["ana", "kim"]
    assert table["country"].to_pylist() == ["NL", None]
    assert table["hour_of_week"].to_pylist() == [9, 9]


def test_ids_are_made_from_content_and_each_row_has_its_own():
    row = activity(days=1)
    ids = activities([row, row, activity(days=2)])["event_id"].to_pylist()
    assert len(set(ids)) == 3
    assert ids == activities([activity(days=2), row, row])["event_id"].to_pylist()
    assert {len(id) for id in ids} == {16}


def test_an_id_of_its_own_is_kept():
    assert activities([activity(event_id=b"0" * 16)])["event_id"].to_pylist() == [b"0" * 16]


def test_no_rows_are_an_empty_table():
    assert activities([]).schema == SCHEMA
    assert len(activities([])) == 0


def test_what_is_no_column_is_refused():
    with pytest.raises(ValueError, match="colour, shape: no column of an Activity"):
        activity(shape="round", colour="red")


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="needs a zone"):
        activity(time=datetime(2026, 1, 1))  # noqa: DTZ001  (what is tested)
    assert activity()["time"] == MONDAY
