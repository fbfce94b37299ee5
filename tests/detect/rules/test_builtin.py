"""Every packaged rule: a record that it is about, and one that only looks like it."""

import gzip
import json
from pathlib import Path

import pytest
import yaml
from activities import activities

from wheeltapper.detect.rules import BUILTIN, Ruleset

RULES = {file.stem: file for file in sorted(BUILTIN.glob("*.yml"))}
RECORDS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data/rules/records.ndjson").read_text().splitlines()
]


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return Ruleset.load([BUILTIN])


def test_all_of_them_run(ruleset):
    assert ruleset.unsupported == []
    assert {rule.name for rule in ruleset.rules} == set(RULES)
    assert len({rule.id for rule in ruleset.rules}) == len(RULES) >= 14


@pytest.mark.parametrize("case", RECORDS, ids=lambda c: f"{c['rule']}-{c['fires']}")
def test_fires_on_what_it_is_about_only(ruleset, case):
    found = ruleset.judge(activities(case["source"], [json.dumps(case["record"])]))
    assert (f"rule.{case['rule']}" in found["detector"].to_pylist()) is case["fires"]


@pytest.mark.parametrize("name", RULES)
def test_has_both_kinds_of_record_and_says_when_it_errs(name):
    assert {case["fires"] for case in RECORDS if case["rule"] == name} == {True, False}
    rule = yaml.safe_load(RULES[name].read_text())
    assert rule["falsepositives"]
    assert any(tag.startswith("attack.t1") for tag in rule["tags"])
    assert rule["license"] == "Apache-2.0"


def test_real_hour_of_attack(ruleset, shared):
    """What an analyst would be shown of a real operator's hour among 2,900 records."""
    raws = [
        json.dumps(record)
        for file in sorted((shared / "data/cloudtrail").glob("*.json.gz"))
        for record in json.loads(gzip.decompress(file.read_bytes()))["Records"]
    ]
    found = ruleset.judge(activities("aws_cloudtrail", raws))
    names = set(found["detector"].to_pylist())
    assert len(raws) == 2900
    assert found.num_rows < 100
    assert {
        "rule.cloudtrail_audit_trail_silenced",
        "rule.cloudtrail_administrator_rights_given",
        "rule.cloudtrail_snapshot_or_image_shared",
        "rule.cloudtrail_function_callable_by_anyone",
        "rule.cloudtrail_windows_password_fetched",
    } <= names
