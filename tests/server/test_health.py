"""Health of `serve`: told to everybody, and nothing else with it."""

import shutil

from starlette.testclient import TestClient

from wheeltapper.server.app import create
from wheeltapper.server.view import open_view


def test_it_is_told_without_the_token_and_by_any_name(view):
    client = TestClient(create(view, host="0.0.0.0", token="t" * 20), base_url="http://10.1.2.3")  # noqa: S104
    assert client.get("/healthz").json() == {"ok": True}
    assert client.get("/readyz").json() == {"ok": True, "wrong": {}}
    assert client.get("/api/overview").status_code == 401
    assert client.post("/healthz").status_code == 401


def test_a_store_that_is_away_is_told_without_its_address(story, tmp_path):
    root, config = story
    shutil.copy(root / "casebook.sqlite", tmp_path)
    opened = open_view(tmp_path, config)
    client = TestClient(create(opened), base_url="http://127.0.0.1")
    assert client.get("/readyz").json()["ok"]  # an empty lake is one
    opened.casebook.close()
    (tmp_path / "casebook.sqlite").write_bytes(b"no database" * 100)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["wrong"] == {"casebook": "cannot be reached: DatabaseError"}
