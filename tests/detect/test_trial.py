"""Tests that stand beside an entry: what they hold, and how mistakes in them are told."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from wheeltapper.detect import catalogue
from wheeltapper.detect.trial import FIRST
from wheeltapper.errors import ConfigError

ENTRY = """\
[share.folder]
family = "novelty"
about = "A folder"
filter = "app = 'Files'"
entity = "actor"
value = "target"
says = "opened {value}"

[[share.folder.test]]
it = "speaks"
then = { actor = "ana" }
fires = ["ana"]

[[share.folder.test]]
it = "keeps silent"
every = { app = "Files" }
usual = [
    { actor = ["ana", "ben"], target = ["/a", "/b"], times = 2, minutes = 60 },
    { actor = "eva", on = ["fri", "Saturday"], at = "23:30" },
]
then = { actor = "ana", app = "Mail", on = "Sun", times = 3, raw = { a = [1, "é"] } }
weeks = 2
fires = []
"""


@pytest.fixture
def read(tmp_path):
    def read(text=ENTRY):
        (tmp_path / "mine.toml").write_text(text)
        (entry,) = catalogue.read(tmp_path / "mine.toml")
        return entry.tests

    return read


def test_what_a_test_holds(read):
    first, second = read()
    assert (first.it, first.fires, first.weeks, first.usual) == ("speaks", {"ana"}, 6, ())
    assert first.begins == FIRST + timedelta(weeks=6)
    (act,) = first.activities().to_pylist()
    assert act["time"] == FIRST + timedelta(weeks=6, days=2, hours=9)
    assert (act["actor"], act["outcome"], act["hour_of_week"]) == ("ana", "success", 2 * 24 + 9)
    assert act["workday"] is True
    assert (second.fires, second.weeks) == (frozenset(), 2)


def test_usual_acts_are_done_every_working_day_by_everybody(read):
    acts = read()[1].activities().to_pylist()
    usual = [a for a in acts if a["time"] < FIRST + timedelta(weeks=2)]
    pairs = [(a["actor"], a["target"]) for a in usual if a["actor"] != "eva"]
    assert {p: pairs.count(p) for p in pairs} == {
        (who, what): 2 * 5 * 2 for who in ("ana", "ben") for what in ("/a", "/b")
    }
    monday = [a["time"] - FIRST for a in usual if a["actor"] == "ana" and a["target"] == "/a"][:2]
    assert monday == [timedelta(hours=9), timedelta(hours=9, minutes=30)]
    late = [a["time"] for a in usual if a["actor"] == "eva"]
    assert [(t.strftime("%a %H:%M")) for t in late] == ["Fri 23:30", "Sat 23:30"] * 2
    assert [a["workday"] for a in usual if a["actor"] == "eva"] == [True, False] * 2
    assert all(a["app"] == "Files" for a in usual)


def test_what_happens_then_is_in_the_week_after(read):
    acts = read()[1].activities()
    then = acts.slice(len(acts) - 3).to_pylist()
    assert {a["app"] for a in then} == {"Mail"}
    assert json.loads(then[0]["raw"]) == {"a": [1, "é"]}
    assert then[0]["time"] == FIRST + timedelta(weeks=2, days=6, hours=9)
    assert then[2]["time"] - then[0]["time"] < timedelta(minutes=10)
    assert len(set(acts["event_id"].to_pylist())) == len(acts)
    times = acts["time"].to_pylist()
    assert times == sorted(times)


def test_records_stand_instead(read):
    records = 'records = "a.ndjson"\nsource = "okta"\nsince = 2026-03-02T00:00:00'
    text = ENTRY.replace('then = { actor = "ana" }', records)
    first, _ = read(text)
    assert (first.records, first.source) == (("a.ndjson",), "okta")
    assert first.begins == datetime(2026, 3, 2, tzinfo=UTC)
    plain, _ = read(ENTRY.replace('then = { actor = "ana" }', 'records = ["a", "b"]'))
    assert (plain.records, plain.begins) == (("a", "b"), None)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('it = "speaks"', 'iit = "speaks"', 10, "iit: is no field of a test; did you mean it?"),
        ('it = "speaks"', "it = 3", 9, 'lacks it = "what the detector does, in words"'),
        ('fires = ["ana"]', 'fires = "ana"', 9, "fires must list whom it speaks of"),
        ('fires = ["ana"]', "", 9, "fires must list whom it speaks of"),
        ('then = { actor = "ana" }', "", 9, "lacks then = { … }: what happens, or records"),
        ('then = { actor = "ana" }', "then = 3", 11, "then: must be acts like"),
        ('{ actor = "ana" }', '{ acter = "ana" }', 11,
         "then: acter is no column; did you mean actor?"),
        ('{ actor = "ana" }', '{ outcome = "ok" }', 11,
         "then: outcome is never 'ok'; one of success, failure, unknown"),
        ('{ actor = "ana" }', '{ bytes = "many" }', 11, "then: bytes = 'many' must be int64"),
        ('{ actor = "ana" }', '{ time = 2026-01-01T00:00:00Z }', 11, "then: time is no column;"),
        ('{ actor = "ana" }', '{ times = 0 }', 11, "then: times = 0 must be a whole number from 1"),
        ('{ actor = "ana" }', '{ minutes = -1 }', 11, "then: minutes = -1 must be a number from 0"),
        ('{ actor = "ana" }', '{ at = "9" }', 11, "at = '9' must be a time of day (UTC)"),
        ('{ actor = "ana" }', '{ at = "24:00" }', 11, "at = '24:00' must be a time of day (UTC)"),
        ('{ actor = "ana" }', '{ on = "Fryday" }', 11, "on = 'Fryday' must be days of the week"),
        ('{ actor = "ana" }', '{ on = [] }', 11, "on = [] must be days of the week"),
        ("weeks = 2", "weeks = 2.5", 22, "weeks: must be a whole number of weeks up to 200"),
        ('every = { app = "Files" }', "every = 3", 16, "every: must be columns that all acts have"),
        ('then = { actor = "ana" }', "records = []", 11, "records: must be a file of native"),
        ('then = { actor = "ana" }', 'records = "a"\nusual = []', 11, "records: stands instead of"),
        ('then = { actor = "ana" }', 'records = "a"\nsince = "May"', 12, "since: must be a time"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_test_is_named(tmp_path, read, old, new, line, message):
    assert ENTRY.count(old) == 1
    with pytest.raises(ConfigError) as told:
        read(ENTRY.replace(old, new))
    assert str(told.value).startswith(f"{tmp_path / 'mine.toml'}:{line}: share.folder.test")
    assert message in str(told.value)
