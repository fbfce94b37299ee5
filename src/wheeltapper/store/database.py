"""The casebook's connection: SQLite set up for a reader beside a writer, or PostgreSQL."""

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import URL

from wheeltapper.errors import WheeltapperError

MIGRATIONS = Path(__file__).parent / "migrations"
# How long one who writes waits for another; both write for milliseconds.
_BUSY_MS = 30_000
# Number that all programs opening a casebook agree on: one at a time brings it up to date.
_UPGRADE_LOCK = 0x77686C74


def open_engine(url: str) -> sa.Engine:
    """A pool of connections to the database at an SQLAlchemy URL.

    Raises
    ------
    WheeltapperError   for a URL that cannot be used.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise WheeltapperError(
            f"casebook: {url!r} is no database URL; write sqlite:///casebook.sqlite or "
            "postgresql+psycopg://user:password@host/database"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return _postgresql(parsed)
    if backend != "sqlite":
        raise WheeltapperError(
            f"casebook: {backend} is not supported; use sqlite or postgresql+psycopg"
        )
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> sa.Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise WheeltapperError(
            f"casebook: PostgreSQL needs the package {error.name}; "
            "install it with: pip install 'wheeltapper[postgres]'"
        ) from error


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    # SQLAlchemy says BEGIN itself (below): Python's driver would say it too late for a reader.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"pragma busy_timeout = {_BUSY_MS}")
    cursor.execute("pragma journal_mode = wal")
    # With a write-ahead log this still survives a killed process, and costs no wait per verdict.
    cursor.execute("pragma synchronous = normal")
    cursor.execute("pragma foreign_keys = on")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # Who reads first and writes later would be refused when another wrote in between, however
    # long it waited; so a writer takes its turn at the start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")


def migrate(engine: sa.Engine) -> None:
    """Bring the tables to the newest version; nothing where they are there already.

    Raises
    ------
    WheeltapperError   for a database that cannot be reached or that a newer version made.
    """
    config = Config()
    # Alembic reads its settings with interpolation: a % in a path has to be doubled.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        newest = ScriptDirectory.from_config(config).get_current_head()
        raise WheeltapperError(
            f"casebook {shown} was made by a newer wheeltapper (this one knows version {newest}: "
            f"{error}); install the newer one"
        ) from error
    except sa.exc.DBAPIError as error:
        raise WheeltapperError(f"casebook {shown} cannot be opened: {error.orig}") from error
