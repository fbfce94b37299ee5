"""Topics of Kafka on Spark: its connector reads them, and tasks leave what comes as files."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper.config import Kafka
from wheeltapper.engines.messages import COLUMNS, leave, options
from wheeltapper.engines.spark.task import Batches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COLUMNS_DDL = ("string", "int", "bigint", "timestamp", "binary")
FOUND_DDL = "path string, name string"
"""What tasks say: the path of a file that was there, or the name of one that they left."""


def stream(spark: "SparkSession", settings: Kafka) -> "DataFrame":
    """The topics as a stream with `COLUMNS`; only committed messages.

    Raises
    ------
    ConfigError   for settings that Spark's client has no counterpart of.
    """
    told = options(settings, os.environ)
    reader = spark.readStream.format("kafka").options(
        **{f"kafka.{name}": value for name, value in told.items()}
    )
    reader = reader.option("subscribe", ",".join(sorted(settings.topics)))
    reader = reader.option("startingOffsets", settings.start).option("failOnDataLoss", "false")
    return reader.load().select(*COLUMNS)


def left_in(folder: str) -> Callable[[Batches], Batches]:
    """Leaves messages (`COLUMNS`) as files in a folder that every machine reaches.

    Rows that have a `path` instead are told as they are.
    """

    def task(batches: Batches) -> Batches:
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            paths = rows["path"].drop_null().to_pylist()
            names = list(leave(Path(folder), rows.filter(pc.is_valid(rows["topic"]))))
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array([*paths, *(None for _ in names)], pa.string()),
                    pa.array([*(None for _ in paths), *names], pa.string()),
                ],
                ["path", "name"],
            )

    return task
