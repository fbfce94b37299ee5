import hashlib
import sqlite3
from datetime import timedelta

import pytest
from casebook_contract import START, case

from wheeltapper.errors import WheeltapperError
from wheeltapper.store import Casebook, casecopy


def files(folder):
    return {p.name: hashlib.blake2b(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_a_copy_holds_everything_and_the_original_stays_as_it_was(tmp_path):
    (tmp_path / "a").mkdir()
    url = f"sqlite:///{tmp_path / 'a' / 'book.sqlite'}"
    with Casebook(url) as book:
        book.save([case("c1"), case("c2", start=START + timedelta(days=1))])
        book.judge("c1", "malicious", by="ana", reason="", at=START)
        before = files(tmp_path / "a")
        assert len(before) == 3, "some of it is in the write-ahead log still"
        casecopy.copy(url, tmp_path / "copy.sqlite")
        assert files(tmp_path / "a") == before
        kept = book.cases()
    with Casebook(f"sqlite:///{tmp_path / 'copy.sqlite'}") as copied:
        assert copied.cases() == kept
        assert copied.case("c1").verdict == "malicious"
        copied.save([])
    with Casebook(url) as book:
        assert book.cases() == kept


def test_where_there_is_none_none_is_made(tmp_path):
    casecopy.copy(f"sqlite:///{tmp_path / 'none.sqlite'}", tmp_path / "copy.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_one_that_never_rests_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "book.sqlite"
    sqlite3.connect(path).close()
    stamps = iter(range(1_000))
    monkeypatch.setattr(casecopy, "_stamp", lambda _: next(stamps))
    with pytest.raises(WheeltapperError, match="written to all the time"):
        casecopy.copy(f"sqlite:///{path}", tmp_path / "copy.sqlite")
