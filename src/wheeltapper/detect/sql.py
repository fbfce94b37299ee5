"""SQL expressions over Activities, judged by DuckDB the same way on every engine.

An expression sees the columns of the acts at hand and nothing else: no file, no network, no other
table. Times are UTC whatever the machine's zone.
"""

from functools import cache

import duckdb


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"enable_external_access": "false"})


def connect() -> duckdb.DuckDBPyConnection:
    """A connection of one's own (they must not be shared between threads); takes microseconds."""
    connection = _database().cursor()
    connection.execute("set TimeZone = 'UTC'")
    return connection
