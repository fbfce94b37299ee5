"""Tasks: pieces of work in the cloud account, each leaving several records close together.

A page of the console loads and things on it are looked at; a command is typed, and typed again; a
script walks over many things; Terraform compares a stack with what is there, and changes it.
"""

from functools import cache

from wheeltapper.simulate import cloud
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import Act, Caller, Service, Thing, services
from wheeltapper.simulate.habits import Habit, zipf
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.machines import Machines
from wheeltapper.simulate.people import Person, roles

_URGENT = ("logs", "monitoring", "ecs", "rds", "lambda", "elasticloadbalancing", "sqs")
_SETS = {"platform": "PlatformAdmin", "developer": "Developer", "data": "DataScientist",
         "finance": "Billing", "support": "SupportReadOnly", "itadmin": "ITAdministrator",
         "security": "SecurityAudit"}  # fmt: skip
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Tasks:
    """How one person, in one role, works in the cloud."""

    def __init__(self, person: Person, role: str, machines: Machines, seed: int) -> None:
        self.person = person
        self.role = roles()[role]
        self.machines = machines
        self.seed = seed
        self._key = (seed, "cloud", person.number, role)
        self._services = self._habit("services", self.role.cloud, 0.8, 0.35)
        self._via = self._habit("via", self.role.via, 0.7, 0.0)
        self._acts: dict[tuple[str, str], Habit[Act]] = {}
        chance = Chance(*self._key, "manner")
        self.change = self.role.change * chance.spread(1.0, 0.5)
        self.thorough = chance.spread(1.0, 0.4)
        self._stack = [self._services.draw(chance, 0) for _ in range(5 if self.role.cloud else 0)]
        self._set = _SETS.get(role, "ReadOnly")
        id = Chance(seed, "permission set", self._set)
        self._sso = f"AWSReservedSSO_{self._set}_{id.hex(16)}"
        self._sso_id = "AROA" + id.token(17, _BASE32)

    def _habit(
        self, name: str, weights: dict[str, float], spread: float, unused: float
    ) -> Habit[str]:
        return Habit(
            tuple(weights), tuple(weights.values()), *self._key, name,
            spread=spread, unused=unused, drift=0.2,
        )  # fmt: skip

    def _act(self, service: str, what: str, chance: Chance, week: int) -> Act:
        key = (service, what)
        if key not in self._acts:
            found: Service = services()[service]
            acts = found.writes if what == "writes" else found.reads
            self._acts[key] = Habit(
                acts, zipf(len(acts), 1.4), *self._key, service, what, unused=0.5, adopt=0.06
            )
        return self._acts[key].draw(chance, week)

    def _about(self, act: Act, chance: Chance, day: int) -> Thing | None:
        """Mostly the team's own things, a few of them most of the time; new ones with the weeks."""
        if not act.kind:
            return None
        team = self.person.team_name
        if chance.yes(0.06):
            team = f"{chance.pick(('developer', 'platform', 'data'))}-{1 + chance.below(4)}"
        number = chance.rank(9) + (1 if chance.yes(min(0.5, day / 90)) else 0)
        return cloud.thing(self.seed, team, act.kind, number)

    def work(
        self, day: int, times: list[float], ip: str, chance: Chance, journal: Journal,
        settled: float, *, urgent: bool = False,
    ) -> None:  # fmt: skip
        """Do one task at each of the times, from one address, in one session."""
        if not self.role.cloud:
            return
        key = "ASIA" + chance.token(16, _BASE32)
        browser = self.machines.browser(day).raw
        page = self.caller(key, times[0] - 10, ip, browser, console=True)
        signed_in = False
        week = day // 7
        for at in times:
            via = self._via.draw(chance, week)
            service = self._services.draw(chance, week)
            if urgent:
                service, via = chance.pick(_URGENT), "console" if chance.yes(0.7) else via
            if chance.yes((1 - settled) * 0.15):
                # Not knowing the house yet: looking where one has no business.
                service = chance.pick(tuple(services()))
            if via == "console":
                if not signed_in:
                    journal.cloudtrail(
                        at - 4, cloud.console_login(chance, at - 4, page, self.person.iam_user)
                    )
                    signed_in = True
                self._browse(at, service, page, chance, journal, day, settled)
            elif via == "terraform":
                self._terraform(at, key, times[0] - 10, ip, chance, journal, day)
            elif via == "script":
                agent = self.machines.script(day)
                self._script(at, service, self.caller(key, times[0] - 10, ip, agent), chance,
                             journal, day)  # fmt: skip
            else:
                self._command(at, service, key, times[0] - 10, ip, chance, journal, day, settled)

    def caller(
        self, key: str, since_s: float, ip: str, agent: str, *, console: bool = False
    ) -> Caller:
        if self.person.iam_user:
            p = self.person
            identity, arn = cloud.user_identity(
                p.principal, p.login, key if console else p.access_key, since_s if console else None
            )
        else:
            identity, arn = cloud.role_identity(
                self._sso, self._sso_id, self.person.email, key, since_s,
                path="aws-reserved/sso.amazonaws.com/",
            )  # fmt: skip
        return Caller(identity=identity, arn=arn, ip=ip, agent=agent, console=console)

    def _call(
        self, at: float, act: Act, about: Thing | None, caller: Caller, chance: Chance,
        journal: Journal, slip: float = 0.012,
    ) -> None:  # fmt: skip
        error = None
        if chance.yes(slip):
            if about is None or chance.yes(0.4):
                error = cloud.denied(act, caller.arn)
            else:
                error = cloud.missing(act, about)
        journal.cloudtrail(at, cloud.record(chance, at, act, about, caller, error=error))
        if act.name == "GetParameter" and error is None:
            # The service fetches the key on the caller's behalf.
            inner = Caller(identity=caller.identity, arn=caller.arn, ip="AWS Internal",
                           agent="AWS Internal", console=caller.console)  # fmt: skip
            key = cloud.thing(self.seed, self.person.team_name, "key", 0)
            journal.cloudtrail(at + 0.2, cloud.record(chance, at + 0.2, _DECRYPT, key, inner))

    def _browse(
        self, at: float, service: str, page: Caller, chance: Chance, journal: Journal, day: int,
        settled: float,
    ) -> None:  # fmt: skip
        slip = 0.008 + 0.06 * (1 - settled)
        shown: dict[str, Thing | None] = {}
        for act in services()[service].console:
            if chance.yes(0.72):
                if act.kind not in shown:
                    shown[act.kind] = self._about(act, chance, day)
                at += chance.wait(0.3)
                self._call(at, act, shown[act.kind], page, chance, journal, slip)
        for _ in range(1 + chance.count(0.8 * self.thorough)):
            at += 3 + chance.wait(25)
            act = self._act(service, "reads", chance, day // 7)
            about = self._about(act, chance, day)
            self._call(at, act, about, page, chance, journal, slip)
            for other in _details(act):
                if chance.yes(0.75):
                    at += chance.wait(0.3)
                    self._call(at, other, about, page, chance, journal, slip)
        self._change(at, service, page, chance, journal, day)

    def _change(
        self, at: float, service: str, caller: Caller, chance: Chance, journal: Journal, day: int
    ) -> None:
        if not services()[service].writes or not chance.yes(self.change):
            return
        act = self._act(service, "writes", chance, day // 7)
        about = self._about(act, chance, day)
        at += 8 + chance.wait(40)
        self._call(at, act, about, caller, chance, journal, 0.05)
        for _ in range(chance.count(1.2)):
            at += 4 + chance.wait(15)
            look = self._act(service, "reads", chance, day // 7)
            self._call(at, look, about if look.kind == act.kind else self._about(look, chance, day),
                       caller, chance, journal)  # fmt: skip

    def _command(
        self, at: float, service: str, key: str, since_s: float, ip: str, chance: Chance,
        journal: Journal, day: int, settled: float,
    ) -> None:  # fmt: skip
        act = self._act(service, "reads", chance, day // 7)
        caller = self.caller(
            key, since_s, ip, self.machines.cli(day, f"{service}.{_dashed(act.name)}")
        )
        about = self._about(act, chance, day)
        for _ in range(1 + chance.rank(25, 1.6)):
            self._call(at, act, about, caller, chance, journal, 0.03 + 0.05 * (1 - settled))
            at += 0.4 + chance.wait(9)
            if chance.yes(0.5):
                about = self._about(act, chance, day)
        self._change(at, service, caller, chance, journal, day)

    def _script(
        self, at: float, service: str, caller: Caller, chance: Chance, journal: Journal, day: int
    ) -> None:
        act = self._act(service, "reads", chance, day // 7)
        start = None
        if service in ("athena", "glue", "sagemaker", "redshift") and chance.yes(0.6):
            start = self._act(service, "writes", chance, day // 7)
        about = self._about(act, chance, day)
        for _ in range(2 + chance.rank(50, 1.3)):
            if start is not None and chance.yes(0.2):
                self._call(at, start, self._about(start, chance, day), caller, chance, journal)
                at += 0.5
            self._call(at, act, about, caller, chance, journal, 0.01)
            at += 0.2 + chance.wait(2.0)
            if chance.yes(0.3):
                about = self._about(act, chance, day)

    def _terraform(
        self, at: float, key: str, since_s: float, ip: str, chance: Chance, journal: Journal,
        day: int,
    ) -> None:  # fmt: skip
        """Refresh a stack: the same calls each time, as fast as the account allows."""
        first = at
        number = chance.rank(3)
        stack = Chance(*self._key, "stack", number, day // 14)
        agent = self.machines.terraform(day, "sts")
        self._call(at, _WHO_AM_I, None, self.caller(key, since_s, ip, agent), chance, journal, 0.0)
        for service in sorted(set(self._stack[number : number + 3])):
            caller = self.caller(key, since_s, ip, self.machines.terraform(day, service))
            reads = services()[service].reads
            for i in range(4 + stack.below(14)):
                act = reads[stack.rank(min(14, len(reads)))]
                about = self._about(act, stack, 0)
                at += chance.wait(0.12)
                self._call(at, act, about, caller, chance, journal, 0.002)
                if i > 8 and chance.yes(0.03):
                    error = ("ThrottlingException", "Rate exceeded")
                    journal.cloudtrail(
                        at, cloud.record(chance, at, act, about, caller, error=error)
                    )
            if services()[service].writes and chance.yes(0.25):
                for _ in range(1 + chance.count(0.8)):
                    act = self._act(service, "writes", chance, day // 7)
                    at += 2 + chance.wait(6)
                    self._call(
                        at, act, self._about(act, chance, day), caller, chance, journal, 0.03
                    )
        if at - first < 120 and chance.yes(0.2):
            # Plan, then apply.
            self._terraform(at + 30 + chance.wait(200), key, since_s, ip, chance, journal, day)


@cache
def _details(act: Act) -> tuple[Act, ...]:
    """What the console's page about a thing asks for besides: the same for everybody."""
    same = [a for a in services()[act.service].reads if a.kind == act.kind and a != act]
    return tuple(same[:3]) if act.kind else ()


_WHO_AM_I = Act("sts", "GetCallerIdentity", "", True)
_DECRYPT = Act("kms", "Decrypt", "key", True)


def _dashed(name: str) -> str:
    return "".join("-" + c.lower() if c.isupper() else c for c in name).strip("-")
