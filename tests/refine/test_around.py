"""What else was done, told by its distance; and from where."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.around import as_whom, lines, where_from
from wheeltapper.refine.looked_up import AFTER, BEFORE, MEANWHILE
from wheeltapper.refine.words import Vocabulary

from .grammar import obeyed, slips
from .told_acts import TIME

WORDS = Vocabulary.load()
END = TIME + timedelta(minutes=35)


def act(phase, action, minutes, n=1, **more):
    """`minutes` from the story's start."""
    time = TIME + timedelta(minutes=minutes)
    return {
        "phase": phase, "source": "aws_cloudtrail", "app": "secretsmanager.amazonaws.com",
        "action": action, "outcome": "success", "reason": None, "n": n, "targets": n,
        "target": "prod/db", "first": time, "last": time, **more,
    }  # fmt: skip


def said(*acts):
    return lines(acts, TIME, END, WORDS)


def test_before_meanwhile_and_after_in_the_order_of_time():
    assert said(
        act(AFTER, "DeleteSecret", 47),
        act(MEANWHILE, "ListSecrets", 3, n=14),
        act(BEFORE, "DescribeSecret", -3),
        act(BEFORE, "GetSecretValue", -12, n=2),
    ) == (
        "in the 12 minutes before: read 2 secrets and looked up the details of the secret prod/db",
        "meanwhile: listed the secrets 14 times",
        "in the 12 minutes after: deleted the secret prod/db",
    )


def test_of_many_kinds_what_can_hurt_most_is_told_and_the_rest_is_counted():
    kinds = ["DescribeSecret", "GetSecretValue", "ListSecrets", "DeleteSecret", "PutSecretValue"]
    (line,) = said(*(act(MEANWHILE, kind, n) for n, kind in enumerate(kinds)))
    assert "the details" not in line
    assert line.endswith(" and 1 other act")


def test_what_is_called_the_same_is_put_together():
    (line,) = said(
        act(MEANWHILE, "GetSecretValue", 1, n=2), act(MEANWHILE, "getsecretvalue", 2, n=3)
    )
    assert line == "meanwhile: read 5 secrets"


@pytest.mark.parametrize(
    ("minutes", "label"), [(0.2, "minute"), (12, "12 minutes"), (54.5, "hour"), (60, "hour")]
)
def test_how_long_before(minutes, label):
    assert said(act(BEFORE, "GetSecretValue", -minutes))[0].startswith(f"in the {label} before: ")


def test_nothing_around_is_no_line():
    assert said() == ()


def place(ip, n=1, days=0, country=None, *, known=True):
    return {"src_ip": ip, "country": country, "n": n, "days": days, "known": known}


def test_from_where_new_addresses_first():
    places = [place("192.0.2.1", 9, days=12, country="NL"), place("203.0.113.9", country="NG")]
    assert where_from(places, WORDS) == (
        "From 203.0.113.9 (Nigeria, never used before) and "
        "192.0.2.1 (the Netherlands, used on 12 days before)."
    )
    assert where_from([place("192.0.2.1", days=1)], WORDS) == (
        "From 192.0.2.1 (used on 1 day before)."
    )
    assert where_from([place("192.0.2.1", known=False)], WORDS) == "From 192.0.2.1."
    assert where_from([], WORDS) == ""
    many = [place(f"192.0.2.{n}") for n in range(5)]
    assert where_from(many, WORDS).endswith(" and 2 other addresses.")


def test_as_whom_an_address_acted():
    names = [{"actor": name} for name in ("kim.lee@example.org", "ana", "ben", "cy", "di")]
    assert as_whom(names) == "As Kim Lee, ana, ben and 2 others."
    assert as_whom(names[:1]) == "As Kim Lee."
    assert as_whom([]) == ""


@given(st.text(), st.text(), st.text(), st.integers(0, 10**9))
def test_no_text_of_a_log_breaks_a_line(action, target, ip, n):
    told = [
        *said(act(BEFORE, action, -1, n, target=target, app=target, source=target)),
        where_from([place(ip, country=target or None)], WORDS),
        as_whom([{"actor": target}]),
    ]
    for line in told:
        assert not obeyed(line)
        assert len(line) < 600


def test_lines_read_well():
    for line in said(*(act(MEANWHILE, "GetSecretValue", n, n=n) for n in range(1, 4))):
        assert slips(line) == []
