"""Cast: who acts in a scenario, from where and with what, found among the people who work here.

A scenario names a role and a number; the player is whoever that is in this organisation. Players
do not depend on each other, nor on other scenarios.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate import cloud, okta, places, servers
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import Caller
from wheeltapper.simulate.desk import DESK
from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.life import Life
from wheeltapper.simulate.machines import Agent
from wheeltapper.simulate.people import roles
from wheeltapper.simulate.places import Address
from wheeltapper.simulate.robots import Robots
from wheeltapper.simulate.tables import table

STAFF = "staff"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_UID, _BACKUP_UID = 1900, 34


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is wanted: one of the first three, or somebody whom the scenario itself makes."""

    role: str = ""
    """An employee: the `nth` of this role, from 0, of those who are here throughout."""
    nth: int = 0
    iam_user: bool = False
    """Of those with a user and key of their own in the cloud."""
    gone: bool = False
    """Of those who leave, in the order in which they do."""
    service: str = ""
    """A service account."""
    shared: bool = False
    """The account that the service desk shares."""
    user: str = ""
    """A new user in the cloud, of this name."""
    assumes: str = ""
    """A role in the cloud, taken on by the member that `of` names."""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """The organisation in which scenarios are performed."""

    lives: Sequence[Life]
    robots: Robots
    calendar: Calendar

    @property
    def seed(self) -> int:
        return self.calendar.seed


@dataclass(frozen=True, slots=True)
class Session:
    """One session: its id in Okta, its key in the cloud, since when."""

    id: str
    key: str
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Somebody in a role of the scenario: under which names they appear in the logs."""

    name: str
    """As the directory has it."""
    team: str
    """Whose things they deal with."""
    life: Life | None = None
    """Of an employee."""
    who: msgspec.Raw | None = None
    """As actor in Okta; None: not known there."""
    account: okta.Target | None = None
    login: str = ""
    """On servers, and as user in the cloud."""
    ssh_key: str = ""
    uid: int = _UID
    service: str = ""
    principal: str = ""
    """Of a user made in the scenario: its id and key."""
    key: str = ""
    role: str = ""
    """That they took on."""


def find(name: str, member: Member, on: Stage, scenario: str) -> Player:
    """The player for a member of the cast.

    Raises
    ------
    WheeltapperError   if the organisation has nobody like that.
    """
    if member.role:
        return employee(_life(member, on, scenario))
    chance = Chance(on.seed, "cast", scenario, name)
    if member.service:
        login, ssh_key = on.robots.on_servers(member.service)
        return Player(name=member.service, team="platform-1", service=member.service, login=login,
                      ssh_key=ssh_key, uid=_BACKUP_UID)  # fmt: skip
    if member.shared:
        return Player(name=DESK.email, team="support-1", who=DESK.actor, account=DESK.account)
    if member.user:
        return Player(
            name=member.user, team="platform-1", login=member.user,
            principal="AIDA" + chance.token(17, _BASE32), key="AKIA" + chance.token(16, _BASE32),
        )  # fmt: skip
    raise WheeltapperError(f"scenario {scenario}: {name} is nobody: give a role, service or user")


def employee(life: Life) -> Player:
    p = life.person
    return Player(
        name=p.email, team=p.team_name, life=life, login=p.login, ssh_key=p.ssh_key, uid=p.uid,
        who=okta.actor(p.okta_id, p.email, p.name), account=okta.account(p),
    )  # fmt: skip


def _life(member: Member, on: Stage, scenario: str) -> Life:
    if member.role not in roles():
        raise WheeltapperError(f"scenario {scenario}: there is no role {member.role}")
    found = [
        life
        for life in on.lives
        if (p := life.person).role.name == member.role
        and (p.iam_user or not member.iam_user)
        and (p.last_day is not None) == member.gone
        and p.first_day < 0
        and p.later_role is None
    ]
    if member.gone:
        found.sort(key=lambda life: (life.person.last_day or 0, life.person.number))
    if member.nth >= len(found):
        kind = " who leaves" if member.gone else " with a user in the cloud" * member.iam_user
        raise WheeltapperError(
            f"scenario {scenario} needs {member.nth + 1} of the role {member.role}{kind}, and "
            f"there are {len(found)} among {len(on.lives)} people; simulate more people"
        )
    return found[member.nth]


def address(name: str, player: Player, day: int, on: Stage, scenario: str, *, web: bool) -> Address:
    """Where a player acts from: `own` (where they work that day), `home`, `host NAME` (a server),
    `near CITY` (somebody's line in that city; without CITY in theirs), or a network of
    outside.toml. `#` and more after the last two makes another address there.
    """
    kind, _, which = name.partition(" ")
    if kind == "host":
        return Address(servers.INSIDE[which], places.egress("EU").city, 0, "", "")
    if kind in ("own", "home"):
        if player.life is None:
            raise WheeltapperError(f"scenario {scenario}: {player.name} has no {kind}")
        diary = player.life.diary
        work = diary.workday(day) or diary.night_at_home(day)
        if kind == "home":
            return diary.home.address(day)
        return player.life.web(work) if web else player.life.console(work)
    chance = Chance(on.seed, "outside", scenario, name)
    if kind.partition("#")[0] == "near":
        city = which.partition("#")[0]
        if city:
            return places.anywhere(places.cities()[city], chance)
        if player.life is not None:
            return places.anywhere(player.life.person.office, chance)
        raise WheeltapperError(f"scenario {scenario}: {player.name} is of no city")
    return places.outside(name.partition("#")[0], chance)


def agent(name: str, player: Player, day: int, act: cloud.Act | None) -> Agent:
    """With what a player acts: `browser`, `phone`, `cli`, `script` (their own), or a program of
    outside.toml.
    """
    command = f"{act.service}.{dashed(act.name)}" if act else ""
    if player.life is not None:
        machines = player.life.machines
        if name == "browser":
            return machines.browser(day)
        if name == "phone":
            return machines.phone(day)
        if name in ("cli", "script"):
            raw = machines.cli(day, command) if name == "cli" else machines.script(day)
            return Agent(raw, "", "", "")
    row = table("outside")["agent"][name]
    raw, mark, _ = row["raw"].partition("md/command#")
    return Agent(raw + (mark + command if mark else ""), row["os"], row["browser"], row["device"])


def caller(
    player: Player, session: Session, ip: str, agent: str, on: Stage, *, console: bool
) -> Caller:
    """As whom the cloud sees a player."""
    if player.service:
        return on.robots.by_key(player.service, ip, agent)
    if player.role:
        id = "AROA" + Chance(on.seed, "role", player.role).token(17, _BASE32)
        identity, arn = cloud.role_identity(
            player.role, id, player.login, session.key, session.since_s
        )
    elif player.principal:
        identity, arn = cloud.user_identity(player.principal, player.login, player.key, None)
    elif player.life is not None:
        tasks = player.life.tasks(player.life.person.role.name)
        return tasks.caller(session.key, session.since_s, ip, agent, console=console)
    else:
        raise WheeltapperError(f"{player.name} is not known in the cloud")
    return Caller(identity=identity, arn=arn, ip=ip, agent=agent, console=console)


def dashed(name: str) -> str:
    """An operation as the command line calls it: GetCallerIdentity is get-caller-identity."""
    plain = name.split("20")[0]
    return "".join("-" + c.lower() if c.isupper() else c for c in plain).strip("-")
