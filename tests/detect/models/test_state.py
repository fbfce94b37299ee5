import pytest
from organisation import history, table

from wheeltapper.detect.models.state import State, columns, start
from wheeltapper.errors import WheeltapperError


def test_what_is_written_is_read():
    state = State(start().history, 3).take(columns(table(history(actors=3, days=1))))
    again = State.from_bytes(state.to_bytes())
    assert again.day == 3
    assert again.today().equals(state.today())
    assert again.to_bytes() == state.to_bytes()


def test_before_anything():
    assert State.from_bytes(start().to_bytes()).day is None


@pytest.mark.parametrize("content", [b"", b"rubbish" * 9, start().to_bytes()[:-200]])
def test_something_else_is_refused(content):
    with pytest.raises(WheeltapperError, match="no state of a user-day model"):
        State.from_bytes(content)
