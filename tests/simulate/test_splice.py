"""The spliced records are real, changed as stated and in no other way, and each there once."""

import gzip
import json
from collections import Counter
from datetime import datetime
from importlib.resources import files

import pytest

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.life import Life
from wheeltapper.simulate.people import hire
from wheeltapper.simulate.scenario import scenarios
from wheeltapper.simulate.splice import published, put_in

NAME = "cloud-account-hour"


@pytest.fixture(scope="module")
def splice():
    return scenarios()[NAME]


@pytest.fixture(scope="module")
def told(small):
    (line,) = [t for t in small.truth if t["scenario"] == NAME]
    return line


@pytest.fixture(scope="module")
def actor(told):
    email = told["actor"]
    return next(p for p in hire(60, 35, 3) if p.email == email)


def test_truth_names_each_record_and_each_is_there_once(small, told):
    ids = told["native_ids"]
    assert len(ids) == len(set(ids)) == 2713
    there = Counter(r["eventID"] for r in small.cloudtrail)
    assert all(there[id] == 1 for id in ids)
    assert told["real"] is True


def test_truth_holds_the_true_times(small, told):
    ids = set(told["native_ids"])
    times = [r["eventTime"] for r in small.cloudtrail if r["eventID"] in ids]
    assert min(times) == told["start"]
    assert max(times) == told["end"]


def test_only_what_is_stated_was_changed(small, splice, actor, told):
    before = {head.eventID: line.decode() for head, line in published(splice)}
    address = next(
        r["sourceIPAddress"]
        for r in small.cloudtrail
        if r["eventID"] in before and "192.168.10.20" in before[r["eventID"]]
    )
    day = told["start"][:10]
    long = f"{datetime.fromisoformat(day):%b} {int(day[8:])}, {day[:4]}"
    # Undo the changes: what comes out must be the published record.
    undo = {
        day: splice.date,
        long: splice.date_long,
        actor.login: splice.user,
        actor.principal: splice.principal,
        actor.access_key: splice.access_key,
        "111122223333": splice.account,
    }
    for record in small.cloudtrail:
        original = before.get(record["eventID"])
        if original is None:
            continue
        text = json.dumps(record)
        for new, old in undo.items():
            text = text.replace(new, old)
        back, then = json.loads(text), json.loads(original)
        if then["sourceIPAddress"] in splice.addresses:
            assert back.pop("sourceIPAddress") == address
            then.pop("sourceIPAddress")
        assert back == then


def test_nothing_of_the_old_identity_is_left(small, splice):
    text = json.dumps(small.cloudtrail)
    for old in (splice.user, splice.principal, splice.access_key, splice.account, "benjamin"):
        assert old not in text


def test_it_comes_from_where_the_employee_works_at_an_hour_of_work(small, actor, told):
    ids = set(told["native_ids"])
    start = datetime.fromisoformat(told["start"])
    assert start.weekday() < 5
    assert 2 <= (small.summary.end - start.date()).days <= 10
    own = {
        r["sourceIPAddress"]
        for r in small.cloudtrail
        if r["eventID"] not in ids and r["userIdentity"].get("userName") == actor.login
    }
    spliced = Counter(r["sourceIPAddress"] for r in small.cloudtrail if r["eventID"] in ids)
    assert spliced.most_common(1)[0][0] in own


def test_ordinary_work_goes_on_under_the_same_name(small, actor, told):
    ids = set(told["native_ids"])
    days = {
        r["eventTime"][:10]
        for r in small.cloudtrail
        if r["eventID"] not in ids and r["userIdentity"].get("userName") == actor.login
    }
    assert len(days) > 10


def test_the_packaged_records_are_those_published(shared):
    there = {
        record["eventID"]: record
        for path in (shared / "data" / "cloudtrail").glob("*.json.gz")
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]
    }
    packed = files("wheeltapper.simulate").joinpath(scenarios()[NAME].records).read_bytes()
    mine = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert len(mine) == len(there) == 2900
    assert all(there[record["eventID"]] == record for record in mine)


def test_sources_says_what_is_real_and_carries_the_licence(small, actor):
    text = (small.summary.out / "SOURCES.md").read_text()
    for word in (
        "simulated", "2,713", "invictus-ir/aws_dataset",
        "Copyright (c) 2023 Invictus Incident Response",
        actor.login, "bert-jan", "192.168.10.20",
    ):  # fmt: skip
        assert word in text


def test_without_anybody_in_the_role_it_says_so(splice):
    calendar = Calendar(start=datetime(2026, 3, 23).date(), days=30, seed=1)  # noqa: DTZ001
    lives = [Life(p, calendar) for p in hire(30, 30, 1) if p.role.name != "platform"]
    with pytest.raises(WheeltapperError, match="platform"):
        put_in(splice, lives, calendar, Journal(0, 1))
