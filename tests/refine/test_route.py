from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.case import Other
from wheeltapper.refine.hours import is_quiet, parse
from wheeltapper.refine.owners import Claim, Owners, Party
from wheeltapper.refine.route import Routing, apps_by_evidence

from .judged_cases import judged

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=12)


@dataclass(frozen=True)
class Entry:
    actor: str
    department: str | None = None
    timezone: str | None = None


def claims(**named):
    return tuple(Claim(what=k.replace("_", " "), owner=v, line=n) for n, (k, v) in
                 enumerate(named.items(), 1))  # fmt: skip


def story(*apps, entity="kim.lee@example.org", score=8.0, **changed):
    """A case whose findings lie in `apps`, (name, bits) each."""
    case = judged("", entity=entity)
    (one,) = case.findings
    found = tuple(replace(one, app=app, bits=bits) for app, bits in apps)
    return replace(case, findings=found, apps=tuple(a for a, _ in apps), score=score, **changed)


def routing(directory=(), **parts):
    known = {e.actor: e for e in directory}
    return Routing(owners=Owners(**parts), listed=known.get, timezone="Europe/Amsterdam")


SPLIT = story(("IAM", 3.0), ("S3", 4.0), ("IAM", 2.0))


def test_the_application_with_most_evidence_decides():
    route = routing(applications=claims(S3="storage@x.org", IAM="idm@x.org")).route(SPLIT, NOON)
    assert (route.reader, route.owner, route.ask) == ("owner", "idm@x.org", ("idm@x.org",))
    assert route.apps == ("IAM",)
    assert route.because == (
        "IAM is idm@x.org's, and no other application holds more of the evidence (owners.yaml:2)"
    )


def test_of_equal_evidence_the_name_decides():
    assert apps_by_evidence(story(("b", 1.0), ("a", 1.0), ("", 9.0))) == ("a", "b")


def test_an_application_without_an_owner_is_passed_over():
    route = routing(applications=claims(S3="storage@x.org")).route(SPLIT, NOON)
    assert route.owner == "storage@x.org"
    assert "; IAM holds more of the evidence but has no owner (owners.yaml:1)" in route.because


@pytest.mark.parametrize(
    ("fallbacks", "owner", "because"),
    [
        ({"entity_type": claims(actor="net@x.org"), "source": claims(okta="log@x.org")},
         "log@x.org", "source okta goes to log@x.org (owners.yaml:1)"),
        ({"peer_group": claims(sales="s@x.org"), "entity_type": claims(actor="net@x.org")},
         "s@x.org", "peer group sales goes to s@x.org"),
        ({"department": claims(Sales_EMEA="d@x.org")}, "d@x.org", "department Sales EMEA goes to"),
        ({"entity_type": claims(actor="net@x.org")}, "net@x.org", "entity type actor goes to"),
        ({}, "all@x.org", "by default cases go to all@x.org"),
    ],
)  # fmt: skip
def test_fallbacks_in_their_order(fallbacks, owner, because):
    case = story(("Jira", 4.0), peer_group="sales")
    (one,) = case.findings
    told = replace(one, finding=replace(one.finding, evidence={"source": "okta"}))
    route = routing(
        [Entry("kim.lee@example.org", department="Sales EMEA")],
        fallbacks=fallbacks, default=Claim(what="default", owner="all@x.org", line=9),
    ).route(replace(case, findings=(told,)), NOON)  # fmt: skip
    assert route.owner == owner
    assert because in route.because


def test_without_anything_that_fits_it_stays_with_the_analyst():
    route = routing().route(SPLIT, NIGHT)
    assert (route.reader, route.owner, route.deliver_after) == ("analyst", "", NIGHT)
    assert route.because == "nobody owns IAM or S3, and no fallback fits"


@pytest.mark.parametrize(
    "owner",
    ["kim.lee@example.org", "KIM.LEE@example.org", "kim.lee", "kim.lee@other.example", "kim"],
)
def test_nobody_is_asked_about_their_own_account(owner):
    found = routing(
        applications=claims(Okta=owner),
        escalation=Claim(what="escalation", owner="chief@x.org", line=7),
        parties={"kim": Party(name="kim", accounts=("kim.lee@example.org",))},
    )
    route = found.route(story(("Okta", 4.0)), NOON)
    assert route.owner == "chief@x.org"
    assert f"but the case is about {owner}'s own account" in route.because
    assert "then chief@x.org is asked (owners.yaml:7)" in route.because
    nobody = replace(found, owners=replace(found.owners, escalation=None))
    assert nobody.route(story(("Okta", 4.0)), NOON).reader == "analyst"


def test_the_directory_s_other_names_are_known():
    kim = Entry("klee")
    found = Routing(owners=Owners(applications=claims(Okta="kim@x.org")),
                    listed={"kim@x.org": kim, "klee": kim}.get)  # fmt: skip
    assert found.route(story(("Okta", 4.0), entity="klee"), NOON).reader == "analyst"


def test_one_who_is_tied_to_the_case_is_not_asked_either():
    other = Other(entity_type="actor", entity="bo@x.org", why="in the same session")
    case = story(("Okta", 4.0), others=(other,))
    group = Party(name="idm", members=("ana@x.org", "bo@x.org", "kim.lee@x.org", "di@x.org"))
    di = Party(name="di@x.org", away=((date(2026, 5, 18), date(2026, 5, 18)),))
    route = routing(
        applications=claims(Okta="idm"), parties={"idm": group, "di@x.org": di}
    ).route(case, NOON)  # fmt: skip
    assert (route.owner, route.ask) == ("idm", ("ana@x.org",))
    assert "not asked, being away or in the case: bo@x.org, kim.lee@x.org, di@x.org" in (
        route.because
    )


def test_one_who_is_away_is_stood_in_for():
    away = Party(name="ana@x.org", away=((date(2026, 5, 18), date(2026, 5, 20)),))
    found = routing(
        applications=claims(Okta="ana@x.org"), parties={"ana@x.org": away},
        escalation=Claim(what="escalation", owner="chief@x.org", line=7),
    )  # fmt: skip
    case = story(("Okta", 4.0))
    assert found.route(case, NOON).owner == "chief@x.org"
    assert found.route(case, NOON - timedelta(days=1)).owner == "ana@x.org"


def test_the_words_actor_and_analyst():
    kim = Entry("kim.lee@example.org", timezone="Asia/Tokyo")
    found = routing([kim], applications=claims(Okta="actor", Jira="analyst"))
    route = found.route(story(("Okta", 4.0)), NOON)
    assert (route.reader, route.owner, route.ask) == ("actor", "", ("kim.lee@example.org",))
    assert route.zone == "Asia/Tokyo"
    assert found.route(story(("Jira", 4.0)), NOON).reader == "analyst"
    address = story(("Okta", 4.0), entity_type="src_ip", entity="192.0.2.1")
    assert "about no account that could be asked" in found.route(address, NOON).because
    many = story(("Okta", 4.0), kind="campaign", members=40)
    assert "about many accounts" in found.route(many, NOON).because


OFFICE = Party(name="idm", members=("ana@x.org",), hours=parse(["19:00-08:00"], ["mon-fri"]))


def test_a_case_waits_for_the_morning_unless_it_is_urgent():
    found = routing(applications=claims(Okta="idm"), parties={"idm": OFFICE}, urgent=12.0)
    waiting = found.route(story(("Okta", 4.0), score=11.9), NIGHT)
    assert waiting.deliver_after == datetime(2026, 5, 19, 6, tzinfo=UTC)  # 8 in Amsterdam
    assert found.route(story(("Okta", 4.0), score=12.0), NIGHT).deliver_after == NIGHT


@given(
    st.lists(st.tuples(st.sampled_from(["Okta", "IAM", "S3"]), st.floats(0, 20)), min_size=1),
    st.integers(0, 365 * 1440),
    st.sampled_from(["kim.lee", "ana@x.org", "bo"]),
)
def test_a_route_is_sound(apps, minutes, entity):
    now = NOON + timedelta(minutes=minutes)
    found = routing(
        applications=claims(Okta="idm", IAM="bo@x.org"), parties={"idm": OFFICE},
        escalation=Claim(what="escalation", owner="ana@x.org", line=3),
    )  # fmt: skip
    case = story(*apps, entity=entity)
    route = found.route(case, now)
    assert route == found.route(replace(case, findings=case.findings[::-1]), now)
    assert route.deliver_after >= now
    if route.owner == "idm":
        assert not is_quiet(route.deliver_after, OFFICE.hours, ZoneInfo(route.zone))
    assert not {name.partition("@")[0] for name in route.ask} & {entity.partition("@")[0]}
    assert route.because


def test_cases_get_their_owner_as_of_their_end():
    away = Party(name="ana@x.org", away=((date(2026, 5, 18), date(2026, 5, 20)),))
    found = routing(applications=claims(Okta="ana@x.org"), parties={"ana@x.org": away})
    case = story(("Okta", 4.0))
    assert case.end.date() < date(2026, 5, 18)
    (mine,) = found.routed([case])
    assert mine == replace(case, owner="ana@x.org", owner_because=mine.owner_because)
    assert mine.owner_because == "Okta is ana@x.org's (owners.yaml:1)"
