from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from wheeltapper.detect import sql
from wheeltapper.testing import MONDAY, activities, activity


def test_an_expression_sees_the_acts():
    connection = sql.connect()
    connection.register("acts", activities([activity(), activity("kim", minutes=1)]))
    found = connection.sql("select actor, hour(time) h from acts order by time").to_arrow_table()
    assert found.to_pylist() == [{"actor": "ana", "h": 9}, {"actor": "kim", "h": 9}]
    assert MONDAY.hour == 9


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_text('/etc/hostname')",
        "select * from 'tests/data/x.csv'",
        "copy (select 1) to '/tmp/wheeltapper-must-not-be-there'",
        "attach '/tmp/wheeltapper-must-not-be-there'",
    ],
)
def test_an_expression_sees_no_file(query):
    with pytest.raises(duckdb.Error, match="disabled"):
        sql.connect().execute(query)


def test_an_expression_sees_no_variable_of_the_program():
    secret = activities([activity()])
    with pytest.raises(duckdb.CatalogException):
        sql.connect().sql("select * from secret")
    assert len(secret) == 1


def test_what_one_registers_another_does_not_see():
    one, other = sql.connect(), sql.connect()
    one.register("acts", activities([activity()]))
    with pytest.raises(duckdb.CatalogException):
        other.sql("select * from acts")


def test_threads_have_connections_of_their_own():
    def count(rows):
        connection = sql.connect()
        connection.register("acts", activities([activity(minutes=i) for i in range(rows)]))
        return connection.sql("select count(*) n from acts").to_arrow_table()["n"][0].as_py()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(1, 30))) == list(range(1, 30))
