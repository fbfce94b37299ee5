"""What a play says is done: in that order, rhythm and session, by those, from there."""

import itertools
import json

import pytest

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate.cast import Member
from wheeltapper.simulate.performance import stage as perform
from wheeltapper.simulate.play import Phase, Play, Step, When

from .stage import journal, stage

OWNER = {"owner": Member(role="developer", nth=1)}


@pytest.fixture(scope="module")
def on():
    return stage(60, 40, 1)


def play(*steps: Step, who=OWNER, on_day="any", **phase) -> Play:
    return Play(name="x", about="x", attack=("T1078",), who=who,
                when=When(days_before_end=10, on=on_day),
                phase=(Phase(step=steps, **{"hour": 14.0, **phase}),))  # fmt: skip


def done(on, *steps, **more):
    """Truth, and the records in order of time: CloudTrail, Okta, lines."""
    logs = journal(on)
    truth = perform(play(*steps, **more), on, logs)
    cloud = sorted(e for d in logs.cloud.values() for e in d)
    okta = sorted(e for d in logs.okta.values() for e in d)
    calls, said = ([(at, json.loads(r)) for at, r in entries] for entries in (cloud, okta))
    return truth, calls, said, logs.hosts


def gaps(entries):
    return [b - a for (a, _), (b, _) in itertools.pairwise(entries)]


def test_a_machine_keeps_its_rhythm(on):
    step = Step(source="cloud", do=("s3 ListBuckets",), times=50, every_s=300, rhythm="regular")
    _, calls, _, _ = done(on, step)
    assert len(calls) == 50
    assert max(gaps(calls)) - min(gaps(calls)) < 5


def test_a_person_does_not(on):
    step = Step(source="cloud", do=("s3 ListBuckets",), times=50, every_s=300)
    waits = gaps(done(on, step)[1])
    assert max(waits) > 3 * min(waits)


def test_all_of_it_in_order_or_some_drawn_anew(on):
    names = ("iam ListUsers", "iam ListRoles", "iam ListGroups", "iam ListPolicies")
    whole = [r["eventName"] for _, r in done(on, Step(source="cloud", do=names))[1]]
    assert whole == [n.split()[1] for n in names]
    some = done(on, Step(source="cloud", do=names, pick=2, times=9, every_s=30))[1]
    assert len(some) == 18
    assert len({r["eventName"] for _, r in some}) == 4


def test_a_stolen_session_is_the_one_the_owner_is_in(on):
    step = Step(source="okta", do=("sso Slack",), session="theirs", place="hosting-fi",
                agent="chrome-linux")  # fmt: skip
    truth, _, said, _ = done(on, step, on_day="work")
    ((at, record),) = said
    life = next(v for v in on.lives if v.person.email == truth.actor)
    logs = journal(on)
    life.live(int(at - logs.first_s) // 86_400, logs)
    own = [json.loads(r) for d in logs.okta.values() for _, r in d]
    ids = {r["authenticationContext"]["externalSessionId"] for r in own}
    assert record["authenticationContext"]["externalSessionId"] in ids
    assert record["client"]["ipAddress"] not in {r["client"]["ipAddress"] for r in own}


def test_where_nobody_is_signed_in_there_is_nothing_to_steal(on):
    step = Step(source="okta", do=("sso Slack",), session="theirs", place="tor")
    with pytest.raises(WheeltapperError, match="is in no session"):
        done(on, step, hour=0.1, on_day="off")


def test_one_after_the_other_over_everybody(on):
    step = Step(source="okta", do=("user.session.start",), by="staff", share=0.5, place="tor",
                result="FAILURE", reason="INVALID_CREDENTIALS", every_s=30)  # fmt: skip
    truth, _, said, _ = done(on, step)
    names = [r["actor"]["alternateId"] for _, r in said]
    assert 15 < len(names) == len(set(names)) < 45
    assert set(names) == set(truth.actors)
    assert {r["authenticationContext"]["externalSessionId"] for _, r in said} == {"unknown"}
    assert all(r["securityContext"]["isProxy"] for _, r in said)


def test_words_are_filled_in(on):
    who = OWNER | {"new": Member(user="svc-new")}
    step = Step(source="cloud", do=("iam CreateUser",), times=2,
                params={"userName": "{user.new}", "tags": ["{email.owner}", "{n3}"]},
                answer={"id": "{principal.new}", "of": "{account}", "x": "{hex6}"})  # fmt: skip
    calls = [r for _, r in done(on, step, who=who)[1]]
    assert calls[1]["requestParameters"]["userName"] == "svc-new"
    assert calls[1]["requestParameters"]["tags"][0].endswith("@meridian.example")
    assert calls[1]["requestParameters"]["tags"][1] == "001"
    assert calls[0]["responseElements"]["of"] == "111122223333"
    assert calls[0]["responseElements"]["id"].startswith("AIDA")


def test_refusals(on):
    denied = Step(source="cloud", do=("iam CreateUser",), error="denied")
    missing = Step(source="cloud", do=("s3 GetBucketPolicy/bucket",), error="missing", about="b")
    named = Step(source="cloud", do=("s3 ListBuckets",), error="Throttling")
    codes = [r.get("errorCode") for _, r in done(on, denied, missing, named)[1]]
    assert codes == ["AccessDenied", "NoSuchBucket", "Throttling"]


def test_a_role_is_somebody_in_another_guise(on):
    who = OWNER | {"admin": Member(assumes="admin-role", of="owner")}
    truth, calls, _, _ = done(on, Step(source="cloud", do=("s3 ListBuckets",), by="admin"), who=who)
    arn = calls[0][1]["userIdentity"]["arn"]
    assert "assumed-role/admin-role/" in arn
    assert truth.actors == (next(iter(truth.actors)),)


def test_the_console_and_signing_in_to_it(on):
    step = Step(source="console", do=("signin ConsoleLogin", "ec2 DescribeInstances"))
    calls = [r for _, r in done(on, step)[1]]
    assert calls[0]["responseElements"] == {"ConsoleLogin": "Success"}
    assert calls[1]["sessionCredentialFromConsole"] == "true"


def test_hosts_one_after_the_other_and_through_the_bastion(on):
    step = Step(source="ssh", do=("app-1", "db-1"), place="host build-1", failures=2,
                method="password")  # fmt: skip
    truth, _, _, hosts = done(on, step)
    assert set(hosts) == {"app-1", "db-1"}
    assert sum("Failed password" in line for _, line in hosts["db-1"]) == 2
    assert len(truth.lines) == sum(map(len, hosts.values()))
    hop = done(on, Step(source="ssh", do=("db-1",), hop=True))[3]
    assert len(hop) == 2


def test_days_on_which_the_first_of_the_cast_works(on):
    step = Step(source="cloud", do=("s3 ListBuckets",))
    every = done(on, step, for_days=10)[1]
    work = done(on, step, for_days=10, only="work")[1]
    off = done(on, step, for_days=10, only="off")[1]
    assert len(every) == len(work) + len(off) == 10
    assert len(work) > len(off) > 0


def test_who_is_not_in_okta_cannot_act_there(on):
    who = {"robot": Member(service="backup-job")}
    with pytest.raises(WheeltapperError, match="backup-job is not in Okta"):
        done(on, Step(source="okta", do=("sso Slack",), place="tor"), who=who)
    with pytest.raises(WheeltapperError, match="has no session"):
        done(on, Step(source="okta", do=("sso Slack",), session="theirs", place="tor"), who=who)
