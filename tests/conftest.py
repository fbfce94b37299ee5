"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

import office as office_log
from wheeltapper import workspace
from wheeltapper.workspace import Workspace

# A first example pays for Numba compiling: a deadline would fail it.
settings.register_profile("default", deadline=None, derandomize=True, max_examples=40)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

os.environ.pop("TZ", None)  # the zone of whoever runs the tests is not that of the reader

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real public data kept beside the checkout; a test that needs it is skipped without it."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data beside the checkout ({SHARED} is missing)")
    return SHARED


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a case in it, made once; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("office")
    made = workspace.init(folder / "work")
    made.run(office_log.write(folder / "logs"))
    return made
