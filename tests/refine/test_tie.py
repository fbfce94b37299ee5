"""Ties as a reader would draw them on paper, over a lake of few acts."""

from datetime import timedelta

import duckdb
import polars as pl
import pytest

from wheeltapper.refine.tie import MOST_FRESH, MOST_MADE, MOST_TOGETHER, ties
from wheeltapper.testing import MONDAY, activities, activity

DAY = 40
"""The day of the stories; what comes before is history."""


class Lake:
    """Acts in memory, asked as the store is."""

    def __init__(self, rows):
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.register("activities", activities(rows))

    def sql(self, text, *, tables=None):
        for name, table in (tables or {}).items():
            self._connection.register(name, table)
        return self._connection.sql(text).to_arrow_table()


def story(span, entity, *, kind="actor", hours=(0, 2), evidence=8.0):
    start = MONDAY + timedelta(days=DAY, hours=hours[0])
    end = MONDAY + timedelta(days=DAY, hours=hours[1])
    return (kind, entity, span, start, end, evidence)


def tied(rows, stories, targets=()):
    frame = pl.DataFrame(
        stories,
        schema={
            "entity_type": pl.String, "entity": pl.String, "span": pl.UInt32,
            "start": pl.Datetime("us", "UTC"), "end": pl.Datetime("us", "UTC"),
            "evidence": pl.Float64,
        },
        orient="row",
    )  # fmt: skip
    findings = pl.DataFrame(
        [(span, target, MONDAY + timedelta(days=DAY, hours=1)) for span, target in targets],
        schema={"span": pl.UInt32, "target": pl.String, "time": pl.Datetime("us", "UTC")},
        orient="row",
    )
    return ties(Lake(rows), frame, findings).rows()


def now(actor, minutes=60, **columns):
    return activity(actor, days=DAY, minutes=minutes, **columns)


TWO = [story(1, "ana"), story(2, "kim")]


def test_one_session_of_two_accounts():
    rows = [now("ana", session="s"), now("kim", session="s"), now("lee", session="s")]
    assert tied(rows, TWO) == [(1, 2, "session", "s")]


def test_a_key_that_lives_for_months_ties_only_what_is_near():
    rows = [now("ana", session="key"), activity("ana", days=3, session="key")]
    far = [story(1, "ana"), story(2, "ana", hours=(-24 * 37, -24 * 37 + 2))]
    assert tied(rows, far) == []


MAKES = {"category": "account_change", "action": "CreateUser"}


@pytest.mark.parametrize("target", ["svc", "arn:aws:iam::1:user/svc"])
def test_who_makes_an_account_is_tied_to_what_it_does(target):
    rows = [now("ana", target=target, **MAKES), now("svc", minutes=90)]
    assert tied(rows, [story(1, "ana"), story(2, "svc", hours=(1.5, 3))]) == [(1, 2, "made", "svc")]


def test_who_makes_accounts_every_week_is_not():
    before = [activity("ana", days=i, target=f"joiner {i}", **MAKES) for i in range(MOST_MADE + 1)]
    rows = [*before, now("ana", target="svc", **MAKES), now("svc", minutes=90)]
    assert tied(rows, [story(1, "ana"), story(2, "svc", hours=(1.5, 3))]) == []


def test_what_an_account_did_before_it_was_changed_is_not_tied_to_it():
    rows = [now("kim", minutes=1), now("ana", minutes=90, target="kim", **MAKES)]
    assert tied(rows, [story(1, "ana"), story(2, "kim", hours=(0, 1))]) == []


def test_a_change_that_was_refused_ties_nothing():
    rows = [now("ana", target="svc", outcome="failure", **MAKES), now("svc", minutes=90)]
    assert tied(rows, [story(1, "ana"), story(2, "svc", hours=(1.5, 3))]) == []


ABROAD = {"src_ip": "198.51.100.7"}


def test_two_accounts_that_come_from_the_same_new_address():
    rows = [now("ana", **ABROAD), now("kim", **ABROAD)]
    assert tied(rows, TWO) == [(1, 2, "address", "198.51.100.7")]
    about_it = [story(1, "ana"), story(3, "198.51.100.7", kind="src_ip")]
    assert tied(rows, about_it) == [(1, 3, "address", "198.51.100.7")]


def test_an_address_that_one_of_them_always_had_ties_nothing():
    rows = [activity("kim", days=2, **ABROAD), now("ana", **ABROAD), now("kim", **ABROAD)]
    assert tied(rows, TWO) == []


def test_a_new_office_ties_nobody():
    people = [f"p{i}" for i in range(MOST_FRESH + 1)]
    rows = [now(p, **ABROAD) for p in people]
    assert tied(rows, [story(i, p) for i, p in enumerate(people)]) == []


def test_a_machine_and_who_is_on_it_for_the_first_time():
    rows = [now("ana", device="pc-9"), activity("kim", days=1, device="pc-9"),
            now("kim", device="pc-9")]  # fmt: skip
    stories = [*TWO, story(3, "pc-9", kind="device")]
    assert tied(rows, stories) == [(1, 3, "machine", "pc-9")]


def test_a_thing_that_hardly_anybody_touches():
    rows = [now("ana", target="zlib.c"), now("kim", target="zlib.c")]
    assert tied(rows, TWO, [(1, "zlib.c"), (2, "zlib.c")]) == [(1, 2, "target", "zlib.c")]


def test_a_thing_that_is_daily_work_ties_nobody():
    team = [activity(f"p{i}", days=DAY - 5, target="zlib.c") for i in range(5)]
    rows = [*team, now("ana", target="zlib.c"), now("kim", target="zlib.c")]
    assert tied(rows, TWO, [(1, "zlib.c"), (2, "zlib.c")]) == []


def test_something_new_for_all_ties_nobody():
    people = [f"p{i}" for i in range(MOST_TOGETHER + 1)]
    rows = [now(p, target="new app") for p in people]
    stories = [story(i, p) for i, p in enumerate(people)]
    assert tied(rows, stories, [(i, "new app") for i in range(len(people))]) == []


def test_two_stories_that_say_little_are_not_tied():
    rows = [now("ana", session="s"), now("kim", session="s", src_ip="198.51.100.7")]
    slight = [story(1, "ana", evidence=1.0), story(2, "kim", evidence=1.0)]
    assert tied(rows, slight) == []
    assert tied(rows, [story(1, "ana"), story(2, "kim", evidence=0.0)]) == []


SLIGHT = [story(1, "ana"), story(2, "kim", evidence=0.5, hours=(0, 6))]


def test_who_hardly_says_anything_belongs_to_the_session_it_acted_in():
    rows = [now("ana", session="s"), now("kim", session="s")]
    assert tied(rows, SLIGHT) == [(1, 2, "session", "s")]
    assert tied([now("ana", session="s"), now("kim", session="other")], SLIGHT) == []


def test_who_hardly_says_anything_belongs_to_who_made_it():
    rows = [now("ana", minutes=30, target="kim", **MAKES), now("kim")]
    later = [story(1, "ana"), story(2, "kim", evidence=0.5, hours=(1, 3))]
    assert tied(rows, later) == [(1, 2, "made", "kim")]


def test_what_undoes_an_act_or_does_it_again_belongs_to_it():
    """A change, its revert and the same change again: little of it is odd in itself."""
    rows = [now("ana", target="zlib.c"), now("kim", minutes=120, target="zlib.c"),
            now("kim", minutes=300, target="zlib.c")]  # fmt: skip
    touched = [(1, "zlib.c"), (2, "zlib.c")]
    assert tied(rows, SLIGHT, touched) == [(1, 2, "target", "zlib.c")]
    busy = [now("kim", minutes=100 + i, target=f"other {i}") for i in range(3)]
    assert tied([*rows, *busy], SLIGHT, touched) == []  # it was half a day's work on other things


def test_who_was_refused_has_not_come():
    refused = [now(f"p{i}", outcome="failure", **ABROAD) for i in range(MOST_FRESH + 1)]
    rows = [*refused, now("kim", minutes=70, **ABROAD)]
    stories = [story(1, "p0"), story(2, "kim"), story(3, "198.51.100.7", kind="src_ip")]
    assert tied(rows, stories) == [(2, 3, "address", "198.51.100.7")]


def test_an_application_and_the_address_that_it_refused_most_often():
    from_there = [now(f"p{i}", app="Okta", outcome="failure", **ABROAD) for i in range(6)]
    others = [now(f"q{i}", app="Okta", outcome="failure", src_ip="192.0.2.1") for i in range(4)]
    stories = [story(1, "Okta", kind="app"), story(2, "198.51.100.7", kind="src_ip")]
    assert tied([*from_there, *others], stories) == [(1, 2, "refused", "198.51.100.7")]
    assert tied([*from_there, *others, *[now(f"r{i}", app="Okta", outcome="failure")
                                         for i in range(4)]], stories) == []  # fmt: skip


def test_an_application_is_no_account_that_a_session_belongs_to():
    rows = [now("ana", app="Okta", session="s"), now("kim", app="Okta", session="t")]
    assert tied(rows, [*TWO, story(3, "Okta", kind="app")]) == []


def test_a_history_of_years_makes_nothing_less_rare():
    long_ago = [activity(f"p{i}", days=-400 * i, target="zlib.c") for i in range(9)]
    rows = [*long_ago, now("ana", target="zlib.c"), now("kim", target="zlib.c")]
    assert tied(rows, TWO, [(1, "zlib.c"), (2, "zlib.c")]) == [(1, 2, "target", "zlib.c")]


def test_one_hand_in_four_applications_is_one_chain():
    """A stolen session, the address that it came from, a user that was made, a host."""
    rows = [
        now("sal", app="Okta", session="s", **ABROAD), now("sal", app="Drive", **ABROAD),
        now("dev", minutes=80, app="IAM", target="arn:aws:iam::1:user/svc", **MAKES, **ABROAD),
        now("dev", minutes=85, app="sshd", device="db-1", **ABROAD),
        now("svc", minutes=600, app="Secrets Manager", src_ip="203.0.113.9"),
    ]  # fmt: skip
    stories = [story(1, "sal"), story(2, "dev"), story(3, "svc", hours=(10, 11), evidence=0.4)]
    assert tied(rows, stories) == [(1, 2, "address", "198.51.100.7"), (2, 3, "made", "svc")]


def test_no_stories_and_hostile_names():
    assert tied([], []) == []
    name = "' or 1=1 --\x00<b>"
    rows = [now(name, session="s"), now("kim", session="s")]
    assert tied(rows, [story(1, name), story(2, "kim")]) == [(1, 2, "session", "s")]
