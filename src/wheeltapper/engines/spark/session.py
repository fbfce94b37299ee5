"""The Spark session, and what is told when Spark fails."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wheeltapper.errors import WheeltapperError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TRIES = 4
"""As often as a cluster starts a task again whose worker died, so does one machine."""
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # A worker is a partition by its number: none may be put together or split.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
_LOCAL = re.compile(r"local(?:\[(\d+|\*)\])?")


def session(master: str | None) -> "SparkSession":
    """The session that `spark-submit` made, or one on `master` (default: all cores here).

    Raises
    ------
    WheeltapperError   if the extra [spark] is not installed, or Spark does not start.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise WheeltapperError(
            "--engine spark needs the extra [spark]; install it with: "
            "pip install 'wheeltapper[spark]'"
        ) from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of every connection
    builder = SparkSession.builder.appName("wheeltapper")
    if master or "SPARK_ENV_LOADED" not in os.environ:
        builder = builder.master(tried_again(master or "local[*]"))
    if (master or "local").startswith("local"):
        # One machine: its name need not be known to any resolver.
        os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
        builder = builder.config("spark.ui.enabled", "false")
        builder = builder.config("spark.ui.showConsoleProgress", "false")
    with told():
        spark = builder.getOrCreate()
        for name, value in _SETTINGS.items():
            spark.conf.set(name, value)
        spark.sparkContext.setLogLevel("ERROR")
    return spark


def tried_again(master: str) -> str:
    """`local[2]` as `local[2,4]`: a task whose worker died is tried again here, too."""
    local = _LOCAL.fullmatch(master)
    return f"local[{local[1] or 1},{_TRIES}]" if local else master


@contextmanager
def told() -> Iterator[None]:
    """What Spark says when it fails, as an error of ours.

    Raises
    ------
    WheeltapperError   for whatever Spark, or the way to it, raises; else what was raised.
    """
    try:
        yield
    except Exception as error:
        whose = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
        if not (whose & {"py4j", "pyspark"} or isinstance(error, ConnectionError)):
            raise
        gone = isinstance(error, ConnectionError) or "Py4JNetworkError" in repr(error)
        why = f"its JVM has ended ({error})" if gone else reason(str(error))
        raise WheeltapperError(
            f"Spark failed: {why}. Run the same again: nothing is lost"
        ) from error


def reason(text: str) -> str:
    """Of a long trace, the line that tells most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("wheeltapper.errors.")]
    found = ours[-1].partition(": ")[2] if ours else (lines or ["it is gone"])[0]
    return found[:500].rstrip(".")
