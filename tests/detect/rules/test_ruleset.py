import json

import pyarrow as pa
import pytest
from activities import activities
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper import finding
from wheeltapper.detect.rules import Ruleset

RULE = """
title: Somebody did {what}
id: 7ab94ac6-3c46-4d01-a4a0-a0ae4c5a5c4b
level: {level}
tags: [attack.t1059]
logsource: {{product: {product}, service: {service}}}
detection:
    s: {{eventName: {what}}}
    condition: s
falsepositives: [none known]
"""


def write(folder, name, what="Deleted", level="high", product="aws", service="cloudtrail"):
    folder.mkdir(exist_ok=True)
    text = RULE.format(what=what, level=level, product=product, service=service)
    (folder / f"{name}.yml").write_text(text)


@pytest.fixture
def ruleset(tmp_path):
    write(tmp_path, "deleted")
    write(tmp_path, "any", what="'*'", level="low")
    write(tmp_path, "okta", product="okta", service="okta")
    return Ruleset.load([tmp_path])


def raw(name):
    return json.dumps({"eventName": name})


def test_finding(ruleset):
    table = activities("aws_cloudtrail", [raw("Deleted")])
    found = finding.from_table(ruleset.judge(table))
    assert [f.detector for f in found] == ["rule.any", "rule.deleted"]
    one = found[1]
    assert (one.entity_type, one.entity) == ("actor", "kim")
    assert (one.bits, one.llr, one.attack) == (13.0, 6.5, ("T1059",))
    assert one.event_ids == (table["event_id"][0].as_py().hex(),)
    assert one.time == table["time"][0].as_py()
    assert one.evidence["title"] == "Somebody did Deleted"
    assert one.evidence["matched"] == {"eventName": "Deleted"}
    assert one.evidence["falsepositives"] == ["none known"]


@pytest.mark.parametrize(
    ("columns", "entity"),
    [
        ({"actor": [None], "src_ip": ["10.0.0.1"]}, ("src_ip", "10.0.0.1")),
        ({"actor": [None], "device": ["ws6"]}, ("device", "ws6")),
        ({"actor": [None]}, ("app", "App")),
        ({"actor": [None], "app": [None]}, ("app", "unknown")),
    ],
)
def test_entity_when_nobody_is_named(ruleset, columns, entity):
    found = ruleset.judge(activities("aws_cloudtrail", [raw("Deleted")], **columns))
    assert (found["entity_type"][0].as_py(), found["entity"][0].as_py()) == entity


def test_long_values_are_cut(ruleset):
    found = ruleset.judge(activities("aws_cloudtrail", [raw("x" * 5000)]))
    assert len(json.loads(found["evidence"][0].as_py())["matched"]["eventName"]) == 200


def test_other_log_kinds_are_left_alone(ruleset):
    assert ruleset.judge(activities("github", [raw("Deleted")])).num_rows == 0
    assert ruleset.judge(activities("okta", [raw("Deleted")]))["detector"].to_pylist() == [
        "rule.okta"
    ]


@pytest.mark.parametrize("bad", [None, "", "{", "[1]", '"Deleted"', "[" * 100_000, "\x00"])
def test_record_that_is_no_object_is_passed_over(ruleset, bad):
    assert ruleset.judge(activities("aws_cloudtrail", [bad])).num_rows == 0


def test_nothing_to_judge(ruleset):
    empty = ruleset.judge(activities("aws_cloudtrail", []))
    assert empty.num_rows == 0
    assert empty.schema == finding.SCHEMA


@given(st.lists(st.sampled_from(["Deleted", "Made", ""]), max_size=12), st.integers(0, 12))
def test_batches_do_not_matter(tmp_path_factory, names, cut):
    folder = tmp_path_factory.mktemp("rules")
    write(folder, "deleted")
    write(folder, "any", what="'*'")
    ruleset = Ruleset.load([folder])
    table = activities("aws_cloudtrail", [raw(name) for name in names])
    pieces = [ruleset.judge(table.slice(0, cut)), ruleset.judge(table.slice(cut))]
    assert ruleset.judge(table).equals(pa.concat_tables(pieces))


def test_later_folder_takes_the_place_of_a_rule(tmp_path):
    write(tmp_path / "a", "x", level="high")
    write(tmp_path / "b", "x", level="low")
    ruleset = Ruleset.load([tmp_path / "a", tmp_path / "b"])
    assert [rule.level for rule in ruleset.rules] == ["low"]
    assert ruleset.unsupported == []


def test_two_of_one_name_in_a_folder_are_told(tmp_path):
    write(tmp_path / "a", "x")
    write(tmp_path / "b", "x")
    ruleset = Ruleset.load([tmp_path])
    assert len(ruleset.rules) == 1
    assert "same name" in ruleset.unsupported[0][2]


def test_missing_folder_has_no_rules(tmp_path):
    assert Ruleset.load([tmp_path / "none"]).rules == ()
