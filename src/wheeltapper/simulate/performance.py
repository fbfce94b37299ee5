"""Performance: a play is performed by people of this organisation, and leaves its records.

Whatever is random in it is drawn from streams of its own, so the background is the same with it and
without; whoever is attacked goes on with their day.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate import cast, cloud, drive, okta, servers
from wheeltapper.simulate.cast import STAFF, Player, Session, Stage
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import Act, Thing
from wheeltapper.simulate.diary import Workday
from wheeltapper.simulate.journal import Journal, logged
from wheeltapper.simulate.life import local
from wheeltapper.simulate.overheard import overheard
from wheeltapper.simulate.places import Address
from wheeltapper.simulate.play import ANY, OFF, Phase, Play, Step
from wheeltapper.simulate.truth import Truth

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_EARLIEST_DAY = 4
USUAL_DAYS = 60
"""In a shorter story the days before the end are as much fewer."""
_WORD = re.compile(r"\{([a-z]+)(?:\.(\w+))?(\d*)\}")


def stage(play: Play, on: Stage, journal: Journal) -> Truth:
    """Perform a play into the journal: whole, or not at all.

    Raises
    ------
    WheeltapperError   if nobody fits a part, or no day does.
    """
    players = {
        name: cast.find(name, m, on, play.name) for name, m in play.who.items() if not m.assumes
    }
    for name, m in play.who.items():
        if m.assumes:
            of = players[m.of]
            players[name] = Player(
                name=of.name, team=of.team, life=of.life, login=of.login, role=m.assumes
            )
    performance = _Performance(play, on, players)
    performance.run()
    journal.add(performance.journal)
    return performance.truth


@dataclass(slots=True)
class _Performance:
    """One run of a play: the clock, the sessions, what has been written."""

    play: Play
    on: Stage
    players: dict[str, Player]
    journal: Journal = field(init=False)
    truth: Truth = field(init=False)
    _sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    _acted: dict[str, None] = field(default_factory=dict)
    _from: dict[str, None] = field(default_factory=dict)
    _number: int = 0

    def __post_init__(self) -> None:
        first_s = int(local(self.on.calendar, 0, "UTC"))
        self.journal = Journal(first_s, first_s + self.on.calendar.days * 86_400)

    @property
    def _lead(self) -> Player:
        return next(iter(self.players.values()))

    @property
    def _zone(self) -> str:
        life = self._lead.life
        return life.person.office.zone if life else "UTC"

    def run(self) -> None:
        first = self._first_day()
        for p, phase in enumerate(self.play.phase):
            for n in range(phase.for_days):
                day = first + phase.day + n
                work = self._lead.life.diary.workday(day) if self._lead.life else None
                if phase.only != ANY and (work is None) != (phase.only == OFF):
                    continue
                chance = Chance(self.on.seed, "play", self.play.name, p, n)
                at = self._begin(phase, day, work, chance)
                for step in phase.step:
                    at = self._step(step, at + chance.between(*step.after_s), day, chance)
        self.truth = self._told()

    def _first_day(self) -> int:
        """The day nearest to the wanted one that fits and leaves room for all phases."""
        calendar, when, life = self.on.calendar, self.play.when, self._lead.life
        last = calendar.days - self.play.length_days
        sooner = min(1.0, calendar.days / USUAL_DAYS)
        wanted = calendar.days - round(when.days_before_end * sooner)
        if life is not None and life.person.last_day is not None and when.on != ANY:
            # Whoever leaves does it before.
            wanted = life.person.last_day + 1 - when.days_before_end
        for day in sorted(range(_EARLIEST_DAY, last + 1), key=lambda d: (abs(d - wanted), d)):
            work = life.diary.workday(day) if life else None
            if when.on == ANY:
                if life is None or life.person.last_day is None or day > life.person.last_day + 9:
                    return day
            elif when.on == OFF:
                if work is None:
                    return day
            elif work is not None and work.where != "trip" and _at_work(work, when.hour):
                return day
        raise WheeltapperError(
            f"scenario {self.play.name} finds no day on which {self._lead.name} fits it; simulate "
            "more days"
        )

    def _begin(self, phase: Phase, day: int, work: Workday | None, chance: Chance) -> float:
        midnight = local(self.on.calendar, day, self._zone)
        if phase.hour is not None:
            return midnight + 3600 * (phase.hour + chance.between(0, phase.spread_h))
        low, high = (work.begin_h, work.end_h) if work else (9.0, 17.0)
        return midnight + 3600 * chance.between(low + 0.3, max(low + 0.4, high - 0.7))

    # Steps

    def _step(self, step: Step, at: float, day: int, chance: Chance) -> float:
        """Do it as often as it says; returns when the last of it was."""
        if step.by == STAFF:
            lives = sorted(self.on.lives, key=lambda life: life.person.email)
            crowd = [cast.employee(life) for life in lives if life.diary.employed(day)]
            players = [player for player in crowd if chance.yes(step.share)]
        else:
            players = [self.players[step.by] if step.by else self._lead] * step.times
        begin = end = at
        for n, player in enumerate(players):
            if n:
                begin = max(end, begin + _gap(step.every_s, step.rhythm, chance))
            end = begin
            self._acted.setdefault(player.name)
            for k, item in enumerate(_drawn(step, chance)):
                if k:
                    end += _gap(step.gap_s, step.rhythm, chance)
                self._number = n
                end = self._act(step, item, player, end, day, chance)
        return end

    def _act(
        self, step: Step, item: str, player: Player, at: float, day: int, chance: Chance
    ) -> float:
        there = self.players[step.place_of] if step.place_of else player
        where = cast.address(
            step.place, there, day, self.on, self.play.name, web=step.source in ("okta", "drive")
        )
        if step.place not in ("own", "home") or step.place_of:
            self._from.setdefault(where.ip)
        if step.source == "ssh":
            return self._shell(step, item, player, where.ip, at, chance)
        if step.source == "drive":
            self._document(step, item, player, where.ip, at, chance)
            return at
        session = self._session(step, player, at, day)
        if step.source == "okta":
            self._okta(step, item, player, session, where, at, day, chance)
        else:
            self._cloud(step, item, player, session, where.ip, at, day, chance)
        return at

    def _document(
        self, step: Step, name: str, player: Player, ip: str, at: float, chance: Chance
    ) -> None:
        if player.life is None:
            raise WheeltapperError(f"scenario {self.play.name}: {player.name} has no documents")
        about = drive.document(self.on.seed, player.team, self._number)
        more = drive.shared_with(step.target) if step.target else None
        person = player.life.person
        self.journal.drive_log(at, drive.record(chance, at, person, ip, name, about, more))

    def _session(self, step: Step, player: Player, at: float, day: int) -> Session:
        if step.session == "theirs":
            if player.life is None:
                raise WheeltapperError(f"scenario {self.play.name}: {player.name} has no session")
            return overheard(player.life, self.journal, at, day)
        key = (player.name, step.session or f"{step.place}@{day}")
        if key not in self._sessions:
            chance = Chance(self.on.seed, "session", self.play.name, *key)
            self._sessions[key] = Session(
                "102" + chance.hex(20), "ASIA" + chance.token(16, _BASE32), at
            )
        return self._sessions[key]

    def _okta(
        self, step: Step, item: str, player: Player, session: Session, where: Address,
        at: float, day: int, chance: Chance,
    ) -> None:  # fmt: skip
        if player.who is None or player.account is None:
            raise WheeltapperError(f"scenario {self.play.name}: {player.name} is not in Okta")
        machine = self.players[step.agent_of] if step.agent_of else player
        client = okta.client(cast.agent(step.agent or "browser", machine, day, None), where)
        kind, targets, uri = item, self._targets(step, player), "/api/v1/authn"
        if item.startswith("sso "):
            app = okta.app(item[4:])
            kind, targets = "user.authentication.sso", okta.signed_on(app, player.account)
            uri = "/app/" + app.name.lower().replace(" ", "_") + "/sso/saml"
        refused = step.result == "FAILURE" and kind == "user.session.start"
        self.journal.system_log(
            at,
            okta.event(
                chance, at, player.who, client, kind, session="unknown" if refused else session.id,
                targets=targets, result=step.result, reason=step.reason, provider=step.factor,
                uri=uri, details={k: str(self._filled(v, chance)) for k, v in step.details.items()},
            ),
        )  # fmt: skip

    def _targets(self, step: Step, player: Player) -> tuple[okta.Target, ...]:
        kind, _, name = step.target.partition(":")
        if not kind:
            return ()
        if not name:
            account = player.account if kind == "self" else self.players[kind].account
            return (account,) if account else ()
        id = Chance(self.on.seed, "target", name)
        made = {
            "group": okta.group(name),
            "app": okta.app(name),
            "policy": okta.Target("00p" + id.hex(17), "PolicyRule", "unknown", name),
            "token": okta.Target("00T" + id.hex(17), "Token", "unknown", name),
        }
        return (made[kind],)

    def _cloud(
        self, step: Step, item: str, player: Player, session: Session, ip: str, at: float, day: int,
        chance: Chance,
    ) -> None:  # fmt: skip
        service, _, operation = item.partition(" ")
        act = cloud.act(service, operation)
        console = step.source == "console"
        machine = self.players[step.agent_of] if step.agent_of else player
        said = cast.agent(step.agent or ("browser" if console else "cli"), machine, day, act).raw
        by = cast.caller(player, session, ip, said, self.on, console=console)
        if act.name == "ConsoleLogin":
            iam = player.life is None or player.life.person.iam_user
            self.journal.cloudtrail(at, cloud.console_login(chance, at, by, iam))
            return
        about = self._about(step, act, player, chance)
        moved = int(chance.spread(step.moved, 0.5)) if step.moved else None
        self.journal.cloudtrail(
            at,
            cloud.record(
                chance, at, act, about, by, error=_error(step, act, about, by, chance),
                params=self._json(step.params, chance), answer=self._json(step.answer, chance),
                moved=moved,
            ),
        )  # fmt: skip

    def _about(self, step: Step, act: Act, player: Player, chance: Chance) -> Thing | None:
        if not act.kind:
            return None
        if step.about:
            return cloud.named(act.kind, str(self._filled(step.about, chance)))
        return cloud.thing(self.on.seed, player.team, act.kind, chance.rank(9))

    def _json(self, value: dict[str, Any] | None, chance: Chance) -> msgspec.Raw | None:
        if value is None:
            return None
        return msgspec.Raw(msgspec.json.encode(self._filled(value, chance)))

    def _filled(self, value: object, chance: Chance) -> object:
        """Text with its words filled in: `{login.NAME}` `{email.NAME}` `{user.NAME}` `{key.NAME}`
        of a member, `{account}`, `{hex8}`, `{n5}` (number of the time, five digits), `{now}`.
        """
        if isinstance(value, dict):
            return {k: self._filled(v, chance) for k, v in value.items()}
        if isinstance(value, list):
            return [self._filled(v, chance) for v in value]
        if not isinstance(value, str):
            return value

        def word(found: re.Match[str]) -> str:
            kind, of, digits = found.groups()
            if of:
                p = self.players[of]
                return {"login": p.login, "user": p.login, "email": p.name, "key": p.key,
                        "principal": p.principal}[kind]  # fmt: skip
            if kind == "n":
                return f"{self._number:0{digits or 1}}"
            return {"account": cloud.ACCOUNT, "hex": chance.hex(int(digits or 8))}[kind]

        return _WORD.sub(word, value)

    def _shell(
        self, step: Step, host: str, player: Player, ip: str, at: float, chance: Chance
    ) -> float:
        minutes = chance.spread(step.minutes, 0.5)
        if step.hop:
            if player.life is None:
                raise WheeltapperError(f"scenario {self.play.name}: {player.name} cannot hop")
            servers.hop(self.journal, chance, at, player.life.person, ip, host, step.failures)
            return at + 10
        return servers.login(
            self.journal, chance, at, host, player.login, ip, key=player.ssh_key, minutes=minutes,
            uid=player.uid, failures=step.failures, method=step.method,
        )  # fmt: skip

    def _told(self) -> Truth:
        calls = [entry for records in self.journal.cloud.values() for entry in records]
        said = [entry for records in self.journal.okta.values() for entry in records]
        opened = [entry for records in self.journal.drive.values() for entry in records]
        ids = sorted(
            [(at, msgspec.json.decode(record, type=_Trail).id) for at, record in calls]
            + [(at, msgspec.json.decode(record, type=_Log).id) for at, record in said]
            + [(at, msgspec.json.decode(record, type=_Report).id.own) for at, record in opened]
        )
        lines = sorted(
            (at, logged(at, host, line))
            for host, entries in self.journal.hosts.items()
            for at, line in entries
        )
        times = [at for at, _ in (*ids, *lines)]
        return Truth(
            scenario=self.play.name, about=self.play.about, actor=self._lead.name,
            actors=tuple(self._acted), addresses=tuple(self._from),
            start=datetime.fromtimestamp(int(min(times)), UTC),
            end=datetime.fromtimestamp(int(max(times)), UTC),
            native_ids=tuple(id for _, id in ids), lines=tuple(line for _, line in lines),
            attack=self.play.attack, real=False,
        )  # fmt: skip


class _Trail(msgspec.Struct):
    """What is read of a CloudTrail record."""

    id: str = msgspec.field(name="eventID")


class _Qualifier(msgspec.Struct):
    own: str = msgspec.field(name="uniqueQualifier")


class _Report(msgspec.Struct):
    """What is read of a record of Google Workspace."""

    id: _Qualifier


class _Log(msgspec.Struct):
    """What is read of a record of the System Log."""

    id: str = msgspec.field(name="uuid")


def _at_work(work: Workday, hour: float | None) -> bool:
    return hour is None or work.begin_h + 0.3 <= hour <= work.end_h - 0.3


def _gap(mean_s: float, rhythm: str, chance: Chance) -> float:
    if rhythm == "regular":
        return mean_s * chance.between(0.995, 1.005)
    if rhythm == "jittered":
        return mean_s * chance.between(0.5, 1.5)
    return 0.2 * mean_s + chance.wait(0.8 * mean_s)


def _drawn(step: Step, chance: Chance) -> list[str]:
    items = list(step.do)
    if not step.pick:
        return items
    return [items.pop(chance.below(len(items))) for _ in range(min(step.pick, len(items)))]


def _error(
    step: Step, act: Act, about: Thing | None, by: cloud.Caller, chance: Chance
) -> tuple[str, str] | None:
    if not step.error or not chance.yes(step.error_share):
        return None
    if step.error == "denied":
        return cloud.denied(act, by.arn)
    if step.error == "missing" and about is not None:
        return cloud.missing(act, about)
    return step.error, "The request was refused"
