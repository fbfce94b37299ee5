import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from wheeltapper.errors import ConfigError
from wheeltapper.server.app import create
from wheeltapper.server.security import COOKIE, is_loopback
from wheeltapper.server.view import View

TOKEN = "correct-horse-battery"
VERDICT = "/api/cases/c-7f3a/verdict"


@pytest.fixture(scope="module")
def guarded_app(view: View) -> FastAPI:
    return create(view, host="0.0.0.0", token=TOKEN)  # noqa: S104  # nothing is bound here


@pytest.fixture
def guarded(guarded_app: FastAPI) -> TestClient:
    """A browser on another machine, with no cookie yet."""
    return elsewhere(guarded_app)


def elsewhere(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://tapper.example:8642", follow_redirects=False)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("LOCALHOST", True),
     ("0.0.0.0", False),  # noqa: S104  # nothing is bound here
     ("::", False), ("192.168.1.4", False), ("localhost.evil.example", False),
     ("", False)],
)  # fmt: skip
def test_what_only_this_machine_reaches(host, loopback):
    assert is_loopback(host) == loopback


@pytest.mark.parametrize(("token", "says"), [("", "a token is needed"), ("short", "at least 16")])
def test_others_are_not_served_without_a_token(view, token, says):
    with pytest.raises(ConfigError, match=says):
        create(view, host="192.168.1.4", token=token)


def test_every_answer_carries_the_policy(client):
    for path in ("/", "/api/overview", "/api/nothing", "/api/cases/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", ""]
)
def test_a_name_that_was_made_to_point_here_is_refused(client, host):
    answer = client.get("/api/cases", headers={"host": host})
    assert answer.status_code == 403
    assert "localhost" in answer.json()["error"]


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:8642"])
def test_this_machine_by_its_names_is_answered(client, host):
    assert client.get("/api/overview", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
    ],
)
def test_another_page_cannot_judge(client, headers):
    headers = {"content-type": "application/json", **headers}
    answer = client.put(VERDICT, content=b'{"verdict": "malicious"}', headers=headers)
    assert answer.status_code == 403
    assert client.get("/api/cases/c-7f3a").json()["verdict"] is None


def test_this_page_can(judging):
    own = {"origin": "http://127.0.0.1:8642", "sec-fetch-site": "same-origin"}
    assert judging.put(VERDICT, json={"verdict": "malicious"}, headers=own).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/overview", "/assets/x.js", "/api/openapi.json"])
@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"},
                {"cookie": f"{COOKIE}={TOKEN}"}, {"cookie": f"{COOKIE}=; x=\"y"}]
)  # fmt: skip
def test_nothing_is_shown_without_the_token(guarded, path, headers):
    answer = guarded.get(path, headers=headers)
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]


def test_a_link_with_the_token_becomes_a_cookie(guarded):
    answer = guarded.get(f"/cases/c-7f3a?lane=session&token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/cases/c-7f3a?lane=session"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/api/overview").status_code == 200  # the client keeps the cookie


def test_a_link_does_not_lead_elsewhere(guarded):
    answer = guarded.get(f"http://tapper.example:8642//evil.example/?token={TOKEN}")
    assert answer.headers["location"].startswith("/evil.example")


def test_programs_send_the_token_as_bearer(own_view):
    program = elsewhere(create(own_view, host="::", token=TOKEN))
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert program.get("/api/overview", headers=headers).status_code == 200
    given = program.put(VERDICT, json={"verdict": "malicious"}, headers=headers)
    assert given.status_code == 200
