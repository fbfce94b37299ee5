import sqlite3

import pytest
from casebook_contract import CasebookContract, case

from wheeltapper.errors import WheeltapperError
from wheeltapper.store import Casebook


class TestSqlite(CasebookContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/deep/er/100% mine.sqlite"


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


def test_a_writer_does_not_lock_out_readers(tmp_path):
    with Casebook(f"sqlite:///{tmp_path}/b.sqlite") as book:
        book.save([case()])
        writer = sqlite3.connect(tmp_path / "b.sqlite", isolation_level=None)
        writer.execute("begin immediate")
        writer.execute("delete from cases")
        assert [c.id for c in book.cases()] == ["c1"]
        writer.execute("rollback")
        writer.close()
