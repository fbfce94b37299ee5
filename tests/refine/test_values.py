from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine import values

CODES = values.Codes.load()
ZONE = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("country", "NG", "Nigeria"),
        ("country", "nl", "the Netherlands"),
        ("country", "ZZ", "ZZ"),
        ("utc_offset", 120, "+02:00"),
        ("utc_offset", "-210", "-03:30"),
        ("hour_of_week", 3, "Monday 03:00–04:00"),
        ("hour_of_week", 167, "Sunday 23:00–00:00"),
        ("hour_of_week", 168 + 3 * 24 + 10, "Thursday 10:00–11:00, a day off"),
        ("ua_kind", "cli", "a command-line tool"),
        ("ip_class", "tor", "the Tor network"),
        ("category", "account_change", "account changes"),
        ("bytes", 9_300_000_000, "9.3 GB"),
        ("duration", 1200, "20 minutes"),
        ("count", 1234567, "1,234,567"),
        ("asn", 12345, "AS12345"),
        ("workday", False, "a day off"),
        ("city", "Lagos", "Lagos"),
        ("city", None, "unknown"),
        ("city", "\u202e", "(unreadable)"),
        ("time", datetime(2023, 7, 10, 2, 5, tzinfo=UTC), "Sun 9 Jul 2023, 22:05"),
    ],
)
def test_values_in_words(column, value, said):
    assert CODES.value(column, value, ZONE) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (90, "1 minute 30 seconds"),
        (3599, "60 minutes"),
        (6000, "1 hour 40 minutes"),
        (7199, "2 hours"),
        (86399, "24 hours"),
        (143 * 86400, "143 days"),
    ],
)
def test_durations(seconds, said):
    assert values.duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (999_999, "1.0 MB"), (4e7, "40 MB")],
)
def test_sizes(count, said):
    assert values.size(count) == said


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        ("arn:aws:s3:::customer-reports", "customer-reports"),
        ("arn:aws:iam::012345678901:user/kim", "kim"),
        ("arn:aws:iam::012345678901:role/team/deploy", "team/deploy"),
        ("arn:aws:secretsmanager:us-east-1:0123:secret:prod/db-x", "prod/db-x"),
        ("arn:aws:rds:us-east-1:0123:db:shop", "shop"),
        ("arn:aws:s3:::bucket/folder/file.csv", "folder/file.csv"),
        ("prod/db", "prod/db"),
        ("arn:aws:x", "arn:aws:x"),
    ],
)
def test_names_of_resources(arn, said):
    assert values.name(arn) == said


@given(st.text(max_size=300), st.integers(2, 60))
def test_cleaned_text_is_short_and_stays_as_it_is(text, longest):
    once = values.clean(text, longest)
    assert len(once) <= longest
    assert values.clean(once, longest) == once


@given(
    st.floats() | st.integers(-(10**30), 10**30),
    st.sampled_from(["bytes", "duration", "asn", "utc_offset", "hour_of_week", "count"]),
)
def test_every_number_is_said(value, column):
    assert CODES.value(column, value, ZONE)
