"""The environment with Apache Spark, as `make setup-spark` makes it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-spark" / "bin" / "python"


def python() -> str:
    """The path of its Python; the test is skipped where it was not made, but not on CI."""
    if not PYTHON.exists() and not os.environ.get("CI"):
        pytest.skip("needs .venv-spark; make it with: make setup-spark")
    return str(PYTHON)


def environment() -> dict[str, str]:
    """Variables under which it runs this source."""
    return os.environ | {"PYTHONPATH": str(ROOT / "src")}
