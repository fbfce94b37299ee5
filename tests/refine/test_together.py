"""The sentences of what many had in common; `test_campaign` has them whole."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from wheeltapper.refine.lockstep import Judgement
from wheeltapper.refine.together import Shared, headline, summary, why
from wheeltapper.refine.words import Vocabulary

from .crowd import WORDINGS

WORDS = Vocabulary.load(timezone="Europe/Amsterdam")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SIZES = {"engineer": 55, "sales": 33, "support": 30, "people": 10}
JUDGEMENT = Judgement(time=9.0, place=12.0, client=3.4, team=0.0)


def shared(
    detector="okta.application",
    key="Notion",
    *,
    teams=None,
    hours=5.0,
    about="",
    place=(0, 30),
    client=(0, 30),
    ips=("192.0.2.1",),
    **act,
):
    teams = teams or {"engineer": 12, "sales": 10, "support": 8}
    n = sum(teams.values())
    times = [NOON + timedelta(hours=hours * i / max(1, n - 1)) for i in range(n)]
    plain = {
        "source": "okta", "app": "Okta", "action": "user.authentication.sso", "outcome": "success",
        "category": "authentication", "reason": None, "target": key,
    }  # fmt: skip
    first = pl.DataFrame(
        [
            {**plain, **act, "entity": f"p{i}", "time": times[i], "src_ip": ips[i % len(ips)]}
            for i in range(n)
        ]
    )
    lead = first.select("entity", "time")
    return Shared.of(
        lead, first, [WORDINGS.of(detector)], [key], teams=teams, sizes=SIZES, place=place,
        client=client, about=about,
    )  # fmt: skip


RESET = {"app": "Okta", "action": "user.account.update_password", "category": "account_change",
         "target": None}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            shared("any.client", "Chrome 126", teams={"engineer": 41}, hours=50, about="client",
                   target=None),
            "41 of 55 engineer accounts signed in to an application by single sign-on with Chrome "
            "126 between 4 and 6 May 2026: looks like a roll-out",
        ),
        (
            shared(),
            "30 accounts of 3 teams signed in to Notion on 4 May 2026: looks like a roll-out",
        ),
        (
            shared("drive.shared", "x", teams={"engineer": 40, "sales": 30}, hours=20, **RESET),
            "70 of all 128 accounts changed the password of a user on 4 and 5 May 2026: looks like "
            "something that all were asked to do",
        ),
        (
            shared("any.country", "IE", about="place", action="user.session.start"),
            "30 accounts of 3 teams signed in to Okta from Ireland on 4 May 2026: looks like a new "
            "office, or another way into the network",
        ),
        (
            shared("drive.shared", "x", source="aws_cloudtrail", app="secretsmanager.amazonaws.com",
                   action="GetSecretValue", outcome="failure", reason="AccessDenied",
                   teams={"": 5}, target=None),
            "5 accounts were denied reading a secret on 4 May 2026: looks like an outage, or "
            "something that was taken away",
        ),
        (
            shared(hours=24 * 30),
            "30 accounts of 3 teams signed in to Notion between 4 May and 3 June 2026: looks like "
            "a roll-out",
        ),
    ],
)  # fmt: skip
def test_campaigns(one, said):
    assert headline(one, WORDS, one_hand=False) == said


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            shared(hours=0.07, place=(30, 30)),
            "30 accounts of 3 teams signed in to Notion within 4 minutes on 4 May 2026, all from "
            "one address new to them: accounts in lockstep",
        ),
        (
            shared(hours=0.001, place=(30, 30), ips=[f"192.0.2.{i}" for i in range(10)]),
            "30 accounts of 3 teams signed in to Notion within a minute on 4 May 2026, from 10 "
            "addresses new to them: accounts in lockstep",
        ),
        (
            shared(hours=0.07, place=(9, 30)),
            "30 accounts of 3 teams signed in to Notion within 4 minutes on 4 May 2026, all from "
            "one address: accounts in lockstep",
        ),
        (
            shared(hours=0.07, ips=[None]),
            "30 accounts of 3 teams signed in to Notion within 4 minutes on 4 May 2026: accounts "
            "in lockstep",
        ),
    ],
)  # fmt: skip
def test_lockstep(one, said):
    assert headline(one, WORDS, one_hand=True) == said


def test_what_speaks_for_it_is_told_in_figures():
    one = shared(place=(30, 30), client=(7, 30))
    assert summary(one, JUDGEMENT, WORDS, one_hand=True) == (
        "The first and the last of 30 are 5 hours apart: all came from an address that is new to "
        "them and 7 of 30 with a program that is. They are 12 of 55 in engineer, 10 of 33 in sales "
        "and 8 of 30 in support. What speaks for one hand weighs 14 bits."
    )
    nothing = shared(place=None, client=None, teams={"": 9, "120": 3}, hours=1)
    assert summary(nothing, JUDGEMENT, WORDS, one_hand=False) == (
        "The first and the last of 12 are 1 hour apart. No teams are known. It weighs less in "
        "their own cases; what else they did counts in full."
    )


def test_a_member_is_named_with_team_and_time():
    assert why({"peer_group": "sales", "time": NOON}, WORDS) == "sales, Mon 4 May 2026, 14:00"
    assert why({"peer_group": None, "time": NOON}, WORDS) == "Mon 4 May 2026, 14:00"
    assert why({"peer_group": "-120", "time": NOON}, WORDS) == "Mon 4 May 2026, 14:00"
