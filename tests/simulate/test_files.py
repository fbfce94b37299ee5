"""Files lie where each system puts them, and hold nothing of the moment they were written in."""

import csv
import io
import re

from wheeltapper.simulate.files import COLUMNS, pack


def test_cloudtrail_lies_as_a_trail_delivers_it(small):
    paths = [str(p.relative_to(small.summary.logs)) for p in small.summary.logs.rglob("*.json.gz")]
    shape = re.compile(
        r"AWSLogs/111122223333/CloudTrail/us-east-1/\d{4}/\d\d/\d\d/"
        r"111122223333_CloudTrail_us-east-1_\d{8}T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz"
    )
    assert paths
    assert all(shape.fullmatch(path) for path in paths)


def test_packed_data_carries_no_time():
    assert pack(b"x")[4:8] == b"\0\0\0\0"


def test_the_directory_has_the_columns_that_enrich_reads(small):
    rows = list(csv.DictReader(io.StringIO(small.directory)))
    assert tuple(rows[0]) == COLUMNS
    shared = [r for r in rows if r["role"] == "Shared account"]
    people = [r for r in rows if r["actor_type"] == "human" and r not in shared]
    assert (len(people), len(shared), len(rows)) == (60, 1, 68)
    known = {r["actor"] for r in rows}
    assert all(r["manager"] in known for r in people if r["manager"])
    assert sum(not r["manager"] for r in people) <= 10


def test_every_name_in_the_logs_is_in_the_directory(small):
    names = set()
    for row in csv.DictReader(io.StringIO(small.directory)):
        names |= {row["actor"], *row["aliases"].split(";")}
    spliced = {id for t in small.truth for id in t["native_ids"]}
    for r in small.cloudtrail:
        who = r["userIdentity"]
        if r["eventID"] in spliced or who["type"] == "AWSService":
            continue
        assert (who.get("userName") or who["arn"].split("/")[-1]) in names
    assert {r["actor"]["alternateId"] for r in small.okta} <= names
    accepted = {
        re.search(r"Accepted \S+ for (\S+)", line)[1]
        for lines in small.hosts.values()
        for line in lines
        if "Accepted" in line
    }
    assert accepted <= names
