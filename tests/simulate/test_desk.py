"""The shared account is used by several agents, each from their own place and machine."""

from collections import Counter

from wheeltapper.simulate.desk import DESK


def test_several_agents_share_it_from_their_own_machines(small):
    acts = [r for r in small.okta if r["actor"]["alternateId"] == DESK.email]
    started = [r for r in acts if r["eventType"] == "user.session.start"]
    agents = {r["client"]["userAgent"]["rawUserAgent"] for r in started}
    places = Counter(r["client"]["ipAddress"] for r in started)
    assert len(started) > 30
    assert len(agents) >= 3
    assert len(places) >= 3
    apps = {r["target"][0]["displayName"] for r in acts if r["eventType"].endswith(".sso")}
    assert "Zendesk" in apps


def test_it_is_in_the_directory_without_a_country(small):
    (row,) = [r for r in small.directory.splitlines() if r.startswith(DESK.email)]
    assert row.split(",")[5] == ""
