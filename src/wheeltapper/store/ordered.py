"""Activities in the order in which they happened, a bounded number at a time.

A lake of 4,500 small days and one of 60 big ones are both read in windows of time that hold about
as many rows as were asked for. A window's edge lies between two moments, so acts of the same
microsecond are never torn apart.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wheeltapper.store.delta import DataFile

Int64s = npt.NDArray[np.int64]
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
# A window may be this share of its size off to end where files end: none is then opened twice.
_SLACK = 0.25
# Rows that stay together are worth a chunk of their own from here on.
_LONG_STRETCH = 1_000
# At most one row in so many is moved by itself: else all rows are.
_MOSTLY = 5


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
        found += _groups(pq.read_metadata(file.uri), file)
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
    `dictionary` come as `DICTIONARY`, each chunk with a dictionary of its own.
    """
    if any("://" in file.uri for file in files):
        parts = [_remote(files, schema, first_us, last_us, dictionary)]
    else:
        parts = [_local(file, schema, first_us, last_us, dictionary) for file in files]
    table = pa.concat_tables(parts)
    order = order_of(table["time"].cast(pa.int64()).to_numpy(), table["event_id"])
    return table if order is None else _in_order(table, order)


def _in_order(table: pa.Table, order: Int64s) -> pa.Table:
    """`table.take(order)`; long stretches that stay together are not copied.

    A write that reaches a minute beyond midnight leaves a few acts in a file of their own, which
    overlaps a day's: only that minute is put in order then.
    """
    starts = np.concatenate([[0], np.flatnonzero(np.diff(order) != 1) + 1, [order.size]])
    long = np.flatnonzero(np.diff(starts) >= _LONG_STRETCH)
    kept = int((starts[long + 1] - starts[long]).sum())
    if (order.size - kept) * _MOSTLY > order.size:
        return table.unify_dictionaries().combine_chunks().take(pa.array(order))
    pieces, at = [], 0
    for start, end in zip(starts[long].tolist(), starts[long + 1].tolist(), strict=True):
        pieces += [_few(table, order[at:start]), table.slice(int(order[start]), end - start)]
        at = end
    return pa.concat_tables([*pieces, _few(table, order[at:])])


def _few(table: pa.Table, rows: Int64s) -> pa.Table:
    """`table.take(rows)` without putting the whole table's dictionaries together."""
    inside = np.sort(rows)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(inside) != 1) + 1, [inside.size]])
    ranges = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    found = pa.concat_tables(
        [table.slice(0, 0), *(table.slice(int(inside[a]), b - a) for a, b in ranges if b > a)]
    )
    plain = pa.table(
        [_plain(column) for column in found.columns], names=found.column_names
    ).combine_chunks()
    taken = plain.take(pa.array(np.searchsorted(inside, rows)))
    return pa.table(
        [
            column.dictionary_encode() if field.type == DICTIONARY else column
            for column, field in zip(taken.columns, table.schema, strict=True)
        ],
        names=table.column_names,
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if column.type == DICTIONARY else column


def order_of(time_us: Int64s, ids: pa.ChunkedArray) -> Int64s | None:
    """Rows by (time, event_id); None where they lie so already, as one day's file does."""
    order = None
    if (np.diff(time_us) < 0).any():
        order = np.argsort(time_us, kind="stable")
        time_us = time_us[order]
    tied = np.flatnonzero(time_us[1:] == time_us[:-1])
    if not tied.size:
        return order
    # Ids are looked at only where they decide.
    places = np.union1d(tied, tied + 1)
    rows = places if order is None else order[places]
    same_moment = pa.table({"time": time_us[places], "id": ids.take(pa.array(rows))})
    by_id = pc.sort_indices(same_moment, [("time", "ascending"), ("id", "ascending")]).to_numpy()
    if (np.diff(by_id.astype(np.int64)) > 0).all():
        return order
    order = np.arange(time_us.size) if order is None else order
    order[places] = rows[by_id]
    return order


def _local(
    file: DataFile, schema: pa.Schema, first_us: int, last_us: int, dictionary: frozenset[str]
) -> pa.Table:
    """Rows of one file between both times, in the file's order.

    Parquet keeps a column's texts once a row group: they are handed on as they lie there.
    """
    metadata = pq.read_metadata(file.uri)
    names = [name for name in metadata.schema.names if name in schema.names]
    coded = [name for name in names if name in dictionary]
    parquet = pq.ParquetFile(file.uri, metadata=metadata, read_dictionary=coded)
    whole = first_us <= file.first_us and file.last_us <= last_us
    if whole:
        table = parquet.read(names)
    else:
        groups = [
            number
            for number, (first, last, _) in enumerate(_groups(metadata, file))
            if first <= last_us and last >= first_us
        ]
        table = parquet.read_row_groups(groups, names)
        time_us = table["time"].cast(pa.int64()).to_numpy()
        inside = (time_us >= first_us) & (time_us <= last_us)
        if not inside.all():
            table = table.filter(pa.array(inside))
    return _as(table, schema, dictionary)


def _groups(metadata: pq.FileMetaData, file: DataFile) -> list[tuple[int, int, int]]:
    """(first, last, rows) of each row group; the file's own times where a group tells none."""
    time = metadata.schema.names.index("time")
    found = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        bounds = group.column(time).statistics
        known = bounds is not None and bounds.has_min_max
        first, last = (bounds.min_raw, bounds.max_raw) if known else (file.first_us, file.last_us)
        found.append((first, last, group.num_rows))
    return found


def _remote(
    files: Sequence[DataFile],
    schema: pa.Schema,
    first_us: int,
    last_us: int,
    dictionary: frozenset[str],
) -> pa.Table:
    """The same from an object store, whose keys Polars takes from the environment."""
    time = pl.col("time").dt.epoch("us")
    frame = lazy(files, schema).filter(time.is_between(first_us, last_us)).collect()
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return _as(table.cast(schema), schema, dictionary)


def _as(table: pa.Table, schema: pa.Schema, dictionary: frozenset[str]) -> pa.Table:
    """The columns of `schema` in its order, those in `dictionary` coded."""
    columns = []
    for field in schema:
        kind = DICTIONARY if field.name in dictionary else field.type
        if field.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, kind))
            continue
        column = table[field.name]
        if column.type != kind and kind == DICTIONARY:
            column = column.cast(field.type).dictionary_encode()
        columns.append(column if column.type == kind else column.cast(kind))
    return pa.table(columns, names=schema.names)


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
    for start, end in edges(files, first_us, last_us, rows):
        inside = [file for file in files if file.first_us <= end and file.last_us >= start]
        if inside:
            yield from cut(read(inside, schema, start, end, dictionary=dictionary), rows)


def edges(
    files: Sequence[DataFile], first_us: int | None, last_us: int | None, rows: int
) -> list[tuple[int, int]]:
    """`windows` over files, sorted by their first time, between two times where they are told."""
    if not files:
        return []
    low = min(file.first_us for file in files) if first_us is None else first_us
    high = max(file.last_us for file in files) if last_us is None else last_us
    return windows(spans(files, rows), rows, low, high)


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
