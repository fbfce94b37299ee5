from itertools import product

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.activity import SCHEMA
from wheeltapper.detect import distinct, sql
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


@given(ACTS, st.booleans())
def test_filters_let_through_what_sql_says_row_by_row(acts, coded):
    table = table_of(acts, coded)
    together = distinct.filtered(table, FILTERS)
    for condition in FILTERS:
        wanted = [i for i, yes in enumerate(plainly(table, condition)) if yes]
        assert together[condition].tolist() == wanted
        assert distinct.filtered(table, [condition])[condition].tolist() == wanted


@given(ACTS, st.booleans(), st.sampled_from(VALUES))
def test_values_are_what_sql_says_and_null_elsewhere(acts, coded, expression):
    table = table_of(acts, coded)
    rows = np.arange(0, len(table), 2)
    wanted = plainly(table, f"({expression})::varchar")
    got = distinct.valued(table, expression, rows).to_pylist()
    assert got == [v if i % 2 == 0 else None for i, v in enumerate(wanted)]


def test_alike_acts_are_judged_once():
    acts = list(product(["a", "b"], [None, "7"], [True], [0])) * 50
    table = table_of(acts, coded=True)
    firsts, numbers = distinct._alike(table, ["source = 'a' and target is not null"])
    assert len(firsts) == 4
    assert numbers.max() == 3
    assert (firsts[numbers] <= np.arange(len(table))).all()


def test_where_most_acts_differ_they_are_judged_one_by_one():
    table = table_of([("a", None, None, None)] * 20, coded=False)
    assert distinct._alike(table, ["raw is not null and raw <> ''"])[1] is None
    assert distinct._alike(table, ["raw is not null"])[1] is not None


def test_what_cannot_be_computed_is_null_and_stops_nothing():
    table = table_of([("a", "x", None, None), ("a", "7", None, None)], coded=True)
    assert distinct.valued(table, "target::int", np.arange(2)).to_pylist() == [None, "7"]
    assert distinct.filtered(table, ["target::int > 5"])["target::int > 5"].tolist() == [1]


def test_nothing_is_asked_of_no_acts():
    assert distinct.filtered(activities([]), FILTERS)[FILTERS[0]].tolist() == []
    assert distinct.filtered(activities([activity()]), []) == {}
    assert len(distinct.valued(activities([]), "target", np.arange(0))) == 0


def test_an_expression_without_columns_is_the_same_for_all():
    table = table_of([("a", None, None, None)] * 9, coded=False)
    assert distinct.filtered(table, ["true"])["true"].tolist() == list(range(9))
