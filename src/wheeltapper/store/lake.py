"""The lake: every activity once, and every finding, in two Delta tables in one folder.

`activities` is partitioned by day (UTC) and sorted by (time, event_id) within a write; `findings`
is small and has no partitions. Any program that reads Delta or Parquet can read both.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity, finding
from wheeltapper.store import ordered, query
from wheeltapper.store.delta import WEEK_HOURS, Delta, reached

FINDINGS_SCHEMA = finding.SCHEMA.append(pa.field("step", pa.string()))
REPEATING = frozenset(
    field.name
    for field in activity.SCHEMA
    if field.type == pa.string() and field.name not in {"native_id", "command_line", "raw"}
)
"""Columns whose texts come again and again: what `scan(dictionary=True)` hands out coded."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVENT_ID_BYTES = 16
# Id under which the findings' table counts how often it was emptied for a replay.
_REPLAY = "replay"
# A day in more files than this is worth rewriting.
_FILES_PER_DAY = 8
_FINDINGS_FILES = 32


class Lake:
    """All activities and findings of a workspace.

    Any number of readers may work while one writer writes: each reads the newest version that is
    complete. Times are aware datetimes; a naive one is an error.
    """

    def __init__(self, url: str) -> None:
        """`url` is a folder, made by the first write, or an object store's URL."""
        root = url.rstrip("/")
        self._activities = Delta(
            f"{root}/activities",
            activity.SCHEMA,
            by_day=True,
            plain=("event_id", "native_id", "raw"),
        )
        self._findings = Delta(f"{root}/findings", FINDINGS_SCHEMA, by_day=False)

    # Activities

    def append(self, table: pa.Table, batch_id: str) -> int:
        """Keep activities (activity.SCHEMA, any order); the number of rows that were new.

        The same batch id, or the same event again on the same day, adds nothing. All of the batch
        is there afterwards, or none of it if the process ends before this returns.

        Raises
        ------
        ValueError   for an event without time, or an event_id that is not 16 bytes.
        """
        if self._activities.version(batch_id) is not None:
            return 0
        table = _sorted_once(table.select(activity.SCHEMA.names).cast(activity.SCHEMA))
        table = self._unknown(table)
        if not table.num_rows or not self._activities.append(table, batch_id):
            return 0
        return int(table.num_rows)

    def _unknown(self, table: pa.Table) -> pa.Table:
        """The rows whose event_id the lake does not have in the time that they span."""
        if not table.num_rows:
            return table
        time_us = _integers(table["time"])
        near = [
            file
            for file in self._activities.snapshot().between(int(time_us[0]), int(time_us[-1]))
            if np.searchsorted(time_us, file.first_us)
            < np.searchsorted(time_us, file.last_us, side="right")
        ]
        if not near:
            return table
        ids = pa.schema([activity.SCHEMA.field("time"), activity.SCHEMA.field("event_id")])
        kept = ordered.lazy(near, ids).filter(
            pl.col("time").dt.epoch("us").is_between(int(time_us[0]), int(time_us[-1]))
        )
        mine = pl.from_arrow(table.select(["event_id"]))
        if not isinstance(mine, pl.DataFrame):
            raise TypeError("a table became something else")
        known = mine.lazy().with_row_index("row").join(kept, on="event_id", how="semi")
        with reached(self._activities.url):
            rows = known.select("row").collect()["row"].to_numpy()
        if not rows.size:
            return table
        new = np.ones(table.num_rows, bool)
        new[rows] = False
        return table.filter(pa.array(new))

    def activities(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        where: str | None = None,
        params: Sequence[query.Value] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Activities with `since <= time < until`, sorted by (time, event_id).

        `where` is SQL on Activity columns, never text from a log: values go into `params`, one
        for each `?`. Raises duckdb.Error if it cannot be run.
        """
        first, last = _us(since), _before(until)
        wanted = ", ".join(f'"{name}"' for name in columns or activity.SCHEMA.names)
        text = f"select {wanted} from activities where {_between(first, last)}"
        if where:
            text += f" and ({where}\n)"
        with self._connect(first, last) as connection:
            found = query.table(connection, f"{text} order by time, event_id", params)
        fields = [activity.SCHEMA.field(name) for name in columns or activity.SCHEMA.names]
        return found.cast(pa.schema(fields))

    def scan(
        self,
        after: datetime | None = None,
        until: datetime | None = None,
        rows: int = 500_000,
        columns: Sequence[str] | None = None,
        *,
        dictionary: bool = False,
    ) -> Iterator[pa.Table]:
        """All activities with `after < time < until`, about `rows` at a time, in order.

        Tables follow each other by (time, event_id); activities of the same moment are in one
        table. Memory holds one table, whatever the size of the lake. With `dictionary`, columns
        in `REPEATING` are dictionary<int32, string>, each chunk with a dictionary of its own:
        `unify_dictionaries` makes one of them where that is needed.
        """
        first = None if after is None else (_us(after) or 0) + 1
        last = _before(until)
        names = list(columns or activity.SCHEMA.names)
        schema = pa.schema(
            [activity.SCHEMA.field(n) for n in dict.fromkeys(["time", "event_id", *names])]
        )
        coded = REPEATING if dictionary else frozenset[str]()
        files = self._activities.snapshot().between(first, last)
        tables = ordered.scan(files, schema, first, last, rows, dictionary=coded)
        while True:
            with reached(self._activities.url):
                table = next(tables, None)
            if table is None:
                return
            yield table.select(names)

    def windows(
        self, after: datetime | None = None, until: datetime | None = None, rows: int = 500_000
    ) -> list[tuple[int, int]]:
        """Pieces of time with `after < time < until` that hold about `rows` acts each, in order.

        Returns
        -------
        (first, last) of each, both included, in microseconds; together all of the time between
        """
        first = None if after is None else (_us(after) or 0) + 1
        last = _before(until)
        return ordered.edges(self._activities.snapshot().between(first, last), first, last, rows)

    def window(self, first_us: int, last_us: int, columns: Sequence[str]) -> pa.Table:
        """The activities of such a piece in order, coded as by `scan(dictionary=True)`."""
        names = dict.fromkeys(["time", "event_id", *columns])
        schema = pa.schema([activity.SCHEMA.field(name) for name in names])
        files = self._activities.snapshot().between(first_us, last_us)
        if not files:
            return schema.empty_table().select(list(columns))
        with reached(self._activities.url):
            table = ordered.read(files, schema, first_us, last_us, dictionary=REPEATING)
        return table.select(list(columns))

    def events(self, ids: Sequence[bytes], start: datetime, end: datetime) -> pa.Table:
        """The activities with these event ids and `start <= time <= end`, in order."""
        first, last = _us(start), _us(end)
        with self._connect(first, last) as connection:
            connection.register("wanted", pa.table({"event_id": pa.array(ids, pa.binary())}))
            found = query.table(
                connection,
                f"select * from activities semi join wanted using (event_id) "
                f"where {_between(first, last)} order by time, event_id",
            )
        return found.select(activity.SCHEMA.names).cast(activity.SCHEMA)

    def sql(
        self,
        text: str,
        params: Sequence[query.Value] | Mapping[str, query.Value] | None = None,
        *,
        tables: Mapping[str, pa.Table] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> pa.Table:
        """A query over the views `activities` and `findings`, in DuckDB's SQL.

        `tables` can be named in the query, too. `since` and `until` only leave out files of
        other times: the query still has to say what it wants. Raises duckdb.Error for SQL that
        cannot be run; files outside the lake are out of reach.
        """
        with self._connect(_us(since), _us(until), findings=True) as connection:
            for name, given in (tables or {}).items():
                connection.register(name, given)
            return query.table(connection, text, params)

    def span(self) -> tuple[datetime | None, datetime | None, int]:
        """First and last time, and the number of activities; (None, None, 0) of an empty lake."""
        files = self._activities.snapshot().files
        if not files:
            return None, None, 0
        latest = max(file.last_us for file in files)
        # The log rounds to milliseconds: only the files that may hold an end are opened.
        first = min(file.first_us for file in files)
        ends = [
            file for file in files if file.last_us >= latest - 1000 or file.first_us <= first + 1000
        ]
        time = pl.col("time").dt.epoch("us")
        wanted = ordered.lazy(ends, pa.schema([activity.SCHEMA.field("time")])).select(
            first=time.min(), last=time.max()
        )
        with reached(self._activities.url):
            bounds = wanted.collect().row(0)
        return _datetime(bounds[0]), _datetime(bounds[1]), sum(file.rows for file in files)

    def days(self) -> dict[date, int]:
        """Number of activities of each day (UTC) that has any, in order."""
        counts: dict[date, int] = {}
        epoch = _EPOCH.date()
        for file in sorted(self._activities.snapshot().files, key=lambda file: file.day or 0):
            day = epoch + timedelta(days=file.day or 0)
            counts[day] = counts.get(day, 0) + file.rows
        return counts

    def compact(self, kept_hours: int = WEEK_HOURS) -> int:
        """Rewrite days that lie in many small files, in order of time; the number of such days.

        Findings that lie in many small files are put together as well. What was rewritten stays
        on disk for `kept_hours`: whoever began to read before may go on for so long.
        """
        files: dict[int, int] = {}
        for file in self._activities.snapshot().files:
            if file.day is not None:
                files[file.day] = files.get(file.day, 0) + 1
        scattered = [day for day, count in sorted(files.items()) if count > _FILES_PER_DAY]
        self._activities.rewrite(
            [_EPOCH.date() + timedelta(days=day) for day in scattered], kept_hours
        )
        if len(self._findings.snapshot().files) > _FINDINGS_FILES:
            self._findings.merge(kept_hours)
        return len(scattered)

    def laid_under(self, folder: str, before: date | None = None) -> "Lake":
        """A lake in `folder` that holds these activities, of days (UTC) before `before`, unmoved.

        It has no findings. What is written to it is not written here.

        Raises
        ------
        WheeltapperError   for a lake in an object store, or on another file system.
        """
        above = Lake(folder)
        self._activities.linked(above._activities.url, before)
        return above

    # Findings

    def append_findings(self, table: pa.Table, step: str) -> None:
        """Keep the findings (finding.SCHEMA) of one step of detection; the same step only once."""
        table = table.select(finding.SCHEMA.names).cast(finding.SCHEMA)
        steps = pa.array([step], pa.string()).take(pa.array(np.zeros(table.num_rows, np.int64)))
        table = table.append_column(FINDINGS_SCHEMA.field("step"), steps)
        replay = self._findings.version(_REPLAY) or 0
        self._findings.append(table, f"{replay}/{step}")

    def findings(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        detector: str | None = None,
        entity: str | None = None,
    ) -> pa.Table:
        """Findings (finding.SCHEMA) with `since <= time < until`, by time, detector, entity."""
        conditions = [_between(_us(since), _before(until))]
        params: list[query.Value] = []
        for name, value in (("detector", detector), ("entity", entity)):
            if value is not None:
                conditions.append(f"{name} = ?")
                params.append(value)
        wanted = ", ".join(finding.SCHEMA.names)
        with self._connect(0, -1, findings=True) as connection:
            found = query.table(
                connection,
                f"select {wanted} from findings where {' and '.join(conditions)} "
                "order by time, detector, entity_type, entity, event_ids",
                params,
            )
        return found.cast(finding.SCHEMA)

    def drop_findings(self, *, after: str) -> None:
        """Take out the findings of steps that sort after `after`: an unfinished step's.

        Steps can be appended again then.
        """
        with self._connect(0, -1, findings=True) as connection:
            left = query.table(
                connection, "select count(*) n from findings where step > ?", [after]
            )
        if left["n"][0].as_py():
            quoted = after.replace("'", "''")
            self._delete_findings(f"step > '{quoted}'")

    def replace_findings(self) -> None:
        """Empty the findings, so that detection can run again over the same steps."""
        self._delete_findings(None)

    def _delete_findings(self, where: str | None) -> None:
        # The ids of steps hold for one replay: or the steps would be taken for done ever after.
        replay = self._findings.version(_REPLAY) or 0
        self._findings.delete(where, _REPLAY, replay + 1)

    @contextmanager
    def _connect(
        self, first_us: int | None, last_us: int | None, *, findings: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the views; of activities, only files between these times."""
        root = self._activities.url.removesuffix("/activities")
        with reached(root), query.connect([self._activities.url, self._findings.url]) as connection:
            self._show(connection, first_us, last_us, findings=findings)
            yield connection

    def _show(
        self,
        connection: duckdb.DuckDBPyConnection,
        first_us: int | None,
        last_us: int | None,
        *,
        findings: bool,
    ) -> None:
        snapshot = self._activities.snapshot()
        query.view(
            connection,
            "activities",
            self._activities,
            snapshot,
            snapshot.between(first_us, last_us),
            activity.SCHEMA,
        )
        if findings:
            snapshot = self._findings.snapshot()
            query.view(
                connection, "findings", self._findings, snapshot, snapshot.files, FINDINGS_SCHEMA
            )


def _sorted_once(table: pa.Table) -> pa.Table:
    """By (time, event_id), each event_id once."""
    if table["time"].null_count or table["event_id"].null_count:
        raise ValueError("an activity without time or event_id cannot be kept; reject it at ingest")
    time_us, (high, low) = _integers(table["time"]), _id_halves(table["event_id"])
    by_id = np.lexsort((time_us, low, high))
    repeated = (np.diff(high[by_id]) == 0) & (np.diff(low[by_id]) == 0)
    order = np.lexsort((low, high, time_us))
    if repeated.any():
        keep = np.ones(table.num_rows, bool)
        keep[by_id[1:][repeated]] = False
        order = order[keep[order]]
    if order.size == table.num_rows and (order[:-1] < order[1:]).all():
        return table  # in order as it came: the raw texts need not be copied
    return table.take(pa.array(order))


def _id_halves(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The two 64-bit halves of 16-byte ids, ordered as the ids are."""
    if not (pc.binary_length(column).cast(pa.int64()).to_numpy() == _EVENT_ID_BYTES).all():
        raise ValueError(f"an event_id must have {_EVENT_ID_BYTES} bytes")
    fixed = pa.concat_arrays(
        column.cast(pa.binary(_EVENT_ID_BYTES)).chunks or [pa.array([], pa.binary(_EVENT_ID_BYTES))]
    )
    buffer = fixed.buffers()[1]
    halves = np.frombuffer(buffer or b"", ">u8")[fixed.offset * 2 :][: 2 * len(fixed)]
    return halves[0::2].astype(np.uint64), halves[1::2].astype(np.uint64)


def _integers(time: pa.ChunkedArray) -> np.ndarray:
    values: np.ndarray = time.cast(pa.int64()).to_numpy()
    return values


def _us(time: datetime | None) -> int | None:
    if time is None:
        return None
    if time.tzinfo is None:
        raise ValueError(f"time {time} names no zone; the lake speaks of UTC")
    return (time - _EPOCH) // timedelta(microseconds=1)


def _before(time: datetime | None) -> int | None:
    us = _us(time)
    return None if us is None else us - 1


def _datetime(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _between(first_us: int | None, last_us: int | None) -> str:
    """SQL: `first_us <= time <= last_us`, in a form that skips files by their statistics."""
    parts = ["true"]
    if first_us is not None:
        parts.append(f"time >= make_timestamptz({first_us})")
    if last_us is not None:
        parts.append(f"time <= make_timestamptz({last_us})")
    return " and ".join(parts)
