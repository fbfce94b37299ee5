import sqlite3

import pytest
from casebook_contract import CasebookContract, case
from referral_contract import ReferralContract

from wheeltapper.store import Casebook


class TestSqlite(CasebookContract, ReferralContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/deep/er/100% mine.sqlite"


def test_a_writer_does_not_lock_out_readers(tmp_path):
    with Casebook(f"sqlite:///{tmp_path}/b.sqlite") as book:
        book.save([case()])
        writer = sqlite3.connect(tmp_path / "b.sqlite", isolation_level=None)
        writer.execute("begin immediate")
        writer.execute("delete from cases")
        assert [c.id for c in book.cases()] == ["c1"]
        writer.execute("rollback")
        writer.close()
