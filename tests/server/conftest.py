"""One workspace with a story for all tests that only read it, and copies for those that judge."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from server.story import workspace
from wheeltapper.config import Config
from wheeltapper.server.app import create
from wheeltapper.server.view import View, open_view

LOCAL = "http://127.0.0.1:8642"


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Config]:
    root = tmp_path_factory.mktemp("story")
    return root, workspace(root)


@pytest.fixture(scope="session")
def view(story: tuple[Path, Config]) -> Iterator[View]:
    opened = open_view(*story)
    yield opened
    opened.casebook.close()


@pytest.fixture(scope="session")
def client(view: View, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """For reading only; there is no built page."""
    return TestClient(create(view, static=tmp_path_factory.mktemp("empty")), base_url=LOCAL)


@pytest.fixture
def own_view(story: tuple[Path, Config], tmp_path: Path) -> Iterator[View]:
    """With a casebook of the test's own."""
    root, config = story
    (tmp_path / "lake").symlink_to(root / "lake")
    shutil.copy(root / "casebook.sqlite", tmp_path)
    opened = open_view(tmp_path, config)
    yield opened
    opened.casebook.close()


@pytest.fixture
def judging(own_view: View) -> TestClient:
    return TestClient(create(own_view), base_url=LOCAL)
