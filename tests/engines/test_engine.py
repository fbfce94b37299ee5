import pytest

from wheeltapper import workspace
from wheeltapper.errors import WheeltapperError


def test_an_engine_that_is_none_is_told_with_those_that_are(tmp_path):
    ws = workspace.init(tmp_path / "work")
    with pytest.raises(WheeltapperError, match="no engine 'steam'; there are: local"):
        ws.detect(engine="steam")
