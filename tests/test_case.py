import dataclasses
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from test_finding import FINDING
from wheeltapper.case import CAMPAIGN, STORY, Case, CaseFinding, Other, Team
from wheeltapper.suppression import Scope, suppression

HOSTILE = '<script>alert("1")</script>'


def case(findings=1, **fields):
    listed = CaseFinding(
        finding=FINDING,
        bits=9.8765,
        sentence=f"read the secret {HOSTILE}",
        would_be_normal="a colleague reading it too",
        first=FINDING.time,
        last=FINDING.time,
        count=1,
        app="Secrets Manager",
        value="GetSecretValue",
        key="SecretsManager GetSecretValue",
    )
    return Case(
        **{
            "id": "c0ffee",
            "rank": 1,
            "score": 10.0,
            "entity_type": "actor",
            "entity": "ana",
            "start": datetime(2026, 5, 18, 11, 54, tzinfo=UTC),
            "end": datetime(2026, 5, 18, 12, 29, tzinfo=UTC),
            "headline": f"Ana read 60 secrets {HOSTILE}",
            "summary": "Never in 40 days.",
            "baseline_days": 40,
            "baseline_acts": 420,
            "peer_group": "platform",
            "peers": 12,
            "tactics": ("discovery", "credential-access"),
            "findings": (listed,) * findings,
            "native_ids": ("e-1", "e-2"),
            "event_count": 70,
            "apps": ("Secrets Manager",),
        }
        | fields
    )


def test_as_json_it_has_what_programs_rely_on():
    told = case().to_dict()
    assert json.loads(json.dumps(told)) == told
    contract = {"id", "rank", "score", "entity", "start", "end", "headline", "findings"}
    assert contract | {"native_ids"} <= told.keys()
    assert told["one_in"] == 1024
    assert told["native_ids"] == ["e-1", "e-2"]
    assert told["verdict_at"] is None
    (listed,) = told["findings"]
    assert listed["id"] == FINDING.id
    assert listed["calibrated_bits"] == 9.877
    assert listed["detector"] == FINDING.detector


def test_when_it_was_judged_is_told():
    at = datetime(2026, 5, 19, 8, tzinfo=UTC)
    assert case(verdict_at=at).to_dict()["verdict_at"] == "2026-05-19T08:00:00+00:00"


def test_in_a_notebook_log_text_stays_text():
    shown = case()._repr_html_()
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 2
    assert "1 in 1,024 actor-days" in shown
    assert "2026-05-18 11:54 to 2026-05-18 12:29 UTC" in shown
    assert "Would have been normal: a colleague reading it too." in shown


def test_in_a_notebook_a_long_case_shows_its_ten_weightiest():
    assert "more findings" not in case(findings=10)._repr_html_()
    long = case(findings=12)._repr_html_()
    assert long.count("<li>") == 10
    assert "… and 2 more findings" in long


def test_what_is_hidden_says_until_when_by_whom_and_why():
    at = datetime(2026, 5, 19, 8, tzinfo=UTC)
    hide = suppression(Scope(app="Okta", entity="ana"), by="<b>ana", at=at, reason=HOSTILE)
    (told,) = case().findings
    greyed = dataclasses.replace(case(), findings=(dataclasses.replace(told, suppressed=hide),))
    assert greyed.to_dict()["findings"][0]["suppressed"]["reason"] == HOSTILE
    shown = greyed._repr_html_()
    assert "hidden until 17 Aug 2026 by &lt;b&gt;ana: &lt;script" in shown
    assert "<script" not in shown


def test_a_story_is_of_one_kind_and_a_campaign_names_how_many():
    alone = case()
    assert (alone.kind, alone.unnamed, alone.to_dict()["kind"]) == (STORY, 0, "story")
    many = case(
        kind=CAMPAIGN, members=40, teams=(Team(name="sales", members=7, of=9),),
        others=(Other(entity_type="actor", entity="kim", why=HOSTILE),),
    )  # fmt: skip
    assert many.unnamed == 38
    assert "and 38 more" in many._repr_html_()
    assert "<script>" not in many._repr_html_()
    assert many.to_dict()["members"] == 40
    assert many.to_dict()["teams"] == [{"name": "sales", "members": 7, "of": 9}]
    assert dataclasses.replace(many, entity_type="src_ip").unnamed == 39


def added(*adds, evidence):
    (one,) = case().findings
    return dataclasses.replace(
        case(), findings=tuple(dataclasses.replace(one, adds=a) for a in adds), evidence=evidence
    )


def test_the_parts_of_the_evidence_add_up_as_they_are_shown():
    assert added(10.12, 4.63, 3.58, evidence=18.33).parts == (10.1, 4.6, 3.6, 0.0)
    assert added(0.04, 0.04, 0.04, evidence=0.12).parts == (0.1, 0.0, 0.0, 0.0)
    assert added(3.0, evidence=7.25).parts == (3.0, 4.2)  # what is not shown stands last
    assert added(evidence=0.0).parts == (0.0,)


@given(
    st.lists(st.floats(0, 60), max_size=70),
    st.floats(0, 60),
)
def test_parts_always_add_up_and_are_off_by_less_than_a_tenth(adds, rest):
    one = added(*adds, evidence=sum(adds) + rest)
    tenths = [round(10 * part) for part in one.parts]
    assert sum(tenths) == round(10 * one.evidence)
    assert all(abs(part - a) < 0.1001 for part, a in zip(one.parts, adds, strict=False))


def test_what_would_have_been_normal_is_not_said_twice():
    (one,) = case().findings
    said = "all of them in an hour, where about 4 were to be expected from 12 active hours"
    assert (
        dataclasses.replace(one, expected=said, would_be_normal="about 4 in an hour").normal == ""
    )
    assert dataclasses.replace(one, expected=said, would_be_normal="about 5 a day").normal


def test_a_notebook_shows_shares_and_what_else_happened():
    shown = dataclasses.replace(added(3.0, evidence=7.25), around=(HOSTILE,))._repr_html_()
    assert "<small>3.0 bits of 7.2</small>" in shown
    assert "What else happened" in shown
    assert "<script>" not in shown
