from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.activity import TIME
from wheeltapper.store.ordered import cut, order_of, windows

SPANS = st.lists(
    st.tuples(st.integers(-1000, 1000), st.integers(0, 300), st.integers(1, 500)).map(
        lambda span: (span[0], span[0] + span[1], span[2])
    ),
    min_size=1,
    max_size=12,
)


@given(SPANS, st.integers(1, 1000), st.integers(-1200, 1200), st.integers(-1200, 1200))
def test_windows_follow_each_other_without_gap(spans, rows, first, last):
    found = windows(spans, rows, first, last)
    if first > last:
        assert found == []
        return
    assert (found[0][0], found[-1][1]) == (first, last)
    assert all(a[1] + 1 == b[0] for a, b in pairwise(found))
    assert all(start <= end for start, end in found)


@given(SPANS, st.integers(50, 1000))
def test_windows_hold_about_as_many_rows_as_were_asked_for(spans, rows):
    """Counted moment by moment, with each span's rows spread evenly over it."""
    low, high = min(s[0] for s in spans), max(s[1] for s in spans)
    density = np.zeros(high - low + 1)
    for start, end, count in spans:
        density[start - low : end - low + 1] += count / (end - start + 1)
    for start, end in windows(spans, rows, low, high):
        inside = density[start - low : end - low + 1]
        # A single moment is never cut; a cut may be a quarter off at each end.
        assert inside.sum() <= rows * 1.5 + 2 * inside.max()


def test_windows_end_where_files_end():
    days = [(day * 100, day * 100 + 90, 30) for day in range(10)]
    assert windows(days, 100, 0, 990) == [(0, 290), (291, 690), (691, 990)]
    assert windows([], 100, 0, 10) == []


def table(seconds):
    return pa.table(
        {
            "time": pa.array(seconds, pa.int64()).cast(TIME),
            "n": pa.array(range(len(seconds)), pa.int64()),
        }
    )


@given(st.lists(st.integers(0, 30), max_size=60).map(sorted), st.integers(1, 20))
def test_pieces_are_the_whole_and_no_moment_is_in_two(times, rows):
    pieces = list(cut(table(times), rows))
    assert pa.concat_tables([table([]), *pieces]).equals(table(times))
    moments = [set(piece["time"].to_pylist()) for piece in pieces]
    assert sum(map(len, moments)) == len(set(times))
    longest = max([times.count(t) for t in times], default=0)
    assert all(0 < piece.num_rows <= rows * 1.25 + longest for piece in pieces)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.binary(min_size=1, max_size=2)), max_size=12),
    st.integers(0, 12),
)
def test_order_is_by_time_then_id_and_none_where_rows_lie_so(rows, cut):
    time_us = np.array([time for time, _ in rows], np.int64)
    pieces = [pa.array([id for _, id in part], pa.binary()) for part in (rows[:cut], rows[cut:])]
    order = order_of(time_us, pa.chunked_array(pieces, pa.binary()))
    assert (order is None) == (rows == sorted(rows))
    if order is not None:
        assert [rows[i] for i in order] == sorted(rows)
