"""One statement for a mapping: what each transform makes of values, hostile ones too."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from wheeltapper.ingest.mapper import database
from wheeltapper.ingest.mapping_file import load
from wheeltapper.ingest.projection import statement

HEAD = 'name = "mine"\nabout = "Mine"\n[detect]\nany = ["$.t", "$.line"]\n'


@pytest.fixture
def project(tmp_path):
    """Call it with the rest of a mapping and JSON texts; gives rows as dictionaries."""

    def run(fields: str, *raw: str, head: str = HEAD, timezone: str = "UTC", year: int = 0):
        path = tmp_path / "mine.toml"
        path.write_text(head + fields)
        sql = statement(load(path), timezone=timezone, year=year)
        changed = datetime(2024, 1, 15, tzinfo=UTC)
        batch = pa.table(
            {
                "number": pa.array(range(len(raw)), pa.int64()),
                "raw": pa.array(raw, pa.string()),
                "changed": pa.array([changed] * len(raw), pa.timestamp("us", tz="UTC")),
            }
        )
        own = database()
        own.register("batch", batch)
        return own.sql(sql).to_arrow_table().to_pylist()

    return run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"2023-07-10T11:42:36Z"', "2023-07-10T11:42:36"),
        ('"2023-07-10T11:42:36.123456789Z"', "2023-07-10T11:42:36.123456"),
        ('"2020-11-25 21:27:03.496000000"', "2020-11-25T21:27:03.496"),
        ('"2023-07-10T13:42:36+02:00"', "2023-07-10T11:42:36"),
        ('"2023-07-10T06:12:36-0530"', "2023-07-10T11:42:36"),
        ('"2024-11-27T03:31:26.7088498+00:00"', "2024-11-27T03:31:26.708849"),
        ('"2023-07-10"', "2023-07-10T00:00:00"),
        ('"20230710T114236Z"', "2023-07-10T11:42:36"),
        ('"Mon, 10 Jul 2023 11:42:36 GMT"', "2023-07-10T11:42:36"),
        ('"Mon, 10 Jul 2023 13:42:36 +0200"', "2023-07-10T11:42:36"),
        ('"10/Jul/2023:13:42:36 +0200"', "2023-07-10T11:42:36"),
        ('"7/10/2023 11:42:36 AM"', "2023-07-10T11:42:36"),
        ("1688989356", "2023-07-10T11:42:36"),
        ("1688989356.25", "2023-07-10T11:42:36.250"),
        ("1688989356250", "2023-07-10T11:42:36.250"),
        ('"1688989356250"', "2023-07-10T11:42:36.250"),
        ("1688989356250001", "2023-07-10T11:42:36.250001"),
        ("1688989356250001000", "2023-07-10T11:42:36.250001"),
        ("1.688989356e9", "2023-07-10T11:42:36"),
        ('"tomorrow"', None),
        ('""', None),
        ("null", None),
        ("{}", None),
        ("99999999999999999999999", None),
    ],
)
def test_times(project, text, expected):
    [row] = project('[fields]\ntime = ["$.t"]\n', f'{{"t": {text}}}')
    time = row["time"] and row["time"].replace(tzinfo=None)
    assert time == (expected and datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    ("line", "year", "expected"),
    [
        ("Jan 14 06:55:46", 0, "2024-01-14T05:55:46"),  # the file was changed on 15 January 2024
        ("Jan  4 06:55:46", 0, "2024-01-04T05:55:46"),
        ("Dec 10 06:55:46", 0, "2023-12-10T05:55:46"),
        ("Jul 10 06:55:46", 0, "2023-07-10T04:55:46"),  # summer time
        ("Feb 29 06:55:46", 2020, "2020-02-29T05:55:46"),
        ("Feb 29 06:55:46", 2021, None),
        ("2023-07-10T06:55:46.5", 0, "2023-07-10T04:55:46.500"),
        ("2023-07-10T06:55:46+00:00", 0, "2023-07-10T06:55:46"),
        ("2023-07-10T06:55:46Z", 0, "2023-07-10T06:55:46"),
    ],
)
def test_local_times(project, line, year, expected):
    fields = '[fields]\ntime = [{ path = "$.t", as = "local_time" }]\n'
    [row] = project(fields, f'{{"t": "{line}"}}', timezone="Europe/Amsterdam", year=year)
    time = row["time"] and row["time"].replace(tzinfo=None)
    assert time == (expected and datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7:51234", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8:0:0:0:0:0:7", "2001:db8:0:0:0:0:0:7"),
        ("::1", "::1"),
        ("999.0.2.7", None),
        ("192.0.2.7.example.com", None),
        ("aa:bb:cc:dd:ee:ff", None),
        ("12:30:59", None),
        ("ec2.amazonaws.com", None),
        ("AWS Internal", None),
    ],
)
def test_addresses(project, text, expected):
    fields = '[fields]\ntime = ["$.t"]\nsrc_ip = [{ path = "$.ip", as = "ip" }]\n'
    [row] = project(fields, f'{{"ip": "{text}"}}')
    assert row["src_ip"] == expected


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2021-03-28T13:57:07+02:00", 120),
        ("2021-03-28 13:57:07 -0330", -210),
        ("2021-03-28T13:57:07.123+00:00", 0),
        ("2021-03-28T13:57:07Z", None),  # says the clock's zone, not where somebody is
        ("2021-03-28", None),
    ],
)
def test_offsets(project, text, minutes):
    fields = '[fields]\ntime = ["$.t"]\nutc_offset = [{ path = "$.t", as = "offset" }]\n'
    [row] = project(fields, f'{{"t": "{text}"}}')
    assert row["utc_offset"] == minutes


def one(project, column: str, ways: str, raw: str, head: str = HEAD):
    [row] = project(f'[fields]\ntime = ["$.t"]\n{column} = [{ways}]\n', raw, head=head)
    return row[column]


def test_the_first_alternative_with_a_value_holds(project):
    ways = '"$.a", "$.b.c", { const = "none" }'
    assert one(project, "actor", ways, '{"a": "kim", "b": {"c": "mia"}}') == "kim"
    assert one(project, "actor", ways, '{"a": "", "b": {"c": "mia"}}') == "mia"
    assert one(project, "actor", ways, '{"a": null, "b": "mia"}') == "none"


def test_texts_that_mean_nothing(project):
    head = 'empty = ["-", "it\'s"]\n' + HEAD
    assert one(project, "actor", '"$.a", "$.b"', '{"a": "-", "b": "it\'s"}', head) is None


def test_transforms_come_in_order(project):
    way = """{ path = "$.a", match = '^DOM/(.+)$', lower = true, map = { kim = "k" }, \
default = "other", prefix = "<", suffix = ">" }"""
    assert one(project, "actor", way, '{"a": "DOM/KIM"}') == "<k>"
    assert one(project, "actor", way, '{"a": "DOM/Mia"}') == "<other>"
    assert one(project, "actor", way, '{"a": "Mia"}') is None


def test_a_join_wants_all(project):
    way = '{ join = ["$.a", "$.b"], separator = "/" }'
    assert one(project, "target", way, '{"a": "x", "b": "y"}') == "x/y"
    assert one(project, "target", way, '{"a": "x"}') is None


def test_a_list_of_names_and_values(project):
    way = '{ list = { path = "$.p", key = "Name", is = "file", value = "Value" } }'
    raw = '{"p": [{"Name": "size", "Value": 3}, {"Name": "file", "Value": "a.txt"}]}'
    assert one(project, "target", way, raw) == "a.txt"
    assert one(project, "target", way, '{"p": []}') is None
    assert one(project, "target", way, '{"p": "x"}') is None
    assert one(project, "target", way, "{}") is None


def test_conditions(project):
    ways = """
      { const = "both", when = [
          { path = "$.a", is = ["1", "true"] }, { path = "$.b", not = ["x"] } ] },
      { const = "match", when = { path = "$.a", match = '^z' } },
      { const = "without", when = { path = "$.a", exists = false } },
      { const = "with", when = { path = "$.a", exists = true } }"""
    assert one(project, "action", ways, '{"a": true}') == "both"
    assert one(project, "action", ways, '{"a": 1, "b": "x"}') == "with"
    assert one(project, "action", ways, '{"a": "zz"}') == "match"
    assert one(project, "action", ways, "{}") == "without"


def test_numbers(project):
    assert one(project, "bytes", '"$.n"', '{"n": 9007199254740993}') == 9007199254740993
    assert one(project, "bytes", '"$.n"', '{"n": "12"}') == 12
    assert one(project, "bytes", '"$.n"', '{"n": "many"}') is None


def test_a_list_becomes_activities(project):
    fields = '[fields]\ntime = ["$.t"]\naction = ["@.name"]\n'
    raw = ['{"e": [{"name": "x"}, {"name": "y"}]}', '{"e": []}', '{"t": 1}', '{"e": ["z"]}']
    rows = project(fields, *raw, head='explode = "$.e"\n' + HEAD)
    found = [(row["number"], row["part"], row["action"]) for row in rows]
    assert found == [(0, 0, "x"), (0, 1, "y"), (1, 0, None), (2, 0, None), (3, 0, None)]


def test_lines(project):
    fields = """
[lines]
head = '^(?P<time>\\S+) (?P<host>\\S+) (?P<message>.*)$'
[[lines.pattern]]
match = '^(?P<user>.*) came from (?P<ip>\\S+)$'
set = { action = "come" }
[[lines.pattern]]
match = '^(?P<user>\\S+) went$'
set = { action = "go", outcome = "success" }
[fields]
time = ["%time"]
device = ["%host"]
actor = ["%user"]
src_ip = ["%ip"]
action = [{ const = "?" }]
"""
    lines = [
        "2023-07-10T11:42:36Z h1 kim came from 192.0.2.1",
        "2023-07-10T11:42:37Z h1 mia came from 1.1.1.1 came from 192.0.2.2",
        "2023-07-10T11:42:38Z h2 kim went",
        "2023-07-10T11:42:39Z h2 something else",
        "no head",
    ]
    rows = project(fields, *(f'{{"line": "{line}"}}' for line in lines))
    names = ("action", "outcome", "actor", "src_ip", "device")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("come", None, "kim", "192.0.2.1", "h1"),
        ("come", None, "mia came from 1.1.1.1", "192.0.2.2", "h1"),
        ("go", "success", "kim", None, "h2"),
        ("?", None, None, None, "h2"),
        ("?", None, None, None, None),
    ]
    assert rows[4]["time"] is None


def test_what_a_mapping_says_is_only_ever_a_value(project):
    nasty = "x'); drop table batch; --"
    way = f'{{ path = "$.a", map = {{ "{nasty}" = "{nasty}" }}, prefix = "\'" }}'
    assert one(project, "actor", way, f'{{"a": "{nasty}"}}') == "'" + nasty
    way = '{ path = "$.\\"it\'s\\"" }'
    assert one(project, "actor", way, '{"it\'s": "kim"}') == "kim"


def test_what_a_record_says_is_only_ever_a_value(project):
    assert one(project, "actor", '"$.a"', '{"a": "\' || raw || \'"}') == "' || raw || '"


def test_a_record_of_another_kind_is_known(project):
    rows = project('[fields]\ntime = ["$.t"]\n', '{"t": 1}', '{"x": 1}', '{"t": ""}')
    assert [row["known"] for row in rows] == [True, False, False]
