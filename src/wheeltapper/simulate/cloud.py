"""Cloud: what can be done in the AWS account, and the CloudTrail records that it leaves.

Records have the fields, in the order, that real ones have (tests compare them with real records).
"""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.tables import table

ACCOUNT = "111122223333"
REGION = "us-east-1"
_encode = msgspec.json.Encoder().encode
_NULL = msgspec.Raw(b"null")
_TLS = "TLS_AES_128_GCM_SHA256"
_READS = ("Get", "List", "Describe", "Head", "Lookup", "Search", "Select", "BatchGet", "Simulate",
          "Validate", "Test", "View", "Filter", "Check", "Decode", "BatchCheck", "Access",
          "Decrypt", "GenerateDataKey", "AssumeRole", "DownloadDBLog", "StartQuery")  # fmt: skip

WORDS = ("booking", "tracking", "tariff", "wagon", "depot", "invoice", "yard", "route",
         "customs", "manifest", "driver", "fleet", "pricing", "alerts", "partner",
         "ledger", "claims", "pallet", "geofence", "weather", "portal", "search",
         "export", "ingest", "carrier", "slots", "fuel", "identity", "reports", "billing",
         "quotes", "returns", "dispatch", "audit", "mobile", "webhook")  # fmt: skip
"""Products of this organisation: things are named after them."""

# What asking for a bucket's settings answers where they were never set.
_NOT_SET = {
    "GetBucketPolicy": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "GetBucketCors": ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    "GetBucketLifecycle": (
        "NoSuchLifecycleConfiguration",
        "The lifecycle configuration does not exist",
    ),
    "GetBucketWebsite": (
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration",
    ),
    "GetBucketReplication": (
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    "GetBucketObjectLockConfiguration": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    "GetBucketTagging": ("NoSuchTagSet", "The TagSet does not exist"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One call of one service."""

    service: str
    name: str
    kind: str
    """Kind of thing it is about; empty: the account."""
    read: bool


@dataclass(frozen=True, slots=True)
class Service:
    """One service: what its console page calls, what is read, what is changed."""

    name: str
    console: tuple[Act, ...]
    reads: tuple[Act, ...]
    writes: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing."""

    name: str
    params: str
    arn: str
    type: str


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing, with what records carry about it already as JSON."""

    id: str
    params: msgspec.Raw
    resources: msgspec.Raw | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Under which identity, from where and with what a call is made."""

    identity: msgspec.Raw
    """CloudTrail's userIdentity, as JSON."""
    arn: str
    ip: str
    agent: str
    console: bool = False
    endpoint: str | None = None
    """VPC endpoint, for calls from inside."""


@cache
def services() -> dict[str, Service]:
    found = {}
    for name, row in table("services").items():
        parts = (_acts(name, row.get(part, "")) for part in ("console", "reads", "writes"))
        found[name] = Service(name, *parts)
    return found


def act(service: str, item: str) -> Act:
    """A call written as `Name/kind`, or `Name` if it is about the account."""
    name, _, kind = item.partition("/")
    return Act(service, name, kind, name.startswith(_READS))


def _acts(service: str, names: str) -> tuple[Act, ...]:
    return tuple(act(service, item) for item in names.split())


@cache
def _kinds() -> dict[str, Kind]:
    return {
        name: Kind(row["name"], row["params"], row.get("arn", ""), row.get("type", ""))
        for name, row in table("kinds").items()
    }


@cache
def thing(seed: int, team: str, kind: str, number: int) -> Thing:
    """The team's nth thing of a kind: always the same one."""
    chance = Chance(seed, "thing", team, kind, number)
    offset = Chance(seed, "words", team).below(len(WORDS))
    word = WORDS[(offset + number) % len(WORDS)]
    if number % 3 == 2:
        word += "-staging"
    shape = _kinds()[kind]
    id = shape.name.replace("$word", word.replace("-", "_") if kind in _SQL else word)
    for digits in (16, 12, 8, 4, 3):
        while f"$hex{digits}" in id:
            id = id.replace(f"$hex{digits}", chance.hex(digits), 1)
    return named(kind, id)


_SQL = ("query", "gluetable")


@cache
def named(kind: str, id: str) -> Thing:
    """A thing of this very name."""
    shape = _kinds()[kind]
    resources = None
    if shape.arn:
        entry = {"accountId": ACCOUNT, "ARN": shape.arn.replace("$", id)}
        if shape.type:
            entry = {"accountId": ACCOUNT, "type": shape.type, "ARN": entry["ARN"]}
        resources = msgspec.Raw(_encode([entry]))
    return Thing(id, msgspec.Raw(shape.params.replace("$", id).encode()), resources)


def stamp(at_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))


_PAGED = msgspec.Raw(b'{"maxResults":50}')
_LISTS = msgspec.Raw(b'{"maxResults":100,"filterSet":{}}')
_DONE = msgspec.Raw(b'{"_return":true}')
_RETURNED = ("ec2", "autoscaling", "elasticloadbalancing")


def record(
    chance: Chance,
    at_s: float,
    act: Act,
    about: Thing | None,
    caller: Caller,
    *,
    error: tuple[str, str] | None = None,
    params: msgspec.Raw | None = None,
    answer: msgspec.Raw | None = None,
    moved: int | None = None,
) -> bytes:
    """One CloudTrail record as JSON.

    `params` replaces what the thing says, `answer` the empty answer; `moved` is bytes sent, for
    data events of S3.
    """
    service = act.service
    unset = service == "s3" and error is None and about and act.name in _NOT_SET
    # Whether it was ever set is a property of the bucket, so it is always the same answer.
    if unset and about and (sum(about.id.encode()) + len(act.name)) % 5 < 2:
        error = _NOT_SET[act.name]
    host = f"{service}.{REGION}.amazonaws.com"
    # Any: values of a JSON object.
    r: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": caller.identity,
        "eventTime": stamp(at_s),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": act.name,
        "awsRegion": REGION,
        "sourceIPAddress": caller.ip,
        "userAgent": caller.agent,
    }
    if error is not None:
        r["errorCode"], r["errorMessage"] = error
    if params is not None:
        r["requestParameters"] = params
    elif about is not None:
        r["requestParameters"] = about.params
    else:
        r["requestParameters"] = _LISTS if service == "ec2" else _PAGED if act.read else _NULL
    writes = not act.read and error is None
    r["responseElements"] = _DONE if writes and service in _RETURNED else _NULL
    if answer is not None and error is None:
        r["responseElements"] = answer
    if service == "s3":
        r["additionalEventData"] = {
            "SignatureVersion": "SigV4",
            "CipherSuite": _TLS,
            "bytesTransferredIn": 0,
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": chance.hex(40),
            "bytesTransferredOut": moved if moved is not None else 300 + len(act.name) * 7,
        }
        r["requestID"] = chance.hex(16).upper()
    else:
        r["requestID"] = chance.uuid()
    r["eventID"] = chance.uuid()
    r["readOnly"] = act.read
    if about is not None and about.resources is not None:
        r["resources"] = about.resources
    r["eventType"] = "AwsApiCall"
    r["managementEvent"] = moved is None
    r["recipientAccountId"] = ACCOUNT
    if caller.endpoint:
        r["vpcEndpointId"] = caller.endpoint
    r["eventCategory"] = "Management" if moved is None else "Data"
    if caller.console:
        r["sessionCredentialFromConsole"] = "true"
    elif not caller.ip.endswith(".com"):
        r["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": _TLS,
            "clientProvidedHostHeader": host,
        }
    return _encode(r)


def console_login(chance: Chance, at_s: float, caller: Caller, mfa: bool, ok: bool = True) -> bytes:
    """Signing in to the console."""
    # Any: values of a JSON object.
    r: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": caller.identity,
        "eventTime": stamp(at_s),
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": REGION,
        "sourceIPAddress": caller.ip,
        "userAgent": caller.agent,
    }
    if not ok:
        r["errorMessage"] = "Failed authentication"
    r |= {
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success" if ok else "Failure"},
        "additionalEventData": {
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
        "eventID": chance.uuid(),
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": _TLS,
            "clientProvidedHostHeader": "signin.aws.amazon.com",
        },
    }
    return _encode(r)


def user_identity(
    principal: str, user: str, key: str, console_since_s: float | None
) -> tuple[msgspec.Raw, str]:
    """Of an IAM user, with its long-lived key or in a console session; and its ARN."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/{user}"
    # Any: values of a JSON object.
    identity: dict[str, Any] = {
        "type": "IAMUser",
        "principalId": principal,
        "arn": arn,
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "userName": user,
    }
    if console_since_s is not None:
        identity["sessionContext"] = {
            "attributes": {"creationDate": stamp(console_since_s), "mfaAuthenticated": "true"}
        }
    return msgspec.Raw(_encode(identity)), arn


def role_identity(
    role: str, role_id: str, session: str, key: str, since_s: float, *, path: str = ""
) -> tuple[msgspec.Raw, str]:
    """Of somebody or something that assumed a role; and its ARN."""
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"
    identity = {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": arn,
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}{role}",
                "accountId": ACCOUNT,
                "userName": role,
            },
            "attributes": {"creationDate": stamp(since_s), "mfaAuthenticated": "false"},
        },
    }
    return msgspec.Raw(_encode(identity)), arn


def denied(act: Act, arn: str) -> tuple[str, str]:
    """The refusal that a caller without the permission gets."""
    if act.service == "ec2":
        return "Client.UnauthorizedOperation", (
            f"You are not authorized to perform this operation. User: {arn} is not authorized to "
            f"perform: ec2:{act.name} because no identity-based policy allows the "
            f"ec2:{act.name} action"
        )
    return "AccessDenied", (
        f"User: {arn} is not authorized to perform: {act.service}:{act.name} because no "
        f"identity-based policy allows the {act.service}:{act.name} action"
    )


def missing(act: Act, about: Thing) -> tuple[str, str]:
    """The answer about a thing that is not there: a slip of the keyboard, or it was deleted."""
    if act.service == "ec2":
        kind = {"sg": "Group", "vol": "Volume", "ami": "AMIID", "vpc": "Vpc"}.get(
            about.id.split("-")[0], "InstanceID"
        )
        return f"Client.Invalid{kind}.NotFound", f"The ID '{about.id}' does not exist"
    if act.service == "s3":
        return "NoSuchBucket", "The specified bucket does not exist"
    return "ResourceNotFoundException", f"Requested resource not found: {about.id}"
