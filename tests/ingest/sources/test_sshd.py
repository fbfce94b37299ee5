"""sshd, sudo, su and PAM, from text and from the journal."""

from ingest.sources.conftest import DATA


def test_written_lines(golden):
    golden("sshd", "auth.log")


def test_every_line_becomes_an_activity(counted):
    path = DATA / "sshd" / "auth.log"
    found, rejects = counted(path)
    assert (found["sshd"], rejects) == (len(path.read_text().splitlines()), [])


def test_the_journal(golden):
    golden("sshd", "journal.ndjson", "golden-journal.ndjson")


def test_real_logs(counted, shared):
    found, rejects = counted(shared / "data" / "linux")
    assert (found, rejects) == ({"sshd": 4000}, [])
