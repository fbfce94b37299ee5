"""A Delta table: Parquet files and a log that says which of them count.

What is written appears all at once or not at all, and a write that carries an id happens once:
the log remembers the id, so that after a crash the same write can simply be asked for again.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any  # what a Delta log holds
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction
from polars.exceptions import PolarsError

from wheeltapper.errors import WheeltapperError

DAY = "day"
WEEK_HOURS = 168
# Rows of one row group: what a reader can skip by time inside a file.
_ROW_GROUP = 65_536
# Below this, setting Zstandard up forty times a file costs more than all else: 1,700 days of 35
# rows took 5.3 s of processor time with it, 3.2 s with Snappy, which made them 8 % larger.
_SMALL_FILE_ROWS = 1_000
# Delta keeps statistics in whole milliseconds, rounded down.
_ROUNDED_US = 999
# A table property: the columns that the table was made with. Where they are those of today, no
# column was ever added, so no file lacks one.
_BORN_WITH = "wheeltapper.columns"
# Table properties. A table that is written to every few seconds, for ever, would remember the id of
# every write, and keep every commit for a month: 260,000 files. Ids matter to a write that is tried
# again after a crash; old versions to nobody.
_FORGOTTEN = {
    "delta.setTransactionRetentionDuration": "interval 30 days",
    "delta.logRetentionDuration": "interval 1 days",
    # Whoever opens a table reads the commits since the last checkpoint, each on a thread of its
    # own: of up to a hundred, a process that follows had 130 threads, and memory for each.
    "delta.checkpointInterval": "10",
}
_FIRST_US, _LAST_US = -(2**62), 2**62
# How S3 says what is wrong.
_SAID_BY_STORE = re.compile(r"<Code>(\w+)</Code>\s*<Message>([^<]*)</Message>")
_LOST = re.compile(r"Object at location (\S+) (not found)")
# How DuckDB says that what it was given to read from could not be read.
_READING_FAILED = re.compile(r"stream registered as '\w+' failed")
_COLOUR = re.compile(r"\x1b\[\d*m")


class Unreachable(WheeltapperError, OSError):
    """An object store is away, refuses, or has no such bucket; whoever follows tries again."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a table and the times it spans."""

    uri: str
    first_us: int
    """No row is before it; UTC, microseconds since 1970-01-01, up to 1 ms early."""
    last_us: int
    """No row is after it; up to 1 ms late."""
    rows: int
    day: int | None
    """Partition, in days since 1970-01-01; None where the table has no partitions."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as it stood at one version; its files stay until they are vacuumed."""

    files: tuple[DataFile, ...] = ()
    columns: frozenset[str] = frozenset()
    uniform: bool = False
    """Every file has every column: nobody has to look into each file to know."""

    def between(self, first_us: int | None, last_us: int | None) -> list[DataFile]:
        """Files that may hold rows with `first_us <= time <= last_us`, by their first time."""
        found = [
            file
            for file in self.files
            if (first_us is None or file.last_us >= first_us)
            and (last_us is None or file.first_us <= last_us)
        ]
        return sorted(found, key=lambda file: (file.first_us, file.uri))


class Delta:
    """One table at a local path or an object store's URL; made by the first write to it.

    Object stores take their keys from the environment, in the names of the store's own tools
    (`AWS_ACCESS_KEY_ID`, `AZURE_STORAGE_ACCOUNT_NAME`, `GOOGLE_APPLICATION_CREDENTIALS` …).
    """

    def __init__(
        self, url: str, schema: pa.Schema, *, by_day: bool, plain: tuple[str, ...] = ()
    ) -> None:
        """`plain` names columns whose values hardly repeat: no dictionary, no statistics."""
        self.url = url if "://" in url else _folder(url)
        self.schema = schema.append(pa.field(DAY, pa.date32())) if by_day else schema
        self.by_day = by_day
        self._plain = plain
        self._born_with = " ".join(self.schema.names)

    def _writer(self, rows_per_file: float) -> WriterProperties:
        unique = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
        small = rows_per_file < _SMALL_FILE_ROWS
        return WriterProperties(
            compression="SNAPPY" if small else "ZSTD",
            compression_level=None if small else 1,
            max_row_group_size=_ROW_GROUP,
            default_column_properties=ColumnProperties(statistics_enabled="CHUNK"),
            column_properties=dict.fromkeys(self._plain, unique),
        )

    def open(self) -> DeltaTable | None:
        """The newest version, or None where nothing was ever written."""
        with reached(self.url):
            return DeltaTable(self.url) if DeltaTable.is_deltatable(self.url) else None

    def snapshot(self) -> Snapshot:
        table = self.open()
        if table is None:
            return Snapshot()
        adds = pa.table(table.get_add_actions(flatten=True))

        def column(name: str) -> list[int | None]:
            if name not in adds.column_names:
                return [None] * adds.num_rows
            integers = pa.int32() if pa.types.is_date32(adds[name].type) else pa.int64()
            values: list[int | None] = adds[name].cast(integers).to_pylist()
            return values

        return Snapshot(
            files=tuple(
                DataFile(
                    uri=f"{self.url}/{unquote(path)}",
                    # A file written by another program may come without statistics.
                    first_us=_FIRST_US if first is None else first,
                    last_us=_LAST_US if last is None else last + _ROUNDED_US,
                    rows=rows or 0,
                    day=day,
                )
                for path, first, last, rows, day in zip(
                    adds["path"].to_pylist(),
                    column("min.time"),
                    column("max.time"),
                    column("num_records"),
                    column(f"partition.{DAY}"),
                    strict=True,
                )
            ),
            columns=frozenset(field.name for field in table.schema().fields),
            uniform=table.metadata().configuration.get(_BORN_WITH) == self._born_with,
        )

    def version(self, write_id: str) -> int | None:
        """The number that the last write with this id carried; None if there was none."""
        table = self.open()
        return None if table is None else table.transaction_version(write_id)

    def append(self, table: pa.Table, write_id: str) -> bool:
        """Add rows, in their order within a day, in one commit; False if `write_id` was there.

        `table` has the columns of the table's schema, without `day`.
        """
        if self.by_day:
            table = table.append_column(self.schema.field(DAY), pc.cast(table["time"], pa.date32()))
        with reached(self.url):
            return self._appended(table, write_id)

    def _appended(self, table: pa.Table, write_id: str) -> bool:
        target = self.open() or DeltaTable.create(
            self.url,
            self.schema,
            mode="ignore",
            partition_by=[DAY] if self.by_day else None,
            # Statistics of forty columns would be most of the log, and only this one is asked for.
            configuration={
                "delta.dataSkippingStatsColumns": "time",
                _BORN_WITH: self._born_with,
                **_FORGOTTEN,
            },
            raise_if_key_not_exists=False,
        )
        if target.transaction_version(write_id) is not None:
            return False
        known = {field.name for field in target.schema().fields}
        files = len(table[DAY].unique()) if self.by_day else 1
        write_deltalake(
            target,
            table,
            mode="append",
            schema_mode=None if known.issuperset(table.column_names) else "merge",
            writer_properties=self._writer(table.num_rows / max(files, 1)),
            commit_properties=_commit(write_id, 1, at_ms=time.time_ns() // 1_000_000),
        )
        return True

    def rewrite(self, days: Sequence[date], kept_hours: int = WEEK_HOURS) -> None:
        """Put each day's rows into as few files as can be, sorted by time; readers see no change.

        Files that are no longer named are removed `kept_hours` later, when nobody reads them any
        more.
        """
        table = self.open()
        if table is None or not days:
            return
        wanted = [day.isoformat() for day in days]
        with reached(self.url):
            table.optimize.z_order(
                ["time"],
                partition_filters=[(DAY, "in", wanted)],
                writer_properties=self._writer(_ROW_GROUP),
            )
            _cleaned(table, kept_hours)

    def merge(self, kept_hours: int) -> None:
        """The same for a table without partitions, in no order."""
        table = self.open()
        if table is None:
            return
        with reached(self.url):
            table.optimize.compact(writer_properties=self._writer(_ROW_GROUP))
            _cleaned(table, kept_hours)

    def linked(self, url: str, before: date | None) -> None:
        """Make a table in the folder `url` that has this one's files, of days before `before`.

        They are linked, not copied, and nobody ever writes into a file of a table: what is added
        there or taken out there changes nothing here.

        Raises
        ------
        WheeltapperError   for a table in an object store, or on another file system.
        """
        table = self.open()
        if table is None:
            return
        if "://" in self.url:
            raise WheeltapperError(
                f"{self.url}: an object store's files cannot be linked; copy the lake's folder to "
                "this machine and set lake to it"
            )
        into = Path(_folder(url))
        adds: list[AddAction | RemoveAction] = []
        for add in pa.table(table.get_add_actions(flatten=False)).to_pylist():
            path, day = unquote(add["path"]), (add["partition"] or {}).get(DAY)
            if before is not None and day is not None and day >= before:
                continue
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            _link(Path(self.url) / path, into / path)
            adds.append(
                AddAction(
                    path=add["path"], size=add["size_bytes"],
                    partition_values={DAY: day.isoformat()} if day is not None else {},
                    modification_time=add["modification_time"], data_change=True,
                    stats=_statistics(add),
                )
            )  # fmt: skip
        by = [DAY] if self.by_day else None
        made = DeltaTable.create(
            str(into), table.schema(), mode="ignore", partition_by=by,
            configuration=table.metadata().configuration, raise_if_key_not_exists=False,
        )  # fmt: skip
        made.create_write_transaction(adds, "append", table.schema(), partition_by=by)

    def delete(self, where: str | None, write_id: str, version: int) -> None:
        """Take out the rows that `where` (SQL) names, all of them for None.

        The commit carries `write_id` at `version`, which `version` tells afterwards.
        """
        table = self.open()
        if table is not None:
            with reached(self.url):
                table.delete(where, commit_properties=_commit(write_id, version))


def _cleaned(table: DeltaTable, kept_hours: int) -> None:
    table.vacuum(kept_hours, dry_run=False, enforce_retention_duration=False)


def _folder(path: str) -> str:
    folder = str(Path(path).absolute())
    # delta-rs makes a host name of the path, and ends in a panic where it is none; DuckDB takes
    # the last two for a pattern.
    if odd := sorted(set(folder) & set("[]^|%\\*?")):
        raise WheeltapperError(
            f"the lake cannot lie in {folder}: its path may not have {' '.join(odd)} in it; "
            "use another folder"
        )
    return folder


@contextmanager
def reached(url: str) -> Iterator[None]:
    """What an object store says is told in one line; a folder's errors are left as they are."""
    try:
        yield
    except (OSError, DeltaError, PolarsError, duckdb.InvalidInputException) as error:
        if "://" not in url or isinstance(error, Unreachable):
            raise
        if isinstance(error, duckdb.Error) and not _READING_FAILED.search(str(error)):
            raise  # the query is wrong
        said = _LOST.search(str(error)) or _SAID_BY_STORE.search(str(error))
        lines = [line.strip(" ↳") for line in _COLOUR.sub("", str(error)).split("\n")]
        why = ": ".join(said.groups()) if said else ([line for line in lines if line] or ["?"])[-1]
        keys = "AWS_ENDPOINT_URL, AWS_REGION and the keys" if url.startswith("s3") else "the keys"
        raise Unreachable(
            f"{url}: the object store cannot be used ({why}). See that the bucket is there, that "
            f"lake in wheeltapper.toml names it, and that {keys} in the environment are right "
            "(docs/running.md); then run the same again, nothing is lost"
        ) from error


def _link(there: Path, here: Path) -> None:
    try:
        here.hardlink_to(there)
    except OSError as error:
        raise WheeltapperError(
            f"{here.parent}: the lake's files cannot be linked here ({error.strerror}); use a "
            f"folder on the file system of {there.parent}"
        ) from error


def _statistics(add: Mapping[str, Any]) -> str:
    """A file's statistics as the log has them."""
    low, high = ((add.get(end) or {}).get("time") for end in ("min", "max"))
    if low is None or high is None:
        return json.dumps({"numRecords": add["num_records"]})
    times = [at.isoformat(timespec="milliseconds").replace("+00:00", "Z") for at in (low, high)]
    return json.dumps(
        {
            "numRecords": add["num_records"], "minValues": {"time": times[0]},
            "maxValues": {"time": times[1]}, "nullCount": add["null_count"],
        }
    )  # fmt: skip


def _commit(write_id: str, version: int, at_ms: int | None = None) -> CommitProperties:
    """What a commit remembers: for ever, or, with the time, as long as `_FORGOTTEN` says."""
    return CommitProperties(app_transactions=[Transaction(write_id, version, at_ms)])
