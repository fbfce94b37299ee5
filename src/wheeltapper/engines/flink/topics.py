"""Topics of Kafka as Flink sees them: its connector reads them, Arrow batches go to our workers.

A batch is done with before Flink takes a checkpoint, so that what is read again after one is what
was not kept, or was kept twice, and never what is nowhere.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any  # Flink's own objects

import pandas as pd
import pyarrow as pa
from pyflink.table import DataTypes, EnvironmentSettings, Schema, TableDescriptor, TableEnvironment
from pyflink.table.expressions import col
from pyflink.table.udf import udf

from wheeltapper.config import Kafka
from wheeltapper.engines.flink.taking import Taking, take
from wheeltapper.engines.messages import COLUMNS, options

NAME = "wheeltapper topics"
BATCH = 10_000
"""Messages in an Arrow batch at most."""
SETTINGS: Mapping[str, str] = {
    "pipeline.name": NAME,
    "python.fn-execution.arrow.batch.size": str(BATCH),
    "python.fn-execution.bundle.size": str(BATCH),
    "python.fn-execution.bundle.time": "1000",
}


def start(configuration: Any, settings: Kafka, job: Taking) -> Any:
    """Run the job, and do not wait for its end; Flink's client of it.

    Raises
    ------
    ConfigError   for settings that Java's client has no counterpart of.
    """
    how = EnvironmentSettings.new_instance().in_streaming_mode()
    tables = TableEnvironment.create(how.with_configuration(configuration).build())
    taken = udf(_taker(job), result_type=DataTypes.INT(), func_type="pandas")
    counts = tables.from_descriptor(_source(settings)).select(
        taken(*(col(name) for name in COLUMNS)).alias("files")
    )
    nowhere = TableDescriptor.for_connector("blackhole").schema(
        Schema.new_builder().column("files", DataTypes.INT()).build()
    )
    return counts.execute_insert(nowhere.build()).get_job_client()


def _source(settings: Kafka) -> TableDescriptor:
    schema = (
        Schema.new_builder()
        .column("value", DataTypes.BYTES())
        .column_by_metadata("topic", DataTypes.STRING(), is_virtual=True)
        .column_by_metadata("partition", DataTypes.INT(), is_virtual=True)
        .column_by_metadata("offset", DataTypes.BIGINT(), is_virtual=True)
        .column_by_metadata("timestamp", DataTypes.TIMESTAMP_LTZ(3), is_virtual=True)
        .build()
    )
    source = TableDescriptor.for_connector("kafka").schema(schema).format("raw")
    source = source.option("topic", ";".join(sorted(settings.topics)))
    source = source.option("scan.startup.mode", f"{settings.start}-offset")
    for name, value in options(settings, os.environ).items():
        source = source.option(f"properties.{name}", value)
    return source.build()


def _taker(job: Taking) -> Callable[..., "pd.Series[int]"]:
    def taker(*columns: "pd.Series[Any]") -> "pd.Series[int]":
        table = pa.table([pa.Array.from_pandas(column) for column in columns], names=list(COLUMNS))
        files = take(job, table) if len(table) else 0
        return pd.Series([files] * len(table), dtype="int32")

    return taker
