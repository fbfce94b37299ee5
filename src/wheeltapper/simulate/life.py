"""Life: one person's days, from signing in to leaving, as the records that they leave behind."""

from datetime import datetime, time
from functools import cache
from zoneinfo import ZoneInfo

from wheeltapper.simulate import okta, servers
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.diary import Calendar, Diary, Workday
from wheeltapper.simulate.habits import Habit, zipf
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.machines import Agent, Machines
from wheeltapper.simulate.people import Person
from wheeltapper.simulate.places import Address, mobile
from wheeltapper.simulate.tasks import Tasks

NEW_APP = "Notion"
"""A new application that the organisation takes up during the story."""


class Life:
    """A person and what they remember from day to day."""

    def __init__(self, person: Person, calendar: Calendar) -> None:
        self.person = person
        self.calendar = calendar
        self.diary = Diary(person, calendar)
        self.machines = Machines(person, calendar.seed)
        seed, number = calendar.seed, person.number
        chance = Chance(seed, "manner", number)
        self.pace = chance.spread(1.0, 0.45)
        """How much of everything this person does, against their peers."""
        self.clumsy = min(chance.spread(0.03, 0.8), 0.3)
        """How often a password is mistyped."""
        self.on_phone = chance.between(0.0, 0.6)
        self.sessions = chance.between(0.0, 0.6)
        """How often signing in again is asked for during a day."""
        roll_out = int(calendar.days * 0.35)
        self.new_app_day = roll_out + int(chance.wait(5)) if chance.yes(0.75) else None
        self.new_app_weight = chance.spread(0.1, 0.7)
        self.slow = chance.yes(0.08)
        self._new = person.first_day >= 0
        """Has yet to enrol a second factor."""
        self._apps: dict[str, Habit[str]] = {}
        self._hosts: dict[str, Habit[str]] = {}
        self._tasks: dict[str, Tasks] = {}
        self._who = okta.actor(person.okta_id, person.email, person.name)
        self._me = okta.account(person)

    def settled(self, day: int) -> float:
        """From 0 on the first day to 1 after some weeks."""
        return min(1.0, max(0.0, (day - self.person.first_day + 1) / 24))

    def tasks(self, role: str) -> Tasks:
        if role not in self._tasks:
            self._tasks[role] = Tasks(self.person, role, self.machines, self.calendar.seed)
        return self._tasks[role]

    def web(self, work: Workday) -> Address:
        """Address that web sites see."""
        return work.tunnel if work.tunnel and self.diary.full_tunnel else work.network

    def console(self, work: Workday) -> Address:
        """Address that the cloud sees."""
        return work.tunnel or work.network

    def live(self, day: int, journal: Journal) -> None:
        """Write down what this person does on one local day."""
        if not self.diary.employed(day):
            return
        chance = Chance(self.calendar.seed, "day", self.person.number, day)
        work = self.diary.workday(day)
        if work is not None:
            self._work(day, work, chance, journal)
            self._evening(day, work, chance, journal)
        if self.diary.on_call(day):
            self._pages(day, chance, journal)

    def _work(self, day: int, work: Workday, chance: Chance, journal: Journal) -> None:
        begin = local(self.calendar, day, work.city.zone) + work.begin_h * 3600
        end = begin + (work.end_h - work.begin_h) * 3600
        role = self.person.role_on(day)
        hours = (end - begin) / 3600 / 8.4
        agent = self.machines.browser(day)
        peer = okta.client(agent, self.web(work))
        session = self._sign_in(day, begin, work, chance, journal, agent)
        logins = chance.count(role.logins * self.pace * hours * self._rush(day))
        times = [begin + chance.between(20, 900), *self._times(begin, end, logins, chance)]
        again = end + 1
        if chance.yes(self.sessions) and hours > 0.5:
            again = begin + chance.between(0.4, 0.7) * (end - begin)
        for at in times:
            if at > again:
                session = self._sign_in(day, again, work, chance, journal, agent)
                again = end + 1
            self._open(day, at, chance, journal, peer, session, self._app(day, chance))
        busy = chance.count(role.tasks * self.pace * hours * (0.35 + 0.65 * self.settled(day)))
        if busy:
            at_tasks = self._times(begin, end, busy, chance)
            self._open(
                day, at_tasks[0] - chance.between(5, 40), chance, journal, peer, session, "AWS"
            )
            self.tasks(role.name).work(
                day, at_tasks, self.console(work).ip, chance, journal, self.settled(day)
            )
        for at in self._times(begin, end, chance.count(role.shells * self.pace * hours), chance):
            self._shell(day, at, work, chance, journal)
        for at in self._times(begin, end, chance.count(role.admin * self.pace * hours), chance):
            self._open(day, at, chance, journal, peer, session, "Okta Admin Console")
            journal.system_log(
                at + 2,
                okta.event(chance, at + 2, self._who, peer, "user.session.access_admin_app",
                           session=session, targets=(okta.app("Okta Admin Console"),)),
            )  # fmt: skip
            self._administer(at + 2, chance, journal, peer, session)
        if chance.yes(0.12):
            self._say(end, chance, journal, peer, session, "user.session.end")

    def _times(self, begin: float, end: float, n: int, chance: Chance) -> list[float]:
        """Moments of a working day: in bouts, fewer around noon."""
        if n == 0:
            return []
        bouts = [chance.between(begin, end) for _ in range(1 + n // 3)]
        noon = begin + 0.45 * (end - begin)
        times = []
        for _ in range(n):
            at = chance.pick(bouts) + chance.wait(500)
            if abs(at - noon) < 1500 and chance.yes(0.7):
                at += 3600
            times.append(min(at, end + chance.wait(300)))
        return sorted(times)

    def _rush(self, day: int) -> float:
        """Finance is busy when a month ends and just after."""
        if not self.person.role_on(day).monthend:
            return 1.0
        tomorrow = self.calendar.date(day + 3)
        return 2.2 if tomorrow.day <= 6 else 1.0

    def _app(self, day: int, chance: Chance) -> str:
        if self.new_app_day is not None and day >= self.new_app_day:
            fresh = 0.3 if day - self.new_app_day < 3 else 0.0
            if chance.yes(self.new_app_weight + fresh):
                return NEW_APP
        role = self.person.role_on(day)
        if role.name not in self._apps:
            # Okta sees an application only when a session with it is new: flatter than use itself.
            weights = zipf(len(role.apps), 0.9)
            if role.cloud:
                weights[role.apps.index("AWS")] *= 0.3
            self._apps[role.name] = Habit(
                role.apps, weights, self.calendar.seed, "apps", self.person.number, role.name,
                spread=0.7, unused=0.2, drift=0.15,
            )  # fmt: skip
        return self._apps[role.name].draw(chance, day // 7)

    def _say(
        self, at: float, chance: Chance, journal: Journal, peer: okta.Client, session: str,
        kind: str, targets: tuple[okta.Target, ...] = (), result: str = "SUCCESS",
        reason: str | None = None, provider: str | None = None, uri: str = "/",
    ) -> None:  # fmt: skip
        journal.system_log(
            at,
            okta.event(chance, at, self._who, peer, kind, session=session, targets=targets,
                       result=result, reason=reason, provider=provider, uri=uri),
        )  # fmt: skip

    def _sign_in(
        self, day: int, at: float, work: Workday, chance: Chance, journal: Journal, agent: Agent
    ) -> str:
        """Password, slips, second factor; returns the session's id."""
        peer = okta.client(agent, self.web(work))
        session = "102" + chance.hex(20)
        uri = "/api/v1/authn"
        slips = 0
        while chance.yes(min(0.6, self.clumsy + (0.35 if work.back and slips < 4 else 0))):
            slips += 1
            self._say(at, chance, journal, peer, "unknown", "user.session.start",
                      result="FAILURE", reason="INVALID_CREDENTIALS", uri=uri)  # fmt: skip
            at += chance.between(4, 25)
            if slips == 5:
                self._say(at, chance, journal, peer, "unknown", "user.account.lock",
                          (self._me,), result="FAILURE", reason="LOCKED_OUT", uri=uri)  # fmt: skip
                at += chance.between(300, 1500)
                self._reset(at, chance, journal, peer)
                at += 90
                break
        else:
            if chance.yes(0.003 + (0.15 if work.back and slips else 0)):
                self._reset(at, chance, journal, peer)
                at += 60
        self._say(at, chance, journal, peer, session, "policy.evaluate_sign_on", (self._me,),
                  result="CHALLENGE", reason="Sign-on policy evaluation resulted in CHALLENGE",
                  uri=uri)  # fmt: skip
        at += chance.between(3, 15)
        factor = "GOOGLE_OTP" if self.person.number % 9 == 4 else "OKTA_VERIFY_PUSH"
        if chance.yes(0.012):
            if factor == "OKTA_VERIFY_PUSH" and chance.yes(0.15):
                self._say(at, chance, journal, peer, session, "user.mfa.okta_verify.deny_push",
                          (self._me,), result="FAILURE", reason="DENIED", uri=uri)  # fmt: skip
            else:
                reason = "INVALID_CREDENTIALS" if factor == "GOOGLE_OTP" else "TIMEOUT"
                self._say(at, chance, journal, peer, session, "user.authentication.auth_via_mfa",
                          (self._me,), result="FAILURE", reason=reason, provider=factor,
                          uri=uri)  # fmt: skip
            at += chance.between(15, 60)
        self._say(at, chance, journal, peer, session, "user.authentication.auth_via_mfa",
                  (self._me,), provider=factor, uri=uri)  # fmt: skip
        at += 0.4
        self._say(at, chance, journal, peer, session, "user.session.start", uri=uri)
        if self._new:
            self._new = False
            self._say(at + 60, chance, journal, peer, session, "user.mfa.factor.activate",
                      (self._me,), uri=uri)  # fmt: skip
        return session

    def _reset(self, at: float, chance: Chance, journal: Journal, peer: okta.Client) -> None:
        self._say(at, chance, journal, peer, "unknown", "user.account.reset_password", (self._me,))
        self._say(at + chance.between(30, 80), chance, journal, peer, "unknown",
                  "user.account.update_password", (self._me,))  # fmt: skip

    def _open(
        self, day: int, at: float, chance: Chance, journal: Journal, peer: okta.Client,
        session: str, name: str,
    ) -> None:  # fmt: skip
        app = okta.app(name)
        uri = "/app/" + name.lower().replace(" ", "_") + "/sso/saml"
        if chance.yes(0.004):
            self._say(at, chance, journal, peer, session, "app.generic.unauth_app_access_attempt",
                      (okta.app(chance.pick(("Tableau", "NetSuite", "Snowflake", "Workday"))),),
                      result="FAILURE", uri=uri)  # fmt: skip
        self._say(at, chance, journal, peer, session, "user.authentication.sso",
                  okta.signed_on(app, self._me), uri=uri)  # fmt: skip

    def _evening(self, day: int, work: Workday, chance: Chance, journal: Journal) -> None:
        """The phone on the way, and now and then the laptop again at night."""
        midnight = local(self.calendar, day, work.city.zone)
        last = work.end_h
        if chance.yes(self.on_phone):
            network = mobile(self.person.office.country)
            # Abroad, too, a phone's traffic leaves from its own provider at home.
            place = network.address(chance.rank(60) * 101, self.person.office)
            peer = okta.client(self.machines.phone(day), place)
            at = midnight + 3600 * chance.between(max(6.5, work.begin_h - 1.5), last + 3)
            session = "102" + chance.hex(20)
            self._say(at, chance, journal, peer, session, "user.session.start", uri="/api/v1/authn")
            for _ in range(1 + chance.count(0.6)):
                at += chance.wait(90)
                self._open(day, at, chance, journal, peer, session,
                           chance.pick(("Google Workspace", "Slack", "Slack", "Zoom")))  # fmt: skip
        if chance.yes(self.diary.evening) and last < 21:
            night = self.diary.night_at_home(day) if work.where == "office" else work
            agent = self.machines.browser(day)
            peer = okta.client(agent, self.web(night))
            at = midnight + 3600 * chance.between(max(last, 19.5), 23.3)
            session = self._sign_in(day, at, night, chance, journal, agent)
            for _ in range(1 + chance.count(1.5)):
                at += 30 + chance.wait(400)
                self._open(day, at, chance, journal, peer, session, self._app(day, chance))
            role = self.person.role_on(day)
            if role.tasks > 1 and chance.yes(0.5):
                self._open(day, at + 20, chance, journal, peer, session, "AWS")
                self.tasks(role.name).work(
                    day, [at + 40 + chance.wait(300)], self.console(night).ip, chance, journal,
                    self.settled(day),
                )  # fmt: skip

    def _shell(self, day: int, at: float, work: Workday, chance: Chance, journal: Journal) -> None:
        role = self.person.role_on(day).name
        if role not in self._hosts:
            hosts = servers.hosts_for(role)
            self._hosts[role] = Habit(
                hosts, zipf(len(hosts), 1.0), self.calendar.seed, "hosts", self.person.number,
                role, unused=0.3,
            )  # fmt: skip
        host = self._hosts[role].draw(chance, day // 7)
        slips = 1 + chance.count(0.5) if chance.yes(self.clumsy * 0.4) else 0
        servers.hop(journal, chance, at, self.person, self.console(work).ip, host, slips)

    def _administer(
        self, at: float, chance: Chance, journal: Journal, peer: okta.Client, session: str
    ) -> None:
        """Things that administrators of Okta do all day, from most to least often."""
        someone = okta.requester(chance)
        kind = _ADMIN[chance.rank(len(_ADMIN), 1.25)]
        thing: tuple[okta.Target, ...] = (someone,)
        if kind.startswith("group."):
            thing = (someone, okta.group(_GROUPS[chance.rank(len(_GROUPS))]))
        elif kind.startswith("application."):
            app = okta.app(chance.pick(self.person.role.apps))
            thing = (someone, app) if "membership" in kind else (app,)
        elif kind.startswith(("policy.", "zone.", "analytics.")):
            thing = (okta.Target("00p" + chance.hex(17), "PolicyRule", "unknown", "Default Rule"),)
        for _ in range(1 + (chance.rank(12) if "membership" in kind else 0)):
            at += 4 + chance.wait(25)
            self._say(at, chance, journal, peer, session, kind, thing, uri="/api/v1/admin")

    def _pages(self, day: int, chance: Chance, journal: Journal) -> None:
        """Woken up: look at the alarm, at what runs, perhaps log in to a machine."""
        if not chance.yes(0.16):
            return
        night = self.diary.night_at_home(day)
        at = local(self.calendar, day, night.city.zone) + chance.between(0.0, 6.0) * 3600
        agent = self.machines.browser(day)
        peer = okta.client(agent, self.web(night))
        session = self._sign_in(day, at, night, chance, journal, agent)
        for name in ("PagerDuty", "Datadog", "AWS"):
            at += 20 + chance.wait(60)
            self._open(day, at, chance, journal, peer, session, name)
        role = self.person.role_on(day)
        if role.cloud:
            times = [at + 30 + i * 240 + chance.wait(120) for i in range(1 + chance.count(2))]
            self.tasks(role.name).work(
                day, times, self.console(night).ip, chance, journal, 1.0, urgent=True
            )
        if role.shells and chance.yes(0.5):
            self._shell(day, at + 200, night, chance, journal)


_ADMIN = ("group.user_membership.add", "application.user_membership.add", "user.account.unlock",
          "user.mfa.factor.reset_all", "group.user_membership.remove",
          "user.account.reset_password",
          "application.user_membership.remove", "user.account.update_profile",
          "application.user_membership.update", "application.lifecycle.update",
          "user.mfa.factor.deactivate", "user.session.clear", "policy.rule.update",
          "analytics.reports.export", "group.lifecycle.create", "zone.update",
          "user.lifecycle.suspend", "policy.lifecycle.update", "application.lifecycle.create",
          "system.api_token.create", "user.account.privilege.grant")  # fmt: skip
_GROUPS = ("All Staff", "Engineering", "AWS Developers", "Sales", "Support", "GitHub Members",
           "Tableau Viewers", "VPN Users", "Finance", "Data", "AWS ReadOnly", "Contractors",
           "AWS Platform", "Okta Help Desk", "On-call")  # fmt: skip


@cache
def local(calendar: Calendar, day: int, zone: str) -> float:
    """Midnight there, as UTC seconds; by the offset of that noon, so that 9 is 9 all day."""
    noon = datetime.combine(calendar.date(day), time(12), ZoneInfo(zone))
    return noon.timestamp() - 12 * 3600
