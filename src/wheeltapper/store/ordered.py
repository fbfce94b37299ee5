"""Activities in the order in which they happened, a bounded number at a time.

A lake of 4,500 small days and one of 60 big ones are both read in windows of time that hold about
as many rows as were asked for. A window's edge lies between two moments, so acts of the same
microsecond are never torn apart.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from wheeltapper.store.delta import DataFile

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
# A window may be this share of its size off to end where files end: none is then opened twice.
_SLACK = 0.25


def windows(
    spans: Sequence[tuple[int, int, int]], rows: int, first_us: int, last_us: int
) -> list[tuple[int, int]]:
    """Cut time into pieces of about `rows` rows.

    Parameters
    ----------
    spans   (first, last, rows) of each file or part of one; rows are taken to be spread evenly.
    first_us, last_us   what is wanted, both included.

    Returns
    -------
    (first, last) of each window, both included, in order, without gap from first_us to last_us.
    """
    if not spans or first_us > last_us:
        return []
    first, last, count = np.array(spans, np.int64).T
    edges = np.unique(np.concatenate([first, last + 1]))
    density = count / (last + 1 - first)
    change, cover = np.zeros(edges.size), np.zeros(edges.size, np.int64)
    np.add.at(change, np.searchsorted(edges, first), density)
    np.add.at(change, np.searchsorted(edges, last + 1), -density)
    np.add.at(cover, np.searchsorted(edges, first), 1)
    np.add.at(cover, np.searchsorted(edges, last + 1), -1)
    below = np.concatenate([[0.0], np.cumsum(np.cumsum(change)[:-1] * np.diff(edges))])
    seam = np.cumsum(cover) == 0  # no span reaches across this edge
    cuts = []
    for wanted in np.arange(rows, below[-1] - rows * _SLACK, rows):
        nearest = np.argmin(np.where(seam, np.abs(below - wanted), np.inf))
        if abs(below[nearest] - wanted) <= rows * _SLACK:
            cuts.append(int(edges[nearest]))
        else:
            cuts.append(int(np.interp(wanted, below, edges)))
    inside = sorted({cut for cut in cuts if first_us < cut <= last_us})
    starts = [first_us, *inside]
    return list(zip(starts, [*(cut - 1 for cut in inside), last_us], strict=True))


def spans(files: Sequence[DataFile], rows: int) -> list[tuple[int, int, int]]:
    """(first, last, rows) of each file; of each row group where a file alone is a large part."""
    found = []
    for file in files:
        if file.rows * 4 <= rows or "://" in file.uri:
            found.append((file.first_us, file.last_us, file.rows))
            continue
        metadata = pq.read_metadata(file.uri)
        time = metadata.schema.names.index("time")
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            bounds = group.column(time).statistics
            if bounds is None or not bounds.has_min_max:
                found.append((file.first_us, file.last_us, group.num_rows))
            else:
                found.append((bounds.min_raw, bounds.max_raw, group.num_rows))
    return found


def lazy(files: Sequence[DataFile], schema: pa.Schema) -> pl.LazyFrame:
    """All rows of `files` with the columns of `schema`; null where a file has no such column."""
    return pl.scan_parquet(
        [file.uri for file in files],
        schema=pl.Schema(schema),
        missing_columns="insert",
        extra_columns="ignore",
        hive_partitioning=False,
        glob=False,
    )


def read(
    files: Sequence[DataFile],
    schema: pa.Schema,
    first_us: int,
    last_us: int,
    *,
    dictionary: frozenset[str],
) -> pa.Table:
    """Rows with `first_us <= time <= last_us` by (time, event_id), as `schema` says.

    `schema` has `time` and `event_id`; a column that a file lacks is null. Columns named in
    `dictionary` come with each distinct text once (`DICTIONARY`).
    """
    frame = lazy(files, schema)
    if any(file.first_us < first_us or file.last_us > last_us for file in files):
        time = pl.col("time").dt.epoch("us")
        frame = frame.filter(time.is_between(first_us, last_us))
    # Categories of its own: texts of a column go when its table goes, not with the process.
    coded = [name for name in schema.names if name in dictionary]
    found = frame.with_columns(
        pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in coded
    ).collect()
    if not in_order(found):
        found = found.sort("time", "event_id")
    table = found.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    return pa.table([_column(table[field.name], field) for field in schema], names=schema.names)


def in_order(frame: pl.DataFrame) -> bool:
    """Is it sorted by (time, event_id) already, as one day's file is?"""
    time = frame["time"].to_physical()
    if not time.is_sorted():
        return False
    tied = (time == time.shift(1)) & (frame["event_id"] < frame["event_id"].shift(1))
    return not tied.any()


def _column(column: pa.ChunkedArray, field: pa.Field) -> pa.Array:
    # Polars gives 64-bit offsets and unsigned codes; Arrow's readers expect the narrow ones.
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if not pa.types.is_dictionary(array.type):
        return array.cast(field.type)
    codes = array.indices.cast(pa.int32())
    return pa.DictionaryArray.from_arrays(codes, array.dictionary.cast(pa.string()))


def scan(
    files: Sequence[DataFile],
    schema: pa.Schema,
    first_us: int | None,
    last_us: int | None,
    rows: int,
    *,
    dictionary: frozenset[str] = frozenset(),
) -> Iterator[pa.Table]:
    """Tables of about `rows` rows, together all rows between both times in (time, event_id) order.

    `files` are sorted by their first time.
    """
    if not files:
        return
    low = min(file.first_us for file in files) if first_us is None else first_us
    high = max(file.last_us for file in files) if last_us is None else last_us
    for start, end in windows(spans(files, rows), rows, low, high):
        inside = [file for file in files if file.first_us <= end and file.last_us >= start]
        if inside:
            yield from cut(read(inside, schema, start, end, dictionary=dictionary), rows)


def cut(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """Pieces of `rows` rows, and those of the same moment as the last of them."""
    time_us = table["time"].cast(pa.int64()).to_numpy()
    start = 0
    while start < table.num_rows:
        last = time_us[min(start + rows, table.num_rows) - 1]
        stop = int(np.searchsorted(time_us, last, side="right"))
        # A small rest is no piece of its own.
        if table.num_rows - stop < rows * _SLACK:
            stop = table.num_rows
        yield table.slice(start, stop - start)
        start = stop
