"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A first example pays for Numba compiling: a deadline would fail it.
settings.register_profile("default", deadline=None, derandomize=True, max_examples=40)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real public data kept beside the checkout; a test that needs it is skipped without it."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data beside the checkout ({SHARED} is missing)")
    return SHARED
