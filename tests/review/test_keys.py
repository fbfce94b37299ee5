import stat
import threading

import pytest

from wheeltapper.errors import WheeltapperError
from wheeltapper.review import keys


def test_a_first_key_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "state" / "confirm.keys"
    first = keys.load(path)
    assert keys.load(path) == first
    assert len(first.newest) == keys.KEY_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["confirm.keys"]


def test_of_several_that_begin_at_once_all_have_the_same_key(tmp_path):
    path, start, found = tmp_path / "confirm.keys", threading.Barrier(8), []

    def begin():
        start.wait()
        found.append(keys.load(path).newest)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_new_key_signs_and_the_one_before_is_known(tmp_path):
    path = tmp_path / "confirm.keys"
    first = keys.load(path).newest
    second = keys.change(path, keep=True)
    assert second.keys[1] == first
    third = keys.change(path, keep=True)
    assert third.keys == (third.newest, second.newest)
    assert third.named(keys.id_of(second.newest)) == second.newest
    assert third.named(keys.id_of(first)) is None
    assert len(keys.change(path, keep=False).keys) == 1
    assert len(keys.load(path).keys) == 1


@pytest.mark.parametrize("text", ["", "zz", "00ff", "é"])
def test_a_file_that_holds_something_else_is_told(tmp_path, text):
    path = tmp_path / "confirm.keys"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WheeltapperError, match=r"confirm\.keys"):
        keys.load(path)
