"""The page on which an actor answers: who sees what, and what counts."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from starlette.testclient import TestClient

from wheeltapper.question import SAME_ADDRESS, UNKNOWN_ADDRESS
from wheeltapper.server.app import create
from wheeltapper.server.confirm import PUBLIC, addresses_of
from wheeltapper.server.security import FORM

TOKEN = "correct-horse-battery"
CASE = "c-7f3a"
HOST = "http://tapper.example:8642"


@pytest.fixture
def app(own_view):
    return create(own_view, host="0.0.0.0", token=TOKEN)  # noqa: S104  # nothing is bound here


@pytest.fixture
def analyst(app):
    return TestClient(app, base_url=HOST, headers={"authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def actor(app):
    """A browser somewhere else, without the token."""
    return TestClient(app, base_url=HOST, client=("198.51.100.9", 5000), follow_redirects=False)


@pytest.fixture
def link(analyst):
    asked = analyst.post(f"/api/cases/{CASE}/questions", json={})
    assert asked.status_code == 200, asked.text
    return asked.json()["link"]


def standing(analyst, case=CASE):
    return analyst.get(f"/api/cases/{case}").json()["questions"][-1]


def give(client, link, says="no", **headers):
    return client.post(link, data={"answer": says}, headers=headers)


def test_asking_tells_what_to_send(analyst):
    told = analyst.post(f"/api/cases/{CASE}/questions", json={"hours": 1}).json()
    assert told["subject"] == "Was this you?"
    assert told["link"] in told["text"]
    assert re.fullmatch(HOST + r"/confirm/[\w-]{64}", told["link"])
    assert told["case"]["questions"][0]["standing"] == "asked"
    expires = datetime.fromisoformat(told["case"]["questions"][0]["expires"])
    assert timedelta(0) < expires - datetime.now(UTC) <= timedelta(hours=1)


def test_the_actor_needs_no_token_and_gets_nothing_else(actor, link):
    shown = actor.get(link)
    assert shown.status_code == 200
    text = unescape(shown.text)
    assert "Was this you?" in text
    assert "at 11:57" in text or "from 11:57" in text  # in the workspace's zone
    assert "60 secrets read" in text
    assert "bits" not in text
    assert "c-7f3a" not in text
    for path in ("/", "/api/overview", f"/api/cases/{CASE}", "/confirm/", "/confirm/a/b",
                 "/confirm/../api/overview", "/confirm/..%2f..%2fapi/overview", "/confirm/a%2fb",
                 "/assets/x.js", "//confirm/abc"):  # fmt: skip
        assert actor.get(HOST + path).status_code == 401, path
    assert actor.put(link).status_code == 401
    assert actor.post(f"/api/cases/{CASE}/questions", json={}).status_code == 401


def test_the_page_is_sealed(actor, link):
    headers = actor.get(link).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers
    assert "<script" not in actor.get(link).text
    assert actor.get(HOST + "/api/overview").headers["content-security-policy"] != policy


def test_looking_answers_nothing(actor, analyst, link):
    for method in ("GET", "HEAD", "OPTIONS"):
        for suffix in ("", "?answer=yes", "?answer=no"):
            actor.request(method, link + suffix)
    assert standing(analyst)["standing"] == "asked"


@pytest.mark.parametrize("says", ["yes", "no", "unsure"])
def test_an_answer_is_kept_with_where_it_came_from(actor, analyst, link, says):
    done = give(actor, link, says, **{"user-agent": "Firefox <b>"})
    assert done.status_code == 200
    assert "Thank you" in done.text
    assert done.headers["cache-control"] == "no-store"
    kept = standing(analyst)
    assert (kept["standing"], kept["answer"], kept["doubt"]) == ("answered", says, "")
    assert (kept["address"], kept["user_agent"]) == ("198.51.100.9", "Firefox <b>")


def test_an_answer_is_given_once(actor, analyst, link):
    assert give(actor, link, "yes").status_code == 200
    again = give(actor, link, "no")
    assert again.status_code == 410
    assert "has been answered" in again.text
    assert actor.get(link).status_code == 410
    assert "secrets" not in actor.get(link).text  # a used link tells nothing
    assert standing(analyst)["answer"] == "yes"


def test_a_no_is_looked_at_first_and_opens_a_closed_case(actor, analyst):
    last = analyst.get("/api/cases").json()["cases"][-1]["id"]
    analyst.put(f"/api/cases/{last}/verdict", json={"verdict": "benign_expected"})
    link = analyst.post(f"/api/cases/{last}/questions", json={}).json()["link"]
    give(actor, link, "no")
    first = analyst.get("/api/cases").json()["cases"][0]
    assert (first["id"], first["status"], first["rank"]) == (last, "open", 1)


@pytest.mark.parametrize(
    ("address", "doubt", "score"),
    [("198.51.100.9", "", -2.0), ("192.168.10.20", SAME_ADDRESS, 0.0),
     ("127.0.0.1", UNKNOWN_ADDRESS, 0.0)],
)  # fmt: skip
def test_a_yes_from_an_address_of_the_case_counts_nothing(
    app, analyst, link, address, doubt, score
):
    before = analyst.get(f"/api/cases/{CASE}").json()["score"]
    give(TestClient(app, base_url=HOST, client=(address, 1)), link, "yes")
    after = analyst.get(f"/api/cases/{CASE}").json()
    assert after["questions"][-1]["doubt"] == doubt
    assert after["score"] - before == pytest.approx(score)
    assert after["status"] == "open"


def test_addresses_are_those_of_the_acts_behind_the_findings(own_view):
    assert addresses_of(own_view, own_view.casebook.case(CASE)) == {"192.168.10.20"}


def test_an_expired_link_is_told_and_refused(actor, own_view, link):
    import dataclasses

    (asked,) = own_view.casebook.questions.all()
    past = dataclasses.replace(asked, id="f" * 24, expires=datetime.now(UTC) - timedelta(seconds=1))
    kept = own_view.casebook.questions.ask(past)
    from wheeltapper.review import keys
    from wheeltapper.review.asking import link as link_to

    old = link_to(kept, keys.load(own_view.root / keys.FILE), HOST)
    for answer in (actor.get(old), give(actor, old)):
        assert answer.status_code == 410
        assert "has expired" in answer.text
    gone = actor.get(link)  # it was asked anew
    assert gone.status_code == 410
    assert "newest link" in gone.text


def test_a_link_that_was_changed_is_none(actor, link):
    for bad in (link[:-1], link + "A", link[:-1] + ("A" if link[-1] != "A" else "B")):
        for answer in (actor.get(bad), give(actor, bad)):
            assert answer.status_code == 404
            assert "Not a valid link" in answer.text


@pytest.mark.parametrize(
    ("headers", "code"),
    [({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "same-site"}, 403),
     ({"content-type": "application/json"}, 403), ({"content-type": "text/plain"}, 403),
     ({"sec-fetch-site": "same-origin", "origin": "null"}, 200)],
)  # fmt: skip
def test_the_form_is_sent_by_the_page(actor, analyst, link, headers, code):
    headers = {"content-type": FORM, **headers}
    assert actor.post(link, content=b"answer=no", headers=headers).status_code == code
    assert standing(analyst)["standing"] == ("answered" if code == 200 else "asked")


@pytest.mark.parametrize("body", [b"", b"answer=maybe", b"answer=", b"\xff", b"answer=no" * 1000])
def test_no_other_answer_is_taken(actor, analyst, link, body):
    answer = actor.post(link, content=body, headers={"content-type": FORM})
    assert answer.status_code == 422
    assert standing(analyst)["standing"] == "asked"


def test_only_whole_addresses_are_public():
    for path in ("/confirm/a", "/confirm/A-_9"):
        assert PUBLIC.path.fullmatch(path)
    for path in ("/confirm/", "/confirm/a/", "/confirm/a.b", "/x/confirm/a", "/confirm/a\n",
                 "/confirm/" + "a" * 201, "/confirm/é"):  # fmt: skip
        assert not PUBLIC.path.fullmatch(path)


def test_a_server_for_this_machine_keeps_asking_for_its_name(own_view):
    local = TestClient(create(own_view), base_url="http://127.0.0.1:8642")
    link = local.post(f"/api/cases/{CASE}/questions", json={}).json()["link"]
    assert link.startswith("http://127.0.0.1:8642/confirm/")
    assert local.get(link).status_code == 200
    assert local.get(link, headers={"host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("wanted", [{"actor": "nobody"}, {"hours": 0}, {"hours": 1000}, {"x": 1}])
def test_what_cannot_be_asked_is_said(analyst, wanted):
    answer = analyst.post(f"/api/cases/{CASE}/questions", json=wanted)
    assert answer.status_code in (422, 500)
    assert answer.json()["error"]


def test_a_case_is_written_for_its_reader(analyst, own_view):
    letter = analyst.get(f"/api/cases/{CASE}/letter?reader=actor").json()
    assert letter["subject"] == "Was this you?"
    refused = analyst.get(f"/api/cases/{CASE}/letter?reader=owner")
    assert "goes to the analyst" in refused.json()["error"]
    (own_view.root / "owners.yaml").write_text("applications: {Secrets Manager: ana@example.org}")
    letter = analyst.get(f"/api/cases/{CASE}/letter?reader=owner").json()
    assert letter["subject"].startswith("Was this expected?")
