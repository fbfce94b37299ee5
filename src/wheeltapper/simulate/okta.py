"""Okta: records of the System Log, as its API gives them: one JSON object a line."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import msgspec

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.machines import Agent
from wheeltapper.simulate.people import DOMAIN, Person
from wheeltapper.simulate.places import Address, City
from wheeltapper.simulate.tables import table

_encode = msgspec.json.Encoder().encode


@cache
def kinds() -> dict[str, tuple[str, str, str]]:
    """Event type to what Okta displays, the event's older name, and its severity."""
    return {name: (r[0], r[1], r[2]) for name, r in table("okta")["events"].items()}


@dataclass(frozen=True, slots=True)
class Target:
    """What an event is about."""

    id: str
    type: str
    alternate: str
    name: str


@cache
def app(name: str) -> Target:
    chance = Chance("app", name)
    return Target("0oa" + chance.hex(17), "AppInstance", name, name)


@cache
def group(name: str) -> Target:
    return Target("00g" + Chance("group", name).hex(17), "UserGroup", "unknown", name)


def requester(chance: Chance) -> Target:
    """Somebody of the wider organisation (contractors, partners) whose account is looked after."""
    number = chance.rank(300)
    email = f"partner-{number}@{DOMAIN}"
    return Target("00u" + Chance("partner", number).hex(17), "User", email, f"Partner {number}")


def account(person: Person) -> Target:
    return Target(person.okta_id, "User", person.email, person.name)


def signed_on(app: Target, user: Target) -> tuple[Target, ...]:
    """What signing in to an application is about: it, and the user's account in it."""
    id = "0ua" + app.id[3:12] + user.id[3:11]
    return app, Target(id, "AppUser", user.alternate, user.name)


@dataclass(frozen=True, slots=True)
class Client:
    """From what and where somebody talks to Okta; parts of records, already as JSON."""

    client: msgspec.Raw
    security: msgspec.Raw
    request: msgspec.Raw


@lru_cache(maxsize=4096)
def client(agent: Agent | None, address: Address) -> Client:
    where = _geography(address.city)
    # Any: values of a JSON object.
    said: dict[str, Any] = {
        "userAgent": None,
        "zone": "null",
        "device": "Unknown",
        "id": None,
        "ipAddress": address.ip,
        "geographicalContext": where,
    }
    if agent is not None:
        said["userAgent"] = {"rawUserAgent": agent.raw, "os": agent.os, "browser": agent.browser}
        said["device"] = agent.device
    security = {
        "asNumber": address.asn,
        "asOrg": address.org,
        "isp": address.org,
        "domain": address.domain,
        "isProxy": address.proxy,
    }
    chain = {"ip": address.ip, "geographicalContext": where, "version": "V4", "source": None}
    return Client(
        msgspec.Raw(_encode(said)),
        msgspec.Raw(_encode(security)),
        msgspec.Raw(_encode({"ipChain": [chain]})),
    )


def _geography(city: City) -> dict[str, object]:
    return {
        "city": city.city,
        "state": city.state,
        "country": city.name,
        "postalCode": city.postal,
        "geolocation": {"lat": city.lat, "lon": city.lon},
    }


@cache
def actor(id: str, email: str, name: str, type: str = "User") -> msgspec.Raw:
    return msgspec.Raw(
        _encode(
            {"id": id, "type": type, "alternateId": email, "displayName": name, "detailEntry": None}
        )
    )


def event(
    chance: Chance,
    at_s: float,
    who: msgspec.Raw,
    client: Client,
    kind: str,
    *,
    session: str,
    targets: tuple[Target, ...] = (),
    result: str = "SUCCESS",
    reason: str | None = None,
    provider: str | None = None,
    uri: str = "/",
    transaction: str = "WEB",
    details: Mapping[str, object] | None = None,
) -> bytes:
    """One record of the System Log as JSON; `details` go into its debug data."""
    message, legacy, severity = kinds()[kind]
    if result == "FAILURE":
        severity = "WARN"
        legacy = legacy.replace("success", "failed")
    whole = int(at_s)
    # Any: values of a JSON object.
    debug: dict[str, Any] = {"requestId": chance.hex(32), "requestUri": uri, "url": uri + "?"}
    if kind == "user.session.start":
        debug["threatSuspected"] = "false"
        debug["dtHash"] = chance.hex(64)
    if kind == "user.authentication.auth_via_mfa":
        debug["factor"] = provider or "OKTA_VERIFY_PUSH"
    debug.update(details or {})
    # Any: values of a JSON object.
    r: dict[str, Any] = {
        "actor": who,
        "client": client.client,
        "device": None,
        "authenticationContext": {
            "authenticationProvider": "FACTOR_PROVIDER" if provider else None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "interface": None,
            "authenticationStep": 1 if provider else 0,
            "rootSessionId": session,
            "externalSessionId": session,
        },
        "displayMessage": message,
        "eventType": kind,
        "outcome": {"result": result, "reason": reason},
        "published": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}"
        f".{int((at_s - whole) * 1000):03d}Z",
        "securityContext": client.security,
        "severity": severity,
        "debugContext": {"debugData": debug},
        "legacyEventType": legacy or None,
        "transaction": {"type": transaction, "id": chance.hex(32), "detail": {}},
        "uuid": chance.uuid(),
        "version": "0",
        "request": client.request,
        "target": [
            {
                "id": t.id,
                "type": t.type,
                "alternateId": t.alternate,
                "displayName": t.name,
                "detailEntry": {"signOnModeType": "SAML_2_0"} if t.type == "AppInstance" else None,
            }
            for t in targets
        ]
        or None,
    }
    return _encode(r)
