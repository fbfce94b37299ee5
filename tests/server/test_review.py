"""What the page of reviewers asks, and what it is not told."""

import json
from datetime import UTC, datetime

import pytest

from wheeltapper.referral import Referral

NOW = datetime(2026, 7, 10, tzinfo=UTC)
HOSTILE = '<img src=x onerror="alert(1)">/../\u202e'


def referral(account, **of):
    evidence = {
        "facts": ["It shares a card with 36 other accounts (usual: 0)."],
        "groups": ["37 accounts, same card, within 2 h"],
        "reasons": [], "profile": HOSTILE, "reach": 3,
        "nodes": [
            {"name": account, "kind": "account", "known": "fraud", "more": 0},
            {"name": "card", "kind": "thing", "known": "", "more": 25},
            {"name": "bo", "kind": "account", "known": "fraud", "more": 0},
        ],
        "ties": [[0, 1, "card"], [1, 2, "card"]],
        "similar": [["bo", "fraud"], ["cy", ""]],
    }  # fmt: skip
    return Referral(account=account, score=0.7, changed=NOW, evidence=json.dumps(evidence), **of)


@pytest.fixture
def queue(own_view):
    own_view.casebook.referrals.fill(
        [referral("ana", place=1, double=True), referral(HOSTILE, place=2, step="hold")]
    )
    return own_view.casebook.referrals


def say(client, account, opinion, by):
    told = {
        "account": account,
        "opinion": opinion,
        "reviewer": by,
        "reason": "because",
        "seconds": 4,
    }
    return client.post("/api/review/answers", json=told)


def next_of(client, name):
    return client.post("/api/review/next", json={"reviewer": name}).json()


def test_the_next_account_comes_with_its_evidence_and_without_the_score(judging, queue):
    told = next_of(judging, "mila")
    account = told["account"]
    assert (account["account"], told["waiting"]) == ("ana", 2)
    assert account["groups"] == ["37 accounts, same card, within 2 h"]
    assert account["profile"] == HOSTILE
    assert "score" not in account
    assert account["nodes"][0]["known"] == ""  # what it is itself is what is asked
    assert account["similar"] == [{"account": "bo", "known": "fraud"}]


def test_a_second_reviewer_does_not_see_what_the_first_said(judging, queue):
    assert say(judging, "ana", "fraud", "mila").json()["state"] == "second"
    told = next_of(judging, "kim")["account"]
    assert (told["account"], told["said"], told["mine"]) == ("ana", [], "")
    assert "because" not in json.dumps(told)
    mine = judging.get("/api/review/accounts", params={"account": "ana", "reviewer": "mila"})
    assert mine.json()["mine"] == "fraud"
    done = say(judging, "ana", "fraud", "kim").json()
    assert (done["state"], done["step"]) == ("decided", "remove")
    assert [d["step"] for d in done["decisions"]] == ["remove"]
    after = judging.get("/api/review/accounts", params={"account": "ana", "reviewer": "kim"}).json()
    assert [(s["by"], s["opinion"]) for s in after["said"]] == [("mila", "fraud"), ("kim", "fraud")]


def test_an_appeal_comes_first_and_to_somebody_else(judging, queue):
    say(judging, HOSTILE, "fraud", "mila")
    words = {"account": HOSTILE, "words": "I am <b>real</b>"}
    assert judging.post("/api/review/appeals", json=words).json()["state"] == "appealed"
    assert judging.post("/api/review/appeals", json=words).status_code == 422
    told = next_of(judging, "kim")["account"]
    assert (told["account"], told["appeal"]) == (HOSTILE, "I am <b>real</b>")
    assert told["said"][0]["opinion"] == "fraud"
    refused = say(judging, HOSTILE, "honest", "mila")
    assert refused.status_code == 422
    assert "somebody else" in refused.json()["error"]
    assert say(judging, HOSTILE, "honest", "kim").json()["step"] == "restore"


def test_decisions_are_read_from_where_one_was(judging, queue):
    say(judging, HOSTILE, "fraud", "mila")
    first, second = judging.get("/api/decisions").json()["decisions"]
    assert (first["step"], second["step"], second["was"]) == ("hold", "remove", "hold")
    later = judging.get("/api/decisions", params={"after": first["number"]}).json()
    assert [one["id"] for one in later["decisions"]] == [second["id"]]


def test_figures_say_what_is_not_known(judging, queue):
    told = judging.get("/api/review/metrics").json()
    assert (told["prevalence"], told["kappa"], told["training"]) == (None, None, None)
    assert told["waiting"] == 2
    assert not told["can_learn"]
    refused = judging.post("/api/review/retrain", json={})
    assert refused.status_code == 422
    assert "set data in [accounts]" in refused.json()["error"]


def test_guidelines_have_a_version_that_is_kept_with_answers(judging, queue):
    told = judging.get("/api/review/guidelines").json()
    say(judging, "ana", "fraud", "mila")
    assert queue.opinions("ana")[0].guideline == told["version"]


def test_what_is_not_there_or_no_opinion_is_refused(judging, queue):
    assert judging.get("/api/review/accounts", params={"account": "eve"}).status_code == 404
    assert say(judging, "ana", "maybe", "mila").status_code == 422
    assert say(judging, "eve", "fraud", "mila").status_code == 422
    verified = {"account": "ana", "outcome": "passed"}
    assert judging.post("/api/review/verifications", json=verified).status_code == 422


def test_the_page_is_told_how_many_wait(judging, queue):
    told = judging.get("/api/overview").json()
    assert (told["to_review"], told["reviewed"]) == (2, True)
