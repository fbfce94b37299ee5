import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from judging import ACTS, SECRET, detector, table_of

from wheeltapper.activity import SCHEMA
from wheeltapper.detect.hashing import hash_column, mix
from wheeltapper.detect.prepare import MOST_ACTS, number_entities, prepare
from wheeltapper.detect.table import new_index
from wheeltapper.testing import activities, activity


def columns(table, one):
    prepared = prepare(table, [one], SECRET)
    number_entities(prepared, [one], {one.entity: new_index()})
    return prepared.columns_of(one)


def hashes(*texts):
    return hash_column(pa.array(texts, pa.string()), SECRET)


def test_a_filter_is_sql_and_null_lets_nothing_through():
    table = activities(activity(minutes=i, country=c) for i, c in enumerate(["NL", None, "DE"]))
    assert columns(table, detector("rate", filter="country <> 'DE'")).row.tolist() == [0]
    assert columns(table, detector("rate", filter="country is null or actor = 'kim'")).row.size == 1


def test_rows_stay_in_order_whatever_duckdbs_threads_do():
    table = activities(activity(minutes=i / 100, bytes=i) for i in range(50_000))
    table = pa.concat_tables([table[:10], table[10:2058], table[2058:]])
    one = detector("novelty", filter="bytes % 3 = 0", value="bytes // 1000")
    got = columns(table, one)
    assert got.row.tolist() == list(range(0, 50_000, 3))
    wanted = hashes(*(str(i // 1000) for i in range(50_000)))
    assert (got.value[got.row] == wanted[got.row]).all()


def test_a_value_of_several_columns_is_null_where_one_is():
    table = activities([activity(target="x"), activity(minutes=1)])
    got = columns(table, detector("novelty", value="app + target"))
    app, target = hashes("app", "x")
    assert got.value.tolist() == [mix(app, target), 0]


def test_an_expression_is_judged_only_where_its_filter_lets_it():
    table = activities([activity(target="12"), activity(minutes=1, target="x")])
    one = detector("novelty", filter="target = '12'", value="target::int + 1")
    got = columns(table, one)
    assert got.value[got.row].tolist() == hashes("13").tolist()


def test_units():
    table = activities(
        [activity(session="s"), activity(minutes=1, session="s"), activity(minutes=2),
         activity(days=1, session="s")]
    )  # fmt: skip
    ids = [int.from_bytes(id[:8], "little") for id in table["event_id"].to_pylist()]
    assert columns(table, detector("novelty", unit="act")).unit.tolist() == ids
    s = int(hashes("s")[0])
    assert columns(table, detector("novelty", unit="session")).unit.tolist() == [s, s, ids[2], s]
    days = columns(table, detector("novelty", unit="day"))
    assert days.unit.tolist() == (days.day + 1).tolist()
    assert np.diff(days.day).tolist() == [0, 0, 1]


def test_a_slice_of_a_table_has_its_own_ids():
    table = activities(activity(minutes=i) for i in range(9))
    whole = columns(table, detector("novelty"))
    part = columns(table[4:7], detector("novelty"))
    assert part.unit.tolist() == whole.unit[4:7].tolist()


def test_entities_are_numbered_by_first_appearance_where_looked_at():
    table = activities(
        [activity("kim", action="skip"), activity("ana", minutes=1), activity(None, minutes=2),
         activity("kim", minutes=3), activity("ana", minutes=4)]
    )  # fmt: skip
    got = columns(table, detector("rate", filter="action <> 'skip'"))
    assert got.number.tolist() == [-1, 0, -1, 1, 0]


def test_what_is_not_known_or_makes_no_sense_has_a_plain_value():
    table = activities([
        activity(minutes=0), activity(minutes=1, count=7, hour_of_week=167),
        activity(minutes=2, count=-3, hour_of_week=168),
        activity(minutes=3, count=2**63 - 1, hour_of_week=-5),
        activity(minutes=4, count=0, hour_of_week=None),
    ])  # fmt: skip
    got = columns(table, detector("rate", peers=""))
    assert got.amount.tolist() == [1, 7, 1, MOST_ACTS, 1]
    assert got.hour_of_week.tolist() == [9, 167, -1, -1, -1]
    assert not got.group.any()


def test_days_and_hours_are_utc_before_1970_too():
    table = activities([activity(days=-20_500), activity()])
    got = columns(table, detector("rate"))
    assert (got.hour // 24 == got.day).all()
    assert got.day[0] < 0


@given(ACTS)
def test_dictionaries_make_no_difference(acts):
    table = table_of(acts)
    coded = pa.table(
        [c.dictionary_encode() if f.type == pa.string() else c
         for f, c in zip(SCHEMA, table.columns, strict=True)],
        names=SCHEMA.names,
    )  # fmt: skip
    one = detector("novelty", value="lower(action)", filter="actor <> 'lee'", unit="session")
    for plain, same in zip(columns(table, one), columns(coded, one), strict=True):
        assert np.array_equal(plain, same, equal_nan=plain.dtype == np.float64)


def test_a_mark_tells_which_acts_meet_it():
    table = activities(activity(minutes=i, outcome=o) for i, o in enumerate(["failure", None]))
    table = pa.concat_tables([table, activities([activity(minutes=5)])])
    one = detector("novelty", filter="outcome is not null", mark="outcome = 'success'")
    got = columns(table, one)
    assert got.mark[got.row].tolist() == [False, True]
    assert columns(table, detector("novelty", mark="")).mark.size == 0


def test_a_measure_is_a_column_or_an_expression_and_nan_where_it_is_no_number():
    rows = [activity(bytes=7, target="12.5"), activity(minutes=1, bytes=None, target="x")]
    table = activities([*rows, activity(minutes=2, bytes=3, target="inf")])
    got = columns(table, detector("novelty", measure="bytes")).measure
    assert np.array_equal(got, [7.0, np.nan, 3.0], equal_nan=True)
    said = columns(table, detector("novelty", measure="target::double * 2")).measure
    assert np.array_equal(said, [25.0, np.nan, np.nan], equal_nan=True)
    assert columns(table, detector("novelty", measure="")).measure.size == 0


@pytest.mark.parametrize(
    ("hour_of_week", "workday", "read_as"),
    [
        (3 * 24 + 10, True, 3 * 24 + 10),
        (3 * 24 + 10, False, 6 * 24 + 10),  # a holiday on a Thursday
        (3 * 24 + 10, None, 3 * 24 + 10),
        (5 * 24 + 3, False, 5 * 24 + 3),  # an ordinary Saturday
        (6 * 24 + 9, True, 4 * 24 + 9),  # a Sunday where the weekend is Friday and Saturday
        (0, False, 6 * 24),
        (167, True, 4 * 24 + 23),
        (None, False, -1),
        (None, True, -1),
        (168, None, -1),
    ],
)
def test_a_holiday_runs_like_a_sunday(hour_of_week, workday, read_as):
    rows = activities([activity(hour_of_week=hour_of_week, workday=workday)])
    assert prepare(rows, [], SECRET).hour_of_week.tolist() == [read_as]
