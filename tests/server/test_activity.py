from itertools import pairwise

import pytest

HOUR = {"start": "2026-07-10T09:30:00Z", "end": "2026-07-10T10:50:00Z"}
ACTIVITY = "/api/cases/c-7f3a/activity"


def lanes(client, **more):
    answer = client.get(ACTIVITY, params={**HOUR, "buckets": 40, **more}).json()
    return answer, {lane["key"]: lane for lane in answer["lanes"]}


def test_lanes_hold_every_act_of_the_window(client):
    answer, _ = lanes(client)
    assert sum(sum(lane["counts"]) for lane in answer["lanes"]) == answer["acts"] > 145
    assert all(len(lane["counts"]) == 40 for lane in answer["lanes"])


def test_the_weightiest_finding_leads(client):
    answer, by_key = lanes(client)
    assert answer["lanes"][0]["key"] == "Secrets Manager"
    assert sorted(n for lane in answer["lanes"] for n in lane["marks"]) == list(range(1, 11))
    assert by_key["EC2"]["marks"] == [4, 5, 6]


def test_a_lane_tells_how_usual_it_is(client):
    answer, by_key = lanes(client)
    assert (by_key["Secrets Manager"]["before"], by_key["Secrets Manager"]["days"]) == (0, 0)
    assert by_key["Secrets Manager"]["last_before"] is None
    assert by_key["EC2"]["before"] > 100
    assert by_key["EC2"]["days"] > 30
    assert answer["history_days"] == 59


def test_acts_stand_in_their_bucket(client):
    _, by_key = lanes(client, buckets=80)  # a minute each
    # 60 secrets, ten seconds apart, from 11:57 local time.
    assert by_key["Secrets Manager"]["counts"][27:37] == [6] * 10
    assert sum(by_key["Secrets Manager"]["counts"]) == 60


@pytest.mark.parametrize(
    ("lane", "first"),
    [("detector", "cloudtrail.rate"), ("session", "AKIA-1"), ("device", "laptop-bert-jan")],
)
def test_the_reader_chooses_what_a_lane_is(client, lane, first):
    answer, by_key = lanes(client, lane=lane)
    assert answer["lanes"][0]["key"] == first
    assert sorted(n for marks in by_key.values() for n in marks["marks"]) == list(range(1, 11))
    assert sum(by_key[first]["counts"]) > 100


def test_lanes_are_the_same_wherever_the_reader_looks(client):
    _, near = lanes(client, start="2026-07-10T09:57:00Z", end="2026-07-10T09:58:00Z")
    _, far = lanes(client, start="2026-05-01T00:00:00Z", end="2026-08-01T00:00:00Z")
    assert list(near) == list(far)


def test_an_ordinary_case_has_its_other_applications_for_company(client):
    answer = client.get(
        "/api/cases/c-0001/activity",
        params={"start": "2026-07-06T00:00:00Z", "end": "2026-07-07T00:00:00Z", "buckets": 24},
    ).json()
    marked = [bool(lane["marks"]) for lane in answer["lanes"]]
    assert marked[0]
    assert not any(marked[1:])
    assert 2 <= len(marked) <= 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "2026-07-10T12:00:00Z"},  # after the end
        {"start": "2026-07-10T09:30:00"},  # of no zone
        {"buckets": 100_000},
        {"lane": "actor; drop table activities"},
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_sentence(client, wrong):
    answer = client.get(ACTIVITY, params={**HOUR, **wrong})
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_history_has_every_local_day(client):
    answer = client.get("/api/cases/c-7f3a/history").json()
    assert answer["unit"] == "day"
    assert len(answer["bars"]) == 60
    assert all(a["end"] == b["start"] for a, b in pairwise(answer["bars"]))
    assert answer["bars"][0]["start"] == "2026-05-12T00:00:00+02:00"
    assert answer["bars"][-1]["acts"] > 145
    assert min(bar["acts"] for bar in answer["bars"]) == 0
