"""A lake in an object store answers as one in a folder does, to the last row."""

import random
from datetime import timedelta

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from rows import START, activities, event_id

from object_store import ObjectStore
from wheeltapper import finding
from wheeltapper.errors import WheeltapperError
from wheeltapper.store import Lake
from wheeltapper.store.delta import Unreachable

DAY = 86_400
HOUR = timedelta(hours=1)


def batches():
    """Three days of acts in disorder, some told twice, some of one moment, with odd texts."""
    draw = random.Random(1)
    seconds = [draw.randrange(3 * DAY) for _ in range(300)] * 2
    draw.shuffle(seconds)
    seconds[:4] = [7.000001, 7.000001, 7.000002, DAY - 0.000001]
    names = [*"abcd", *(f"{second}" for second in seconds[4:])]
    actors = [draw.choice(["ana", "bo'; --", "π\n", None]) for _ in seconds]
    for at in range(0, len(seconds), 150):
        part = slice(at, at + 150)
        yield activities(
            seconds[part], names=names[part], actor=actors[part],
            raw=['{"a": "' + "x" * 500 + '"}'] * len(seconds[part]),
        )  # fmt: skip


def findings(step):
    return pa.Table.from_pylist(
        [
            {
                "detector": f"a.{second % 2}", "entity_type": "actor", "entity": f"o'{second}",
                "time": START + timedelta(seconds=second + step), "bits": 3.0,
                "event_ids": [event_id(second)], "attack": ["T1"], "evidence": "{}",
            }
            for second in range(5)
        ],
        schema=finding.SCHEMA,
    )  # fmt: skip


@pytest.fixture
def lakes(bucket, tmp_path):
    """One in a folder, one in an object store."""
    return Lake(str(tmp_path / "lake")), Lake(f"{bucket}/below/lake")


def both(lakes, asked):
    near, far = (asked(lake) for lake in lakes)
    assert far == near
    return far


def listed(table):
    return table.schema, table.to_pylist()


def filled(lakes):
    for number, table in enumerate(batches()):
        assert both(lakes, lambda lake, n=number, t=table: lake.append(t, f"batch {n}")) > 0
    return lakes


def test_what_is_appended_is_there_once(lakes, bucket, object_store):
    assert both(lakes, lambda lake: lake.span()) == (None, None, 0)
    filled(lakes)
    written = object_store.keys(bucket)
    for number, table in enumerate(batches()):
        assert both(lakes, lambda lake, n=number, t=table: lake.append(t, f"batch {n}")) == 0
        assert both(lakes, lambda lake, t=table: lake.append(t, "another")) == 0
    assert object_store.keys(bucket) == written
    assert any(key.startswith("below/lake/activities/day=2023-07-12/") for key in written)


def test_it_is_read_as_in_a_folder(lakes):
    filled(lakes)
    since, until = START + 5 * HOUR, START + 40 * HOUR
    ids = [event_id("a"), event_id("d"), event_id("nobody")]
    text = "select actor, count(*) n from activities group by all order by all"
    asks = {
        "activities": lambda lake: listed(lake.activities()),
        "some": lambda lake: listed(
            lake.activities(
                since=since, until=until, where="actor = ?", params=["bo'; --"], columns=["time"]
            )
        ),
        "scan": lambda lake: listed(pa.concat_tables(lake.scan(rows=100))),
        "coded": lambda lake: [
            row
            for table in lake.scan(since, until, 100, ["actor", "time"], dictionary=True)
            for row in table.to_pylist()
        ],
        "windows": lambda lake: lake.windows(),
        "window": lambda lake: listed(
            lake.window(lake.windows()[0][0] + 7_000_000, lake.windows()[0][1], ["actor", "raw"])
        ),
        "events": lambda lake: listed(lake.events(ids, START, START + 24 * HOUR)),
        "sql": lambda lake: listed(lake.sql(text)),
        "sql of a time": lambda lake: listed(
            lake.sql("select count(*) from activities where time < $1", [until], until=until)
        ),
        "span": lambda lake: lake.span(),
        "days": lambda lake: lake.days(),
    }  # fmt: skip
    near, far = ({name: ask(lake) for name, ask in asks.items()} for lake in lakes)
    assert far == near
    assert len(near["activities"][1]) > 280
    assert len(near["events"][1]) == 2


def test_windows_of_few_rows_hold_everything_once_and_in_order(lakes):
    """Their edges differ: a file in an object store is not opened to cut it."""
    _, far = filled(lakes)
    windows = far.windows(rows=40)
    assert len(windows) > 3
    parts = [far.window(first, last, ["event_id"]) for first, last in windows]
    ids = [one for part in parts for one in part["event_id"].to_pylist()]
    assert ids == far.activities(columns=["event_id"])["event_id"].to_pylist()


def test_findings_of_a_step_are_there_once_and_can_be_taken_back(lakes):
    steps = ["s'1", "s'2", "s'3"]
    for number, step in enumerate(steps * 2):
        for lake in lakes:
            lake.append_findings(findings(number % 3), step)
    assert both(lakes, lambda lake: lake.findings().num_rows) == 15
    some = {"since": START + timedelta(seconds=2), "detector": "a.0", "entity": "o'2"}
    assert both(lakes, lambda lake: lake.findings(**some).num_rows) == 3
    for lake in lakes:
        lake.drop_findings(after="s'1")
        lake.append_findings(findings(9), "s'2")
    assert both(lakes, lambda lake: listed(lake.findings()))[1][-1]["entity"] == "o'4"
    for lake in lakes:
        lake.replace_findings()
        lake.append_findings(findings(9), "s'2")
    assert both(lakes, lambda lake: listed(lake.findings()))[1][0]["entity"] == "o'0"


@pytest.mark.slow
def test_small_files_are_put_together_and_the_old_ones_removed(lakes, bucket, object_store):
    for number in range(12):  # more than ten commits: the log has a checkpoint
        for lake in lakes:
            lake.append(activities([number, number + 20], actor=["ana", None]), f"{number}")
    before = both(lakes, lambda lake: listed(lake.activities()))
    assert both(lakes, lambda lake: lake.compact(kept_hours=0)) == 1
    assert both(lakes, lambda lake: listed(lake.activities())) == before
    keys = object_store.keys(bucket)
    assert sum(key.endswith(".parquet") and "day=" in key for key in keys) == 1
    assert any(key.endswith(".checkpoint.parquet") for key in keys)
    assert both(lakes, lambda lake: lake.append(activities([3]), "3")) == 0


@pytest.mark.slow
def test_findings_in_many_small_files_are_put_together(bucket, object_store):
    lake = Lake(bucket)
    for number in range(34):
        lake.append_findings(findings(number), f"{number:02}")
    before = lake.findings()
    lake.compact(kept_hours=0)
    assert lake.findings().equals(before)
    parts = [k for k in object_store.keys(bucket) if k.startswith("findings/part")]
    assert len(parts) == 1


def test_who_writes_to_an_older_version_undoes_nothing(bucket):
    """Two at the very same moment are not tried: moto looks and writes in two steps."""
    Lake(bucket).append_findings(findings(0), "first")
    slower = DeltaTable(f"{bucket}/findings")
    Lake(bucket).append_findings(findings(1), "second")
    third = findings(2).append_column("step", pa.array(["third"] * 5))
    write_deltalake(slower, third, mode="append")
    assert Lake(bucket).findings().num_rows == 15


def test_keys_that_are_wrong_are_told(bucket, object_store):
    with object_store.guarded(), pytest.raises(Unreachable, match="InvalidAccessKeyId"):
        Lake(bucket).append(activities([1]), "one")
    assert Lake(bucket).append(activities([1]), "one") == 1


def test_a_bucket_that_is_not_there_is_told(object_store):
    lake = Lake("s3://nobody/lake")
    for asked in (lake.span, lake.findings, lambda: lake.append(activities([1]), "one")):
        with pytest.raises(Unreachable, match="NoSuchBucket") as told:
            asked()
        assert isinstance(told.value, OSError)  # whoever follows tries again
        said = str(told.value)
        assert said.startswith("s3://nobody/lake/")
        assert "AWS_ENDPOINT_URL" in said
        assert said.isprintable()


def test_a_file_that_is_lost_is_told_by_whoever_reads_it(bucket, object_store):
    lake = Lake(f"{bucket}/lake")
    for day in range(3):
        lake.append(activities(range(day * DAY, day * DAY + 300)), f"{day}")
    lake.append_findings(findings(0), "one")
    scanned = lake.scan(rows=300)
    assert next(scanned).num_rows == 300
    object_store.lose(bucket, ".parquet")
    for asked in (
        lambda: list(scanned),
        lambda: lake.window(0, 2**62, ["raw"]),
        lambda: lake.append(activities(range(200, 400)), "four"),
        lambda: lake.sql("select max(raw) from activities"),
        lambda: lake.drop_findings(after=""),
        lake.activities,
        lake.findings,
        lake.span,
    ):
        with pytest.raises(Unreachable, match=r"lake/.*parquet: not found") as told:
            asked()
        assert str(told.value).isprintable()
    with pytest.raises(duckdb.BinderException):  # what is wrong with a query is told as ever
        lake.sql("select nothing_such from activities")


def test_a_store_that_goes_away_while_it_is_read_is_told(tmp_path, monkeypatch):
    store = ObjectStore(tmp_path)
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    store.start()
    try:
        lake = Lake(f"{store.bucket()}/lake")
        for day in range(3):
            lake.append(activities(range(day * DAY, day * DAY + 300)), f"{day}")
        scanned = lake.scan(rows=300)
        assert next(scanned).num_rows == 300
    finally:
        store.stop()
    with pytest.raises(Unreachable, match="the same again, nothing is lost"):
        list(scanned)


def test_a_store_that_is_away_or_not_known_is_told(object_store, monkeypatch, tmp_path):
    never = ObjectStore(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", never.address)
    with pytest.raises(WheeltapperError, match="Connection refused"):
        Lake("s3://bucket/lake").span()
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(WheeltapperError, match="scheme is not allowed"):
        Lake("s3://bucket/lake").span()
    with pytest.raises(WheeltapperError, match="Unknown scheme: tea"):
        Lake("tea://bucket/lake").append(activities([1]), "one")


def test_its_files_cannot_be_linked(bucket, tmp_path):
    lake = Lake(bucket)
    lake.append(activities([1]), "one")
    with pytest.raises(WheeltapperError, match="cannot be linked; copy the lake"):
        lake.laid_under(str(tmp_path / "above"))
