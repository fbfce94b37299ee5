"""Hiding on the page: looked at, kept, listed and ended, where cases are really made anew."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import wheeltapper as wt
from server.conftest import LOCAL
from wheeltapper.server.app import create
from wheeltapper.server.view import open_view

pytestmark = pytest.mark.slow


@pytest.fixture
def root(office: wt.Workspace, tmp_path: Path) -> Path:
    """The office, its one case torn into several, to be changed."""
    root = Path(shutil.copytree(office.root, tmp_path / "work"))
    settings = root / "wheeltapper.toml"
    settings.write_text(re.sub(r"# gap_hours = .*", "gap_hours = 0.001", settings.read_text()))
    wt.open(root).refine()
    return root


@pytest.fixture
def page(root: Path) -> Iterator[TestClient]:
    ws = wt.open(root)
    view = open_view(root, ws.config, ws)
    yield TestClient(create(view), base_url=LOCAL)
    view.casebook.close()


@pytest.fixture
def unchanged(office: wt.Workspace) -> Iterator[TestClient]:
    """For what changes nothing."""
    view = open_view(office.root, office.config, office)
    yield TestClient(create(view), base_url=LOCAL)
    view.casebook.close()


def ids(page):
    return {c["id"] for c in page.get("/api/cases").json()["cases"]}


def test_the_like_of_a_case_is_looked_at_hidden_and_shown_again(page):
    before = ids(page)
    wanted = {"case": sorted(before)[0], "days": 90, "reason": "a drill"}
    seen = page.post("/api/suppressions", json={**wanted, "dry_run": True}).json()
    assert not seen["kept"]
    assert seen["findings"] > 0
    assert [c["id"] for c in seen["gone"]] == [wanted["case"]]
    assert (ids(page), page.get("/api/suppressions").json()) == (before, {"suppressions": []})

    kept = page.post("/api/suppressions", json=wanted).json()
    assert kept == {**seen, "kept": True}
    assert ids(page) == before - {wanted["case"]}
    listed = page.get("/api/suppressions").json()["suppressions"]
    assert {s["scope"] for s in listed} == set(seen["scopes"])
    assert all(s["in_force"] and s["reason"] == "a drill" for s in listed)
    assert page.get("/api/overview").json()["hidden"] == len(listed)

    every = {"ids": [one["id"] for one in listed]}
    ended = page.post("/api/suppressions/end", json=every)
    assert ended.status_code == 200
    assert not any(s["in_force"] for s in ended.json()["suppressions"])
    assert all(s["ended_by"] for s in ended.json()["suppressions"])
    assert ids(page) == before
    again = page.post("/api/suppressions/end", json=every)
    assert again.status_code == 422
    assert "was ended by" in again.json()["error"]


def test_a_hidden_finding_says_who_why_and_until_when(office, tmp_path):
    ws = wt.open(shutil.copytree(office.root, tmp_path / "work"))
    found = ws.case(1).findings[0].finding
    seen = ws.suppress(by="ana", reason="a drill", detector=found.detector, entity=found.entity)
    view = open_view(ws.root, ws.config)
    page = TestClient(create(view), base_url=LOCAL)
    case = page.get(f"/api/cases/{ws.case(1).id}").json()
    *told, greyed = case["found"]
    assert all(f["hidden"] is None for f in told)
    assert greyed["detector"] == found.detector
    assert greyed["hidden"]["id"] == seen.suppressions[0].id
    assert (greyed["hidden"]["by"], greyed["hidden"]["reason"]) == ("ana", "a drill")
    refused = page.post("/api/suppressions", json={"case": case["id"]})
    assert refused.json()["error"] == "this server only shows cases and cannot make them anew"
    view.casebook.close()


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "“everything” would hide too much"),
        ({"app": "Okta"}, 422, "“in Okta” would hide too much"),
        ({"detector": "*", "app": "Okta"}, 422, "is no detector"),
        ({"case": "nothing"}, 404, "there is no case nothing"),
        ({"case": "nothing", "days": 366}, 422, "days: "),
        ({"case": "x", "reason": "x" * 1001}, 422, "reason: "),
        ({"case": "x", "by": "somebody else"}, 422, "by: "),
    ],
)
def test_what_is_refused_says_why(unchanged, body, status, says):
    answer = unchanged.post("/api/suppressions", json=body)
    assert answer.status_code == status
    assert says in answer.json()["error"]
    assert unchanged.get("/api/suppressions").json() == {"suppressions": []}


@pytest.mark.parametrize("path", ["/api/suppressions", "/api/suppressions/end"])
def test_a_write_must_come_from_the_page_as_json(unchanged, path):
    assert unchanged.post(path, data={"case": "x"}).status_code == 403
    foreign = {"origin": "http://evil.example"}
    assert unchanged.post(path, json={}, headers=foreign).status_code == 403
    assert (
        unchanged.post(path, json={}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    )
