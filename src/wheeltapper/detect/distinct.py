"""SQL judged once for acts that are alike: filters and values of a whole batch.

Of half a million acts a few thousand differ in the columns that filters read. So acts are first
numbered by those columns' values, and DuckDB judges one of each number. A column of which an
expression asks only whether it is null counts as that alone.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from wheeltapper import activity
from wheeltapper.detect import sql
from wheeltapper.detect.hashing import Hashes, mix
from wheeltapper.detect.table import Float64s, Int32s, Int64s, new_index, number_all

WORTH_IT = 4
"""At least so many acts to each distinct one, or all are judged one by one."""


def filtered(events: pa.Table, filters: Sequence[str]) -> dict[str, Int64s]:
    """Rows that each filter lets through, in order; null and an error let nothing through."""
    if not filters:
        return {}
    events = _needed(events, filters)
    firsts, numbers = _alike(events, filters)
    judged = _judged(
        events.take(pa.array(firsts)) if numbers is not None else events,
        [f"coalesce(try(({f})::boolean), false)" for f in filters],
    )
    found = {}
    for condition, column in zip(filters, judged, strict=True):
        yes = column.to_numpy(zero_copy_only=False)
        found[condition] = np.flatnonzero(yes if numbers is None else yes[numbers])
    return found


def valued(events: pa.Table, expression: str, rows: Int64s) -> pa.DictionaryArray:
    """An expression's value, as text, of the given rows; null for all others."""
    wanted = _needed(events, [expression]).take(pa.array(rows))
    firsts, numbers = _alike(wanted, [expression])
    (values,) = _judged(
        wanted.take(pa.array(firsts)) if numbers is not None else wanted,
        [f"try(({expression})::varchar)"],
    )
    codes = np.full(len(events), -1, np.int32)
    codes[rows] = np.arange(len(rows)) if numbers is None else numbers
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), values.cast(pa.string()))


def measured(events: pa.Table, expression: str, rows: Int64s) -> Float64s:
    """A column, or an expression's value, of the given rows; NaN where it is no number."""
    out = np.full(len(events), np.nan)
    if not rows.size:
        return out
    if expression in activity.SCHEMA.names:
        numbers = events[expression].take(pa.array(rows)).cast(pa.float64())
    else:
        (numbers,) = _judged(
            _needed(events, [expression]).take(pa.array(rows)), [f"try(({expression})::double)"]
        )
    values = pc.fill_null(numbers, np.nan).to_numpy(zero_copy_only=False)
    out[rows] = np.where(np.isfinite(values), values, np.nan)
    return out


def _needed(events: pa.Table, expressions: Iterable[str]) -> pa.Table:
    """Only the columns that are named: taking rows of others would be work for nothing."""
    return events.select(list(_asked(" ".join(expressions))) or events.column_names)


def _judged(events: pa.Table, expressions: Sequence[str]) -> list[pa.Array]:
    """Columns of SQL expressions over the events, in the events' order."""
    connection = sql.connect()
    # DuckDB's threads hand rows back in whatever order they finish.
    connection.register(
        "numbered", events.append_column("row_number_", pa.array(np.arange(len(events))))
    )
    query = ", ".join(f"{expression} as c{i}" for i, expression in enumerate(expressions))
    found = connection.sql(f"select row_number_, {query} from numbered").to_arrow_table()
    rows = found["row_number_"].to_numpy()
    if (np.diff(rows) < 0).any():
        found = found.take(pa.array(np.argsort(rows)))
    return [column.combine_chunks() for column in found.columns[1:]]


def _alike(events: pa.Table, expressions: Iterable[str]) -> tuple[Int64s, Int32s | None]:
    """First rows of distinct acts, and which of them each act is like; None: one by one."""
    everything = np.arange(len(events))
    asked = _asked(" ".join(expressions))
    if not asked:
        return everything, None
    key = np.zeros(len(events), np.uint64)
    for name, whole in asked.items():
        codes = _codes(events[name], whole)
        if codes is None:
            return everything, None
        _mix_in(key, codes)
    index, numbers = number_all(new_index(), key)
    distinct = int(index.size[0])
    if distinct * WORTH_IT > len(events):
        return everything, None
    return _firsts(numbers, distinct), numbers


def _asked(expressions: str) -> dict[str, bool]:
    """Activity columns that are named, and whether more than their being null is asked."""
    text = expressions.lower()
    asked = {}
    for name in sorted(set(re.findall(r"[a-z_]+", text)) & set(activity.SCHEMA.names)):
        named = len(re.findall(rf"\b{name}\b", text))
        asked[name] = named > len(re.findall(rf"\b{name}\s+is\s+(?:not\s+)?null\b", text))
    return asked


def _codes(column: pa.ChunkedArray, whole: bool) -> Int64s | None:
    """Equal numbers for equal values; None for a kind of column that is not numbered cheaply."""
    if not whole:
        known: Int64s = column.is_valid().to_numpy().astype(np.int64)
        return known
    if pa.types.is_dictionary(column.type):
        array = column.unify_dictionaries().combine_chunks()
        codes = array.indices.cast(pa.int64())
    elif pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        codes = column.cast(pa.int64())
    else:
        return None
    numbers: Int64s = pc.fill_null(codes, -(2**62)).to_numpy()
    return numbers


@njit(cache=True, nogil=True)
def _mix_in(key: Hashes, codes: Int64s) -> None:
    for i in range(key.size):
        key[i] = mix(key[i], np.uint64(codes[i]))


@njit(cache=True, nogil=True)
def _firsts(numbers: Int32s, distinct: int) -> Int64s:
    firsts = np.empty(distinct, np.int64)
    found = 0
    for i in range(numbers.size):
        if numbers[i] == found:
            firsts[found] = i
            found += 1
    return firsts
