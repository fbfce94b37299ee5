"""One workspace with a story for all tests that only read it, and a fresh client for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from server.story import workspace
from wheeltapper.config import Config
from wheeltapper.server.app import create
from wheeltapper.server.view import View, open_view


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Config]:
    root = tmp_path_factory.mktemp("story")
    return root, workspace(root)


@pytest.fixture
def view(story: tuple[Path, Config], tmp_path: Path) -> Iterator[View]:
    """The story with a casebook of the test's own."""
    root, config = story
    (tmp_path / "lake").symlink_to(root / "lake")
    shutil.copy(root / "casebook.sqlite", tmp_path)
    opened = open_view(tmp_path, config)
    yield opened
    opened.casebook.close()


@pytest.fixture
def client(view: View, tmp_path: Path) -> Iterator[TestClient]:
    app = create(view, static=tmp_path / "not-built")
    with TestClient(app, base_url="http://127.0.0.1:8642") as client:
        yield client
