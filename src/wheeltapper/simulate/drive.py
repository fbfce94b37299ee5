"""Drive: documents of the office, and the records that Google Workspace writes about them.

Records have the form in which exporters hand them on: one event each, its name and parameters in
the record itself (tests compare them with real ones). What people open is heavy-tailed: mostly the
team's documents, a few of them most of the time.
"""

import time
from dataclasses import dataclass
from functools import cache

import msgspec

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import WORDS
from wheeltapper.simulate.diary import Workday
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.life import Life, local
from wheeltapper.simulate.people import DOMAIN, Person

_encode = msgspec.json.Encoder().encode
_CUSTOMER = "C03k7mq2x"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_KINDS = {
    "finance": ("close", "forecast", "budget", "accruals", "invoices"),
    "sales": ("proposal", "account plan", "price list", "pipeline", "contract draft"),
    "people": ("interviews", "onboarding", "salary bands", "reviews", "contracts"),
    "product": ("roadmap", "research", "launch plan", "pricing", "survey"),
    "": ("notes", "design", "plan", "retrospective", "runbook"),
}
_TYPES = ("document", "spreadsheet", "presentation", "document", "pdf")
_ACTS = ("view", "edit", "view", "download", "create", "rename", "copy", "print", "add_to_folder",
         "trash")  # fmt: skip
"""From most to least often."""
OUTSIDE = "change_user_access"


@dataclass(frozen=True, slots=True)
class Document:
    """One file."""

    id: str
    title: str
    type: str
    owner: str


@cache
def document(seed: int, team: str, number: int) -> Document:
    """The team's nth document: always the same one."""
    chance = Chance(seed, "document", team, number)
    role = team.rpartition("-")[0]
    kinds = _KINDS.get(role, _KINDS[""])
    word = WORDS[(Chance(seed, "words", team).below(len(WORDS)) + number) % len(WORDS)]
    title = f"{word.capitalize()} {kinds[number % len(kinds)]}"
    if number >= len(WORDS):
        title += f" {number // len(WORDS) + 1}"
    owner = f"{team}@{DOMAIN}"  # a team's own drive
    return Document("1" + chance.token(43, _LETTERS), title, _TYPES[number % len(_TYPES)], owner)


def record(
    chance: Chance, at_s: float, person: Person, ip: str, name: str, about: Document,
    more: dict[str, object] | None = None,
) -> bytes:  # fmt: skip
    """One event about a document as JSON; `more` are parameters beside the usual ones."""
    whole = int(at_s)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    parameters: dict[str, object] = {
        "billable": True,
        "doc_id": about.id,
        "doc_title": about.title,
        "doc_type": about.type,
        "is_encrypted": False,
        "owner": about.owner,
        "owner_is_shared_drive": True,
        "owner_is_team_drive": True,
        "primary_event": True,
        "visibility": "shared_internally",
    }
    profile = Chance("profile", person.email)
    return _encode(
        {
            "actor": {
                "callerType": "USER",
                "email": person.email,
                "profileId": "1" + profile.token(20, "0123456789"),
            },
            "id": {
                "applicationName": "drive",
                "customerId": _CUSTOMER,
                "time": f"{stamp}.{int((at_s - whole) * 1000):03d}Z",
                "uniqueQualifier": "-" + chance.token(19, "123456789"),
            },
            "ipAddress": ip,
            "kind": "admin#reports#activity",
            "name": name,
            "parameters": parameters | (more or {}),
            "type": "acl_change" if name.startswith("change_") else "access",
        }
    )


def shared_with(address: str) -> dict[str, object]:
    """Parameters of letting somebody outside open a document."""
    return {
        "visibility_change": "external",
        "target_user": address,
        "old_visibility": "private",
        "visibility": "shared_externally",
        "old_value": ["none"],
        "new_value": ["can_view"],
    }


def work_on_documents(life: Life, day: int, journal: Journal) -> None:
    """What somebody does with documents on one local day."""
    work = life.diary.workday(day)
    if work is None:
        return
    chance = Chance(life.calendar.seed, "documents", life.person.number, day)
    role = life.person.role_on(day)
    hours = (work.end_h - work.begin_h) / 8.4
    for at in _times(life, day, work, chance, chance.count(role.files * life.pace * hours)):
        _open(life, day, at, work, chance, journal)


def _times(life: Life, day: int, work: Workday, chance: Chance, n: int) -> list[float]:
    midnight = local(life.calendar, day, work.city.zone)
    span = 3600 * max(0.1, work.end_h - work.begin_h - 0.3)
    begin = midnight + 3600 * (work.begin_h + 0.2)
    bouts = [begin + span * chance.uniform() for _ in range(1 + n // 3)]
    return sorted(min(chance.pick(bouts) + chance.wait(600), begin + span) for _ in range(n))


def _open(
    life: Life, day: int, at: float, work: Workday, chance: Chance, journal: Journal
) -> None:  # fmt: skip
    person, ip = life.person, life.web(work).ip
    team = person.team_name
    if chance.yes(0.08):  # something of another team of the same role
        team = f"{person.role.name}-{1 + chance.below(4)}"
    # One's own favourites first; documents are added as the weeks go by.
    own = Chance(life.calendar.seed, "favourites", person.number).below(30)
    number = (own + chance.rank(24)) % (36 + day // 2)
    about = document(life.calendar.seed, team, number)
    name = _ACTS[chance.rank(len(_ACTS), 1.5)]
    journal.drive_log(at, record(chance, at, person, ip, name, about))
    for _ in range(chance.count(0.8)):
        at += 30 + chance.wait(240)
        name = "edit" if chance.yes(0.7) else "view"
        journal.drive_log(at, record(chance, at, person, ip, name, about))
    if person.role.name in ("sales", "product", "people") and chance.yes(0.02):
        at += 20 + chance.wait(60)
        guest = f"contact@customer-{chance.rank(80)}.example"
        more = shared_with(guest)
        journal.drive_log(at, record(chance, at, person, ip, OUTSIDE, about, more))
