from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from organisation import MONDAY, history, table

from wheeltapper.detect.models import Registry, train
from wheeltapper.detect.models.userday import UserDay


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A folder with a model of the little organisation's first sixty days."""
    folder = tmp_path_factory.mktemp("models")
    train(table(history()), MONDAY + timedelta(days=60), folder, today=date(2026, 4, 20))
    return folder


@pytest.fixture(scope="session")
def model(trained):
    """It judges other organisations' days of the same dates, which it has not learned from."""
    (only,) = Registry(trained).models
    return UserDay(replace(only.card, last=""), (trained / "userday.onnx").read_bytes())
