"""Files: what the journal holds, laid out on disk as each system writes it.

Text is the same on every machine. Compressed bytes are so with the same zlib; their header carries
no time.
"""

import csv
import gzip
import io
import os
import time
from collections.abc import Iterable
from pathlib import Path

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import ACCOUNT, REGION
from wheeltapper.simulate.desk import DESK
from wheeltapper.simulate.journal import DAY_S, Journal, logged
from wheeltapper.simulate.people import Person
from wheeltapper.simulate.robots import ROBOTS

PARTS = 6
"""CloudTrail documents a day (AWS writes one every few minutes)."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
Timed = tuple[float, bytes]


def pack(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=4, mtime=0)


def write_cloudtrail(root: Path, seed: int, day: int, midnight_s: int, records: list[Timed]) -> int:
    """Documents of one day under AWSLogs/, as a trail delivers them; returns how many."""
    files = 0
    for part in range(PARTS):
        begin = midnight_s + part * DAY_S // PARTS
        end = begin + DAY_S // PARTS
        mine = [record for at, record in records if begin <= at < end]
        if not mine:
            continue
        date = time.strftime("%Y/%m/%d", time.gmtime(midnight_s))
        stamp = time.strftime("%Y%m%dT%H%MZ", time.gmtime(min(end, midnight_s + DAY_S - 300)))
        token = Chance(seed, "document", day, part).token(16, _LETTERS)
        folder = root / "AWSLogs" / ACCOUNT / "CloudTrail" / REGION / date
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{ACCOUNT}_CloudTrail_{REGION}_{stamp}_{token}.json.gz"
        path.write_bytes(pack(b'{"Records":[' + b",".join(mine) + b"]}"))
        files += 1
    return files


def write_okta(root: Path, midnight_s: int, records: list[Timed]) -> int:
    """One day of the System Log, NDJSON."""
    if not records:
        return 0
    folder = root / "okta"
    folder.mkdir(parents=True, exist_ok=True)
    date = time.strftime("%Y-%m-%d", time.gmtime(midnight_s))
    lines = b"\n".join(record for _, record in records) + b"\n"
    (folder / f"okta-system-log-{date}.ndjson.gz").write_bytes(pack(lines))
    return 1


def write_drive(root: Path, midnight_s: int, records: list[Timed]) -> int:
    """One day of Google Workspace's report on documents, NDJSON."""
    if not records:
        return 0
    folder = root / "google"
    folder.mkdir(parents=True, exist_ok=True)
    date = time.strftime("%Y-%m-%d", time.gmtime(midnight_s))
    lines = b"\n".join(record for _, record in records) + b"\n"
    (folder / f"drive-activity-{date}.ndjson.gz").write_bytes(pack(lines))
    return 1


def write_hosts(root: Path, journal: Journal) -> tuple[int, int]:
    """auth.log of every host, rotated each week: the last one plain, older ones numbered.

    Returns files and lines.
    """
    files = lines = 0
    weeks = max(1, -(-(journal.end_s - journal.first_s) // (7 * DAY_S)))
    for host, entries in sorted(journal.hosts.items()):
        entries.sort(key=lambda entry: entry[0])
        folder = root / "hosts" / host
        folder.mkdir(parents=True, exist_ok=True)
        by_week: list[list[str]] = [[] for _ in range(weeks)]
        for at, line in entries:
            week = min(weeks - 1, int(at - journal.first_s) // (7 * DAY_S))
            by_week[week].append(logged(at, host, line) + "\n")
        for week, texts in enumerate(by_week):
            age = weeks - 1 - week
            data = "".join(texts).encode()
            name = "auth.log" + (f".{age}" if age else "")
            if age >= 2:
                name, data = name + ".gz", pack(data)
            path = folder / name
            path.write_bytes(data)
            written = min(journal.end_s, journal.first_s + (week + 1) * 7 * DAY_S)
            os.utime(path, (written, written))
            files += 1
            lines += len(texts)
    return files, lines


COLUMNS = ("actor", "department", "role", "manager", "timezone", "country", "start_date",
           "privileged", "peer_group", "actor_type", "aliases")  # fmt: skip


def directory(staff: Iterable[Person], start_dates: Iterable[str]) -> str:
    """The directory as CSV: people and service accounts, and under which names logs know them."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    people = list(staff)
    leads = {(p.role.name, p.team): p for p in people if p.seat == 0}
    heads = {name: p for (name, team), p in leads.items() if team == 0}
    for person, since in zip(people, start_dates, strict=True):
        lead = leads[person.role.name, person.team]
        boss = heads[person.role.name] if lead is person else lead
        rows.writerow((
            person.email, person.role.department, person.role.title,
            boss.email if boss is not person else "", person.office.zone, person.office.country,
            since, str(person.role.privileged).lower(), person.role.name, "human", person.login,
        ))  # fmt: skip
    rows.writerow((DESK.email, "Customer support", "Shared account", "", "UTC", "", "", "false",
                   "support", "human", ""))  # fmt: skip
    for robot in ROBOTS:
        rows.writerow((robot.name, "Engineering", robot.role, "", "UTC", "", "",
                       str(robot.privileged).lower(), "service accounts", "service",
                       ";".join(robot.aliases)))  # fmt: skip
    return out.getvalue()
