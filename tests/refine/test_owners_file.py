"""The owners file: what it means, and every mistake with its line."""

import contextlib
import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper import config
from wheeltapper.errors import ConfigError
from wheeltapper.refine.owners import URGENT, Claim
from wheeltapper.refine.owners_file import load

TEMPLATE = Path(config.__file__).with_name("owners.yaml")


@pytest.fixture
def read(tmp_path):
    def _read(text):
        path = tmp_path / "owners.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path)

    return _read


def test_no_file_and_an_empty_one_are_no_owners(tmp_path, read):
    assert load(tmp_path / "nowhere.yaml").applications == ()
    assert read("").applications == read("# nothing\n").applications == ()
    assert read("applications:\n").applications == ()


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml is not there; .*owners names it"):
        load(tmp_path / "nowhere.yaml", must=True)


def test_everything_is_taken(read):
    owners = read(
        """
applications:
  Secrets Manager: platform
  Git*: ana@example.org
  Okta: actor
groups:
  platform:
    members: [ana@example.org, bo]
    timezone: Europe/Amsterdam
    quiet: [19:00-08:00, 12:00-13:00]
    workdays: mon-fri
people:
  bo:
    accounts: [bo, bo-admin]
    away: [2026-12-24..2027-01-02, 2026-05-05]
fallbacks:
  source: {sshd: platform}
  default: platform
escalation: bo
urgent: 12.5
"""
    )
    assert owners.applications[1] == Claim(what="Git*", owner="ana@example.org", line=4)
    platform, bo = owners.party("platform"), owners.party("bo")
    assert platform.members == ("ana@example.org", "bo")
    assert platform.hours.quiet == ((1140, 480), (720, 780))
    assert platform.hours.workdays == {0, 1, 2, 3, 4}
    assert platform.timezone == "Europe/Amsterdam"
    assert bo.accounts == ("bo", "bo-admin")
    assert bo.away == (
        (date(2026, 12, 24), date(2027, 1, 2)),
        (date(2026, 5, 5), date(2026, 5, 5)),
    )
    assert owners.of_fallback("source", "SSHD").owner == "platform"
    assert (owners.default.owner, owners.escalation.owner) == ("platform", "bo")
    assert owners.urgent == 12.5
    assert read("").urgent == URGENT


def test_the_template_is_empty_and_right_when_the_marks_are_taken_away(read):
    text = TEMPLATE.read_text()
    assert read(text).applications == ()
    setting = re.compile(r"# ( |[a-z_]+:( |$))")  # else it is a sentence
    kept = [line[2:] for line in text.splitlines() if setting.match(line)]
    owners = read("\n".join(kept))
    assert [c.owner for c in owners.applications] == ["platform", "ana@example.org", "actor"]
    assert None not in (owners.default, owners.escalation)
    assert owners.party("ana@example.org").away
    assert owners.party("platform").hours.quiet


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", ":1: not valid YAML"),
        ("x: 1\n\ty: 2", ":2: not valid YAML"),
        ("- a", ":1: the file must be names with values"),
        ("application:\n  Okta: a@b", ":1: 'application' means nothing in the file; did you mean "
                                      "applications"),
        ("x: 1", ":1: 'x' means nothing in the file; there are: applications, groups"),
        ("applications:\n  Okta: platfrom\ngroups:\n  platform:\n    members: [a@b]",
         ":2: 'platfrom' is no group and no person; did you mean platform"),
        ("applications: Okta", ":1: applications must be names with values"),
        ("applications:\n  Okta: a@b\n  okta: c@d", ":3: 'okta' is there twice in applications"),
        ("applications:\n  Okta:", ":2: a name or a value is missing"),
        ("applications:\n  Okta: [a@b]", ":2: a name or a value is missing"),
        ("applications:\n  Git*: a@b\n  '*Hub': c@d",
         r":3: '\*Hub' \(c@d\) and 'Git\*' \(a@b, line 2\) can fit one application"),
        ("applications:\n" + f"  {'x' * 201}: a@b", ":2: a name may have 200 characters"),
        ("groups:\n  g:\n    timezone: UTC", ":3: groups.g has no members"),
        ("groups:\n  g:\n    members: [nobody]", ":3: 'nobody' is no group and no person"),
        ("groups:\n  g:\n    members: [actor]", ":3: 'actor' is no person"),
        ("groups:\n  g: {members: [a@b]}\n  h: {members: [g]}", ":3: 'g' is no person; members"),
        ("groups:\n  actor: {members: [a@b]}", ":2: 'actor' has a meaning of its own"),
        ("groups:\n  g: {members: [a@b]}\npeople:\n  G: {timezone: UTC}", ":4: 'G' is there twice"),
        ("people:\n  ana:\n    quite: 1", ":3: 'quite' means nothing in people.ana; did you mean "
                                          "quiet"),
        ("people:\n  ana:\n    quiet: 7pm", ":3: '7pm' is no span of hours"),
        ("people:\n  ana:\n    quiet: 22:00", ":3: '22:00' is no span of hours"),
        ("people:\n  ana:\n    quiet: []", ":3: quiet is empty"),
        ("people:\n  ana:\n    workdays: always", ":3: 'always' is no working day"),
        ("people:\n  ana:\n    timezone: Mars", ":3: timezone 'Mars' is not known"),
        ("people:\n  ana:\n    timezone: ../../etc/passwd", ":3: timezone .* is not known"),
        ("people:\n  ana:\n    away: [Christmas]", ":3: 'Christmas' is no period"),
        ("people:\n  ana:\n    away: [2026-05-05..2026-05-04]", ":3: .* ends before it begins"),
        ("fallbacks:\n  sources: {a: b@c}", ":2: 'sources' means nothing in fallbacks; did you"),
        ("escalation: actor", ":1: escalation is for when the actor cannot be asked"),
        ("urgent: very", ":1: urgent must be a score"),
        ("urgent: nan", ":1: urgent must be a score"),
        ("applications: &a\n  Okta: *a", ":1: a name or a value is missing"),
        (b"a: \xff", ":1: not UTF-8"),
        ("[" * 3000, "not valid YAML"),
        ("# x\n" * 300_000, "at most 1,000,000 are read"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(read, text, says):
    with pytest.raises(ConfigError, match=says) as raised:
        read(text)
    assert "owners.yaml" in str(raised.value)


def test_globs_of_one_owner_may_overlap(read):
    assert len(read("applications:\n  Git*: a@b\n  GitHub*: a@b").applications) == 2


@given(
    st.recursive(
        st.text(max_size=6) | st.integers() | st.none() | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["applications", "groups", "people", "members", "quiet", "Okta"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_any_yaml_is_read_or_refused_in_words(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("any") / "owners.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    with contextlib.suppress(ConfigError):
        load(path)
