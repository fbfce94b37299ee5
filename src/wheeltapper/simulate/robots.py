"""Robots: service accounts, each with a rhythm and a small repertoire that it keeps to.

A deployer that follows the developers' day, a nightly backup, monitoring every quarter of an hour,
an hourly data pipeline, a weekly vulnerability scanner, the HR system's sync with Okta, a report
job with a key of its own, and AWS services acting by themselves.
"""

from dataclasses import dataclass

import msgspec

from wheeltapper.simulate import cloud, objects, okta, servers
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import Act, Caller
from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.people import Person
from wheeltapper.simulate.places import Address, cities

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TEAMS = tuple(f"{role}-{n}" for role in ("developer", "platform", "data") for n in (1, 2, 3))


@dataclass(frozen=True, slots=True)
class Robot:
    """A service account as the directory lists it."""

    name: str
    role: str
    aliases: tuple[str, ...]
    privileged: bool


ROBOTS = (
    Robot("ci-deployer", "Deployment", ("GitHubActions", "ci-deployer-role", "deploy"), True),
    Robot("backup-job", "Backup", ("svc-backup", "backup"), True),
    Robot("monitoring", "Monitoring", ("DatadogIntegration", "monitoring-role"), False),
    Robot("data-pipeline", "Data pipeline", ("airflow", "data-pipeline-role"), False),
    Robot("vulnerability-scanner", "Vulnerability scanner", ("svc-scanner", "scanner"), True),
    Robot("hr-sync", "HR synchronisation", ("hr-sync@meridian.example",), True),
    Robot("report-job", "Finance reports", ("svc-reports",), False),
)


def _acts(service: str, *names: str) -> tuple[Act, ...]:
    """By name, with the kind of thing that services.toml gives them."""
    known = {a.name: a for s in (cloud.services()[service],) for a in (*s.reads, *s.writes)}
    return tuple(known.get(name) or Act(service, name, "", True) for name in names)


class Robots:
    """All service accounts of the organisation."""

    def __init__(self, calendar: Calendar, staff: list[Person]) -> None:
        self.calendar = calendar
        self.seed = calendar.seed
        self._joiners = [p for p in staff if p.first_day >= 0]
        self._leavers = [p for p in staff if p.last_day is not None]
        self._movers = [p for p in staff if p.later_role]
        ids = Chance(self.seed, "robots")
        self._ids = {r.name: ids.token(17, _BASE32) for r in ROBOTS}
        self._keys = {r.name: "AKIA" + ids.token(16, _BASE32) for r in ROBOTS}
        self._ssh = {r.name: ids.token(43, _BASE32) for r in ROBOTS}
        self._hr = okta.actor("00u" + ids.hex(17), "hr-sync@meridian.example", "HR Sync")
        self._broken_from = int(calendar.days * 0.45)

    def live(self, day: int, midnight_s: int, journal: Journal) -> None:
        """One UTC day of all of them."""
        weekday = self.calendar.date(day).weekday()
        self._monitoring(day, midnight_s, journal)
        self._pipeline(day, midnight_s, journal)
        self._backup(day, midnight_s, journal)
        self._deployments(day, weekday, midnight_s, journal)
        if weekday == 6:
            self._scan(day, midnight_s, journal)
        self._report(day, midnight_s, journal)
        self._hr_sync(day, midnight_s, journal)
        self._aws_itself(day, midnight_s, journal)
        servers.knocking(journal, self.seed, day, midnight_s)

    def by_key(self, name: str, ip: str, agent: str) -> Caller:
        """A service account that has a user and key of its own, wherever the key is used.

        Raises
        ------
        KeyError   if it works under a role instead.
        """
        logins = {r.name: a for r in ROBOTS for a in r.aliases if a.startswith("svc-")}
        return self._user(name, logins[name], ip, agent)

    def on_servers(self, name: str) -> tuple[str, str]:
        """Login and SSH key of a service account."""
        return next(r.aliases[-1] for r in ROBOTS if r.name == name), self._ssh[name]

    def _user(self, name: str, login: str, ip: str, agent: str) -> Caller:
        identity, arn = cloud.user_identity("AIDA" + self._ids[name], login, self._keys[name], None)
        return Caller(identity=identity, arn=arn, ip=ip, agent=agent)

    def _role(
        self, name: str, role: str, session: str, since_s: float, ip: str, agent: str,
        endpoint: str | None = None,
    ) -> Caller:  # fmt: skip
        key = "ASIA" + Chance(self.seed, name, int(since_s)).token(16, _BASE32)
        identity, arn = cloud.role_identity(role, "AROA" + self._ids[name], session, key, since_s)
        return Caller(identity=identity, arn=arn, ip=ip, agent=agent, endpoint=endpoint)

    def _call(
        self, journal: Journal, chance: Chance, at: float, act: Act, caller: Caller, team: str,
        number: int, error: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        about = cloud.thing(self.seed, team, act.kind, number) if act.kind else None
        journal.cloudtrail(at, cloud.record(chance, at, act, about, caller, error=error))

    def _monitoring(self, day: int, midnight: int, journal: Journal) -> None:
        chance = Chance(self.seed, "monitoring", day)
        acts = (
            *_acts("monitoring", "GetMetricData", "ListMetrics"),
            *_acts("ec2", "DescribeInstances"), *_acts("ecs", "DescribeServices"),
            *_acts("rds", "DescribeDBInstances"), *_acts("lambda", "ListFunctions20150331"),
            *_acts("elasticloadbalancing", "DescribeTargetHealth"),
            *_acts("sqs", "GetQueueAttributes"), *_acts("tagging", "GetResources"),
        )  # fmt: skip
        for slot in range(96):
            at = midnight + slot * 900 + chance.between(0, 4)
            caller = self._role(
                "monitoring", "monitoring-role", "DatadogIntegration", at - at % 3600,
                chance.pick(("3.233.144.18", "3.233.147.201")), "Datadog",
            )  # fmt: skip
            for i, act in enumerate(acts if slot % 4 == 0 else acts[:2]):
                self._call(journal, chance, at + i * 0.4, act, caller, "platform-1", i % 3)

    def _pipeline(self, day: int, midnight: int, journal: Journal) -> None:
        chance = Chance(self.seed, "pipeline", day)
        start, poll = _acts("glue", "StartJobRun", "GetJobRun")
        query, done, rows = _acts(
            "athena", "StartQueryExecution", "GetQueryExecution", "GetQueryResults"
        )
        parts = _acts("glue", "GetPartitions", "BatchCreatePartition")
        for hour in range(24):
            at = midnight + hour * 3600 + 300 + chance.between(0, 20)
            caller = self._role(
                "data-pipeline", "data-pipeline-role", "airflow", at - 2, "10.40.6.31",
                "Boto3/1.42.61 md/Botocore#1.42.61 ua/2.1 os/linux#6.1.0-28-amd64 md/arch#x86_64 "
                "lang/python#3.12.8 md/pyimpl#CPython Botocore/1.42.61", "vpce-0a8d41c92be37f650",
            )  # fmt: skip
            moving = Chance(self.seed, "pipeline objects", day, hour)
            objects.stream(caller, self.seed, at + 20, moving, journal)
            for job in range(3 if hour in (1, 2, 3) else 1):
                team = f"data-{1 + job % 2}"
                self._call(journal, chance, at, start, caller, team, job)
                for _ in range(2 + chance.count(1.5)):
                    at += 30 + chance.between(0, 2)
                    self._call(journal, chance, at, poll, caller, team, job)
                for act in (*parts, query, done, rows):
                    at += 1 + chance.wait(1.0)
                    self._call(journal, chance, at, act, caller, team, job)

    def _backup(self, day: int, midnight: int, journal: Journal) -> None:
        chance = Chance(self.seed, "backup", day)
        caller = self._user(
            "backup-job", "svc-backup", "10.40.9.51",
            "Boto3/1.34.84 md/Botocore#1.34.84 ua/2.0 os/linux#6.1.0-28-amd64 md/arch#x86_64 "
            "lang/python#3.11.2 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.84",
        )  # fmt: skip
        at = midnight + 2 * 3600 + 600 + chance.between(0, 40)
        look, snap, drop = _acts(
            "rds", "DescribeDBSnapshots", "CreateDBSnapshot", "DeleteDBSnapshot"
        )
        disk = _acts(
            "ec2", "DescribeVolumes", "CreateSnapshot", "DescribeSnapshots", "DeleteSnapshot"
        )
        for n in range(5):
            for act in (look, snap, drop, *disk):
                at += 1 + chance.wait(2)
                self._call(journal, chance, at, act, caller, _TEAMS[n], n)
        for i, host in enumerate(servers.INSIDE):
            if host != "backup-1":
                servers.login(
                    journal, chance, midnight + 3 * 3600 + i * 240 + chance.between(0, 20), host,
                    "backup", "10.40.9.51", key=self._ssh["backup-job"],
                    minutes=chance.between(1.5, 3.5), uid=34,
                )  # fmt: skip

    def _deployments(self, day: int, weekday: int, midnight: int, journal: Journal) -> None:
        chance = Chance(self.seed, "deployments", day)
        number = chance.count((9, 13, 11, 12, 5, 0.4, 0.3)[weekday])
        if chance.yes(0.08) and weekday < 5:
            number *= 3  # a release
        upload = _acts("ecr", "GetAuthorizationToken", "BatchCheckLayerAvailability",
                       "InitiateLayerUpload", "CompleteLayerUpload", "PutImage")  # fmt: skip
        roll = _acts("ecs", "DescribeTaskDefinition", "RegisterTaskDefinition", "UpdateService")
        watch = _acts("ecs", "DescribeServices")
        code = _acts("lambda", "GetFunction20150331v2", "UpdateFunctionCode20150331v2",
                     "PublishVersion20150331", "UpdateAlias20150331")  # fmt: skip
        stack = _acts("cloudformation", "DescribeStacks", "CreateChangeSet", "DescribeChangeSet",
                      "ExecuteChangeSet", "DescribeStackEvents")  # fmt: skip
        secret = _acts("secretsmanager", "GetSecretValue")
        for _ in range(number):
            at = midnight + chance.normal(13.0, 2.8) * 3600
            team = _TEAMS[chance.rank(6)]
            which = chance.rank(6)
            ip = f"20.{102 + chance.below(4)}.{chance.below(256)}.{1 + chance.below(254)}"
            caller = self._role(
                "ci-deployer", "ci-deployer-role", "GitHubActions", at, ip,
                "aws-sdk-js/3.996.0 ua/2.1 os/linux#6.11.0-1018-azure lang/js md/nodejs#24.13.1 "
                "api/sts#3.996.0 configure-aws-credentials-for-github-actions",
            )  # fmt: skip
            steps = [*upload, *secret, *roll, *(watch * (2 + chance.below(8)))]
            shape = chance.uniform()
            if shape > 0.6:
                steps = (
                    [*secret, *code] if shape < 0.85 else [*stack, *(stack[-1:] * chance.below(9))]
                )
            for act in steps:
                at += 1 + chance.wait(6)
                failed = act.name == "UpdateService" and chance.yes(0.02)
                error = ("InvalidParameterException", "Unable to assume the service linked role")
                self._call(journal, chance, at, act, caller, team, which, error if failed else None)
            if chance.yes(0.15):
                servers.login(
                    journal, chance, at, chance.pick(("app-1", "app-2", "app-3", "legacy-1")),
                    "deploy", servers.INSIDE["build-1"], key=self._ssh["ci-deployer"],
                    minutes=chance.between(0.3, 4), uid=998,
                )  # fmt: skip

    def _scan(self, day: int, midnight: int, journal: Journal) -> None:
        """Sunday: everything is looked at, every host is logged in to."""
        chance = Chance(self.seed, "scan", day)
        caller = self._user(
            "vulnerability-scanner", "svc-scanner", "10.40.12.77",
            "Boto3/1.40.2 md/Botocore#1.40.2 ua/2.1 os/linux#5.15.0-119-generic md/arch#x86_64 "
            "lang/python#3.10.12 md/pyimpl#CPython Botocore/1.40.2",
        )  # fmt: skip
        at = midnight + 4 * 3600 + chance.between(0, 60)
        for service in ("ec2", "s3", "iam", "rds", "lambda", "ecr", "kms", "elasticloadbalancing"):
            for act in cloud.services()[service].reads[:14]:
                if act.name in ("Decrypt", "GenerateDataKey"):
                    continue
                for n in range(1 + (chance.below(6) if act.kind else 0)):
                    at += chance.wait(0.8)
                    self._call(journal, chance, at, act, caller, _TEAMS[n], n)
        for host in servers.INSIDE:
            at += 60 + chance.wait(30)
            servers.login(
                journal, chance, at, host, "scanner", "10.40.12.77",
                key=self._ssh["vulnerability-scanner"], minutes=chance.between(1, 5), uid=997,
            )  # fmt: skip

    def _report(self, day: int, midnight: int, journal: Journal) -> None:
        """A forgotten job on an old host: for some days its permission is gone, and it retries."""
        chance = Chance(self.seed, "reports", day)
        caller = self._user(
            "report-job", "svc-reports", "10.40.12.5",
            "aws-cli/1.22.34 Python/3.10.12 Linux/5.15.0-119-generic botocore/1.23.34",
        )  # fmt: skip
        bucket = Act("s3", "GetBucketLocation", "bucket", True)
        cost = _acts("ce", "GetCostAndUsage")[0]
        at = midnight + 5 * 3600 + chance.between(0, 30)
        broken = self._broken_from <= day < self._broken_from + 2
        for _ in range(96 if broken else 1):
            error = cloud.denied(cost, caller.arn) if broken else None
            self._call(journal, chance, at, bucket, caller, "finance-1", 0)
            self._call(journal, chance, at + 1, cost, caller, "finance-1", 0, error)
            at += 600 + chance.between(0, 5)

    def _hr_sync(self, day: int, midnight: int, journal: Journal) -> None:
        """Every six hours; accounts are made, changed and closed through it."""
        chance = Chance(self.seed, "hr sync", day)
        where = Address("34.107.82.119", cities()["Frankfurt"], 396982, "google llc", "google.com")
        peer = okta.client(None, where)
        workday = okta.app("Workday")

        def say(at: float, kind: str, *targets: okta.Target) -> None:
            journal.system_log(
                at, okta.event(chance, at, self._hr, peer, kind, session="unknown",
                               targets=targets, transaction="JOB", uri="/api/v1/users"),
            )  # fmt: skip

        for hour in (0, 6, 12, 18):
            at = midnight + hour * 3600 + 120 + chance.between(0, 10)
            say(at, "system.import.complete", workday)
            for _ in range(chance.count(1.2)):
                at += 1 + chance.wait(2)
                say(at, "application.provision.user.sync", okta.requester(chance), workday)
            if hour != 6:
                continue
            at += 30
            for person in self._joiners:
                if person.first_day - 1 == day:
                    for kind in ("user.lifecycle.create", "user.lifecycle.activate"):
                        say(at, kind, okta.account(person))
                        at += 2
                    for name in person.role.apps[:6]:
                        say(
                            at,
                            "application.user_membership.add",
                            okta.account(person),
                            okta.app(name),
                        )
                        at += 1
            for person in self._leavers:
                if person.last_day == day - 1:
                    say(at, "user.lifecycle.deactivate", okta.account(person))
                    at += 2
            for person in self._movers:
                if person.change_day == day:
                    say(at, "user.account.update_profile", okta.account(person))

    def _aws_itself(self, day: int, midnight: int, journal: Journal) -> None:
        """Services of AWS take on their roles."""
        chance = Chance(self.seed, "aws", day)
        act = Act("sts", "AssumeRole", "role", True)
        for service, every_s in (("lambda", 2400), ("ecs-tasks", 5400), ("ec2", 3600)):
            caller = Caller(
                identity=msgspec.Raw(
                    b'{"type":"AWSService","invokedBy":"%s.amazonaws.com"}' % service.encode()
                ),
                arn="", ip=f"{service}.amazonaws.com", agent=f"{service}.amazonaws.com",
            )  # fmt: skip
            at = midnight + chance.between(0, every_s)
            while at < midnight + 86_400:
                self._call(journal, chance, at, act, caller, _TEAMS[chance.rank(6)], chance.rank(8))
                at += every_s * chance.between(0.7, 1.3)
