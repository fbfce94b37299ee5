"""A mapping that somebody else wrote: what the language gives, and what is said about mistakes."""

import json
from datetime import UTC, datetime

import pytest

from wheeltapper import config
from wheeltapper.errors import ConfigError
from wheeltapper.ingest import Sources, read

DOOR = """\
name = "door"
about = "Doors of the building"
[detect]
has = ["$.badge"]
[[nested]]
has = "$.door.badge"
move = { "$.door" = "*" }
[fields]
time = ["$.at"]
app = [{ const = "Doors" }]
action = [{ path = "$.way", map = { i = "enter", o = "leave" } }]
category = [
  { const = "network", when = { path = "&action", is = ["enter"] } },
  { const = "other" },
]
actor = ["$.badge"]
on_behalf_of = [{ path = "$.holder", when = { path = "$.holder", differs = "$.badge" } }]
"""
ACT = {"badge": "kim", "at": "2024-01-01T08:00:00Z", "way": "i", "holder": "lee"}


def acts(folder, *records):
    log = folder / "log.ndjson"
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    sources = Sources.load(folder / "sources")
    now = datetime(2025, 1, 1, tzinfo=UTC)
    batches = list(read([log], settings=config.Ingest(), now=now, sources=sources))
    assert all(not batch.rejects for batch in batches)
    return [row for batch in batches for row in batch.activities.to_pylist()]


@pytest.fixture
def door(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "door.toml").write_text(DOOR)
    return tmp_path


def test_a_column_is_made_from_another(door):
    first, second = acts(door, ACT, ACT | {"way": "o"})
    assert (first["action"], first["category"]) == ("enter", "network")
    assert (second["action"], second["category"]) == ("leave", "other")


def test_a_value_counts_where_it_differs(door):
    other, same, none = acts(door, ACT, ACT | {"holder": "kim"}, ACT | {"holder": None})
    assert [act["on_behalf_of"] for act in (other, same, none)] == ["lee", None, None]


def test_a_nested_record_is_the_same_act_as_a_flat_one(door):
    [act] = acts(door, {"door": ACT, "seen_by": "camera"})
    assert (act["source"], act["actor"]) == ("door", "kim")
    assert json.loads(act["raw"]) == ACT | {"door": {}, "seen_by": "camera"}


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("&action", "&target", r"door\.toml:12: .*&target is no column made before it.*&action"),
        ("&action", "&nothing", r"&nothing is no column made before it"),
        ("differs =", "differ =", r"door\.toml:17: .*differ.* is not known here.*differs"),
        ('has = "$.door.badge"', 'has = "door"', r"door\.toml:6: .*is no path"),
        ("[[nested]]", "[nested]", r"nested: must be a list: write \[\[nested\]\]"),
        ("move =", "moves =", r"door\.toml:7: .*moves: is not known here"),
    ],
)
def test_a_mistake_is_named_with_its_line(door, good, bad, said):
    (door / "sources" / "door.toml").write_text(DOOR.replace(good, bad))
    with pytest.raises(ConfigError, match=said):
        Sources.load(door / "sources")
