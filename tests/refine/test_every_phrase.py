"""Every act that is known is told in words that read well: those of the vocabularies, and those
that the sources' kept records hold."""

import json
import tomllib
from pathlib import Path

import pytest

from wheeltapper.detect.rules.ruleset import BUILTIN, Ruleset
from wheeltapper.refine import explain
from wheeltapper.refine.headline import headline
from wheeltapper.refine.words import FOLDER, Vocabulary

from .grammar import api_names, slips
from .told_acts import WORDINGS, told

WORDS = Vocabulary.load()
DATA = Path(__file__).parent.parent / "data"
FAILED = {"outcome": "failure", "reason": "NoSuchEntity"}
DENIED = {"outcome": "failure", "reason": "AccessDenied"}


def written(source):
    """The acts that a vocabulary file names."""
    apps = tomllib.loads((FOLDER / f"{source}.toml").read_text(encoding="utf-8"))
    for heading, acts in apps.items():
        app = heading.split("|")[0].strip()
        for action in acts:
            yield source, "" if app == "*" else app, action


def recorded(folder):
    """The acts of a source's kept records."""
    for path in folder.glob("golden*.ndjson"):
        for line in path.read_text(encoding="utf-8").splitlines():
            act = json.loads(line)
            yield act.get("source") or folder.name, act.get("app") or "", act.get("action") or ""


def told_in_all_ways(act):
    yield WORDS.act(*act)
    yield WORDS.act(*act, count=2)
    yield WORDS.act(*act, count=12)
    yield WORDS.act(*act, target="x")
    for how in (FAILED, DENIED):
        yield WORDS.act(*act, **how)
        yield WORDS.act(*act, count=12, **how)
        yield WORDS.act(*act, target="x", **how)
    yield WORDS.noun(*act)


@pytest.mark.parametrize("source", sorted(path.stem for path in FOLDER.glob("*.toml")))
def test_every_act_of_a_vocabulary_reads_well(source):
    acts = list(written(source))
    assert acts
    wrong = {
        (act, text)
        for act in acts
        for text in told_in_all_ways(act)
        if slips(text) or api_names(text)
    }
    assert wrong == set()
    assert all(WORDS.knows(*act) for act in acts)


@pytest.mark.parametrize("folder", sorted(DATA.glob("*/")), ids=lambda path: path.name)
def test_every_act_of_the_kept_records_reads_well_even_where_it_is_guessed(folder):
    acts = set(recorded(folder))
    wrong = {
        (act, text)
        for act in acts
        for text in told_in_all_ways(act)
        if slips(text) or (api_names(text) and not act[2].islower())
    }
    assert wrong == set()


def test_an_action_in_no_vocabulary_is_readable_words():
    assert WORDS.act("x", "X", "FrobnicateWidgetRack") == "performed “frobnicate widget rack”"
    assert WORDS.act("x", "X", "frobnicate_widget") == "performed “frobnicate widget”"
    assert WORDS.act("x", "X", "ResolveCase") == "resolved a case"
    assert WORDS.noun("x", "X", "GetRestApis") == "looking up REST APIs"
    assert WORDS.act("x", "X", "Install an integration") == "installed an integration"


@pytest.mark.parametrize("source", sorted(path.stem for path in FOLDER.glob("*.toml")))
def test_no_name_of_an_interface_gets_into_a_headline(source):
    for _, app, action in written(source):
        one = told(source=source, app=app, action=action, target="", value=f"{app} {action}")
        said = headline([one], WORDS, one.time, one.time)
        assert api_names(said) == [], said
        assert slips(said) == [], said


@pytest.mark.parametrize("name", sorted(WORDINGS.by_name))
@pytest.mark.parametrize("n", [0, 1, 2, 40])
def test_every_entry_of_the_catalogue_reads_well(name, n):
    """With nothing, one, two and many of everything that is counted."""
    for before, peers, of_peers in [(0, 0, n), (n, n, n), (0, 1, n + 1)]:
        one = told(
            name, observed=max(n, 1), expected=n, baseline_n=n, acts=n, before=before,
            peers=peers, of_peers=of_peers, value="27", evidence=9.0,
            usual=[("27", n)] if n else (),
        )  # fmt: skip
        for text in (
            explain.sentence(one, WORDS),
            explain.note(one, WORDS, one.entity),
            explain.expected(one, WORDS),
            explain.peers(one),
            explain.would_be_normal(one, WORDS),
            headline([one], WORDS, one.time, one.time),
            headline([one], WORDS, one.time, one.time, known=False),
        ):
            assert slips(text) == [], text


def test_every_rule_has_a_title_that_can_stand_in_a_sentence():
    rules = Ruleset.load([BUILTIN]).rules
    assert rules
    for rule in rules:
        assert slips(rule.title) == [], rule.title
        assert not rule.title.endswith(".")
