"""Unpack: what a judge left in a finding's evidence becomes columns."""

import polars as pl
import pyarrow as pa

from wheeltapper.activity import TIME

EVIDENCE = pl.Struct(
    {
        "value": pl.String,
        "app": pl.String,
        "action": pl.String,
        "source": pl.String,
        "session": pl.String,
        "target": pl.String,
        "outcome": pl.String,
        "peer_group": pl.String,
        "peers": pl.Float64,
        "of_peers": pl.Float64,
        "before": pl.Float64,
        "since_day": pl.Int64,
        "title": pl.String,
        "features": pl.List(
            pl.Struct({"what": pl.String, "observed": pl.Float64, "usual": pl.Float64})
        ),
    }
)


def frame_of(table: pa.Table) -> pl.DataFrame:
    """A table as a frame."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow's type is a union
    return frame


def table_of(frame: pl.DataFrame) -> pa.Table:
    """A frame as a table, with the types of `activity.SCHEMA` where Polars has wider ones."""
    table = frame.to_arrow()
    return table.cast(
        pa.schema(
            [
                pa.field(f.name, pa.string() if pa.types.is_large_string(f.type)
                         else pa.binary() if pa.types.is_large_binary(f.type)
                         else TIME if pa.types.is_timestamp(f.type) else f.type)
                for f in table.schema
            ]
        )
    )  # fmt: skip


def unpacked(findings: pa.Table) -> pl.DataFrame:
    """`finding.SCHEMA` with the evidence's fields as columns."""
    frame = frame_of(findings)
    said = frame["evidence"].str.json_decode(EVIDENCE).struct.unnest()
    return frame.rename({"evidence": "evidence_json"}).hstack(said.get_columns())
