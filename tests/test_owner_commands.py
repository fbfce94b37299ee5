"""`owners check|list|of` as somebody types them."""

import json

import pytest

from test_cli import call, copy  # noqa: F401  # a fixture


@pytest.fixture
def owned(copy):  # noqa: F811
    def _owned(text):
        (copy / "owners.yaml").write_text(text)
        return copy

    return _owned


def test_without_a_file_everything_stays_with_the_analyst(copy):  # noqa: F811
    (copy / "owners.yaml").unlink()
    assert "there is no" in call("owners", "check", folder=copy).stderr
    (row,) = json.loads(call("owners", "list", "--format", "json", folder=copy).stdout)
    assert row == {"owner": "", "cases": 1, "applications": ["Okta"]}
    told = call("owners", "of", 1, folder=copy).stdout
    assert told.startswith("the analyst\nbecause nobody owns Okta, and no fallback fits\n")


def test_what_does_not_fit_the_lake_is_said(owned):
    folder = owned("applications:\n  Okta: idm\n  Jira: idm\n  Git*: idm\n"
                   "groups:\n  idm: {members: [ana@example.org]}")  # fmt: skip
    told = call("owners", "check", folder=folder)
    assert "owners.yaml:3: 'Jira' is no application of the lake" in told.stdout
    assert "owners.yaml:4: 'Git*' fits no application" in told.stdout
    assert "no escalation and no default" in told.stdout
    assert "1 of 1 applications have an owner" in told.stderr


def test_a_mistake_is_told_with_its_line(owned):
    folder = owned("applications:\n  Okta: nobody")
    for command in (["owners", "check"], ["owners", "list"], ["owners", "of", "1"]):
        assert "owners.yaml:2: 'nobody' is no group" in call(*command, folder=folder, code=1).stderr


def test_owners_with_their_cases(owned):
    folder = owned("applications:\n  Okta: ana@example.org\npeople:\n  bo: {timezone: UTC}")
    told = call("owners", "list", folder=folder).stdout.splitlines()
    assert told[0] == "ana@example.org: 1 case in 30 days"
    assert told[1].strip() == "Okta"
    assert told[2] == "bo: 0 cases in 30 days"
    rows = call("owners", "list", "--format", "ndjson", folder=folder).stdout.splitlines()
    assert json.loads(rows[0])["applications"] == ["Okta"]


def test_why_and_when(owned):
    folder = owned("""
applications:
  O*: idm
urgent: 100
groups:
  idm: {members: [ana@example.org, bo@example.org], quiet: "00:00-23:59"}
""")
    told = call("owners", "of", 1, folder=folder).stdout
    assert told.startswith("idm\nbecause Okta is idm's by 'O*' (owners.yaml:3)\n")
    assert "to be asked: ana@example.org, bo@example.org" in told
    assert "23:59 (UTC), after their quiet hours" in told
    (row,) = call("owners", "of", 1, "--format", "json", folder=folder).stdout.splitlines()
    assert json.loads(row)["deliver_after"].endswith("T23:59:00+00:00")
    call("detect", folder=folder)  # cases are made anew, and know their owner
    shown = call("show", 1, folder=folder).stdout
    assert "owner: idm, because Okta is idm's by 'O*'" in shown


def test_the_actor_can_be_named(owned):
    folder = owned("applications:\n  Okta: actor")
    told = call("owners", "of", 1, folder=folder).stdout
    assert r"mallory\x1b[31m\u202e" in told
    assert "who acted" in told
    assert "actor: 1 case" in call("owners", "list", folder=folder).stdout


def test_a_case_is_shown_as_its_reader_gets_it(owned):
    folder = owned("applications: {Okta: ana@example.org}")
    told = call("show", 1, "--for", "owner", folder=folder).stdout
    assert told.startswith("Was this expected? mallory")
    assert "In Okta:" in told
    shown = call("show", 1, "--for", "actor", "--format", "json", folder=folder).stdout
    assert json.loads(shown)["subject"] == "Was this you?"
    (folder / "owners.yaml").unlink()
    refused = call("show", 1, "--for", "owner", folder=folder, code=1)
    assert "goes to the analyst, to no owner" in refused.stderr
