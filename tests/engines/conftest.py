"""A judge of each kind, made once."""

from pathlib import Path

import pytest
from town import RULE, judges_of

from wheeltapper.engines.local.detect import Judges


@pytest.fixture(scope="session")
def rules(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "recorder_off.yml").write_text(RULE, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def judges(rules) -> Judges:
    return judges_of(rules)
