import pytest
from starlette.testclient import TestClient

from server.story import workspace
from wheeltapper.config import Config
from wheeltapper.server.app import create
from wheeltapper.server.view import open_view


def test_what_was_looked_at(client):
    seen = client.get("/api/overview").json()
    assert seen["acts"] > 15_000
    assert (seen["actors"], seen["open"], seen["closed"]) == (15, 12, 0)
    assert seen["timezone"] == "Europe/Amsterdam"
    assert seen["budget"] == {"day": "2026-07-10", "used": 2, "per_day": 10.0}
    assert seen["findings_below"] == 0


def test_no_case_is_a_result(tmp_path):
    config = workspace(tmp_path, quiet=True)
    with TestClient(create(open_view(tmp_path, config)), base_url="http://localhost") as client:
        seen = client.get("/api/overview").json()
        assert (seen["open"], seen["findings_below"]) == (0, 1)
        assert client.get("/api/cases").json() == {"cases": [], "total": 0}


@pytest.mark.parametrize("path", ["/api/overview", "/api/cases?q=kim"])
def test_a_workspace_without_anything_answers(tmp_path, path):
    with TestClient(create(open_view(tmp_path, Config())), base_url="http://localhost") as client:
        assert client.get(path).status_code == 200
    assert not (tmp_path / "lake").exists()  # looking makes nothing
