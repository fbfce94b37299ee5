import json

import pytest

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
