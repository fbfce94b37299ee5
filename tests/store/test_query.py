from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from rows import activities

from wheeltapper.store import Lake, query


@pytest.fixture
def connection(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("b\n1\n")
    return query.connect([str(inside)])


def test_only_what_is_allowed_can_be_read(connection, tmp_path):
    rows = query.table(connection, f"select * from read_csv('{tmp_path}/inside/a.csv')")
    assert rows.num_rows == 1
    for path in (f"{tmp_path}/b.csv", f"{tmp_path}/inside/../b.csv", "/etc/passwd"):
        with pytest.raises(duckdb.Error, match="disabled"):
            query.table(connection, f"select * from read_csv('{path}')")
    for text in ("install httpfs", "load httpfs", f"attach '{tmp_path}/x.db'"):
        with pytest.raises(duckdb.Error, match=r"disabled|not found"):
            connection.execute(text)


def test_the_lock_cannot_be_opened(connection):
    for text in ("set enable_external_access = true", "set allowed_directories = ['/']"):
        with pytest.raises(duckdb.Error, match=r"locked|Cannot"):
            connection.execute(text)


def test_what_does_not_fit_goes_to_a_folder_of_its_own(connection, monkeypatch, tmp_path):
    asked = "select current_setting('memory_limit'), current_setting('temp_directory')"
    _, folder = connection.execute(asked).fetchone()
    assert Path(folder).stat().st_mode & 0o077 == 0
    monkeypatch.setattr(query, "_memory_mib", lambda: 64)
    monkeypatch.chdir(tmp_path)
    with query.connect([]) as small:
        texts = "select distinct i, repeat('x', 40) || i from range(2000000) t(i)"
        assert small.execute(f"select count(*) from ({texts})").fetchone() == (2_000_000,)
    assert not (tmp_path / ".tmp").exists()


def test_values_are_values_and_times_are_utc(connection):
    found = query.table(connection, "select ? as a, timestamptz '2023-07-10 12:00+02' t", ["'; --"])
    assert found["a"].to_pylist() == ["'; --"]
    assert found["t"].type == pa.timestamp("us", "UTC")
    assert found["t"][0].as_py().hour == 10


@pytest.mark.parametrize("name", ["it's", "ü x", "{a,b}", "$HOME", "~"])
def test_a_folder_of_any_name_is_that_folder(tmp_path, name):
    other = Lake(str(tmp_path / "axb"))
    other.append(activities([1, 2, 3]), "one")
    lake = Lake(str(tmp_path / name))
    lake.append(activities([7]), "one")
    assert lake.activities().num_rows == 1
    assert [piece.num_rows for piece in lake.scan()] == [1]
