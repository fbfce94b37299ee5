"""Logs by HTTP: what is taken is safe on disk, what is not is refused with what to do."""

import gzip
import json
import threading
import urllib.error
import urllib.request

import pytest
from starlette.testclient import TestClient

from wheeltapper import workspace
from wheeltapper.engines.local.follow import Follower
from wheeltapper.engines.local.meters import Meters
from wheeltapper.engines.local.spool import Spool
from wheeltapper.errors import ConfigError, WheeltapperError
from wheeltapper.server import intake
from wheeltapper.server.intake import TOKEN, TOKEN_FILE, Desk, create, listening, token_of

SECRET = "a token that nobody guesses"
KNOWN = {"authorization": f"Bearer {SECRET}"}
LINE = b'{"time": "2026-01-05T08:00:00Z", "user": "ana", "action": "view"}\n'


def desk(root, limit=10_000, **more):
    spool = Spool(root / "spool", limit)
    given = {"sources": frozenset({"okta", "generic_json"}), "max_body_bytes": 1000, "checks": {}}
    return Desk(spool=spool, meters=Meters(spool), token=SECRET, **{**given, **more})


@pytest.fixture
def at(tmp_path):
    return desk(tmp_path)


@pytest.fixture
def client(at):
    return TestClient(create(at), raise_server_exceptions=False)


def kept(at):
    return [(e.about.source, e.data.read_bytes()) for e in at.spool.entries()]


def test_a_body_is_on_disk_when_it_is_answered(client, at):
    answer = client.post("/ingest?source=okta", content=LINE * 2, headers=KNOWN)
    assert answer.status_code == 200
    assert answer.json()["bytes"] == len(LINE) * 2
    assert kept(at) == [("okta", LINE * 2)]
    assert at.spool.entries()[0].folder.name == answer.json()["id"]
    packed = gzip.compress(LINE)
    more = {**KNOWN, "content-encoding": "gzip"}
    assert client.post("/ingest", content=packed, headers=more).status_code == 200
    assert kept(at)[1] == ("", packed)
    nothing = client.post("/ingest", content=b"", headers=KNOWN)
    assert nothing.json() == {"bytes": 0, "id": ""}
    assert at.spool.files == 2


def test_what_was_taken_becomes_acts(tmp_path):
    ws = workspace.init(tmp_path / "work")
    at = desk(ws.root)
    client = TestClient(create(at))
    client.post("/ingest?source=generic_json", content=gzip.compress(LINE), headers=KNOWN)
    client.post("/ingest", content=b"{ broken\n" + LINE, headers=KNOWN)
    Follower(ws, [], spool=at.spool, meters=at.meters).step(threading.Event())
    assert ws.activities()["actor"].to_list() == ["ana"]
    (rejects,) = ws.rejects.iterdir()
    assert json.loads(rejects.read_text())["file"] == "http"
    assert at.spool.entries() == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {SECRET}"},
        {"authorization": f"Bearer {SECRET}x"},
        {"authorization": b"Bearer \xff\xfe"},
        {"cookie": f"token={SECRET}"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/ingest"), ("GET", "/metrics")])
def test_without_the_token_nothing_is_taken_or_told(client, at, given, method, path):
    answer = client.request(method, path, headers=given, content=LINE if method == "POST" else None)
    assert answer.status_code == 401
    assert "Bearer" in answer.json()["error"]
    assert at.spool.files == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_and_leaves_nothing(client, at, chunked):
    body = iter([b"x" * 600, b"x" * 600]) if chunked else b"x" * 1001
    answer = client.post("/ingest", content=body, headers=KNOWN)
    assert answer.status_code == 413
    assert "max_body_mib" in answer.json()["error"]
    assert list(at.spool.folder.iterdir()) == []
    assert at.spool.waiting_bytes == 0


def test_a_full_spool_asks_to_wait(tmp_path):
    at = desk(tmp_path, limit=100)
    client = TestClient(create(at))
    assert client.post("/ingest", content=b"x" * 100, headers=KNOWN).status_code == 200
    answer = client.post("/ingest", content=LINE, headers=KNOWN)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    at.spool.remove(at.spool.entries())
    assert client.post("/ingest", content=LINE, headers=KNOWN).status_code == 200


def test_a_kind_nobody_knows_is_refused(client, at):
    answer = client.post("/ingest?source=%1b%5b31m", content=LINE, headers=KNOWN)
    assert answer.status_code == 422
    assert "\x1b" not in answer.text
    assert at.spool.files == 0


def test_health_and_readiness_are_told_to_everybody(tmp_path, monkeypatch):
    said = {"lake": ""}

    def away():
        raise OSError("postgresql://user:password@host is away")

    at = desk(tmp_path, checks={"lake": lambda: said["lake"], "spool": lambda: ""})
    client = TestClient(create(at))
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (
        200,
        {"ok": True},
    )
    assert client.get("/readyz").json() == {"ok": True, "wrong": {}}
    said["lake"] = "it has no room"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["wrong"]) == (503, {"lake": "it has no room"})
    broken = TestClient(create(desk(tmp_path, checks={"casebook": away}))).get("/readyz")
    assert broken.json()["wrong"] == {"casebook": "cannot be reached: OSError"}
    monkeypatch.setattr(intake, "STALLED_S", -1.0)
    assert client.get("/healthz").status_code == 503


def test_figures_count_what_was_taken_and_refused(client):
    client.post("/ingest", content=LINE, headers=KNOWN)
    client.post("/ingest", content=LINE)
    text = client.get("/metrics", headers=KNOWN).text
    assert f"wheeltapper_received_bytes_total {len(LINE)}.0" in text
    assert f"wheeltapper_spool_bytes {len(LINE)}.0" in text
    assert 'wheeltapper_refused_requests_total{status="401"} 1.0' in text


def test_it_describes_itself(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/ingest", "/healthz", "/readyz", "/metrics"}
    assert {"200", "401", "413", "422", "429", "503"} <= set(paths["/ingest"]["post"]["responses"])


class TestToken:
    def test_it_is_made_once_and_nobody_else_reads_it(self, tmp_path, monkeypatch):
        monkeypatch.delenv(TOKEN, raising=False)
        token, where = token_of(tmp_path, "")
        assert len(token) >= 32
        assert where == str(tmp_path / TOKEN_FILE)
        assert (tmp_path / TOKEN_FILE).stat().st_mode & 0o077 == 0
        assert token_of(tmp_path, "") == (token, where)

    def test_the_environment_comes_first_then_the_settings(self, tmp_path, monkeypatch):
        monkeypatch.setenv(TOKEN, "e" * 16)
        assert token_of(tmp_path, "s" * 16) == ("e" * 16, TOKEN)
        monkeypatch.delenv(TOKEN)
        assert token_of(tmp_path, "s" * 16)[0] == "s" * 16
        assert not (tmp_path / TOKEN_FILE).exists()

    def test_one_that_can_be_guessed_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.delenv(TOKEN, raising=False)
        with pytest.raises(ConfigError, match="can be guessed"):
            token_of(tmp_path, "tea")
        token_of(tmp_path, "")
        (tmp_path / TOKEN_FILE).write_text("\n")
        with pytest.raises(ConfigError, match="holds no token"):
            token_of(tmp_path, "")


def test_it_listens_while_it_is_wanted(at):
    with listening(at, "127.0.0.1", 0) as port:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/ingest", LINE, KNOWN, method="POST"
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert answer.status == 200
        with (
            pytest.raises(WheeltapperError, match="choose another"),
            listening(at, "127.0.0.1", port),
        ):
            pass
    assert kept(at) == [("", LINE)]
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz")
