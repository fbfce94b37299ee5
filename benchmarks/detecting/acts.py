"""Activities by the million, shaped as an organisation's are, made column by column.

5,000 actors of whom few do much (Zipf), each with a handful of addresses, clients and devices and
a neighbourhood of targets; 30,000 addresses, 200,000 targets; nine log kinds whose actions are
heavy-tailed; office hours in the actor's own zone; 60 days. One act in 200 is odd: a foreign
address, a target far off, a rare action. Deterministic.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa

from wheeltapper import activity

ACTORS, GROUPS, ADDRESSES, TARGETS, DAYS = 5_000, 40, 30_000, 200_000, 60
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
DAY_US = 86_400_000_000
ODD = 0.005

COMMON = {
    "aws_cloudtrail": (
        "DescribeInstances ListBuckets GetObject AssumeRole DescribeVolumes GetParameter "
        "ListObjects HeadObject GetSecretValue PutObject DescribeSubnets RunInstances "
        "CreateAccessKey AttachUserPolicy StopLogging"
    ),
    "okta": (
        "user.authentication.sso user.session.start user.authentication.auth_via_mfa "
        "policy.evaluate_sign_on system.push.send_factor_verify_push user.account.update_password "
        "group.user_membership.add"
    ),
    "sshd": "login session sudo login_failed logout",
    "windows": "4688 4624 1 3 4672 11 4625 4104 4720",
    "google_workspace": "view edit download login_success copy CREATE_USER export",
    "microsoft365": "FileAccessed FileDownloaded MailItemsAccessed FileModified UserLoggedIn "
    "New-InboxRule FileCopied",
    "entra": "Sign-in Sign-in-noninteractive",
    "github": "git.fetch git.push pull_request.create git.clone repo.create org.add_member",
    "git": "commit",
}
SHARE = dict(zip(COMMON, (0.34, 0.1, 0.1, 0.16, 0.08, 0.12, 0.04, 0.04, 0.02), strict=True))
REACH = {"okta": (6, 120), "entra": (6, 120), "github": (8, 2_000), "git": (20, 4_000)}
"""Targets that one actor has, and that there are; 400 and all others else."""
RARE = 120
"""Further actions of a source with more than a few of its own."""
ADMIN = ("Create", "Attach", "Stop", "update_password", "membership", "CREATE", "New-", "org.",
         "repo.create", "4720", "Run")  # fmt: skip
SIGN_IN = ("session.start", "sso", "auth_via_mfa", "push", "login", "4624", "4625", "UserLogged",
           "Sign-in", "AssumeRole")  # fmt: skip
PROGRAMS = [rf"C:\Windows\System32\{name}.exe" for name in (
    "svchost", "cmd", "powershell", "explorer", "chrome", "teams", "outlook", "msiexec", "wmiprvse",
    *(f"tool{i}" for i in range(150)))]  # fmt: skip
AGENTS = ["Firefox", "Chrome", "Safari", "aws-cli", "Boto3", "Edge", "curl", "okta-sdk", "git",
          *(f"client{i}" for i in range(60))]  # fmt: skip
REGIONS = ["eu-west-1", "us-east-1", "ap-south-1", "eu-central-1"]
COUNTRIES = ["NL", "DE", "US", "IN", "GB", "FR", "BR", "JP", "PL", "ES", "CN", "RU", "NG", "KP"]

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


def days(rows: int) -> Iterator[pa.Table]:
    """One table of `activity.SCHEMA` a day, in order, together `rows` rows."""
    rng = np.random.default_rng(1)
    edges = np.linspace(0, rows, DAYS + 1).astype(int)
    for day in range(DAYS):
        yield _day(rng, day, int(edges[day + 1] - edges[day]))


def _zipf(rng: np.random.Generator, n: int, size: int, exponent: float) -> Numbers:
    weight = np.cumsum(1.0 / np.arange(1, size + 1) ** exponent)
    return np.searchsorted(weight, rng.random(n) * weight[-1])


def _few(actor: Numbers, which: Numbers, size: int) -> Numbers:
    """The actor's own `which`-th of `size` things: always the same for the same actor."""
    mixed = (actor.astype(np.uint64) * np.uint64(2654435761) + which.astype(np.uint64)) * np.uint64(
        0x9E3779B97F4A7C15
    )
    return ((mixed >> np.uint64(33)) % np.uint64(size)).astype(np.int64)


def _text(codes: Numbers, words: list[str], where: object = None) -> pa.Array:
    mask = None if where is None else ~np.asarray(where)
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=mask), pa.array(words)
    ).cast(pa.string())


def _actions() -> tuple[list[str], dict[str, tuple[int, int]]]:
    words: list[str] = []
    place = {}
    for source, common in COMMON.items():
        own = common.split()
        extra = RARE if len(own) > 5 else 0
        place[source] = (len(words), len(own) + extra)
        verbs = ("List", "Describe", "Get", "Update") if source == "aws_cloudtrail" else ("op",)
        words += own + [f"{verbs[i % len(verbs)]}Thing{i}" for i in range(extra)]
    return words, place


def _day(rng: np.random.Generator, day: int, n: int) -> pa.Table:
    sources = list(COMMON)
    kind = rng.choice(len(sources), n, p=list(SHARE.values()))
    actor = _zipf(rng, n, ACTORS, 0.9)
    odd = rng.random(n) < ODD
    service = actor % 12 == 0
    words, place = _actions()
    first, count = np.array([place[s] for s in sources]).T
    action = first[kind] + np.minimum(_zipf(rng, n, RARE, 1.6), count[kind] - 1)
    action = np.where(odd, first[kind] + rng.integers(0, count[kind]), action)
    # When: around the actor's own noon; machines at any time; weekends are quiet for people.
    offset = np.array([60, 0, -300, 330])[actor % 4]
    hour = np.where(service, rng.random(n) * 24, np.clip(rng.normal(13, 2.6, n), 0, 23.99))
    at = ((hour * 60 - offset) % 1440 * 60e6).astype(np.int64) + rng.integers(0, 60_000_000, n)
    if (FIRST_DAY + timedelta(days=day)).weekday() >= 5:
        actor = np.where(service | (rng.random(n) < 0.15), actor, actor // 12 * 12)
        service = actor % 12 == 0
    us = int(FIRST_DAY.timestamp() * 1e6) + day * DAY_US + at
    local = us // 3_600_000_000 + offset // 60
    # People of a group share offices, hosts, clients and applications; homes they have alone.
    group = actor % GROUPS
    at_home = rng.random(n) < 0.3
    address = np.where(at_home, _few(actor, kind % 2, ADDRESSES), _few(group, kind % 3, ADDRESSES))
    address = np.where(odd, rng.integers(0, ADDRESSES, n), address)
    # Of applications and repositories there are few; of files, objects and mails many.
    near, all_of = np.array([REACH.get(s, (400, TARGETS)) for s in sources])[kind].T
    rank = (_zipf(rng, n, 400, 1.3) * near) // 400 + kind
    own = np.where(near < 400, _few(group, rank, TARGETS), _few(actor, rank, TARGETS)) % all_of
    target = np.where(odd, rng.integers(0, TARGETS, n) % all_of, own)
    device = np.where(odd, rng.integers(0, 4_000, n), _few(group, _zipf(rng, n, 12, 1.5), 4_000))
    agent = np.where(odd, rng.integers(0, len(AGENTS), n), _few(group, kind % 3, len(AGENTS)))
    names = np.array(words)[action]
    program = np.where(
        odd, rng.integers(0, len(PROGRAMS), n), _few(group, _zipf(rng, n, 12, 1.4), 60)
    )
    started_by = np.where(odd, rng.integers(0, 12, n), program % 5)
    frame = pl.DataFrame({"a": names})
    admin = frame["a"].str.contains_any(ADMIN).to_numpy()
    sign_in = frame["a"].str.contains_any(SIGN_IN).to_numpy()
    category = np.select([admin, sign_in, kind == 3], [5, 0, 3], 2)
    failure = (rng.random(n) < 0.04) | np.isin(names, ["login_failed", "4625"])
    windows, ssh, cloud, git = kind == 3, kind == 2, kind == 0, kind == 8
    folder = pl.Series([f"src/{i % 40}/{i % 7}/" for i in range(TARGETS)])
    session = (actor * DAYS + day) * 4 + hour.astype(np.int64) // 6
    ids = rng.integers(0, 2**63, (n, 2)).astype(np.uint64)
    apps = [*sources, *(f"app{i}" for i in range(12))]
    addresses = [f"{20 + i // 3000}.{i % 200}.{i // 200}.7" for i in range(ADDRESSES)]
    agents = [f"{a}/1.2 (like all others)" for a in AGENTS]
    networks = [f"Network {i}" for i in range(300)]
    web = ~(git | ssh | windows)
    number = pl.Series(target).cast(pl.String)
    thing = pl.when(pl.Series(git)).then(folder.gather(target) + number).otherwise("arn:" + number)
    columns = {
        "event_id": pa.Array.from_buffers(pa.binary(16), n, [None, pa.py_buffer(ids.tobytes())]),
        "time": pa.array(us, activity.TIME),
        "began": pa.array(us - _few(actor, kind % 3, 90_000) * 1_000_000, activity.TIME, mask=~git),
        "received": pa.array(us, activity.TIME),
        "late": pa.array(np.zeros(n, np.bool_)),
        "source": _text(kind, sources),
        "app": _text(np.where(cloud, 9 + action % 12, kind), apps),
        "action": _text(action, words),
        "category": _text(category, list(activity.CATEGORIES)),
        "outcome": _text(failure.astype(np.int64), ["success", "failure"]),
        "actor": _text(actor, [f"user{i}@example.org" for i in range(ACTORS)]),
        "actor_type": _text(service.astype(np.int64), ["human", "service"]),
        "session": pl.Series(session).cast(pl.String).to_arrow().cast(pa.string()),
        "on_behalf_of": _text(_few(group, kind % 2, 300), [f"role{i}" for i in range(300)], cloud),
        "target": pl.select(thing).to_series().to_arrow().cast(pa.string()),
        "items": pa.array(1 + _few(actor, target % 5, 20), mask=~git),
        "src_ip": _text(address, addresses, ~git),
        "device": _text(device, [f"host{i}" for i in range(4_000)], windows | ssh),
        "region": _text(target % 97 % len(REGIONS), REGIONS, cloud),
        "user_agent": _text(agent, agents, web),
        "utc_offset": pa.array(offset.astype(np.int16), mask=~git),
        "process": _text(program, PROGRAMS, windows | (names == "sudo")),
        "parent_process": _text(started_by, PROGRAMS, windows),
        "command_line": _text(action, words, windows | (names == "sudo")),
        "raw": _raw(cloud, names, target, us),
        "department": _text(group, [f"department{i}" for i in range(GROUPS)]),
        "peer_group": _text(group, [f"group{i}" for i in range(GROUPS)]),
        "country": _text(address % 97 % len(COUNTRIES), COUNTRIES, ~git),
        "as_org": _text(address % 300, networks, ~git & (address % 5 > 0)),
        "ip_class": _text(address % 7 // 6, ["residential", "private"], ~git),
        "ua_client": _text(agent, AGENTS, web),
        "hour_of_week": pa.array(((local + 72) % 168).astype(np.int16)),
    }  # fmt: skip
    return pa.table(
        [
            columns[f.name].cast(f.type) if f.name in columns else pa.nulls(n, f.type)
            for f in activity.SCHEMA
        ],
        schema=activity.SCHEMA,
    )


def _raw(cloud: object, names: object, target: Numbers, us: Numbers) -> pa.Array:
    """A native record of some 300 bytes, which no detector reads."""
    parts = [
        '{"eventVersion":"1.08","eventTime":', pl.Series(us).cast(pl.String),
        ',"eventName":"', pl.Series(names), '","awsRegion":"',
        pl.Series(np.array(REGIONS)[target % 97 % len(REGIONS)]),
        '","userIdentity":{"type":"AssumedRole","accountId":"123456789012"},"requestParameters":'
        '{"name":"', pl.Series(target).cast(pl.String),
        '","detail":"what a record carries beside what is asked of it"},"readOnly":true,'
        '"eventType":"AwsApiCall","managementEvent":',
        pl.Series(np.where(cloud, "true", "false")), "}",
    ]  # fmt: skip
    text = pl.select(pl.concat_str(pl.lit(p) if isinstance(p, str) else p for p in parts))
    return text.to_series().to_arrow().cast(pa.string())
