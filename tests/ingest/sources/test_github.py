import pytest

CLONE = {
    "@timestamp": 1700515209423,
    "_document_id": "KCYtig",
    "action": "git.clone",
    "actor": "Kim",
    "actor_ip": "203.0.113.9",
    "actor_location": {"country_code": "NL"},
    "hashed_token": "0771=",
    "org": "example",
    "programmatic_access_type": "Personal access token (classic)",
    "repo": "example/site",
    "user_agent": "git/2.30.2",
}


def test_records(golden):
    golden("github")


def test_a_clone_with_a_token(activities):
    [act] = activities(CLONE)
    assert act == {
        "native_id": "KCYtig",
        "time": "2023-11-20T21:20:09.423000+00:00",
        "source": "github",
        "app": "GitHub",
        "action": "git.clone",
        "category": "data_access",
        "outcome": "success",
        "actor": "kim",
        "actor_type": "human",
        "session": "0771=",
        "on_behalf_of": "Personal access token (classic)",
        "target": "example/site",
        "target_type": "repository",
        "src_ip": "203.0.113.9",
        "user_agent": "git/2.30.2",
    }


@pytest.mark.parametrize(
    ("change", "target", "kind"),
    [
        ({"action": "org.add_member", "repo": None, "user": "Lee"}, "lee", "account"),
        ({"action": "org.saml_disabled", "repo": None, "user": "kim"}, "example", "organisation"),
        ({"action": "team.destroy", "data": {"team": "example/core"}}, "example/core", "team"),
        ({"action": "repo.add_member", "user": "Lee"}, "example/site", "repository"),
    ],
)
def test_what_it_was_done_to(activities, change, target, kind):
    change = {"actor": "kim"} | change
    [act] = activities(CLONE | change)
    assert (act["target"], act["target_type"]) == (target, kind)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"actor": "github-actions[bot]"}, "service"),
        ({"actor_is_bot": True}, "service"),
        ({"programmatic_access_type": "GitHub App server-to-server token"}, "service"),
        ({"actor": "github"}, "system"),
    ],
)
def test_who_is_no_human(activities, change, kind):
    assert activities(CLONE | change)[0]["actor_type"] == kind


def test_of_the_shared_records_none_with_a_time_and_an_actor_is_rejected(shared, counted):
    found, rejects = counted(shared / "data" / "saas" / "github_audit.ndjson")
    assert found["github"] == 48
    assert not [r for r in rejects if '"action"' in r.raw and '"created_at"' in r.raw]
