import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wheeltapper.case import Other
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine.letter import acts_of, asked_of, to_actor, with_link, written
from wheeltapper.refine.owners import Claim, Owners, Party
from wheeltapper.refine.route import Routing

from .judged_cases import judged

NOW = datetime(2026, 5, 18, 12, tzinfo=UTC)
KIM = "kim.lee@example.org"


def story():
    case = judged("", entity=KIM)
    (one,) = case.findings
    jira = replace(
        one, app="Jira", sentence="Kim Lee exported a project: never before.", value="exported it",
        would_be_normal="a week's 2 exports", bits=3.0,
        finding=replace(one.finding, attack=("T1567",)),
    )  # fmt: skip
    return replace(case, findings=(one, jira), apps=("Okta", "Jira"), tactics=("exfiltration",))


ROUTING = Routing(
    owners=Owners(
        applications=(Claim(what="Jira", owner="tools", line=2),),
        parties={"tools": Party(name="tools", members=("ana@x.org",), timezone="Asia/Tokyo")},
    ),
    timezone="Europe/Amsterdam",
)


def test_an_owner_reads_first_what_is_theirs_in_their_zone():
    letter = written(story(), "owner", ROUTING, NOW)
    assert letter.subject == "Was this expected? Kim Lee in Jira, 5 January 2026"
    jira, okta = letter.text.index("exported a project"), letter.text.rindex("from North Korea.")
    assert letter.text.index("In Jira:") < jira < letter.text.index("elsewhere:") < okta
    assert "on 5 January 2026 at 18:00 (Asia/Tokyo)" in letter.text  # 9 in UTC
    assert "• At 18:00: exported a project" in letter.text  # whose letter it is was said
    assert "Would have been normal: a week's 2 exports." in letter.text
    assert "Please reply whether this was expected" in letter.text
    assert "Okta holds more of the evidence but has no owner" in letter.text


def test_an_owner_is_told_what_else_was_done():
    case = replace(story(), around=("in the 12 minutes before: signed in to Okta",))
    letter = written(case, "owner", ROUTING, NOW)
    assert "What else was done:\n• in the 12 minutes before: signed in to Okta" in letter.text
    assert "What else" not in written(story(), "owner", ROUTING, NOW).text


def test_no_letter_speaks_of_bits_or_attack():
    for reader in ("owner", "actor"):
        letter = written(story(), reader, ROUTING, NOW)
        assert not re.search(r"\bbits?\b|T1567|exfiltration|any\.country", letter.text)


def test_an_actor_reads_what_was_done_and_not_how_it_was_noticed():
    letter = written(story(), "actor", ROUTING, NOW)
    assert letter.subject == "Was this you?"
    assert "Hello Kim Lee," in letter.text
    assert "• at 10:00, in Jira: exported it" in letter.text
    assert "never before" not in letter.text
    assert "normal" not in letter.text


def test_acts_are_told_once_and_in_order_with_their_day_where_it_takes_several():
    case = story()
    later = replace(case.findings[0], first=case.end + timedelta(days=1),
                    last=case.end + timedelta(days=1, hours=1), value="back")  # fmt: skip
    long = replace(case, findings=(later, *case.findings, *case.findings), end=later.last)
    assert acts_of(long, KIM, "UTC") == (
        "on 5 January 2026 at 09:00, in Jira: exported it",
        "on 5 January 2026 at 09:00, in Okta: from North Korea",
        "on 6 January 2026 from 09:00 to 10:00, in Okta: back",
    )


def test_the_link_comes_with_until_when_it_works():
    letter = with_link(
        to_actor(story(), KIM, "Asia/Tokyo"), "https://t.example/confirm/abc", NOW, "Asia/Tokyo"
    )
    assert "\nhttps://t.example/confirm/abc\n" in letter.text
    assert "works once, until 18 May 2026 21:00 (Asia/Tokyo)" in letter.text


def test_without_an_owner_there_is_no_letter_to_one():
    with pytest.raises(WheeltapperError, match="goes to the analyst, to no owner: nobody owns"):
        written(story(), "owner", Routing(owners=Owners()), NOW)


def test_who_can_be_asked():
    case = replace(story(), others=(Other(entity_type="actor", entity="svc", why="made"),))
    assert (asked_of(case, ""), asked_of(case, "svc")) == (KIM, "svc")
    with pytest.raises(WheeltapperError, match=f"bo does not belong to case .*: {KIM}, svc"):
        asked_of(case, "bo")
    address = replace(story(), entity_type="src_ip", entity="192.0.2.1")
    with pytest.raises(WheeltapperError, match="there is nobody to ask"):
        written(address, "actor", ROUTING, NOW)
