"""The environment with Apache Flink, as `make setup-flink` makes it."""

import os
import shutil

import pytest
from spark_env import ROOT

PYTHON = ROOT / ".venv-flink" / "bin" / "python"


def python() -> str:
    """The path of its Python; the test is skipped where it was not made, but not on CI."""
    if not (PYTHON.exists() and shutil.which("java")) and not os.environ.get("CI"):
        pytest.skip("needs .venv-flink and Java; make them with: make setup-flink setup-test")
    return str(PYTHON)
