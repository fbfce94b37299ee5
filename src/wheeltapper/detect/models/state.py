"""Where a user-day model stands between two batches: the past in numbers and the day not yet over.

A value: `take` gives a new one. As bytes it is Arrow IPC, the same bytes for the same activities
in whatever batches they came. Memory: that of `history`, and of the columns that are looked at of
one day's activities.
"""

import io
from dataclasses import dataclass, replace

import polars as pl
import pyarrow as pa

from wheeltapper.activity import SCHEMA
from wheeltapper.detect.models.features import COLUMNS, FEATURES
from wheeltapper.detect.models.history import History, empty
from wheeltapper.errors import WheeltapperError

_FORMAT = b"wheeltapper.userday.1"
_COLUMN_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.Binary,
    "time": pl.Datetime("us", "UTC"),
    "bytes": pl.Int64,
    "count": pl.Int64,
    "asn": pl.Int64,
    "hour_of_week": pl.Int16,
}
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """After some activities, in order of time."""

    history: History
    """Of the days that are over."""
    day: int | None = None
    """Days since 1970-01-01 of the day that is not over; None before any activity."""
    open: tuple[pl.DataFrame, ...] = ()
    """Its activities so far, a frame a batch."""

    def take(self, activities: pl.DataFrame) -> "State":
        """With more activities of the open day."""
        return replace(self, open=(*self.open, activities)) if len(activities) else self

    def today(self) -> pl.DataFrame:
        """The open day's activities."""
        return pl.concat(self.open) if self.open else columns(SCHEMA.empty_table())

    def to_bytes(self) -> bytes:
        frames = {
            "days": self.history.days,
            "known": self.history.known,
            "hours": self.history.hours,
            "open": self.today(),
        }
        sink = io.BytesIO()
        parts = [_ipc(frame) for frame in frames.values()]
        number = b"" if self.day is None else str(self.day).encode()
        table = pa.table(
            {"part": ["format", "day", *frames], "content": [_FORMAT, number, *parts]},
            schema=pa.schema([("part", pa.string()), ("content", pa.large_binary())]),
        )
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "State":
        """What `to_bytes` gave.

        Raises
        ------
        WheeltapperError   if it is something else
        """
        try:
            table = pa.ipc.open_stream(content).read_all()
            parts = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
            known = parts["format"] == _FORMAT
        except (pa.ArrowInvalid, OSError, KeyError, ValueError, TypeError):
            known = False
        if not known:
            raise WheeltapperError(
                "this is no state of a user-day model that this version reads; "
                "detect again from the beginning to build it anew"
            )
        frames = {
            name: pl.read_ipc_stream(io.BytesIO(parts[name]))
            for name in ("days", "known", "hours", "open")
        }
        return cls(
            History(frames["days"], frames["known"], frames["hours"]),
            int(parts["day"]) if parts["day"] else None,
            (frames["open"],) if len(frames["open"]) else (),
        )


def start() -> State:
    """Before any activity."""
    return State(empty(list(FEATURES)))


def columns(activities: pa.Table) -> pl.DataFrame:
    """What is looked at of activities that have an actor."""
    return (
        pl.DataFrame(pl.from_arrow(activities.select(COLUMNS)))
        .with_columns(pl.col(name).cast(_COLUMN_TYPES.get(name, pl.String)) for name in COLUMNS)
        .filter(pl.col("actor").is_not_null())
        .with_columns(
            pl.col("hour_of_week").fill_null(
                (pl.col("time").dt.weekday() - 1).cast(pl.Int16) * 24 + pl.col("time").dt.hour()
            ),
            pl.col("peer_group").fill_null(""),
        )
    )


def _ipc(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
