"""Objects: what is fetched from storage in ordinary work, as CloudTrail's data events tell it.

Scripts of data scientists walk over a few files of a data set, now and then over many; engineers
look into one. How many and how large is heavy-tailed: a habit of megabytes, days of gigabytes.
"""

import msgspec

from wheeltapper.simulate import cloud
from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import Act, Caller, Thing
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.life import Life, local

_GET, _LIST, _PUT = (
    Act("s3", "GetObject", "bucket", True),
    Act("s3", "ListObjects", "bucket", True),
    Act("s3", "PutObject", "bucket", False),
)
_USUAL = {"data": 2.2, "platform": 0.35, "developer": 0.25, "security": 0.1}
"""Times a working day."""
_MOST = 400


def fetch(life: Life, day: int, journal: Journal) -> None:
    """What somebody fetches on one local day."""
    work = life.diary.workday(day)
    role = life.person.role_on(day)
    if work is None or role.name not in _USUAL:
        return
    seed, number = life.calendar.seed, life.person.number
    chance = Chance(seed, "objects", number, day)
    tasks = life.tasks(role.name)
    own = Chance(seed, "data sets", number)
    habit = own.spread(1_500_000, 1.2)
    for _ in range(chance.count(_USUAL[role.name] * life.pace)):
        at = local(life.calendar, day, work.city.zone) + 3600 * chance.between(
            work.begin_h + 0.1, max(work.begin_h + 0.2, work.end_h - 0.2)
        )
        key = "ASIA" + chance.hex(16).upper()
        caller = tasks.caller(key, at - 60, life.console(work).ip, life.machines.script(day))
        bucket = cloud.thing(seed, life.person.team_name, "bucket", chance.rank(5))
        if chance.yes(0.4):
            journal.cloudtrail(at, cloud.record(chance, at, _LIST, bucket, caller, moved=9_000))
        for part in range(1 + chance.rank(_MOST, 1.6)):
            at += 0.3 + chance.wait(3)
            journal.cloudtrail(at, one(chance, at, _GET, bucket, caller, part, habit))


def one(
    chance: Chance, at_s: float, act: Act, bucket: Thing, caller: Caller, part: int, median: float
) -> bytes:
    """The record of moving one object."""
    params = msgspec.json.encode(
        {
            "bucketName": bucket.id,
            "Host": f"{bucket.id}.s3.{cloud.REGION}.amazonaws.com",
            "key": f"data/part-{part:05}-{chance.hex(8)}.parquet",
        }
    )
    return cloud.record(chance, at_s, act, bucket, caller, params=msgspec.Raw(params),
                        moved=int(chance.spread(median, 1.0)))  # fmt: skip


def stream(caller: Caller, seed: int, at: float, chance: Chance, journal: Journal) -> None:
    """What the pipeline reads and writes in one of its hours."""
    lake = cloud.thing(seed, "data-1", "bucket", 0)
    for part in range(4 + chance.below(5)):
        at += 0.5 + chance.wait(2)
        act = _PUT if part % 4 == 3 else _GET
        journal.cloudtrail(at, one(chance, at, act, lake, caller, part, 6_000_000))
