"""Desk: one account that the support agents on shift share, as real places have them.

Whoever is at work signs in to it with their own machine, from where they are: many places and many
machines, at all hours, and all of it in order.
"""

from dataclasses import dataclass

import msgspec

from wheeltapper.simulate import okta
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.life import Life, local
from wheeltapper.simulate.people import DOMAIN

SHARERS = 18
"""So many support agents, those hired first, know the password."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The account as Okta knows it."""

    email: str
    name: str
    id: str

    @property
    def actor(self) -> msgspec.Raw:
        return okta.actor(self.id, self.email, self.name)

    @property
    def account(self) -> okta.Target:
        return okta.Target(self.id, "User", self.email, self.name)


DESK = Shared(f"servicedesk@{DOMAIN}", "Service Desk", "00u" + Chance("service desk").hex(17))


def share(lives: list[Life], calendar: Calendar, day: int, journal: Journal) -> None:
    """What happens under the shared account on one day."""
    agents = [life for life in lives if life.person.role.name == "support"][:SHARERS]
    for life in agents:
        work = life.diary.workday(day)
        chance = Chance(calendar.seed, "desk", life.person.number, day)
        if work is None or not chance.yes(0.35):
            continue
        begin = local(calendar, day, work.city.zone) + work.begin_h * 3600
        at = begin + chance.between(600, max(900, (work.end_h - work.begin_h) * 3600 - 1800))
        _sign_in(life, okta.client(life.machines.browser(day), life.web(work)), at, chance, journal)


def _sign_in(life: Life, peer: okta.Client, at: float, chance: Chance, journal: Journal) -> None:
    session = "102" + chance.hex(20)

    def say(
        kind: str, *targets: okta.Target, reason: str | None = None, provider: str | None = None,
        uri: str = "/api/v1/authn",
    ) -> None:  # fmt: skip
        journal.system_log(
            at, okta.event(chance, at, DESK.actor, peer, kind, targets=targets, provider=provider,
                           session="unknown" if reason else session, reason=reason, uri=uri,
                           result="FAILURE" if reason else "SUCCESS"),
        )  # fmt: skip

    while chance.yes(life.clumsy):
        say("user.session.start", reason="INVALID_CREDENTIALS")
        at += chance.between(5, 30)
    say("user.authentication.auth_via_mfa", DESK.account, provider="GOOGLE_OTP")
    at += 0.4
    say("user.session.start")
    for _ in range(1 + chance.count(1.4)):
        at += 20 + chance.wait(300)
        app = okta.app(chance.pick(("Zendesk", "Zendesk", "Zendesk", "Slack", "Confluence")))
        say("user.authentication.sso", app, DESK.account, uri=f"/app/{app.name.lower()}/sso/saml")
