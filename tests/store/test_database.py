import sqlite3

import pytest
import sqlalchemy as sa

from wheeltapper.errors import WheeltapperError
from wheeltapper.store import Casebook, database
from wheeltapper.store.tables import Base


def test_a_url_that_cannot_be_used_says_what_can(tmp_path):
    with pytest.raises(WheeltapperError, match=r"'casebook' is no database URL; write sqlite:"):
        Casebook("casebook")
    with pytest.raises(WheeltapperError, match=r"mysql is not supported"):
        Casebook("mysql://localhost/x")


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "book.sqlite"
    path.write_text("not a database " * 100)
    with pytest.raises(WheeltapperError, match=r"book\.sqlite cannot be opened: file is not a"):
        Casebook(f"sqlite:///{path}")


def test_a_password_is_not_shown():
    with pytest.raises(WheeltapperError) as raised:
        Casebook("postgresql+psycopg://u:sesame@127.0.0.1:1/x")
    assert "cannot be opened" in str(raised.value)
    assert "sesame" not in str(raised.value)


def test_sqlite_is_set_up_for_a_reader_beside_a_writer(tmp_path):
    engine = database.open_engine(f"sqlite:///{tmp_path}/b.sqlite")
    with engine.connect() as connection:

        def setting(name):
            return connection.exec_driver_sql(f"pragma {name}").scalar_one()

        assert setting("journal_mode") == "wal"
        assert setting("foreign_keys") == 1
        assert setting("busy_timeout") >= 10_000
    engine.dispose()


def test_who_writes_takes_the_turn_at_the_start(tmp_path):
    engine = database.open_engine(f"sqlite:///{tmp_path}/b.sqlite")
    other = sqlite3.connect(tmp_path / "b.sqlite", isolation_level=None, timeout=0)
    with engine.connect():
        other.execute("begin immediate")  # a reader does not hinder
        other.execute("rollback")
    with (
        engine.execution_options(writes=True).begin(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("begin immediate")
    other.close()
    engine.dispose()


def test_migrating_again_changes_nothing(tmp_path):
    engine = database.open_engine(f"sqlite:///{tmp_path}/b.sqlite")

    def tables():
        return sorted(sa.inspect(engine).get_table_names())

    database.migrate(engine)
    assert tables() == sorted(["alembic_version", *Base.metadata.tables])
    database.migrate(engine)
    assert tables() == sorted(["alembic_version", *Base.metadata.tables])
    engine.dispose()
