"""Records of the System Log have the shape that Okta documents."""

from collections import Counter

FIELDS = {
    "actor", "client", "device", "authenticationContext", "displayMessage", "eventType", "outcome",
    "published", "securityContext", "severity", "debugContext", "legacyEventType", "transaction",
    "uuid", "version", "request", "target",
}  # fmt: skip


def test_every_record_has_all_fields(small):
    for record in small.okta:
        assert set(record) == FIELDS
        assert record["outcome"]["result"] in ("SUCCESS", "FAILURE", "CHALLENGE")
        assert record["published"].endswith("Z")
        assert len(record["published"]) == 24


def test_ids_are_unique(small):
    ids = [r["uuid"] for r in small.okta]
    assert len(ids) == len(set(ids))


def test_sessions_begin_with_a_second_factor(small):
    factor = {
        r["authenticationContext"]["externalSessionId"]
        for r in small.okta
        if r["eventType"] == "user.authentication.auth_via_mfa"
        and r["outcome"]["result"] == "SUCCESS"
    }
    laptop = [
        r
        for r in small.okta
        if r["eventType"] == "user.session.start"
        and r["outcome"]["result"] == "SUCCESS"
        and r["client"]["device"] == "Computer"
    ]
    assert laptop
    # A session that began just before the story did has its factor outside of it.
    without = [r for r in laptop if r["authenticationContext"]["externalSessionId"] not in factor]
    assert len(without) <= 2


def test_passwords_are_mistyped_now_and_then(small):
    tries = Counter(
        r["outcome"]["result"] for r in small.okta if r["eventType"] == "user.session.start"
    )
    assert 0.01 < tries["FAILURE"] / tries.total() < 0.12


def test_geography_belongs_to_the_address(small):
    seen = {}
    for record in small.okta:
        client = record["client"]
        where = client["geographicalContext"]["country"]
        assert seen.setdefault(client["ipAddress"], where) == where
