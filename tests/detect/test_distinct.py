import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.activity import SCHEMA
from wheeltapper.detect import distinct, sql
from wheeltapper.detect.distinct import Memo, taken
from wheeltapper.detect.hashing import hash_column
from wheeltapper.testing import activities, activity

FILTERS = [
    "source = 'a'",
    "source <> 'a' and target is not null",
    "target is null or outcome in ('success', 'failure')",
    "coalesce(target, source) = 'b'",
    "privileged",
    "not privileged and utc_offset > 0",
    "utc_offset is null",
    "source like 'A%' or lower(SOURCE) = 'b'",
    "reason = 'target is null'",
    "try_cast(target as int) > 5",
]
VALUES = ["target", "coalesce(target, source) || '!'", "utc_offset + 1", "raw ->> '$.x'", "null"]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "A"]),
        st.sampled_from([None, "b", "7", ""]),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, -60, 0, 60]),
    ),
    max_size=60,
)


def table_of(acts, coded):
    table = activities(
        activity(minutes=i, source=s, target=t, privileged=p, utc_offset=o,
                 raw=f'{{"x": {i}}}', reason="target is null" if i % 3 else None)
        for i, (s, t, p, o) in enumerate(acts)
    )  # fmt: skip
    if not coded:
        return table
    # In two chunks whose dictionaries differ, as a stitched table may be.
    pieces = [
        pa.table([c.dictionary_encode() if f.type == pa.string() and f.name != "raw" else c
                  for f, c in zip(SCHEMA, piece.columns, strict=True)], names=SCHEMA.names)
        for piece in (table[:7], table[7:])
    ]  # fmt: skip
    return pa.concat_tables(pieces)


def plainly(table, expression):
    connection = sql.connect()
    connection.register("acts", table)
    found = connection.sql(f"select ({expression}) v from acts order by time, event_id")
    return found.to_arrow_table()["v"].to_pylist()


SECRET = bytes(range(16))


def filtered(table, filters, memo=None):
    hash_of = lambda name: hash_column(table[name], SECRET)  # noqa: E731
    found = (memo or Memo(SECRET)).filtered(table, filters, hash_of)
    return {condition: rows.tolist() for condition, rows in found.items()}


def valued(table, expression, rows, memo=None):
    hash_of = lambda name: hash_column(table[name], SECRET)  # noqa: E731
    values = (memo or Memo(SECRET)).valued(table, expression, np.array(rows, np.int64), hash_of)
    texts = values.of(np.arange(len(table))).to_pylist()
    assert (
        values.hash_of_each().tolist() == hash_column(pa.array(texts, pa.string()), SECRET).tolist()
    )
    return texts


@given(ACTS, st.booleans())
def test_filters_let_through_what_sql_says_row_by_row(acts, coded):
    table = table_of(acts, coded)
    together = filtered(table, FILTERS)
    for condition in FILTERS:
        wanted = [i for i, yes in enumerate(plainly(table, condition)) if yes]
        assert together[condition] == wanted
        assert filtered(table, [condition])[condition] == wanted


@given(ACTS, st.booleans(), st.sampled_from(VALUES))
def test_values_are_what_sql_says_and_null_elsewhere(acts, coded, expression):
    table = table_of(acts, coded)
    wanted = plainly(table, f"({expression})::varchar")
    got = valued(table, expression, range(0, len(table), 2))
    assert got == [v if i % 2 == 0 else None for i, v in enumerate(wanted)]


@given(st.lists(ACTS, min_size=2, max_size=4), st.booleans(), st.integers(0, 30))
def test_what_was_said_before_changes_nothing(batches, coded, most):
    memo = Memo(SECRET, most_kinds=most)
    for acts in batches:
        table = table_of(acts, coded)
        rows = range(1, len(table), 2)
        assert filtered(table, FILTERS, memo) == filtered(table, FILTERS)
        for expression in VALUES:
            assert valued(table, expression, rows, memo) == valued(table, expression, rows)


def test_a_kind_of_act_is_judged_once(monkeypatch):
    asked = []
    judged = distinct._judged
    monkeypatch.setattr(
        distinct, "_judged", lambda events, sql: asked.append(len(events)) or judged(events, sql)
    )
    memo = Memo(SECRET)
    first = table_of([("a", None, None, None), ("b", "7", None, 60)] * 9, coded=True)
    more = table_of([("b", "7", None, 60), ("A", None, None, None)] * 9, coded=True)
    for table in (first, more, first):
        filtered(table, ["source = 'a' and target is not null"], memo)
        valued(table, "lower(source)", range(len(table)), memo)
    assert asked == [2, 2, 1, 1]


def test_what_hardly_repeats_is_judged_act_by_act_and_only_that(monkeypatch):
    asked = []
    judged = distinct._judged
    monkeypatch.setattr(
        distinct, "_judged", lambda events, sql: asked.append(len(events)) or judged(events, sql)
    )
    table = table_of([("a", None, None, None)] * 20, coded=True)
    found = filtered(table, ["raw is not null", "raw like '%1%'", "source = 'a'"])
    assert asked == [1, 20]
    assert sorted(len(rows) for rows in found.values()) == [11, 20, 20]


def test_what_cannot_be_computed_is_null_and_stops_nothing():
    table = table_of([("a", "x", None, None), ("a", "7", None, None)], coded=True)
    assert valued(table, "target::int", range(2)) == [None, "7"]
    assert filtered(table, ["target::int > 5"])["target::int > 5"] == [1]


def test_nothing_is_asked_of_no_acts():
    for coded in (False, True):
        assert filtered(table_of([], coded), FILTERS)[FILTERS[0]] == []
        assert valued(table_of([], coded), "lower(target)", range(0)) == []
    assert filtered(activities([activity()]), []) == {}


def test_an_expression_without_columns_is_the_same_for_all():
    table = table_of([("a", None, None, None)] * 9, coded=False)
    assert filtered(table, ["true"])["true"] == list(range(9))


@given(ACTS, st.sets(st.integers(0, 59)))
def test_rows_are_taken_as_arrow_would_with_dictionaries_decoded(acts, wanted):
    rows = np.array(sorted(row for row in wanted if row < len(acts)), np.int64)
    for coded in (False, True):
        got = taken(table_of(acts, coded), rows)
        assert got.equals(table_of(acts, False).take(pa.array(rows)).combine_chunks())
