import gzip
import json
import os

import pytest

from wheeltapper.engines.local import tail as tails
from wheeltapper.engines.local.spool import Spool
from wheeltapper.engines.local.tail import FILE, Tail
from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest.readers import Limits

A, B, C = (b'{"user": "%s"}\n' % name for name in (b"ana", b"ben", b"cleo"))


class Desk:
    """A folder of logs, and what came out of it."""

    def __init__(self, root):
        self.logs, self.state = root / "logs", root / "state"
        self.logs.mkdir()
        self.state.mkdir()
        self.spool = Spool(root / "spool", 1 << 30)
        self.tail = self.opened()

    def opened(self, *paths):
        return Tail(paths or [self.logs], self.state, Limits())

    def look(self, times=1):
        """What looks put into the spool: (file, first line, bytes) of each entry."""
        for _ in range(times):
            for _ in self.tail.look(self.spool):
                pass
        self.tail.save()
        entries = self.spool.entries()
        found = [
            (os.path.basename(e.about.origin), e.about.line, e.data.read_bytes())  # noqa: PTH119
            for e in entries
        ]
        self.spool.remove(entries)
        return found

    def write(self, name, data, mode="wb"):
        with (self.logs / name).open(mode) as file:
            file.write(data)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_lines_are_taken_as_they_come_up_to_the_last_whole_one(desk):
    desk.write("a.log", A + B[:5])
    assert desk.look() == [("a.log", 1, A)]
    assert desk.look() == []
    desk.write("a.log", B[5:] + C, "ab")
    assert desk.look() == [("a.log", 2, B + C)]
    assert desk.look(2) == []


def test_after_a_restart_it_goes_on_where_it_was(desk):
    desk.write("a.log", A)
    desk.look()
    desk.write("a.log", B, "ab")
    desk.tail = desk.opened()
    assert desk.look() == [("a.log", 2, B)]


@pytest.mark.parametrize("damage", [None, b"", b"[1]", b'[{"path": "x"}]', b"\xff"])
def test_without_what_it_knew_it_reads_again(desk, damage):
    desk.write("a.log", A)
    desk.look()
    if damage is None:
        (desk.state / FILE).unlink()
    else:
        (desk.state / FILE).write_bytes(damage)
    desk.tail = desk.opened()
    assert desk.look() == [("a.log", 1, A)]


def test_a_file_that_is_renamed_is_read_on_and_its_name_is_a_new_file(desk):
    desk.write("a.log", A)
    desk.look()
    desk.write("a.log", B, "ab")
    (desk.logs / "a.log").rename(desk.logs / "a.log.1")
    desk.write("a.log", C)
    assert sorted(desk.look()) == [("a.log", 1, C), ("a.log.1", 2, B)]
    assert desk.look(2) == []


def test_so_it_is_where_the_file_alone_is_followed(desk):
    desk.write("a.log", A)
    desk.tail = desk.opened(desk.logs / "a.log")
    desk.look()
    desk.write("a.log", B, "ab")
    (desk.logs / "a.log").rename(desk.logs / "a.log.1")
    assert desk.look() == [("a.log.1", 2, B)]
    desk.write("a.log", C)
    assert desk.look() == [("a.log", 1, C)]


@pytest.mark.parametrize("anew", [C, C * 5])
def test_a_file_that_is_written_anew_is_read_from_its_beginning(desk, anew):
    desk.write("a.log", A + B)
    desk.look()
    desk.write("a.log", anew)
    assert desk.look() == [("a.log", 1, anew)]


def test_a_document_is_taken_whole_when_it_has_not_changed_between_two_looks(desk):
    document = json.dumps({"Records": [{"a": 1}, {"a": 2}]}).encode()
    packed = gzip.compress(A + B)
    desk.write("d.json", document[:20])
    desk.write("p.gz", packed)
    assert desk.look() == []
    desk.write("d.json", document[20:], "ab")
    assert desk.look() == [("p.gz", 1, packed)]
    assert desk.look() == [("d.json", 1, document)]
    assert desk.look(3) == []
    os.utime(desk.logs / "d.json", ns=(1, 1))  # written again: the size says nothing
    assert desk.look(2) == [("d.json", 1, document)]


def test_a_last_record_without_the_end_of_its_line_is_taken_when_it_rests(desk):
    desk.write("a.log", A + B.strip())
    assert desk.look() == [("a.log", 1, A)]
    assert desk.look() == [("a.log", 2, B.strip())]
    desk.write("t.log", b"one line\nhalf a li")
    assert desk.look(3) == [("t.log", 1, b"one line\n")]


def test_lines_of_another_shape_do_not_decide_how_the_others_are_read(desk):
    """What an entry holds is found out from how it begins."""
    desk.write("a.log", A)
    desk.look()
    desk.write("a.log", b"Traceback\n  in x\n" + B, "ab")
    assert desk.look() == [("a.log", 2, b"Traceback\n  in x\n"), ("a.log", 4, B)]
    desk.write("t.log", b"one line\n")
    desk.look()
    desk.write("t.log", A + b"another\n", "ab")
    assert desk.look() == [("t.log", 2, A), ("t.log", 3, b"another\n")]


def test_a_long_file_comes_in_pieces_and_a_longer_line_too(desk, monkeypatch):
    monkeypatch.setattr(tails, "PIECE_BYTES", 40)
    desk.write("a.log", A * 5 + b"x" * 100 + b"\n" + B)
    found = desk.look()
    assert b"".join(data for _, _, data in found) == A * 5 + b"x" * 100 + b"\n" + B
    assert len(found) > 4
    assert all(len(data) <= 40 for _, _, data in found)


def test_what_cannot_be_followed_is_passed_over(desk):
    os.mkfifo(desk.logs / "pipe")
    desk.write("a.log", A)
    (desk.logs / "again.log").hardlink_to(desk.logs / "a.log")
    assert [data for _, _, data in desk.look()] == [A]


def test_a_path_that_is_not_there_is_an_error_at_the_start_and_not_later(desk):
    with pytest.raises(WheeltapperError, match="no such file or folder"):
        desk.opened(desk.logs / "b.log")
    desk.write("b.log", A)
    desk.tail = desk.opened(desk.logs / "b.log")
    assert len(desk.look()) == 1
    (desk.logs / "b.log").unlink()
    assert desk.look() == []
    desk.write("b.log", B)
    assert desk.look() == [("b.log", 1, B)]
