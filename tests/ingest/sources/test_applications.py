"""Application logs that are one TOML file each, held against what they should become."""

import re
from collections import Counter

import pytest

SOURCES = [
    "asana",
    "auth0",
    "crowdstrike",
    "databricks",
    "dropbox",
    "gcp",
    "generic_json",
    "kubernetes",
    "notion",
    "okta",
    "slack",
    "snowflake",
    "teleport",
    "zoom",
]


@pytest.mark.parametrize("source", SOURCES)
def test_records(golden, source):
    golden(source)


def test_of_all_application_logs_only_what_has_no_time_is_rejected(counted, shared):
    found, rejects = counted(shared / "data" / "saas")
    assert sum(found.values()) + len(rejects) == 1248
    assert set(SOURCES) < set(found)
    assert Counter(r.reason.startswith("has no time") for r in rejects) == {True: len(rejects)}
    # No field of theirs is the time of the act.
    when = re.compile(r'"(?:eventTime|published|created_at|date_create|date)": "20\d\d-')
    assert not [r.raw for r in rejects if when.search(r.raw)]
