import resource
import threading

import pytest

from wheeltapper.engines.local.spool import About, Spool

LIMIT = 1000


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", LIMIT)


def test_what_was_put_waits_in_its_order_until_it_is_removed(spool):
    about = About(origin="/logs/a", source="okta", line=7, changed_ns=1_000_000_000)
    first = spool.put([b"one\n", b"two\n"], about)
    second = spool.put([b"three\n"], About(origin="http"))
    assert spool.entries() == [first, second]
    assert (spool.files, spool.waiting_bytes) == (2, 14)
    assert first.data.read_bytes() == b"one\ntwo\n"
    assert first.about == about
    assert first.data.stat().st_mtime_ns == 1_000_000_000
    spool.remove([first])
    assert spool.entries() == [second]
    assert (spool.files, spool.waiting_bytes) == (1, 6)


def test_another_process_finds_it_again(spool):
    kept = spool.put([b"x" * 600], About(origin="http"))
    again = Spool(spool.folder, LIMIT)
    assert again.entries() == [kept]
    assert (again.files, again.waiting_bytes) == (1, 600)
    assert not again.full
    again.put([b"x" * 400], About(origin="http"))
    assert again.full


def test_what_was_not_finished_is_no_entry(spool):
    with spool.draft(About(origin="http")) as draft:
        draft.write(b"half")
        assert spool.waiting_bytes == 4
        assert spool.entries() == []
    assert spool.waiting_bytes == 0
    assert list(spool.folder.iterdir()) == []


def test_what_a_killed_process_left_is_swept(spool):
    (spool.folder / ".new-1").mkdir()
    (spool.folder / ".new-1" / "data").write_bytes(b"half")
    (spool.folder / ".gone-2").mkdir()
    kept = spool.put([b"x"], About(origin="http"))
    assert Spool(spool.folder, LIMIT).entries() == [kept]
    spool.sweep()
    assert [path.name for path in spool.folder.iterdir()] == [kept.folder.name]


@pytest.mark.parametrize("damage", ["", "[]", '{"origin": "x", "tea": 1}', None])
def test_what_a_disk_has_damaged_is_put_aside(spool, damage):
    broken, kept = (spool.put([b"x"], About(origin="http")) for _ in range(2))
    about = broken.folder / "about.json"
    about.unlink()
    if damage is not None:
        about.write_text(damage)
    assert spool.entries() == [kept]
    spool.sweep()
    assert spool.entries() == [kept]
    assert (spool.folder / f".damaged-{broken.folder.name}" / "data").read_bytes() == b"x"


def test_a_disk_that_takes_no_more_leaves_nothing_half_done(spool):
    """A limit on the size of files, set by the system, fails a write as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            spool.put([b"x" * 100_000], About(origin="http"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(spool.folder.iterdir()) == []
    assert (spool.files, spool.waiting_bytes) == (0, 0)
    assert spool.put([b"x" * 100], About(origin="http")).data.read_bytes() == b"x" * 100


def test_many_may_put_at_once(spool):
    def put(name):
        for _ in range(10):
            spool.put([name], About(origin="http"))

    threads = [threading.Thread(target=put, args=(bytes([65 + n]),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry.data.read_bytes() for entry in spool.entries()) == sorted(
        bytes([65 + n]) for n in range(4) for _ in range(10)
    )
    assert (spool.files, spool.waiting_bytes) == (40, 40)


def test_nobody_else_reads_it(spool):
    assert spool.folder.stat().st_mode & 0o077 == 0
