"""Roll-outs, new ways and one hand that moves many accounts: from findings and a lake to cases."""

import dataclasses
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_case import case
from wheeltapper.case import CAMPAIGN, LOCKSTEP, Other
from wheeltapper.refine.campaign import NAMED, absorbed, campaigns, case_id, score_of, scored_of
from wheeltapper.refine.combine import combine
from wheeltapper.refine.discount import discount
from wheeltapper.refine.group import group
from wheeltapper.refine.lockstep import MOST_RAISED
from wheeltapper.refine.words import Vocabulary

from .crowd import (
    ACCOUNTS,
    STORIES,
    WORDINGS,
    Lake,
    acts_of,
    habit,
    of_all_teams,
    of_one_team,
    said_of,
    shuffled,
)
from .few_findings import finding, frame

WORDS = Vocabulary.load(timezone="Europe/Amsterdam")
ABROAD = {"src_ip": "203.0.113.66", "ua_client": "curl"}
HALF_HOUR = 30


def made(acts, values, *, evidence=8.0, lake=None, seed=None):
    lake = lake or Lake([*habit(), *acts])
    findings = said_of(lake, values, evidence=evidence)
    if seed is not None:
        findings = shuffled(findings, seed)
    return campaigns(findings, STORIES, lake, WORDINGS, WORDS)


def roll_out(who=None, **more):
    return acts_of(who or of_all_teams(30), HALF_HOUR / 2, **more)


NOTION = {"okta.application": "Notion"}
SHARED = {"drive.shared": "change_user_access"}


def sharing(n=12, gap_minutes=0.3, **more):
    return acts_of(
        of_all_teams(n), gap_minutes, source="google_workspace", app="drive",
        action="change_user_access", target="x@example.net", **{**ABROAD, **more},
    )  # fmt: skip


def test_a_roll_out_is_one_campaign():
    (one,) = made(roll_out(), NOTION)
    assert (one.kind, one.score, one.members) == (CAMPAIGN, 0.0, 30)
    assert one.headline == (
        "30 accounts of 6 teams signed in to Notion on 4 February 2026: looks like a roll-out"
    )
    assert one.summary == (
        "The first and the last of 30 are 7 hours apart: none came from an address that is new to "
        "them and none with a program that is. They are 5 of 20 in data, 5 of 20 in developer, 5 "
        "of 20 in finance, 5 of 20 in platform and others in 2 more teams. It weighs less in their "
        "own cases; what else they did counts in full."
    )
    assert one.entity == ACCOUNTS[0][0]
    assert len(one.others) == NAMED - 1
    assert one.unnamed == 30 - NAMED
    assert one.others[0] == Other(
        entity_type="actor", entity="sales00", why="sales, Wed 4 Feb 2026, 10:15"
    )
    assert [(t.name, t.members, t.of) for t in one.teams][:2] == [
        ("data", 5, 20), ("developer", 5, 20),
    ]  # fmt: skip
    assert one.event_count == len(one.findings[0].finding.event_ids) == 30
    assert one.findings[0].sentence == (
        "30 accounts signed in to Notion on 4 February 2026, which was odd for each of them."
    )


def test_a_new_client_in_one_team_is_told_of_the_team():
    who = [*of_one_team(17), ("sales03", "sales")]
    (one,) = made(roll_out(who, ua_client="Chrome"), {"any.client": "Chrome"})
    assert one.kind == CAMPAIGN
    assert one.headline == (
        "17 of 20 developer accounts and 1 other signed in to Notion by single sign-on with Chrome "
        "on 4 February 2026: looks like a roll-out"
    )


def test_a_new_way_into_the_network_is_one_even_at_once():
    acts = acts_of(of_all_teams(40), 0.1, src_ip="203.0.113.9", country="IE")
    (one,) = made(acts, {"any.country": "IE"})
    assert one.kind == CAMPAIGN
    assert one.headline == (
        "40 accounts of 6 teams signed in to Notion by single sign-on from Ireland on "
        "4 February 2026: looks like a new office, or another way into the network"
    )


def test_what_each_did_on_a_new_way_is_not_told_of_all():
    acts = acts_of(of_all_teams(40), 5, src_ip="203.0.113.9", country="IE")
    for act in acts[::3]:
        act["action"] = "policy.evaluate_sign_on"
    (one,) = made(acts, {"any.country": "IE"})
    assert one.headline.startswith("40 accounts of 6 teams came from Ireland on")
    assert one.findings[0].sentence.startswith("40 accounts came from Ireland on")


def test_one_hand_is_lockstep():
    (one,) = made(sharing(), SHARED)
    assert (one.kind, one.members) == (LOCKSTEP, 12)
    assert one.headline == (
        "12 accounts of 6 teams changed who may open x@example.net within 3 minutes on "
        "4 February 2026, all from one address new to them: accounts in lockstep"
    )
    assert (one.entity_type, one.entity) == ("src_ip", "203.0.113.66")
    assert [o.entity for o in one.others] == [name for name, _ in ACCOUNTS[:12]]
    assert one.unnamed == 0
    assert "What speaks for one hand weighs" in one.summary
    assert one.score == 14.0


def test_one_hand_from_many_places_is_too():
    acts = sharing()
    for n, act in enumerate(acts):
        act["src_ip"] = f"203.0.113.{n}"
    (one,) = made(acts, SHARED)
    assert one.kind == LOCKSTEP
    assert one.entity_type == "actor"
    assert "from 12 addresses new to them" in one.headline


def test_the_same_over_a_day_is_none():
    assert [c.kind for c in made(sharing(gap_minutes=40), SHARED)] == [CAMPAIGN]


def test_hours_are_nothing_to_have_in_common():
    assert made(roll_out(), {"any.hour": "10"}) == []


@pytest.mark.parametrize("n", range(5))
def test_below_the_bar_there_is_no_case(n):
    assert made(sharing(n), SHARED) == []
    assert made(roll_out(of_all_teams(n)) if n else [], NOTION) == []


@settings(max_examples=8)
@given(st.integers(0, 1000))
def test_the_order_of_findings_does_not_matter(seed):
    acts = [*sharing(), *roll_out(of_one_team(15))]
    lake = Lake([*habit(), *acts])
    values = {**SHARED, "any.client": "curl"}
    assert made(acts, values, lake=lake, seed=seed) == made(acts, values, lake=lake)


def test_a_wave_whose_acts_the_lake_lost_is_not_told():
    lake = Lake([*habit(), *roll_out()])
    findings = said_of(lake, NOTION)
    gone = findings.with_columns(event_ids=pl.lit([b"0" * 16]))
    assert campaigns(gone, STORIES, lake, WORDINGS, WORDS) == []


def test_hostile_names_stay_names():
    bad = "\x1b[31m\u202e<b>x"
    who = [(f"{bad}{n}", bad) for n in range(12)]
    acts = [{**act, "target": bad} for act in acts_of([*ACCOUNTS[:12]], 0.3, **ABROAD)]
    for act, (name, team) in zip(acts, who, strict=True):
        act["actor"], act["peer_group"] = name, team
    (one,) = made(acts, {"okta.application": bad})
    for text in (one.headline, one.summary, one.findings[0].sentence, *(o.why for o in one.others)):
        assert "\x1b" not in text
        assert "\u202e" not in text


@settings(max_examples=20)
@given(st.integers(5, 60), st.sampled_from([1.5, 4.0, 8.0, 20.0]))
def test_lockstep_never_lowers_and_is_bounded(n, evidence):
    stories = pl.DataFrame({"evidence": [0.0, 200.0], "score": [0.0, 200.0]})
    lake = Lake([*habit(), *sharing(n)])
    (one,) = campaigns(said_of(lake, SHARED, evidence=evidence), stories, lake, WORDINGS, WORDS)
    assert one.kind == LOCKSTEP
    members = evidence * (2 - 0.5 ** (n - 1))
    assert evidence <= members < one.score <= members + MOST_RAISED + 1e-9


def test_a_score_is_that_of_a_story_with_as_much_evidence():
    assert score_of(8.0, scored_of(STORIES)) == 6.0
    assert score_of(14.0, scored_of(STORIES)) == 10.0
    assert score_of(500.0, scored_of(STORIES)) == 14.0
    assert score_of(8.0, scored_of(STORIES.clear())) == 0.0


def test_an_intruder_in_a_roll_out_is_found_by_the_rest():
    """Forty come to Notion; one of them is in other hands, and does more than that."""
    rows = [finding(entity=f"p{n}", detector="okta.application", value="Notion", hours=n / 10,
                    evidence=6.0) for n in range(40)]  # fmt: skip
    more = [
        finding(entity="p7", detector="any.country", value="KP", hours=1, evidence=9.0),
        finding(entity="p7", detector="rule.x", value="", hours=1.2, evidence=7.0),
    ]
    stories = combine(group(discount(frame([*rows, *more])), 8))
    by_entity = dict(stories.select("entity", "evidence").rows())
    left = 6.0 - math.log2(40)  # it takes as many bits to pick one of forty
    assert by_entity["p7"] == pytest.approx(16.0 + left)
    others = [e for name, e in by_entity.items() if name != "p7"]
    assert others == pytest.approx([left] * 39)


def test_an_address_and_what_came_from_it_are_one_case():
    (one,) = made(sharing(), SHARED)
    story = case(
        id="a", entity_type="src_ip", entity=one.entity, start=one.start, end=one.end, score=16.0,
        others=(Other(entity_type="actor", entity="kim", why="in the same session"), one.others[3]),
        headline="203.0.113.66 signed in after 12 failures",
    )  # fmt: skip
    elsewhere = dataclasses.replace(story, id="b", entity="203.0.113.67")
    (whole, left) = absorbed([one, story, elsewhere])
    assert left == elsewhere
    assert whole.id == one.id
    assert whole.score == 16.0
    assert whole.others[0].entity == "kim"
    assert len({o.entity for o in whole.others}) == len(whole.others) == 13
    assert whole.summary.endswith("203.0.113.66 signed in after 12 failures.")
    uncounted = [dataclasses.replace(f, adds=0.0) for f in one.findings]
    assert whole.findings == (*uncounted, *story.findings)  # its score is the story's
    assert whole.evidence == story.evidence
    (lighter, _) = absorbed([one, dataclasses.replace(story, score=0.0), elsewhere])
    assert lighter.evidence == one.evidence
    assert lighter.findings[: len(one.findings)] == one.findings
    assert absorbed([story, elsewhere]) == [story, elsewhere]
    tied = dataclasses.replace(
        story, entity_type="app", entity="Okta",
        others=(Other(entity_type="src_ip", entity=one.entity, why="refused who came from it"),),
    )  # fmt: skip
    assert len(absorbed([one, tied])) == 1  # told of another, it is about the address all the same


def test_an_account_that_says_no_more_than_the_lockstep_is_told_in_it():
    (one,) = made(sharing(), SHARED)
    (told, *_) = one.findings
    (beside,) = case().findings
    apart = {"entity": "kim", "start": one.start, "end": one.end}
    same = dataclasses.replace(case(**apart), findings=(told,))
    assert len(absorbed([one, same])) == 1
    little = dataclasses.replace(beside, bits=2.9)
    assert len(absorbed([one, dataclasses.replace(case(**apart), findings=(told, little))])) == 1
    much = dataclasses.replace(beside, bits=3.1)
    assert len(absorbed([one, dataclasses.replace(case(**apart), findings=(told, much))])) == 2
    assert (
        len(absorbed([one, dataclasses.replace(case(**apart), findings=(little,))])) == 2
    )  # nothing of it is told


def test_an_id_is_by_kind_detector_value_and_first_time():
    (one,) = made(roll_out(), NOTION)
    first = one.findings[0].finding
    assert one.id == case_id(CAMPAIGN, "okta.application", "Notion", first.time)
    (more,) = made(roll_out(of_all_teams(44)), NOTION)
    assert more.id == one.id
