"""The page's files, and what the front end's types are made from."""

import json
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from wheeltapper.server.app import create

OPENAPI = Path(__file__).parents[2] / "ui/src/api/openapi.json"


@pytest.fixture
def built(view, tmp_path):
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>page")
    (static / "icon.svg").write_text("<svg/>")
    (static / "assets" / "index-abc.js").write_text("1")
    (tmp_path / "secret.txt").write_text("not for readers")
    return TestClient(create(view, static=static), base_url="http://localhost")


@pytest.mark.parametrize(
    "path", ["/", "/cases/c-7f3a", "/cases/a/findings/3/events/00ff", "/index.html"]
)
def test_every_view_is_the_one_page(built, path):
    answer = built.get(path)
    assert answer.text == "<!doctype html>page"
    assert answer.headers["cache-control"] == "no-cache"


def test_assets_are_kept_by_the_browser(built):
    assert "immutable" in built.get("/assets/index-abc.js").headers["cache-control"]
    assert built.get("/icon.svg").headers["content-type"].startswith("image/svg")
    assert built.get("/assets/old.js").status_code == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/..%2fsecret.txt"]
)
def test_no_file_beside_the_page_is_served(built, path):
    assert "not for readers" not in built.get(path).text


def test_a_page_that_is_not_built_says_how(client):
    answer = client.get("/cases/x")
    assert answer.status_code == 200
    assert "npm run build" in answer.text
    assert client.get("/api/cases").status_code == 200


def test_the_api_answers_in_json_when_there_is_no_such_thing(client):
    assert "error" in client.get("/api/nothing").json()


def test_the_description_that_the_types_are_made_from_is_current(client):
    current = (
        json.dumps(client.get("/api/openapi.json").json(), indent=1, ensure_ascii=False) + "\n"
    )
    if os.environ.get("WHEELTAPPER_GOLDEN"):
        OPENAPI.write_text(current, encoding="utf-8")
    assert OPENAPI.read_text(encoding="utf-8") == current, (
        "the API has changed: WHEELTAPPER_GOLDEN=1 pytest tests/server/test_app.py, "
        "then npm run types in ui/"
    )
