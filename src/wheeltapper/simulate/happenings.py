"""Happenings: one-off things that are odd and yet in order, as every real place has them.

A bulk export that somebody asked for, a rarely used administrative task, a storm of mistyped
commands. They are not attacks and do not stand in truth.ndjson.
"""

import msgspec

from wheeltapper.simulate import cloud, drive, okta
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import Act, Caller
from wheeltapper.simulate.diary import Calendar, Workday
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.life import Life, local


def happen(lives: list[Life], calendar: Calendar, day: int, journal: Journal) -> None:
    """What is due on this day; each has its person and a day on which that person works."""
    for role, seat, share, what in (
        ("data", 2, 0.7, _export),
        ("itadmin", 1, 0.52, _cleaning),
        ("developer", 3, 0.63, _storm),
        ("developer", 9, 0.38, _storm),
        ("platform", 2, 0.8, _new_bucket_policy),
        ("sales", 6, 0.55, _for_the_journey),
    ):
        life = _nth(lives, role, seat)
        if life is None:
            continue
        for due in range(int(calendar.days * share), calendar.days):
            work = life.diary.workday(due)
            if work is not None and work.end_h - work.begin_h > 6:
                if due == day:
                    chance = Chance(calendar.seed, "happening", what.__name__, seat)
                    at = local(calendar, day, work.city.zone) + 3600 * (
                        work.begin_h + chance.between(1.5, 4.5)
                    )
                    what(life, work, at, day, chance, journal)
                break


def _nth(lives: list[Life], role: str, number: int) -> Life | None:
    found = [life for life in lives if life.person.role.name == role]
    return found[number] if number < len(found) else None


def _caller(life: Life, work: Workday, at: float, day: int, agent: str) -> Caller:
    tasks = life.tasks(life.person.role_on(day).name)
    key = "ASIA" + Chance(life.calendar.seed, "happening", day).hex(16).upper()
    return tasks.caller(key, at - 60, life.console(work).ip, agent)


def _export(
    life: Life, work: Workday, at: float, day: int, chance: Chance, journal: Journal
) -> None:
    """An auditor asked for a year of bookings: hundreds of objects, several gigabytes."""
    caller = _caller(life, work, at, day, life.machines.script(day))
    bucket = cloud.named("bucket", "meridian-lake-archive")
    read, look = Act("s3", "GetObject", "bucket", True), Act("s3", "ListObjects", "bucket", True)
    journal.cloudtrail(at, cloud.record(chance, at, look, bucket, caller, moved=51_200))
    for month in range(12):
        for part in range(30):
            at += 2 + chance.wait(9)
            params = msgspec.Raw(
                b'{"bucketName":"meridian-lake-archive","Host":"meridian-lake-archive.s3.us-east-1.'
                b'amazonaws.com","key":"bookings/month=%02d/part-%05d.parquet"}' % (month + 1, part)
            )
            moved = int(chance.spread(18_000_000, 0.5))
            journal.cloudtrail(
                at, cloud.record(chance, at, read, bucket, caller, params=params, moved=moved)
            )


def _cleaning(
    life: Life, work: Workday, at: float, day: int, chance: Chance, journal: Journal
) -> None:
    """The yearly tidying-up of keys and groups."""
    caller = _caller(life, work, at, day, life.machines.browser(day).raw)
    for n in range(14):
        user = cloud.thing(life.calendar.seed, f"developer-{1 + n % 4}", "user", n)
        for name, read in (("ListAccessKeys", True), ("GetAccessKeyLastUsed", True),
                           ("UpdateAccessKey", False)):  # fmt: skip
            at += 3 + chance.wait(12)
            journal.cloudtrail(
                at, cloud.record(chance, at, Act("iam", name, "user", read), user, caller)
            )
    peer = okta.client(life.machines.browser(day), life.web(work))
    session = "102" + chance.hex(20)
    who = okta.actor(life.person.okta_id, life.person.email, life.person.name)
    for n in range(9):
        at += 10 + chance.wait(30)
        group = okta.group(f"Legacy {n + 1}")
        journal.system_log(
            at, okta.event(chance, at, who, peer, "group.user_membership.remove", session=session,
                           targets=(okta.account(life.person), group), uri="/api/v1/groups"),
        )  # fmt: skip


def _storm(
    life: Life, work: Workday, at: float, day: int, chance: Chance, journal: Journal
) -> None:
    """A loop in a shell with the wrong name in it, started again before it is understood."""
    act = chance.pick((Act("lambda", "GetFunctionConfiguration20150331v2", "function", True),
                       Act("dynamodb", "DescribeTable", "table", True)))  # fmt: skip
    caller = _caller(life, work, at, day, life.machines.cli(day, f"{act.service}.describe"))
    for n in range(chance.below(40) + 50):
        at += 0.6 + chance.wait(0.5) + (60 if n == 30 else 0)
        gone = cloud.named(act.kind, f"bookign-{n % 12}")
        error = cloud.missing(act, gone)
        journal.cloudtrail(at, cloud.record(chance, at, act, gone, caller, error=error))


def _new_bucket_policy(
    life: Life, work: Workday, at: float, day: int, chance: Chance, journal: Journal
) -> None:
    """A partner gets access to a bucket, as a ticket asks: never done before by this person."""
    caller = _caller(life, work, at, day, life.machines.cli(day, "s3api.put-bucket-policy"))
    bucket = cloud.named("bucket", "meridian-partner-drop")
    for name, read in (
        ("CreateBucket", False),
        ("GetBucketPolicy", True),
        ("PutBucketPolicy", False),
        ("GetBucketPolicy", True),
        ("PutBucketLifecycle", False),
    ):
        at += 20 + chance.wait(60)
        journal.cloudtrail(
            at, cloud.record(chance, at, Act("s3", name, "bucket", read), bucket, caller)
        )


def _for_the_journey(
    life: Life, work: Workday, at: float, day: int, chance: Chance, journal: Journal
) -> None:
    """Everything about a customer is taken along: no network on the train."""
    for number in range(48):
        at += 2 + chance.wait(5)
        about = drive.document(life.calendar.seed, life.person.team_name, number)
        ip = life.web(work).ip
        journal.drive_log(at, drive.record(chance, at, life.person, ip, "download", about))
