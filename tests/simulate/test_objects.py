"""Objects are fetched in ordinary work: few mostly, many at times, by those concerned."""

from collections import Counter

import pytest


@pytest.fixture(scope="module")
def fetched(small):
    planted = {id for line in small.truth for id in line["native_ids"]}
    return [
        r for r in small.cloudtrail if r["eventName"] == "GetObject" and r["eventID"] not in planted
    ]


def people(record):
    return record["userIdentity"]["arn"].split("/")[-1]


def test_several_people_and_the_pipeline_do(fetched):
    who = Counter(map(people, fetched))
    assert len(who) > 10
    assert who["airflow"] > 1000


def test_they_are_data_events_that_tell_their_size(fetched):
    for record in fetched:
        assert record["eventCategory"] == "Data"
        assert not record["managementEvent"]
        assert record["additionalEventData"]["bytesTransferredOut"] > 0
        assert record["requestParameters"]["bucketName"] == record["resources"][0]["ARN"][13:]


def test_amounts_differ_by_factors_between_hours(fetched):
    hours = Counter((people(r), r["eventTime"][:13]) for r in fetched if people(r) != "airflow")
    counts = sorted(hours.values())
    assert counts[len(counts) // 2] < 15
    assert counts[-1] > 60
