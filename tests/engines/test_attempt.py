"""Of two drivers, one after the other, the tasks of the first never write beside the second's."""

import threading

import pytest

from wheeltapper.engines import attempt
from wheeltapper.engines.local import lock
from wheeltapper.errors import WheeltapperError


def test_a_folder_lasts_as_long_as_its_attempt(tmp_path):
    with attempt.folder(tmp_path) as folder:
        with attempt.at_work(folder):
            (folder / "left").touch()
        assert folder.parent == tmp_path
    assert not folder.exists()


def test_who_begins_waits_for_tasks_that_are_left_and_clears_away_what_they_worked_in(tmp_path):
    folder = tmp_path / "attempt-of-one-that-was-killed"
    folder.mkdir()
    begun = threading.Event()

    def next_driver() -> None:
        attempt.begin(tmp_path)
        begun.set()

    with attempt.at_work(folder):
        waiting = threading.Thread(target=next_driver)
        waiting.start()
        assert not begun.wait(0.1)
        assert folder.exists()
    waiting.join()
    assert not folder.exists()
    with pytest.raises(WheeltapperError, match="this attempt is over"), attempt.at_work(folder):
        pass


def test_tasks_work_side_by_side(tmp_path):
    with attempt.folder(tmp_path) as folder, attempt.at_work(folder), attempt.at_work(folder):
        assert lock.holder(tmp_path / attempt.TASKS) == ""
