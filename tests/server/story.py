"""A small workspace with a story in it: sixty days of fifteen people, and one bad hour of one.

Everything lies in a real lake and a real casebook; only the judging is done by hand here.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from wheeltapper import activity, finding
from wheeltapper.case import Case, CaseFinding
from wheeltapper.config import Config
from wheeltapper.finding import Finding
from wheeltapper.store import Casebook, Lake

ZONE = ZoneInfo("Europe/Amsterdam")
FIRST_DAY = datetime(2026, 5, 12, tzinfo=ZONE)
DAYS = 60
BAD_HOUR = datetime(2026, 7, 10, 11, 54, tzinfo=ZONE)
PEOPLE = {
    "Platform engineers": ("bert-jan", "aylin", "tomas", "noor", "femke", "ruben", "ines"),
    "Finance": ("sofia.lind", "amir.t", "pieter", "lotte"),
    "Support": ("yusuf", "mila", "jonas", "eva"),
}
USUAL = {
    "Platform engineers": {
        "EC2": ("DescribeInstances", "RunInstances", "DescribeVolumes"),
        "S3": ("GetObject", "ListObjects", "PutObject"),
        "IAM": ("ListRoles", "GetRole"),
        "Systems Manager": ("GetParameter",),
        "Okta": ("user.session.start",),
    },
    "Finance": {"Reports": ("report.view", "report.export"), "Okta": ("user.session.start",)},
    "Support": {"Tickets": ("ticket.read", "ticket.answer"), "Okta": ("user.session.start",)},
}
BAD_ACTS = (
    # app, action, what it is called, target, minutes after the start, how many, seconds apart,
    # outcome, bits
    ("Secrets Manager", "GetSecretValue", "60 secrets read", "red-team-secret-{i}", 3, 60, 10,
     "success", 17.7),
    ("CloudTrail", "DeleteTrail", "trail deleted", "management-events", 5, 1, 0, "success", 16.2),
    ("IAM", "AttachUserPolicy", "2 new administrators", "AdministratorAccess", 27, 6, 20,
     "success", 15.9),
    ("EC2", "ModifyImageAttribute", "image shared outside", "ami-0f3{i}", 15, 2, 30, "success",
     14.4),
    ("EC2", "GetPasswordData", "29 passwords denied", "i-0{i:04x}", 0, 29, 1, "failure", 12.8),
    ("EC2", "DeleteFlowLogs", "flow log deleted", "fl-0412", 8, 1, 0, "success", 12.1),
    ("S3", "PutBucketPolicy", "bucket policy: public", "customer-exports", 28, 1, 0, "success",
     11.6),
    ("RDS", "ModifyDBSnapshotAttribute", "snapshot shared", "orders-2026-07", 29, 1, 0, "success",
     11.2),
    ("Lambda", "UpdateFunctionCode", "code replaced twice", "billing-hook", 31, 2, 70, "success",
     10.6),
    ("Systems Manager", "GetParameter", "42 parameters decrypted", "/prod/db/{i}", 2, 42, 1,
     "success", 9.4),
)  # fmt: skip
OTHERS = (
    ("sofia.lind", "Reports", "report.export", "9.3 GB of reports",
     "Sofia exported 9.3 GB of customer reports; her usual month is 40 MB", 14.4, 58),
    ("aylin", "IAM", "CreateAccessKey", "key for build-agent",
     "Aylin made an access key for build-agent-7, the first by anybody but deploy-bot", 13.1, 55),
    ("yusuf", "Tickets", "ticket.export", "first export",
     "Yusuf exported 1,204 tickets; nobody in Support ever exported any", 12.6, 51),
    ("amir.t", "Reports", "report.view", "payroll folder",
     "Amir opened the payroll folder of another department 214 times", 11.0, 59),
    ("tomas", "EC2", "RunInstances", "region sa-east-1",
     "Tomas started 40 machines in São Paulo, where nobody ever started one", 10.8, 43),
    ("pieter", "Okta", "user.session.start", "Sunday 03:12",
     "Pieter signed in on Sunday at 03:12; in 60 days he never worked at night", 9.7, 40),
    ("noor", "S3", "PutObject", "new bucket", "Noor wrote to a bucket she never used", 9.1, 35),
    ("eva", "Okta", "user.session.start", "new country",
     "Eva signed in from Portugal for the first time", 8.9, 31),
    ("ruben", "Systems Manager", "GetParameter", "12 in a minute",
     "Ruben read 12 parameters in a minute; a week brings 2", 8.2, 22),
    ("lotte", "Reports", "report.export", "first export",
     "Lotte exported a report for the first time", 7.5, 18),
    ("jonas", "Tickets", "ticket.read", "300 in an hour",
     "Jonas read 300 tickets within an hour; his busiest hour had 70", 7.1, 15),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """What one row of the lake is made from."""

    time: datetime
    actor: str
    app: str
    action: str
    target: str
    outcome: str = "success"
    ip: str = "192.168.10.20"
    agent: str = "aws-cli/2.17"
    session: str = ""

    @property
    def record(self) -> str:
        return json.dumps(
            {
                "eventTime": self.time.astimezone(UTC).isoformat(),
                "eventSource": self.app,
                "eventName": self.action,
                "userIdentity": {"type": "IAMUser", "userName": self.actor},
                "sourceIPAddress": self.ip,
                "userAgent": self.agent,
                "requestParameters": {"id": self.target},
                "bigNumber": 12345678901234567890,
            },
            ensure_ascii=False,
        )

    @property
    def event_id(self) -> bytes:
        return hashlib.blake2b(self.record.encode(), digest_size=16).digest()


def group_of(actor: str) -> str:
    return next((g for g, people in PEOPLE.items() if actor in people), "")


def table_of(acts: Sequence[Act]) -> pa.Table:
    """Acts as rows of activity.SCHEMA; what they do not say is null."""
    rows = [
        {
            "event_id": a.event_id,
            "native_id": a.event_id.hex()[:12],
            "time": a.time,
            "received": a.time,
            "late": False,
            "source": "cloudtrail",
            "app": a.app,
            "action": a.action,
            "category": "other",
            "outcome": a.outcome,
            "actor": a.actor,
            "actor_type": "human",
            "session": a.session or f"{a.actor}-{a.time.astimezone(ZONE):%m%d}",
            "target": a.target,
            "count": 1,
            "src_ip": a.ip,
            "device": f"laptop-{a.actor}",
            "user_agent": a.agent,
            "raw": a.record,
            "peer_group": group_of(a.actor) or None,
            "country": "NL",
        }
        for a in acts
    ]
    return pa.Table.from_pylist(rows, schema=activity.SCHEMA)


def ordinary(seed: int = 1) -> Iterator[Act]:
    """Working days of everybody, a little at weekends."""
    draw = random.Random(seed)
    for group, people in PEOPLE.items():
        for actor in people:
            for day in range(DAYS):
                date = FIRST_DAY + timedelta(days=day)
                n = draw.randrange(1, 3) if date.weekday() > 4 else draw.randrange(14, 42)
                if date.weekday() > 4 and draw.random() < 0.6:
                    continue
                for _ in range(n):
                    app = draw.choice(tuple(USUAL[group]))
                    at = date + timedelta(seconds=draw.randrange(8 * 3600, 18 * 3600))
                    yield Act(
                        at,
                        actor,
                        app,
                        draw.choice(USUAL[group][app]),
                        f"thing-{draw.randrange(40)}",
                    )


def bad_hour() -> list[list[Act]]:
    """The acts behind each finding of the first case, in the order of its findings."""
    return [
        [
            Act(
                BAD_HOUR + timedelta(minutes=minutes, seconds=i * apart),
                "bert-jan",
                app,
                action,
                target.format(i=i),
                outcome,
                agent="stratus-red-team/2.17",
                session="AKIA-1",
            )
            for i in range(count)
        ]
        for app, action, _, target, minutes, count, apart, outcome, _ in BAD_ACTS
    ]


def found(
    acts: Sequence[Act], *, detector: str, bits: float, value: str, sentence: str
) -> CaseFinding:
    return CaseFinding(
        finding=Finding(
            detector=detector,
            entity_type="actor",
            entity=acts[0].actor,
            time=acts[-1].time.astimezone(UTC),
            bits=bits + 1.5,
            llr=bits / 2,
            observed=float(len(acts)),
            expected=0.2,
            baseline_n=1204,
            event_ids=tuple(a.event_id.hex() for a in acts),
            attack=("T1555.006",),
            evidence={"value": value, "unit": "act"},
        ),
        bits=bits,
        sentence=sentence,
        would_be_normal="up to 2 a day by deploy-bot, from the address of the build machines",
        first=acts[0].time.astimezone(UTC),
        last=acts[-1].time.astimezone(UTC),
        count=1,
        app=acts[0].app,
        value=value,
    )


def case_of(
    id: str,
    score: float,
    headline: str,
    findings: Sequence[CaseFinding],
    acts: Sequence[Act],
    **more: object,
) -> Case:
    first = min(f.first for f in findings)
    last = max(f.last for f in findings)
    given: dict[str, object] = {
        "summary": "From the usual address, at the usual hour.",
        "tactics": ("initial-access",),
        "baseline_days": 58,
        "baseline_acts": 1204,
        "peer_group": group_of(acts[0].actor),
        "peers": max(0, len(PEOPLE.get(group_of(acts[0].actor), ())) - 1),
        **more,
    }
    return Case(
        id=id,
        rank=1,
        score=score,
        entity_type="actor",
        entity=acts[0].actor,
        start=first,
        end=last,
        headline=headline,
        findings=tuple(findings),
        native_ids=tuple(a.event_id.hex()[:12] for a in acts),
        event_count=len(acts),
        apps=tuple(dict.fromkeys(f.app for f in findings)),
        **given,  # type: ignore[arg-type]  # keywords of Case, by name
    )


def first_case() -> tuple[Case, list[Act]]:
    groups = bad_hour()
    findings = [
        found(
            acts,
            detector=f"cloudtrail.{'rate' if len(acts) > 9 else 'new_action'}",
            bits=bits,
            value=value,
            sentence=f"He called {action} in {app} {len(acts)} times between {acts[0].time:%H:%M} "
            f"and {acts[-1].time:%H:%M}; in 60 days he never had, and his peers do so 0 to 2 times "
            "a week, from the deployment role.",
        )
        for acts, (app, action, value, _, _, _, _, _, bits) in zip(groups, BAD_ACTS, strict=True)
    ]
    acts = [a for group in groups for a in group]
    case = case_of(
        "c-7f3a",
        17.7,
        "Bert-Jan read 60 secrets, switched off audit logging and made two new administrators "
        "within 35 minutes",
        findings,
        acts,
        summary="From his usual address, but with a tool (stratus-red-team) that nobody here had "
        "used before. In 60 days he never read a secret; none of his 6 peers deletes a trail.",
        tactics=("credential-access", "defense-evasion", "persistence", "exfiltration"),
        baseline_days=60,
        baseline_acts=1421,
    )
    return case, acts


def other_cases() -> Iterator[tuple[Case, list[Act]]]:
    for i, (actor, app, action, value, headline, bits, day) in enumerate(OTHERS):
        start = FIRST_DAY + timedelta(days=day, hours=9 + i % 7, minutes=7 * i)
        acts = [
            Act(start + timedelta(seconds=40 * j), actor, app, action, f"{value} {j}")
            for j in range(3 + 5 * i)
        ]
        finding_ = found(
            acts, detector="saas.new_action", bits=bits, value=value, sentence=f"{headline}."
        )
        yield case_of(f"c-{i:04x}", bits, headline, [finding_], acts), acts


def workspace(
    root: Path, *, more: Sequence[tuple[Case, list[Act]]] = (), quiet: bool = False
) -> Config:
    """Writes the story into `root`; `quiet` leaves out whatever stands out."""
    told = [] if quiet else [first_case(), *other_cases(), *more]
    acts = [*ordinary(), *(a for _, some in told for a in some)]
    lake = Lake(str(root / "lake"))
    lake.append(table_of(acts), "story")
    statements = [f.finding for case, _ in told for f in case.findings]
    if quiet:
        statements = [found(acts[:1], detector="x.y", bits=3, value="", sentence="").finding]
    lake.append_findings(findings_table(statements), "story")
    with Casebook(f"sqlite:///{root / 'casebook.sqlite'}") as casebook:
        casebook.save([case for case, _ in told])
    return Config(name="Story", timezone="Europe/Amsterdam")


def findings_table(findings: Sequence[Finding]) -> pa.Table:
    rows = [
        {
            **f.to_dict(),
            "time": f.time,
            "event_ids": [bytes.fromhex(id) for id in f.event_ids],
            "evidence": json.dumps(dict(f.evidence)),
        }
        for f in findings
    ]
    return pa.Table.from_pylist(rows, schema=finding.SCHEMA)
