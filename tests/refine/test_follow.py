"""What accounts did of whom nobody said anything, over a lake of few acts."""

from datetime import timedelta

import polars as pl
import pytest

from wheeltapper.refine.follow import follow
from wheeltapper.refine.tie import MOST_FRESH, MOST_MADE
from wheeltapper.testing import MONDAY, activity

from .test_tie import ABROAD, DAY, MAKES, Lake, now

BEGUN = MONDAY + timedelta(days=DAY)


def followed(rows, *members):
    """`(own_entity, why, acts)` of a case about these, each `(kind, entity)`."""
    (kind, entity), *_ = members
    findings = pl.DataFrame(
        [
            {"entity_type": kind, "entity": entity, "span": 1, "own_type": k, "own_entity": e,
             "own_span": n, "time": BEGUN + timedelta(hours=h), "detector": "any.x",
             "evidence": 5.0, "title": None, "event_ids": [b"x"]}
            for n, (k, e) in enumerate(members, 1) for h in (0, 2)
        ],
        schema_overrides={"time": pl.Datetime("us", "UTC"), "span": pl.UInt32,
                          "own_span": pl.UInt32, "title": pl.String},
    )  # fmt: skip
    chosen = findings.select("entity_type", "entity", "span").unique()
    got = follow(findings, chosen, Lake(rows))
    assert got.head(len(findings)).select(findings.columns).equals(findings)
    new = got.tail(len(got) - len(findings))
    assert new["evidence"].sum() == 0.0
    assert set(new["span"]) <= {1}
    return [(r["own_entity"], r["why"], len(r["event_ids"])) for r in new.to_dicts()]


def test_what_a_made_account_does_is_told_though_nobody_spoke_of_it():
    rows = [now("ana", target="arn:aws:iam::1:user/svc", **MAKES), now("svc", minutes=600),
            now("svc", minutes=700), now("svc", minutes=60 * 60)]  # fmt: skip
    assert followed(rows, ("actor", "ana")) == [("svc", "made", 2)]  # not of the third day


def test_an_account_that_was_there_only_from_where_it_never_acted():
    before = [activity("kim", days=3, src_ip="192.0.2.7")]
    rows = [*before, now("ana", target="kim", **MAKES),
            now("kim", minutes=90, src_ip="192.0.2.7"),
            now("kim", minutes=95, **ABROAD)]  # fmt: skip
    assert followed(rows, ("actor", "ana")) == [("kim", "made", 1)]


def test_who_makes_accounts_every_week_is_not_followed():
    before = [activity("ana", days=i, target=f"joiner {i}", **MAKES) for i in range(MOST_MADE + 1)]
    rows = [*before, now("ana", target="svc", **MAKES), now("svc", minutes=90)]
    assert followed(rows, ("actor", "ana")) == []


def test_who_was_let_in_after_the_others_were_refused():
    refused = [now(f"p{i}", outcome="failure", **ABROAD) for i in range(20)]
    rows = [*refused, now("kim", minutes=100, **ABROAD), now("kim", minutes=400, **ABROAD),
            now("kim", minutes=401, src_ip="192.0.2.7")]  # fmt: skip
    assert followed(rows, ("src_ip", "198.51.100.7")) == [("kim", "came", 2)]


@pytest.mark.parametrize("known", [True, False])
def test_an_address_that_many_come_from_or_came_from_before_is_no_way_in(known):
    people = 1 if known else MOST_FRESH + 1
    rows = [now(f"p{i}", **ABROAD) for i in range(people)]
    rows += [activity("p0", days=2, **ABROAD)] if known else []
    assert followed(rows, ("src_ip", "198.51.100.7")) == []


def test_hostile_names_and_nothing_to_follow():
    assert followed([], ("actor", "ana")) == []
    name = "' or 1=1 --\x00<b>"
    rows = [now("ana", target=name, **MAKES), now(name, minutes=90)]
    assert followed(rows, ("actor", "ana")) == [(name, "made", 1)]
