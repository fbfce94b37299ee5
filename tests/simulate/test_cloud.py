"""CloudTrail records have the fields that real ones have, in their order."""

import gzip
import json
from importlib.resources import files

import pytest

from wheeltapper.simulate import cloud
from wheeltapper.simulate.chance import Chance


@pytest.fixture(scope="module")
def real():
    packed = files("wheeltapper.simulate").joinpath("attack", "cloudtrail-2023-07-10.ndjson.gz")
    return [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]


@pytest.fixture(scope="module")
def made(small):
    spliced = {id for t in small.truth for id in t["native_ids"]}
    return [r for r in small.cloudtrail if r["eventID"] not in spliced]


def test_fields_are_those_of_real_records(real, made):
    always = set.intersection(*(set(r) for r in real))
    ever = set.union(*(set(r) for r in real))
    for record in made:
        assert always <= set(record) <= ever


def test_fields_stand_in_the_order_of_real_records(real, made):
    before = set()
    for record in real:
        names = list(record)
        before |= {(a, b) for i, a in enumerate(names) for b in names[i + 1 :]}
    # What real records do in both orders tells nothing.
    fixed = {(a, b) for a, b in before if (b, a) not in before}
    for names in {tuple(r) for r in made}:
        pairs = {(a, b) for i, a in enumerate(names) for b in names[i + 1 :]}
        assert not {(b, a) for a, b in pairs} & fixed


def test_identities_have_the_parts_of_real_ones(real, made):
    parts = {}
    for record in real:
        who = record["userIdentity"]
        parts.setdefault(who.get("type"), set()).update(who)
    for record in made:
        who = record["userIdentity"]
        assert set(who) <= parts[who["type"]], who


def test_calls_that_real_records_hold_are_read_or_write_as_there(real, made):
    told = {(r["eventSource"], r["eventName"]): r["readOnly"] for r in real}
    seen = {(r["eventSource"], r["eventName"]): r["readOnly"] for r in made}
    common = told.keys() & seen.keys()
    assert len(common) > 60
    assert {k for k in common if told[k] != seen[k]} == set()


def test_an_event_id_is_never_used_twice(small):
    ids = [r["eventID"] for r in small.cloudtrail]
    assert len(ids) == len(set(ids))


def test_errors_are_some_and_have_their_message(made):
    failed = [r for r in made if "errorCode" in r]
    assert 0.005 < len(failed) / len(made) < 0.1
    assert all(r["errorMessage"] for r in failed)
    assert all(r["responseElements"] is None for r in failed)


def test_all_kinds_of_things_can_be_made_and_carry_json():
    acts = [
        act
        for service in cloud.services().values()
        for act in (*service.console, *service.reads, *service.writes)
    ]
    assert len({(a.service, a.name) for a in acts}) > 600
    for kind in {a.kind for a in acts if a.kind}:
        one, two = (cloud.thing(1, "developer-1", kind, n) for n in (0, 1))
        assert "$" not in one.id
        json.loads(bytes(one.params))
        assert (one.id == two.id) == (kind == "trail")  # there is one trail
        assert cloud.thing(1, "developer-1", kind, 0) is one


def test_a_bucket_that_has_no_policy_never_has_one():
    identity, arn = cloud.user_identity("AIDA", "kim", "AKIA", None)
    caller = cloud.Caller(identity=identity, arn=arn, ip="10.0.0.1", agent="x")
    act = cloud.Act("s3", "GetBucketPolicy", "bucket", True)
    for number in range(12):
        bucket = cloud.thing(1, "developer-1", "bucket", number)
        answers = {
            json.loads(cloud.record(Chance(n), 0.0, act, bucket, caller)).get("errorCode")
            for n in range(5)
        }
        assert len(answers) == 1
