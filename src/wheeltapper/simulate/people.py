"""People: who works here, in which role, team and office, since when, and on which machines.

Everything about a person follows from the seed and their number; more people change nothing about
those before them.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from wheeltapper.simulate.chance import Chance, running
from wheeltapper.simulate.places import Address, City, anywhere, cities, networks, offices
from wheeltapper.simulate.tables import table

DOMAIN = "meridian.example"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One row of roles.toml."""

    name: str
    title: str
    department: str
    share: float
    team: int
    """People in a team."""
    privileged: bool
    start: float
    """Hour at which they usually begin, local."""
    oncall: bool
    apps: tuple[str, ...]
    logins: float
    files: float
    """Documents opened."""
    cloud: dict[str, float]
    via: dict[str, float]
    tasks: float
    change: float
    shells: float
    laptop: dict[str, float]
    vpn: float
    travel: float
    shifts: bool = False
    monthend: bool = False
    admin: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An employee."""

    number: int
    name: str
    email: str
    login: str
    """On servers, and as IAM user."""
    role: Role
    team: int
    """Number of the team within the role."""
    seat: int
    """Place within the team; 0 leads it."""
    office: City
    first_day: int
    """Counted from the start of the simulation; negative: was here before."""
    last_day: int | None
    later_role: Role | None
    change_day: int
    """From when the later role, if any, holds."""
    days_off: frozenset[int]
    """Weekdays (0 Monday) a part-timer is never here."""
    laptop: str
    """mac, windows or linux."""
    browser: str
    phone: str
    """iphone or android."""
    iam_user: bool
    """Works in the cloud with an IAM user and key instead of single sign-on."""
    access_key: str
    principal: str
    okta_id: str
    identity: str
    """Id in the cloud's identity centre."""
    uid: int
    ssh_key: str

    @property
    def team_name(self) -> str:
        return f"{self.role.name}-{self.team + 1}"

    def role_on(self, day: int) -> Role:
        return self.later_role if self.later_role and day >= self.change_day else self.role


@cache
def roles() -> dict[str, Role]:
    return {
        name: Role(name=name, **{**row, "apps": tuple(row["apps"])})
        for name, row in table("roles").items()
    }


def hire(people: int, days: int, seed: int) -> list[Person]:
    """The staff, in the order in which they were hired."""
    counts = dict.fromkeys(roles(), 0)
    staff: list[Person] = []
    taken: set[str] = set()
    for number in range(people):
        # The role that is furthest behind its share: the first n people are the same for any n.
        total = sum(r.share for r in roles().values())
        role = max(
            roles().values(),
            key=lambda r: (round(r.share / total * (number + 1) - counts[r.name], 9), r.name),
        )
        team, seat = divmod(counts[role.name], role.team)
        counts[role.name] += 1
        staff.append(_person(number, role, team, seat, days, seed, taken))
    return staff


def _person(
    number: int, role: Role, team: int, seat: int, days: int, seed: int, taken: set[str]
) -> Person:
    chance = Chance(seed, "person", number)
    office = _office(role, team, seat, seed, chance)
    name, login = _name(office.country, chance, taken)
    email = f"{login}@{DOMAIN}"
    unix = _unix(login)
    joins = number % 17 == 11 and seat > 0
    leaves = number % 29 == 23 and seat > 0
    promoted = number % 41 == 19 and role.name in ("developer", "support", "data")
    rest: dict[str, Any] = {}  # Any: keyword arguments of several types, checked by the class
    rest["first_day"] = (
        int(days * chance.between(0.15, 0.6)) if joins else -int(chance.spread(700, 0.9))
    )
    # Now and then somebody goes soon after it begins, and is long gone when it ends.
    span = (0.2, 0.35) if number // 29 % 5 == 0 else (0.5, 0.85)
    rest["last_day"] = int(days * chance.between(*span)) if leaves and not joins else None
    later = {"developer": "platform", "support": "developer", "data": "developer"}
    rest["later_role"] = roles()[later[role.name]] if promoted and not joins else None
    rest["change_day"] = int(days * 0.55) if rest["later_role"] else 0
    part = chance.uniform()
    rest["days_off"] = frozenset(
        {4} if part < 0.05 else {2} if part < 0.09 else {2, 4} if part < 0.11 else ()
    )
    laptops = list(role.laptop)
    laptop = laptops[chance.weighed(running(list(role.laptop.values())))]
    browsers = {
        "mac": ("Chrome", "Chrome", "Chrome", "Safari", "Firefox"),
        "windows": ("Chrome", "Edge", "Edge", "Firefox"),
        "linux": ("Firefox", "Firefox", "Chrome"),
    }
    return Person(
        number=number,
        name=name,
        email=email,
        login=unix,
        role=role,
        team=team,
        seat=seat,
        office=office,
        laptop=laptop,
        browser=chance.pick(browsers[laptop]),
        phone=chance.pick(("iphone", "iphone", "android")),
        # Old hands in the platform team kept the users they had before single sign-on.
        iam_user=role.name == "platform" and seat in (1, 4),
        access_key="AKIA" + chance.token(16, _BASE32),
        principal="AIDA" + chance.token(17, _ALNUM),
        okta_id="00u" + chance.token(17, _ALNUM + _ALNUM.lower()),
        identity=chance.uuid(),
        uid=1000 + number,
        ssh_key=chance.token(43, _ALNUM + _ALNUM.lower() + "+/"),
        **rest,
    )


def _office(role: Role, team: int, seat: int, seed: int, chance: Chance) -> City:
    places = offices()
    home = Chance(seed, "team", role.name, team)
    if role.shifts:  # support follows the sun
        main = places[(0, 2, 3)[team % 3]][0]
    elif team == 0:
        main = places[0][0]
    else:
        main = places[home.weighed(running([w for _, w in places]))][0]
    elsewhere = places[chance.weighed(running([w for _, w in places]))][0]
    return elsewhere if chance.yes(0.2) and seat > 1 else main


def _name(country: str, chance: Chance, taken: set[str]) -> tuple[str, str]:
    names = table("names")[country]
    while True:
        first, last = chance.pick(names["first"]), chance.pick(names["last"])
        plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
        login = re.sub(r"[^a-z.]", "", plain.lower())
        if login not in taken and _unix(login) not in taken:
            taken.update((login, _unix(login)))
            return f"{first} {last}", login


def _unix(login: str) -> str:
    first, last = login.split(".", 1)
    return first[0] + last.replace(".", "")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a person lives, on the Internet: their provider gives a new address now and then."""

    seed: int
    number: int
    city: City
    renewal_days: int
    """0: the address is kept."""

    @classmethod
    def of(cls, person: Person, seed: int) -> "Home":
        chance = Chance(seed, "home", person.number)
        daily = 0.35 if person.office.country == "DE" else 0.12
        renewal = chance.pick((1, 4, 9)) if chance.yes(daily) else 0
        return cls(seed, person.number, person.office, renewal)

    def address(self, day: int) -> Address:
        lease = day // self.renewal_days if self.renewal_days else 0
        network = Chance(self.seed, "provider", self.number).pick(networks(self.city.country))
        base = Chance(self.seed, "street", self.number).below(network.size) & ~0xFFF
        position = base + Chance(self.seed, "lease", self.number, lease).below(0x1000)
        return network.address(position, self.city)


@cache
def office_address(city: str, seed: int, moved: bool) -> Address:
    """What an office's traffic leaves from; another one after it moved."""
    return anywhere(cities()[city], Chance(seed, "office", city, int(moved)))
