import json
from dataclasses import replace

import pytest

from wheeltapper.case import Other
from wheeltapper.server import events
from wheeltapper.server.activity import LaneBook

EVENTS = "/api/cases/c-7f3a/findings/1/events"


def test_a_finding_shows_the_acts_it_rests_on(client):
    answer = client.get(EVENTS, params={"limit": 7, "offset": 56}).json()
    assert answer["total"] == 60
    assert [e["target"] for e in answer["events"]] == [
        f"red-team-secret-{i}" for i in range(56, 60)
    ]
    assert {e["action"] for e in answer["events"]} == {"GetSecretValue"}


def test_a_window_shows_everything_the_actor_did(client):
    window = {"start": "2026-07-10T09:50:00Z", "end": "2026-07-10T10:30:00Z"}
    answer = client.get("/api/cases/c-7f3a/events", params={**window, "limit": 5}).json()
    assert answer["total"] >= 145
    times = [e["time"] for e in answer["events"]]
    assert times == sorted(times)
    assert {e["actor"] for e in answer["events"]} == {"bert-jan"}


@pytest.mark.parametrize("near", [None, "2026-07-10T10:00:00Z", "2020-01-01T00:00:00Z"])
def test_an_event_has_its_record_as_it_came(client, near):
    event_id = client.get(EVENTS).json()["events"][0]["event_id"]
    event = client.get(f"/api/events/{event_id}", params={"near": near} if near else {}).json()
    assert '"bigNumber": 12345678901234567890' in event["raw"]
    assert json.loads(event["raw"])["eventName"] == "GetSecretValue"
    fields = {f["name"]: f["value"] for f in event["fields"]}
    assert fields["actor"] == "bert-jan"
    assert "late" not in fields  # it was not
    assert "bytes" not in fields  # nobody knows
    assert list(fields)[-3:] == ["native_id", "received", "source"]


@pytest.mark.parametrize(("event_id", "status"), [("00" * 16, 404), ("xyz", 422), ("0", 422)])
def test_no_event_is_made_up(client, event_id, status):
    answer = client.get(f"/api/events/{event_id}")
    assert answer.status_code == status
    assert event_id in answer.json()["error"]


@pytest.mark.parametrize("n", [0, 11, -1])
def test_a_finding_that_is_not_there_is_said_so(client, n):
    answer = client.get(f"/api/cases/c-7f3a/findings/{n}/events")
    assert answer.status_code == 404
    assert "10 findings" in answer.json()["error"]


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 100_000}, {"offset": -1}])
def test_an_answer_has_a_size(client, wrong):
    assert client.get(EVENTS, params=wrong).status_code == 422


def test_a_case_about_several_shows_what_each_of_them_did(view):
    alone = view.casebook.case("c-7f3a")
    other = view.rows(
        "select actor from activities where actor <> $actor and time between $start and $stop "
        "limit 1",
        {"actor": alone.entity, "start": alone.start, "stop": alone.end},
    )[0]["actor"]
    hostile = Other(entity_type="src_ip", entity="') or true --", why="")
    both = replace(alone, others=(Other(entity_type="actor", entity=other, why="x"), hostile))

    def seen(case):
        return events.of_window(view, case, alone.start, alone.end, 1000, 0)

    assert {e.actor for e in seen(alone).events} == {alone.entity}
    assert {e.actor for e in seen(both).events} == {alone.entity, other}
    lanes = LaneBook(view).activity(both, alone.start, alone.end, "app", 10)
    assert lanes.acts == seen(both).total


def test_a_case_about_something_that_is_no_entity_is_refused(view):
    case = view.casebook.case("c-7f3a")
    wrong = replace(case, others=(Other(entity_type='actor" or true', entity="x", why=""),))
    with pytest.raises(ValueError, match="no entity column"):
        events.of_window(view, wrong, case.start, case.end, 10, 0)
