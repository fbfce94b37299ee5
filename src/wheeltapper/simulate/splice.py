"""Splice: real records of an attack, put under an employee's identity on one of their days."""

import gzip
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from importlib.resources import files

import msgspec

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate.cloud import ACCOUNT
from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.life import Life, local
from wheeltapper.simulate.truth import Truth


class Splice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Real records and what has to be changed to put them under somebody else's identity."""

    name: str
    about: str
    attack: tuple[str, ...]
    """ATT&CK ids of what is done in them."""
    records: str
    """NDJSON, gzip: the records as they were published."""
    origin: str
    date: str
    """Day on which they were made: this text is replaced by the day they are put on."""
    date_long: str
    """The same as AWS writes it in some answers."""
    user: str
    """User name of whoever acted; records of others stay out."""
    roles: str
    """Beginning of the names of roles and users that he made and used."""
    principal: str
    access_key: str
    account: str
    addresses: tuple[str, ...]
    """Addresses he worked from."""
    end_days: int
    """About so many days before the end."""
    role: str
    seat: int
    """Whose identity it is put under."""


class _Identity(msgspec.Struct):
    arn: str = ""
    userName: str = ""


class _Head(msgspec.Struct):
    """What has to be read of a record to place it."""

    eventID: str
    eventTime: datetime
    userIdentity: _Identity


def published(splice: Splice) -> Iterator[tuple[_Head, bytes]]:
    """The records of the one who acted, as they were published."""
    packed = files("wheeltapper.simulate").joinpath(splice.records).read_bytes()
    decode = msgspec.json.Decoder(_Head).decode
    for line in gzip.decompress(packed).splitlines():
        head = decode(line)
        who = head.userIdentity
        if who.userName == splice.user or splice.roles in who.arn:
            yield head, line


def put_in(splice: Splice, lives: Sequence[Life], calendar: Calendar, journal: Journal) -> Truth:
    """Put the records under an employee's identity, on a day they work, into the journal.

    Raises
    ------
    WheeltapperError   if nobody has that seat, or never works at that hour.
    """
    team = [life for life in lives if life.person.role.name == splice.role]
    if not team:
        raise WheeltapperError(
            f"scenario {splice.name} needs a {splice.role} engineer, and there is none among "
            f"{len(lives)} people; simulate at least 20"
        )
    life = team[min(splice.seat, len(team) - 1)]
    records = list(published(splice))
    first = min(head.eventTime for head, _ in records)
    last = max(head.eventTime for head, _ in records)
    day = _day(splice, life, calendar, first, last)
    target = calendar.date(day)
    work = life.diary.workday(day)
    assert work is not None  # noqa: S101 - _day chose a day on which they work
    person = life.person
    address = life.console(work).ip
    swap = {
        splice.user: person.login,
        splice.principal: person.principal,
        splice.access_key: person.access_key,
        splice.account: ACCOUNT,
        splice.date: target.isoformat(),
        splice.date_long: f"{target:%b} {target.day}, {target.year}",
    } | {f'"{old}"': f'"{address}"' for old in splice.addresses}
    shift = target - date.fromisoformat(splice.date)
    pairs = [(old.encode(), new.encode()) for old, new in swap.items()]
    for head, line in records:
        for old, new in pairs:
            line = line.replace(old, new)
        journal.cloudtrail((head.eventTime + shift).timestamp(), line)
    return Truth(
        scenario=splice.name,
        about=splice.about,
        actor=person.email,
        actors=(person.email,),
        addresses=(),
        start=first + shift,
        end=last + shift,
        native_ids=tuple(head.eventID for head, _ in records),
        lines=(),
        attack=splice.attack,
        real=True,
        origin=splice.origin,
        changed=(
            f"the date {splice.date} became {target} (also as {splice.date_long}); hours, minutes "
            "and seconds are as they were",
            f"the user {splice.user} became {person.login} ({person.email}): name, ARN, "
            f"principal id ({splice.principal} became {person.principal}) and long-lived access "
            f"key ({splice.access_key} became {person.access_key})",
            f"the account {splice.account} became {ACCOUNT}",
            f"the addresses {', '.join(splice.addresses)} became {address}, from which "
            f"{person.login} works that day; all other addresses are as they were",
            "all other text of the records, among it eventID, requestID, temporary keys, roles, "
            "user agents and older dates, is as it was",
        ),
    )


def _day(splice: Splice, life: Life, calendar: Calendar, first: datetime, last: datetime) -> int:
    """The day nearest to the wanted one on which the employee is at work at that hour, at home or
    in the office.
    """
    wanted = calendar.days - splice.end_days
    midnight = datetime.combine(date.fromisoformat(splice.date), datetime.min.time(), first.tzinfo)
    for day in sorted(range(calendar.days), key=lambda d: (abs(d - wanted), d)):
        work = life.diary.workday(day)
        if work is None or work.where == "trip" or calendar.date(day).weekday() >= 5:
            continue
        start = calendar.date(day)
        at = datetime.combine(start, datetime.min.time(), first.tzinfo)
        begin = (at + (first - midnight)).timestamp()
        end = (at + (last - midnight)).timestamp()
        morning = local(calendar, day, work.city.zone)
        if morning + work.begin_h * 3600 <= begin and end <= morning + work.end_h * 3600:
            return day
    raise WheeltapperError(
        f"scenario {splice.name} needs a day on which {life.person.email} works at "
        f"{first:%H:%M} UTC; simulate more days"
    )
