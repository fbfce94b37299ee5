"""Lines of auth.log are what sshd and PAM write on Debian 12."""

import re

_LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 (?P<host>[a-z0-9-]+) sshd\[\d+\]: (?P<text>.+)"
)
_TEXTS = [
    re.compile(p)
    for p in (
        r"Accepted publickey for \S+ from [\d.]+ port \d+ ssh2: ED25519 SHA256:[A-Za-z0-9+/]{43}",
        r"Accepted password for \S+ from [\d.]+ port \d+ ssh2",
        r"Failed password for (invalid user )?\S+ from [\d.]+ port \d+ ssh2",
        r"Invalid user \S+ from [\d.]+ port \d+",
        r"Connection closed by (invalid|authenticating) user \S+ [\d.]+ port \d+ \[preauth\]",
        r"Received disconnect from [\d.]+ port \d+:11: disconnected by user",
        r"Disconnected from user \S+ [\d.]+ port \d+",
        r"pam_unix\(sshd:session\): session opened for user \S+\(uid=\d+\) by \(uid=0\)",
        r"pam_unix\(sshd:session\): session closed for user \S+",
        r"pam_unix\(sshd:auth\): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
        r"rhost=[\d.]+  user=\S+",
    )
]


def test_every_line_is_one_that_sshd_writes(small):
    seen = set()
    for host, lines in small.hosts.items():
        for line in lines:
            found = _LINE.fullmatch(line)
            assert found, line
            assert found["host"] == host
            kinds = [i for i, text in enumerate(_TEXTS) if text.fullmatch(found["text"])]
            assert len(kinds) == 1, line
            seen.update(kinds)
    assert seen == set(range(len(_TEXTS)))


def test_the_guessers_addresses_are_nobodys(small):
    guessed = {
        re.search(r"from ([\d.]+)", line)[1]
        for lines in small.hosts.values()
        for line in lines
        if "nvalid user" in line and "from" in line
    }
    assert guessed
    assert all(ip.startswith(("192.0.2.", "198.51.100.", "203.0.113.")) for ip in guessed)


def test_inside_hosts_are_reached_from_inside(small):
    for host, lines in small.hosts.items():
        if not host.startswith("bastion"):
            assert all(" from 10." in line for line in lines if "Accepted" in line)


def test_files_rotate_weekly_and_are_in_order(small):
    folder = small.summary.logs / "hosts" / "bastion-eu"
    assert sorted(p.name for p in folder.iterdir()) == [
        "auth.log", "auth.log.1", "auth.log.2.gz", "auth.log.3.gz", "auth.log.4.gz",
    ]  # fmt: skip
    lines = (folder / "auth.log").read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: line[:26])
