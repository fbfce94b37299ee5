"""Okta: records of the System Log, as its API gives them: one JSON object a line."""

import time
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import msgspec

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.machines import Agent
from wheeltapper.simulate.people import Person
from wheeltapper.simulate.places import Address, City

_encode = msgspec.json.Encoder().encode

# Event type: what Okta displays, its older name, severity, kind of transaction.
KINDS: dict[str, tuple[str, str, str]] = {
    "user.session.start": ("User login to Okta", "core.user_auth.login_success", "INFO"),
    "user.session.end": ("User logout from Okta", "core.user_auth.logout_success", "INFO"),
    "policy.evaluate_sign_on": ("Evaluation of sign-on policy", "", "INFO"),
    "user.authentication.auth_via_mfa": (
        "Authentication of user via MFA", "core.user.factor.attempt_success", "INFO"),
    "user.authentication.sso": ("User single sign on to app", "app.auth.sso", "INFO"),
    "user.authentication.verify": ("Verify user identity", "", "INFO"),
    "user.account.lock": ("Max sign in attempts exceeded", "core.user_auth.account_locked", "WARN"),
    "user.account.unlock": ("User account unlock by admin", "core.user.config.user_unlock.success", "INFO"),
    "user.account.reset_password": (
        "Fired when the user's Okta password is reset", "core.user.config.password_reset.success", "INFO"),
    "user.account.update_password": (
        "User update password for Okta", "core.user.config.password_update.success", "INFO"),
    "user.account.update_profile": ("Update user profile for Okta", "core.user.config.user_update.success", "INFO"),
    "user.mfa.okta_verify.deny_push": ("User rejected Okta push verify", "", "WARN"),
    "user.mfa.factor.activate": ("Activate factor or authenticator enrollment for user", "core.user.factor.activate", "INFO"),
    "user.mfa.factor.deactivate": ("Reset factor or authenticator enrollment for user", "core.user.factor.deactivate", "INFO"),
    "user.mfa.factor.reset_all": ("Reset all factors for user", "core.user.factor.reset_all", "INFO"),
    "user.session.access_admin_app": ("User accessing Okta admin app", "app.admin.sso.login.success", "INFO"),
    "user.session.clear": ("Clear user session", "core.user.sessions.clear", "INFO"),
    "user.lifecycle.create": ("Create Okta user", "core.user.config.user_creation.success", "INFO"),
    "user.lifecycle.activate": ("Activate Okta user", "core.user.config.user_activated.success", "INFO"),
    "user.lifecycle.deactivate": ("Deactivate Okta user", "core.user.config.user_deactivated.success", "INFO"),
    "user.lifecycle.suspend": ("Suspend Okta user", "core.user.config.user_suspended.success", "INFO"),
    "group.user_membership.add": ("Add user to group membership", "core.user_group_member.user_add", "INFO"),
    "group.user_membership.remove": ("Remove user from group membership", "core.user_group_member.user_remove", "INFO"),
    "group.lifecycle.create": ("Create Okta group", "core.group.lifecycle.create", "INFO"),
    "application.user_membership.add": ("Add user to application membership", "app.generic.provision.assign_user_to_app", "INFO"),
    "application.user_membership.remove": ("Remove user's application membership", "app.generic.provision.deactivate_user_from_app", "INFO"),
    "application.user_membership.update": ("Update application membership", "", "INFO"),
    "application.lifecycle.create": ("Create application", "app.generic.lifecycle.create", "INFO"),
    "application.lifecycle.update": ("Update application", "app.generic.config.app_updated", "INFO"),
    "application.provision.user.sync": ("Sync user in external application", "app.user_management.push_profile_success", "INFO"),
    "app.generic.unauth_app_access_attempt": ("User attempted unauthorized access to app", "app.generic.unauth_app_access_attempt", "WARN"),
    "policy.rule.update": ("Update policy rule", "", "INFO"),
    "policy.lifecycle.update": ("Update policy", "policy.lifecycle.update", "INFO"),
    "zone.update": ("Update network zone", "", "INFO"),
    "system.api_token.create": ("Create API token", "api.token.create", "INFO"),
    "user.account.privilege.grant": ("Grant user privilege", "core.user.admin_privilege.granted", "INFO"),
    "system.import.complete": ("Complete import", "app.user_management.import.complete", "INFO"),
    "device.enrollment.create": ("Enroll new device", "", "INFO"),
    "analytics.reports.export": ("Export of System Log report", "", "INFO"),
}  # fmt: skip


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


def account(person: Person) -> Target:
    return Target(person.okta_id, "User", person.email, person.name)


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
        "isProxy": False,
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
) -> bytes:
    """One record of the System Log as JSON."""
    message, legacy, severity = KINDS[kind]
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
