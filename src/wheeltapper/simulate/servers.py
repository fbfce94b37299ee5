"""Servers: the hosts that people and programs log in to, and what sshd writes about it.

Lines as Debian 12 writes them to auth.log: ISO time with offset, host, sshd[pid].
"""

from functools import cache

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.people import Person

BASTIONS = {"NL": "bastion-eu", "DE": "bastion-eu", "US": "bastion-us", "IN": "bastion-eu"}
INSIDE = {
    "bastion-eu": "10.40.0.10",
    "bastion-us": "10.60.0.10",
    "build-1": "10.40.2.21",
    "build-2": "10.40.2.22",
    "app-1": "10.40.4.11",
    "app-2": "10.40.4.12",
    "app-3": "10.60.4.11",
    "data-1": "10.40.6.31",
    "data-2": "10.40.6.32",
    "db-1": "10.40.8.41",
    "backup-1": "10.40.9.51",
    "legacy-1": "10.40.12.5",
}
_BY_ROLE = {
    "platform": tuple(host for host in INSIDE if not host.startswith("bastion")),
    "developer": ("app-1", "app-2", "build-1", "app-3", "build-2", "db-1", "legacy-1"),
    "data": ("data-1", "data-2", "build-1", "db-1"),
    "itadmin": ("legacy-1", "backup-1", "build-1", "app-1", "db-1", "build-2"),
    "security": ("app-1", "build-1", "app-2", "db-1", "data-1", "backup-1", "legacy-1"),
    "support": ("legacy-1", "app-1"),
}


def hosts_for(role: str) -> tuple[str, ...]:
    return _BY_ROLE.get(role, ())


def login(
    journal: Journal,
    chance: Chance,
    at_s: float,
    host: str,
    user: str,
    ip: str,
    *,
    key: str,
    minutes: float,
    uid: int,
    failures: int = 0,
    method: str = "publickey",
) -> float:
    """A session from its first failed try to its end; returns when it was opened."""
    pid = 1000 + int(at_s // 3) % 3_000_000 + chance.below(97)
    port = 32768 + chance.below(28000)
    say = f"sshd[{pid}]: "
    for _ in range(failures):
        journal.auth(host, at_s, f"{say}pam_unix(sshd:auth): authentication failure; logname= "
                     f"uid=0 euid=0 tty=ssh ruser= rhost={ip}  user={user}")  # fmt: skip
        at_s += chance.between(1.2, 2.6)
        journal.auth(host, at_s, f"{say}Failed password for {user} from {ip} port {port} ssh2")
        at_s += chance.between(2.0, 9.0)
    proof = f": ED25519 SHA256:{key}" if method == "publickey" else ""
    journal.auth(host, at_s, f"{say}Accepted {method} for {user} from {ip} port {port} ssh2{proof}")
    opened = at_s + 0.02
    journal.auth(
        host, opened,
        f"{say}pam_unix(sshd:session): session opened for user {user}(uid={uid}) by (uid=0)",
    )  # fmt: skip
    closed = opened + minutes * 60
    end = f"sshd[{pid + 1}]: "
    journal.auth(
        host, closed, f"{end}Received disconnect from {ip} port {port}:11: disconnected by user"
    )
    journal.auth(host, closed + 0.001, f"{end}Disconnected from user {user} {ip} port {port}")
    journal.auth(
        host, closed + 0.004, f"{say}pam_unix(sshd:session): session closed for user {user}"
    )
    return opened


def hop(
    journal: Journal, chance: Chance, at_s: float, person: Person, ip: str, host: str, slips: int
) -> None:
    """In through the bastion of one's part of the world and on to a host."""
    bastion = BASTIONS[person.office.country]
    minutes = min(chance.spread(14, 1.2), 420.0)
    opened = login(
        journal, chance, at_s, bastion, person.login, ip,
        key=person.ssh_key, minutes=minutes + 0.3, uid=person.uid,
        failures=slips, method="password" if slips else "publickey",
    )  # fmt: skip
    login(
        journal, chance, opened + chance.between(1, 8), host, person.login, INSIDE[bastion],
        key=person.ssh_key, minutes=minutes, uid=person.uid,
    )  # fmt: skip


_GUESSES = ("root", "admin", "test", "ubuntu", "oracle", "postgres", "user", "git", "pi", "guest",
            "ftpuser", "deploy", "support", "hadoop", "nagios", "mysql", "www", "dev")  # fmt: skip


@cache
def guesser(number: int) -> str:
    """Addresses of documentation networks: nobody's."""
    net = ("192.0.2", "198.51.100", "203.0.113")[number % 3]
    return f"{net}.{1 + (number * 37) % 254}"


def knocking(journal: Journal, seed: int, day: int, midnight_s: int) -> None:
    """The Internet tries doors: machines that guess at the bastions' names and passwords."""
    chance = Chance(seed, "knocking", day)
    for _ in range(chance.count(5)):
        host = chance.pick(("bastion-eu", "bastion-us"))
        ip = guesser(chance.rank(400))
        at_s = midnight_s + chance.between(0, 86_400)
        for _ in range(1 + int(chance.spread(3, 0.9))):
            user = _GUESSES[chance.rank(len(_GUESSES))]
            known = user in ("root", "git")
            pid, port = 1000 + int(at_s // 3) % 3_000_000, 32768 + chance.below(28000)
            say = f"sshd[{pid}]: "
            if not known:
                journal.auth(host, at_s, f"{say}Invalid user {user} from {ip} port {port}")
            journal.auth(
                host, at_s + 1.8,
                f"{say}Failed password for {'' if known else 'invalid user '}{user} "
                f"from {ip} port {port} ssh2",
            )  # fmt: skip
            journal.auth(
                host, at_s + 2.4,
                f"{say}Connection closed by {'authenticating' if known else 'invalid'} user "
                f"{user} {ip} port {port} [preauth]",
            )  # fmt: skip
            at_s += chance.between(3, 40)
