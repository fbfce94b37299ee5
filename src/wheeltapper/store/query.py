"""SQL over a table's files, by DuckDB, in UTC, with nothing of the machine within its reach."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache

import duckdb
import pyarrow as pa

from wheeltapper.store.delta import DataFile, Delta, Snapshot

Value = str | int | float | bool | bytes | None | object
"""What a `?` or `$name` in a query can stand for."""
_LEAST_MIB = 1024


def connect(allowed: Sequence[str]) -> duckdb.DuckDBPyConnection:
    """A database in memory that may read below the folders `allowed` and nothing else."""
    connection = duckdb.connect()
    # DuckDB would take four fifths of the machine's memory, if only to keep what it has read. What
    # is more goes to disk, for whose folder it would take `.tmp` where the process was started.
    connection.execute(f"set memory_limit = '{_memory_mib()}MiB'")
    connection.execute(f"set temp_directory = {_text(_overflow().name)}")
    connection.execute("set TimeZone = 'UTC'")
    # A view is bound when it is made and when it is asked: footers are read once for both.
    connection.execute("set parquet_metadata_cache = true")
    local = [folder for folder in allowed if "://" not in folder]
    connection.execute(f"set allowed_directories = {_list(local)}")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    delta: Delta,
    snapshot: Snapshot,
    files: Sequence[DataFile],
    schema: pa.Schema,
) -> None:
    """Make `name` stand for the rows of `files`, with the columns and types of `schema`.

    A column that the lake was written without is null.
    """
    if not files:
        connection.register(f"{name}_nothing", schema.empty_table())
        connection.execute(f"create view {name} as select * from {name}_nothing")
        return
    columns = ", ".join(
        f'"{field.name}"'
        if field.name in snapshot.columns
        else f'null::{_sql_type(field.type)} as "{field.name}"'
        for field in schema
    )
    if any("://" in file.uri for file in files):
        # DuckDB would have to download an extension to read an object store by itself.
        table = delta.open()
        if table is None:
            raise RuntimeError(f"{delta.url} went away while it was read")
        connection.register(f"{name}_files", table.to_pyarrow_dataset())
        connection.execute(f"create view {name} as select {columns} from {name}_files")
        return
    # Halves the time over thousands of files: else each is opened before anything is asked.
    by_name = "false" if snapshot.uniform else "true"
    paths = _list([file.uri for file in files])
    connection.execute(
        f"create view {name} as select {columns} "
        f"from read_parquet({paths}, union_by_name = {by_name}, hive_partitioning = false)"
    )


def table(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    params: Sequence[Value] | Mapping[str, Value] | None = None,
) -> pa.Table:
    """The rows of a query; raises duckdb.Error for SQL that cannot be run."""
    rows: pa.Table = connection.sql(query, params=params).to_arrow_table()
    return rows


@cache
def _memory_mib() -> int:
    """A fifth of the machine's memory, but not less than a small one needs."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return max(_LEAST_MIB, whole // 5)


@cache
def _overflow() -> tempfile.TemporaryDirectory[str]:
    """A folder that nobody else may look into; it goes with the process."""
    return tempfile.TemporaryDirectory(prefix="wheeltapper-")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return _sql_type(kind.value_type) + "[]"
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    names = {
        pa.string(): "varchar",
        pa.binary(): "blob",
        pa.bool_(): "boolean",
        pa.int64(): "bigint",
        pa.int16(): "smallint",
        pa.float32(): "real",
        pa.float64(): "double",
    }
    return names[kind]
