"""Every packaged detector: an act that it is for makes it speak, an ordinary one does not.

Eight colleagues work six weeks of ordinary days; then one of them does the odd thing, and another
does once more what all of them always do.
"""

from datetime import UTC, datetime

import pyarrow.compute as pc
import pytest

from wheeltapper.detect import catalogue
from wheeltapper.detect.process import process, start
from wheeltapper.testing import MONDAY, activities, activity

SECRET = b"0123456789abcdef"
PEOPLE = [f"p{i}" for i in range(8)]
WORKDAYS = [d for d in range(42) if d % 7 < 5]

AWS = {"source": "aws_cloudtrail", "app": "EC2", "action": "DescribeInstances"}
OKTA = {"source": "okta", "app": "Okta"}
SSH = {"source": "sshd", "app": "sshd", "action": "login", "category": "authentication"}
WINDOWS = {"source": "windows", "app": "Windows"}
GOOGLE = {"source": "google_workspace", "app": "Drive"}
M365 = {"source": "microsoft365", "app": "SharePoint"}
GITHUB = {"source": "github", "app": "GitHub", "action": "git.push"}
GIT = {"source": "git", "app": "project", "action": "commit", "target": "src/main.c"}
READ = {"source": "aws_cloudtrail", "app": "S3", "action": "GetObject", "category": "data_access"}
FAILED = {"category": "authentication", "outcome": "failure", "src_ip": "203.0.113.9"}

# What everybody does, and what makes the difference; several acts where an amount does. `each` is a
# column that every odd act has another value of, `every` the minutes between them, `at_first` one
# that begins with an ordinary act.
CASES = {
    "any.country": (AWS | {"country": "NL"}, {"country": "NG"}, 1),
    "any.network": (AWS | {"src_ip": "84.1.2.3"}, {"src_ip": "197.210.4.4"}, 1),
    "any.client": (AWS | {"ua_client": "Firefox"}, {"ua_client": "stratus"}, 1),
    "any.application": (AWS, {"app": "Payroll"}, 1),
    "any.hour": (AWS, {"minutes": -60.0 * 8}, 1),
    "any.changes": (AWS | {"category": "admin"}, {}, 80),
    "any.failures": (AWS | {"outcome": "failure"}, {}, 80),
    "any.guessing": (SSH | FAILED, {}, 80),
    "any.guessed": (SSH | FAILED, {}, 80),
    "any.exported": (READ | {"bytes": 3_000_000}, {"bytes": 900_000_000}, 12),
    "any.carried_off": (
        READ | {"bytes": 3_000_000, "src_ip": "203.0.113.9"},
        {"bytes": 9_000_000_000},
        12,
    ),
    "cloudtrail.action": (AWS, {"action": "StopLogging", "app": "CloudTrail"}, 1),
    "cloudtrail.machine_action": (
        AWS | {"actor_type": "service"},
        {"action": "CreateUser", "app": "IAM"},
        1,
    ),
    "cloudtrail.role": (AWS | {"on_behalf_of": "reader"}, {"on_behalf_of": "admin"}, 1),
    "cloudtrail.region": (
        AWS | {"category": "admin", "region": "eu-west-1"},
        {"region": "ap-east-1"},
        1,
    ),
    "cloudtrail.bucket": (READ | {"target": "reports/a.parquet"}, {"target": "payroll/b.csv"}, 1),
    "cloudtrail.secrets": (AWS | {"action": "GetSecretValue", "app": "Secrets Manager"}, {}, 60),
    "cloudtrail.looking_around": (AWS, {}, 400),
    "cloudtrail.objects": (AWS | {"action": "GetObject", "app": "S3"}, {}, 200),
    "okta.application": (
        OKTA | {"action": "user.authentication.sso", "target": "Jira"},
        {"target": "AWS Console"},
        1,
    ),
    "okta.administration": (
        OKTA | {"action": "user.lifecycle.create", "category": "account_change"},
        {"action": "user.account.privilege.grant"},
        1,
    ),
    "okta.prompts": (OKTA | {"action": "user.authentication.auth_via_mfa"}, {}, 40),
    "sshd.host": (SSH | {"device": "web-1"}, {"device": "db-1"}, 1),
    "sshd.command": (
        SSH | {"process": "/usr/bin/apt", "command_line": "apt update"},
        {"process": "/bin/bash", "command_line": "bash"},
        1,
    ),
    "windows.program": (
        WINDOWS | {"process": r"C:\Windows\explorer.exe", "category": "process"},
        {"process": r"C:\Temp\mimikatz.exe"},
        1,
    ),
    "windows.parentage": (
        WINDOWS | {"process": r"C:\a\cmd.exe", "parent_process": r"C:\a\explorer.exe"},
        {"parent_process": r"C:\a\winword.exe"},
        1,
    ),
    "windows.host": (
        WINDOWS | {"device": "pc-1", "category": "authentication"},
        {"device": "dc-1"},
        1,
    ),
    "google.administration": (
        GOOGLE | {"action": "CREATE_USER", "category": "admin"},
        {"action": "TOGGLE_SERVICE_ENABLED"},
        1,
    ),
    "google.downloads": (GOOGLE | {"action": "download"}, {}, 200),
    "microsoft365.operation": (
        M365 | {"action": "FileAccessed"},
        {"action": "New-InboxRule", "app": "Exchange"},
        1,
    ),
    "microsoft365.downloads": (M365 | {"action": "FileDownloaded"}, {}, 200),
    "entra.application": (
        {"source": "entra", "category": "authentication", "target": "Office"},
        {"target": "Azure PowerShell"},
        1,
    ),
    "github.repository": (GITHUB | {"target": "org/web"}, {"target": "org/secrets"}, 1),
    "github.action": (GITHUB, {"action": "protected_branch.destroy"}, 1),
    "github.clones": (GITHUB | {"action": "git.clone"}, {}, 100),
    "any.travel": (
        AWS | {"src_ip": "84.1.2.3", "country": "NL"},
        {"src_ip": "197.210.4.4", "country": "NG", "at_first": True},
        1,
    ),
    "any.spray": (SSH | FAILED, {"each": "actor"}, 20),
    "any.slow_spray": (SSH | FAILED, {"each": "actor", "every": 30}, 20),
    "any.accounts_refused": (SSH | FAILED, {"each": "actor", "app": "VPN"}, 40),
    "any.accounts_from_address": (
        SSH | {"outcome": "success", "src_ip": "203.0.113.9"},
        {"each": "actor"},
        30,
    ),
    "any.beacon": (AWS, {"action": "GetCallerIdentity", "every": 10}, 40),
    "cloudtrail.beacon": (
        AWS | {"src_ip": "84.1.2.3"},
        {"src_ip": "203.0.113.9", "every": 10},
        40,
    ),
    "cloudtrail.secrets_listed": (
        AWS | {"action": "GetSecretValue", "target": "web/db"},
        {"each": "target"},
        20,
    ),
    "cloudtrail.roles": (AWS | {"action": "AssumeRole", "target": "dev"}, {"each": "target"}, 20),
    "cloudtrail.services": (AWS, {"each": "app"}, 30),
    "sshd.hosts": (SSH | {"device": "web-1"}, {"each": "device"}, 20),
    "windows.hosts": (
        WINDOWS | {"device": "pc-1", "category": "authentication"},
        {"each": "device"},
        20,
    ),
    "windows.shares": (
        WINDOWS | {"target": r"\\*\home", "target_type": "share"},
        {"each": "target"},
        60,
    ),
    "windows.beacon": (
        WINDOWS | {"category": "network", "target": "update.example"},
        {"target": "198.51.100.7", "every": 5},
        60,
    ),
    "github.repositories": (
        GITHUB | {"action": "git.clone", "target": "org/web"},
        {"each": "target", "every": 3},
        40,
    ),
    "git.utc_offset": (GIT | {"utc_offset": -480}, {"utc_offset": 120}, 1),
    "git.directory": (GIT, {"target": "build/release/sign.sh"}, 1),
    "git.committer": (GIT, {"on_behalf_of": "stranger"}, 1),
    "git.hour": (GIT, {"minutes": -60.0 * 8}, 1),
    "git.area": (GIT, {"target": "build/release/sign.sh"}, 1),
    "git.file_type": (GIT, {"target": "src/main.exe"}, 1),
    "git.delay": (GIT, {"began": datetime(2026, 1, 5, 8, tzinfo=UTC)}, 1),
    "git.files": (GIT | {"items": 1}, {"items": 40}, 1),
}  # fmt: skip


# What the acts of an order have in common, and the column in which they differ.
ORDERS = {
    "cloudtrail.sequence": (AWS, "action"),
    "sshd.sequence": (SSH | {"command_line": "x"}, "process"),
    "windows.sequence": (WINDOWS | {"category": "process"}, "process"),
}

# What works every day, what fails before it works, and how often.
SIGN_IN = {"category": "authentication", "src_ip": "203.0.113.9"}
BURSTS = {
    "any.guessed_right": (SSH | SIGN_IN, {"outcome": "failure"}, 30),
    "any.guessing_worked": (SSH | SIGN_IN, {"outcome": "failure", "actor": "root"}, 60),
    "okta.worn_down": (
        OKTA | {"action": "user.authentication.auth_via_mfa"},
        {"action": "user.mfa.okta_verify.deny_push", "outcome": "failure"},
        9,
    ),
    "entra.worn_down": (
        {"source": "entra", "action": "Sign-in activity", "category": "authentication"},
        {
            "outcome": "failure",
            "reason": "Authentication failed during strong authentication request.",
        },
        9,
    ),
    "cloudtrail.let_in": (
        AWS | {"category": "admin", "action": "RunInstances"},
        {"category": "data_access", "outcome": "failure", "reason": "AccessDeniedException"},
        30,
    ),
}
SILENCES = {
    "any.dormant": OKTA,
    "any.dormant_service": AWS | {"actor_type": "service"},
    "sshd.dormant": SSH,
    "git.dormant": GIT,
}

HOMES = {"any.address_of_another": AWS}


def history(ordinary, days=WORKDAYS):
    """Everybody's ordinary days: five acts spread over each morning."""
    return [
        activity(
            person, days=day, minutes=50 * i, session=f"{person}-{day}-{i}",
            **{"peer_group": "team", "device": f"pc-{person}", **ordinary},
        )
        for day in days
        for person in PEOPLE
        for i in range(5)
    ]  # fmt: skip


def said(detector, rows):
    _, findings = process(start([detector]), activities(rows), [detector], SECRET)
    return findings


def test_each_packaged_detector_has_a_case():
    assert sorted([*CASES, *ORDERS, *BURSTS, *SILENCES, *HOMES]) == [
        d.name for d in catalogue.load()
    ]


@pytest.mark.parametrize(
    "detector", [d for d in catalogue.load() if d.name in CASES], ids=lambda d: d.name
)
def test_it_speaks_of_the_odd_act_and_of_nothing_else(detector):
    ordinary, odd, times = CASES[detector.name]
    odd_day = 44
    changed = {"peer_group": "team", "device": "pc-p3", **ordinary, **odd}
    minutes = changed.pop("minutes", 10.0)
    rows = history(ordinary)
    each, every = changed.pop("each", None), changed.pop("every", 0.01)
    if changed.pop("at_first", False):
        usual = {"peer_group": "team", "device": "pc-p3", **ordinary}
        rows.append(activity("p3", days=odd_day, minutes=minutes - 5, **usual))
    rows += [
        activity(
            **{"actor": "p3", "days": odd_day, "minutes": minutes + i * every, "session": "odd",
               **changed, **({each: f"x{i}"} if each else {})}
        )
        for i in range(times)
    ]  # fmt: skip
    usual = {"peer_group": "team", "device": "pc-p5", **ordinary}
    rows.append(activity("p5", days=odd_day, minutes=100.0, **usual))
    # What speaks for somebody (a clock where they live) is no word against them.
    findings = said(detector, rows)
    findings = findings.filter(pc.greater_equal(pc.add(findings["bits"], findings["llr"]), 0.0))
    on_the_day = [f for f in findings.to_pylist() if f["time"].day == 18 and f["time"].month == 2]
    who = "p3" if detector.entity == "actor" else changed[detector.entity]
    assert on_the_day, f"{detector.name} does not speak of what it is for"
    assert {f["entity"] for f in on_the_day} == {who}
    assert all(f["bits"] > 0 and f["llr"] is not None for f in on_the_day)
    # Two weeks in, nobody's ordinary day is worth a word.
    settled = [f for f in findings.to_pylist() if f not in on_the_day and f["time"].day > 19]
    assert settled == []


def packaged(name):
    (detector,) = (d for d in catalogue.load() if d.name == name)
    return detector


@pytest.mark.parametrize("name", sorted(BURSTS))
def test_a_burst_is_told_where_it_worked_after_many_failures_and_only_there(name):
    works, fails, times = BURSTS[name]
    works = {"peer_group": "team"} | works

    def tries(n, who, worked=True):
        failed = [activity(**{"actor": who, "days": 44, "minutes": i / 4, **works, **fails})
                  for i in range(n)]  # fmt: skip
        return failed + [activity(who, days=44, minutes=n / 4, **works)] * worked

    rows = history(works)
    (found,) = said(packaged(name), rows + tries(times, "p3")).to_pylist()
    assert found["entity"] == ("p3" if packaged(name).entity == "actor" else works["src_ip"])
    assert (found["observed"], found["time"].day) == (times, 18)
    # Guessing in vain, and mistyping twice, are not what it is for.
    assert said(packaged(name), rows + tries(times, "p3", worked=False)).num_rows == 0
    assert said(packaged(name), rows + tries(2, "p3")).num_rows == 0


@pytest.mark.parametrize("name", sorted(SILENCES))
def test_who_comes_back_after_months_is_told_once_and_who_had_a_holiday_is_not(name):
    away = {"p3": range(42, 183), "p5": range(42, 64)}
    rows = [
        row
        for row in history(SILENCES[name], [d for d in range(200) if d % 7 < 5])
        if (row["time"] - MONDAY).days not in away.get(row["actor"], ())
    ]
    (found,) = said(packaged(name), rows).to_pylist()
    assert (found["entity"], found["observed"], found["baseline_n"]) == ("p3", 144, 30)


@pytest.mark.parametrize("name", sorted(HOMES))
def test_who_acts_from_a_colleagues_home_is_told_and_who_comes_to_a_hotel_is_not(name):
    homes = {f"p{i}": f"198.51.100.{i}" for i in range(40)}
    hotel = "203.0.113.9"
    # All but p5 have been in the hotel; p3 and p5 are new to where they are.
    rows = [
        activity(p, days=d, minutes=i, **HOMES[name], src_ip=hotel if d % 7 == i % 5 else home)
        for d in WORKDAYS
        for i, (p, home) in enumerate(homes.items())
        if p != "p5" or d % 7 != i % 5
    ]
    there = {"p3": homes["p4"], "p5": hotel}
    rows += [activity(p, days=44, minutes=9, **HOMES[name], src_ip=ip) for p, ip in there.items()]
    (found,) = said(packaged(name), rows).to_pylist()
    assert (found["entity"], found["time"].day) == (homes["p4"], 18)


@pytest.mark.parametrize("name", sorted(ORDERS))
def test_an_order_is_told_where_it_is_a_colleagues_and_not_where_it_is_its_own(name):
    (detector,) = (d for d in catalogue.load() if d.name == name)
    common, column = ORDERS[name]
    # Half the team does one kind of work, half another.
    days = {"p3": [f"read {i}" for i in range(16)], "p5": [f"build {i}" for i in range(16)]}

    def day(person, at, of):
        return [
            activity(person, days=at, minutes=i, peer_group="team", **{**common, column: value})
            for i, value in enumerate(days[of])
        ]

    rows = [act for at in WORKDAYS for i, person in enumerate(PEOPLE)
            for act in day(person, at, "p3" if i < 4 else "p5")]  # fmt: skip
    rows += day("p3", 44, "p5") + day("p5", 44, "p5")
    (found,) = said(detector, sorted(rows, key=lambda act: act["time"])).to_pylist()
    assert (found["entity"], found["time"].day) == ("p3", 18)
    assert found["llr"] > 6
