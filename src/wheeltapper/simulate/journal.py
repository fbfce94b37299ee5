"""Journal: what the organisation's systems wrote down, until it is put into files.

Kept by the UTC day it belongs to, so that a day can be written as soon as nobody can add to it.
"""

import time
from collections import defaultdict

DAY_S = 86_400
Timed = list[tuple[float, bytes]]
"""Records with their times."""


class Journal:
    """Records with their times; what lies outside [first_s, end_s) never was."""

    def __init__(self, first_s: int, end_s: int) -> None:
        self.first_s = first_s
        self.end_s = end_s
        self.cloud: dict[int, list[tuple[float, bytes]]] = defaultdict(list)
        self.okta: dict[int, list[tuple[float, bytes]]] = defaultdict(list)
        self.drive: dict[int, list[tuple[float, bytes]]] = defaultdict(list)
        self.hosts: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._written = -1

    def cloudtrail(self, at_s: float, record: bytes) -> None:
        if self.first_s <= at_s < self.end_s:
            self.cloud[self._day(at_s)].append((at_s, record))

    def system_log(self, at_s: float, record: bytes) -> None:
        if self.first_s <= at_s < self.end_s:
            self.okta[self._day(at_s)].append((at_s, record))

    def drive_log(self, at_s: float, record: bytes) -> None:
        if self.first_s <= at_s < self.end_s:
            self.drive[self._day(at_s)].append((at_s, record))

    def auth(self, host: str, at_s: float, line: str) -> None:
        """A line of sshd: what follows the host's name in auth.log."""
        if self.first_s <= at_s < self.end_s:
            self.hosts[host].append((at_s, line))

    def take(self, day: int) -> tuple[Timed, Timed, Timed]:
        """CloudTrail, Okta and Drive records of a day in the order in which they happened."""
        self._written = day
        cloud, okta, drive = (
            sorted(days.pop(day, []), key=_time) for days in (self.cloud, self.okta, self.drive)
        )
        return cloud, okta, drive

    def add(self, other: "Journal") -> None:
        """Take in everything of another journal of the same span; it must not be used again."""
        for mine, theirs in (
            (self.cloud, other.cloud), (self.okta, other.okta), (self.drive, other.drive)
        ):  # fmt: skip
            for day, records in theirs.items():
                if day <= self._written:
                    raise ValueError(f"records of day {day} came after that day was written")
                mine[day] += records
        for host, lines in other.hosts.items():
            self.hosts[host] += lines

    def _day(self, at_s: float) -> int:
        day = int(at_s - self.first_s) // DAY_S
        if day <= self._written:
            raise ValueError(f"a record of day {day} came after that day was written")
        return day


def logged(at_s: float, host: str, line: str) -> str:
    """A line of auth.log as it stands in the file, without its end."""
    whole = int(at_s)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{stamp}.{int((at_s - whole) * 1e6):06d}+00:00 {host} {line}"


def _time(entry: tuple[float, bytes]) -> float:
    return entry[0]
