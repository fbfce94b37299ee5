"""Findings as they are told, one for each family and each special case, by what is special."""

from datetime import UTC, datetime, timedelta

from wheeltapper.detect import catalogue
from wheeltapper.detect.rules.ruleset import Ruleset
from wheeltapper.engines.local.judges import Judges, wordings
from wheeltapper.engines.local.models import Models
from wheeltapper.refine.told import Kind, Told
from wheeltapper.refine.wording import Wording

WORDINGS = wordings(
    Judges(detectors=catalogue.load(), rules=Ruleset.load([]), models=Models([]), secret=b"")
)
MODEL = Wording(
    name="model.userday",
    family="model",
    about="model userday",
    says="had a day unlike their others",
)
RULE = Wording(name="rule.x", family="rule", about="A trail was silenced", says="{did}")
TIME = datetime(2026, 5, 12, 3, 54, tzinfo=UTC)
SINCE = (TIME - timedelta(days=60)).date().toordinal() - datetime(1970, 1, 1).toordinal()  # noqa: DTZ001  (a day number)


def told(wording: str | Wording = "cloudtrail.action", **more: object) -> Told:
    """A finding about Kim in CloudTrail, of what history says, unless said otherwise."""
    columns: dict[str, object] = {
        "wording": WORDINGS.by_name[wording] if isinstance(wording, str) else wording,
        "entity_type": "actor",
        "entity": "kim.lee@example.org",
        "time": TIME,
        "observed": 1.0,
        "expected": 0.0,
        "baseline_n": 58,
        "source": "aws_cloudtrail",
        "app": "secretsmanager.amazonaws.com",
        "action": "GetSecretValue",
        "outcome": "success",
        "reason": "",
        "target": "prod/db",
        "value": "secretsmanager.amazonaws.com GetSecretValue",
        "evidence": 12.0,
        "acts": 1,
        "since_day": SINCE,
        "of_peers": 11.0,
        "peer_group": "engineer",
        **more,
    }
    return Told(**columns)  # type: ignore[arg-type]  # fields of Told, by name


def kind(action: str, count: int, targets: int = 1, **more: object) -> Kind:
    columns: dict[str, object] = {
        "app": "secretsmanager.amazonaws.com",
        "action": action,
        "outcome": "success",
        "count": count,
        "targets": targets,
        "target": "prod/db",
        **more,
    }
    return Kind(**columns)  # type: ignore[arg-type]  # fields of Kind, by name


GIT = {
    "source": "git",
    "app": "php-src",
    "action": "modify",
    "entity": "Kim Lee",
    "target": "ext/zlib/zlib.c",
    "peer_group": "",
    "of_peers": 40.0,
}
SSH = {"source": "sshd", "app": "sshd", "action": "Accepted publickey", "target": "web1"}
FAILED = {"outcome": "failure", "reason": "AccessDenied"}

TOLD = {
    "an act never done before": told(),
    "an act done once before": told(before=0.9),
    "an act done twice before": told(before=2.2),
    "an act done a few times before": told(before=7.4),
    "an act of an account nothing is known of": told(baseline_n=0),
    "an act that one peer does": told(peers=1.0),
    "an act that some peers do": told(peers=3.0),
    "an act nobody can be compared with": told(of_peers=0.0),
    "an act with one peer": told(of_peers=1.0),
    "an act that the only peer does": told(of_peers=1.0, peers=1.0),
    "an act with one other": told(of_peers=1.0, peer_group=""),
    "an act without peer group": told(peer_group=""),
    "an act sixty times on sixty things": told(acts=60, targets=60),
    "an act sixty times on one thing": told(acts=60, targets=1),
    "an act that was denied": told(**FAILED),
    "an act that failed": told(outcome="failure", reason="ResourceNotFoundException"),
    "an act in no vocabulary": told(app="Tickets", action="ticket.merge_all", value="x"),
    "an act on nothing named": told(target=""),
    "an act with its usual values": told(
        usual=[("s3.amazonaws.com GetObject", 40), ("ec2.amazonaws.com DescribeInstances", 12)]
    ),
    "a new country": told("any.country", value="NG", usual=[("NL", 55), ("DE", 3)]),
    "a new network": told("any.network", value="Example Hosting", usual=[("KPN", 58)]),
    "a new client": told("any.client", value="curl", usual=[("Firefox", 50), ("Slack", 8)]),
    "a new application": told("any.application", value="Payroll"),
    "a new role": told("cloudtrail.role", value="AdministratorAccess"),
    "a new region": told("cloudtrail.region", value="sa-east-1"),
    "an hour never worked": told("any.hour", value="27", baseline_n=400),
    "an hour hardly ever worked": told(
        "any.hour", value="27", baseline_n=400, before=1.0, usual=[("33", 40), ("34", 38)]
    ),
    "many of one kind in an hour": told(
        "cloudtrail.secrets",
        observed=60.0,
        expected=0.2,
        baseline_n=120,
        peers=0.1,
        kinds=[kind("GetSecretValue", 60, 60)],
    ),
    "many of two kinds in an hour": told(
        "cloudtrail.secrets",
        observed=102.0,
        expected=4.0,
        baseline_n=120,
        peers=2.0,
        kinds=[kind("GetSecretValue", 60, 60), kind("GetParameter", 42, 42)],
    ),
    "many without history": told(
        "cloudtrail.secrets",
        observed=60.0,
        baseline_n=0,
        of_peers=0.0,
        kinds=[kind("GetSecretValue", 60, 60)],
    ),
    "many refusals": told(
        "any.failures",
        observed=56.0,
        expected=0.1,
        baseline_n=300,
        **FAILED,
        kinds=[kind("GetSecretValue", 56, 56, outcome="failure")],
    ),
    "many changes": told("any.changes", observed=1234.0, expected=3.0, baseline_n=300),
    "guessing from an address": told(
        "any.guessing",
        entity_type="src_ip",
        entity="203.0.113.7",
        observed=812.0,
        baseline_n=0,
        of_peers=0.0,
        source="sshd",
        app="sshd",
        action="Failed password",
        outcome="failure",
    ),
    "guessing that worked": told(
        "any.guessed_right",
        observed=41.0,
        expected=1.6,
        before=3.8,
        baseline_n=312,
        peers=0.031,
        source="okta",
        app="Okta",
        action="user.session.start",
    ),
    "guessing that worked at once": told(
        "any.guessing_worked",
        entity_type="src_ip",
        entity="203.0.113.7",
        observed=900.0,
        expected=2.0,
        baseline_n=0,
        peer_group="",
        of_peers=140.0,
        peers=0.02,
        source="sshd",
        app="sshd",
        action="login",
    ),
    "a prompt accepted at last": told(
        "okta.worn_down",
        observed=14.0,
        expected=2.1,
        baseline_n=88,
        peers=0.012,
        source="okta",
        app="Okta",
        action="user.authentication.auth_via_mfa",
    ),
    "a change after refusals": told(
        "cloudtrail.let_in", observed=23.0, expected=2.1, before=1.0, baseline_n=88, peers=0.002
    ),
    "back after months": told("any.dormant", observed=143.0, expected=12.0, baseline_n=58),
    "back after months as a peer was": told(
        "any.dormant", observed=143.0, expected=1.0, baseline_n=58, peers=1.0
    ),
    "back after months as before": told(
        "sshd.dormant", observed=143.0, expected=150.0, baseline_n=58, before=0.9, peers=3.0, **SSH
    ),
    "back after a silence that was longer in quieter times": told(
        "any.dormant", observed=69.0, expected=151.0, baseline_n=1190, peers=1.0
    ),
    "an author of old": told(
        "git.dormant",
        observed=1432.0,
        expected=90.0,
        baseline_n=41,
        peers=33.0,
        **GIT | {"since_day": SINCE - 3000},
    ),
    "an export": told(
        "any.exported",
        observed=9.3e9,
        expected=4e7,
        peers=3.5e7,
        app="s3.amazonaws.com",
        action="GetObject",
        kinds=[kind("GetObject", 60, 60, app="s3.amazonaws.com")],
    ),
    "an export of an account nothing is known of": told(
        "any.exported",
        observed=2.5e9,
        expected=5.1e7,
        baseline_n=0,
        of_peers=1.0,
        peers=5.1e7,
        app="s3.amazonaws.com",
        action="GetObject",
        kinds=[kind("GetObject", 1, 1, app="s3.amazonaws.com", target="dump.sql")],
    ),
    "a rule": told(
        RULE,
        title="An audit trail was silenced",
        action="StopLogging",
        app="cloudtrail.amazonaws.com",
        target="management-events",
    ),
    "a rule about an address": told(
        RULE, entity_type="src_ip", entity="203.0.113.7", title="Root signed in"
    ),
    "a day unlike others": told(
        MODEL,
        features=[
            {"what": "kinds of action never done before", "observed": 60.0, "usual": 0.0},
            {"what": "failed acts", "observed": 31.0, "usual": 1.0},
            {"what": "KiB moved", "observed": 204800.0, "usual": 12.4},
        ],
    ),
    "a clock elsewhere": told(
        "git.utc_offset", value="480", baseline_n=1200, usual=[("60", 800), ("120", 400)], **GIT
    ),
    "a folder never touched": told("git.directory", value="ext/zlib/", baseline_n=1200, **GIT),
    "a committer not known": told("git.committer", value="Sam Roe", baseline_n=1200, **GIT),
    "a commit at night": told("git.hour", value="27", baseline_n=800, **GIT),
    "an order unlike their own": told("cloudtrail.sequence", observed=14.0, expected=3.0, llr=8.2),
    "an order of which nothing is known": told(
        "cloudtrail.sequence", observed=5.0, expected=0.0, llr=44.0, of_peers=0.0
    ),
    "an order seldom taken": told(
        "windows.sequence",
        observed=3.0,
        expected=3.0,
        llr=6.0,
        of_peers=1.0,
        source="windows",
        app="Windows",
        action="process created",
    ),
    "a single act out of order": told("sshd.sequence", observed=1.0, expected=0.0, llr=7.0, **SSH),
    "a new host": told("sshd.host", value="db1", **SSH),
    "a program with raised rights": told("sshd.command", value="/usr/bin/tcpdump", **SSH),
    "a program on Windows": told(
        "windows.program",
        value="mimikatz.exe",
        source="windows",
        app="Sysmon",
        action="Process Create",
        target="mimikatz.exe",
    ),
    "a program started by another": told(
        "windows.parentage",
        value="cmd.exe started by winword.exe",
        entity_type="device",
        entity="ws-14",
        source="windows",
        app="Sysmon",
        action="Process Create",
    ),
    "two places too far apart": told(
        "any.travel",
        observed=4200.0,
        expected=20.0,
        before=677.0 * 349 + 344,
        value="197.210",
        of_peers=59.0,
        peer_group="",
    ),
    "two places of one country": told(
        "any.travel", observed=4123.4, expected=190.0, before=677.0 * 538 + 538, of_peers=0.0
    ),
    "two places in no known country": told(
        "any.travel",
        observed=812.0,
        expected=0.4,
        before=677.0 * 676 + 676,
        peers=3.0,
        of_peers=59.0,
        peer_group="",
    ),
    "a spray": told(
        "any.spray",
        entity_type="src_ip",
        entity="203.0.113.7",
        observed=85.0,
        baseline_n=0,
        peers=1.2,
        of_peers=40.0,
        peer_group="",
        source="okta",
        app="Okta",
        action="user.session.start",
        **FAILED,
        kinds=[kind("user.session.start", 90, 1, app="Okta", outcome="failure")],
    ),
    "a spray by the day": told(
        "any.slow_spray",
        entity_type="src_ip",
        entity="203.0.113.7",
        observed=15_615.0,
        expected=2.3,
        baseline_n=3,
        peers=1.2,
        of_peers=40.0,
        peer_group="",
        **FAILED,
    ),
    "accounts refused by an application": told(
        "any.accounts_refused",
        entity_type="app",
        entity="Okta",
        observed=26.0,
        expected=1.4,
        baseline_n=66,
        of_peers=0.0,
        peer_group="",
        **FAILED,
    ),
    "many hosts": told("sshd.hosts", observed=12.0, expected=2.4, baseline_n=23, peers=2.2, **SSH),
    "a person's account in a script": told(
        "any.beacon", observed=37.0, expected=300.2, baseline_n=58, acts=37
    ),
    "an address that calls in": told(
        "cloudtrail.beacon",
        observed=12.0,
        expected=7230.0,
        baseline_n=0,
        value="203.0.113.7",
        peers=4.0,
    ),
    "a beacon kept up": told(
        "any.beacon", observed=120.0, expected=61.0, baseline_n=58, before=1.0, acts=37
    ),
}
