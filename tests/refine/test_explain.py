"""Sentences as a reader gets them; hostile text never gets through as it came.

`make golden` (WHEELTAPPER_GOLDEN=1) writes the file anew; read it before you commit it.
"""

import os
import unicodedata
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine import explain
from wheeltapper.refine.headline import headline
from wheeltapper.refine.words import Vocabulary

from .told_acts import TIME, TOLD, kind, told

GOLDEN = Path(__file__).parent / "golden" / "sentences.txt"
WORDS = Vocabulary.load()


def rendered() -> str:
    lines = []
    for name, one in TOLD.items():
        lines += [name, f"    {explain.sentence(one, WORDS)}"]
        normal = explain.would_be_normal(one, WORDS)
        if normal:
            lines.append(f"    Would have been normal: {normal}.")
        lines.append(f"    [{explain.label(one, WORDS)}]")
    return "\n".join(lines) + "\n"


def test_every_kept_sentence_reads_as_it_did():
    if os.environ.get("WHEELTAPPER_GOLDEN"):
        GOLDEN.write_text(rendered(), encoding="utf-8")
    assert rendered() == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TOLD)
def test_a_sentence_is_a_sentence(name):
    said = explain.sentence(TOLD[name], WORDS)
    assert said.endswith(".")
    assert ".." not in said
    assert "  " not in said
    assert "None" not in said
    assert "{" not in said
    assert len(said) < 400


HOSTILE = (
    "\x1b[31m\u202ekim\u2066\x00\n\r<script>alert(1)</script>{did}{0.__class__}\ud800" + 5000 * "x"
)


@pytest.mark.parametrize("name", TOLD)
def test_hostile_text_in_every_field_stays_one_short_line(name):
    one = TOLD[name]
    texts = {
        f.name: HOSTILE
        for f in fields(one)
        if isinstance(getattr(one, f.name), str) and f.name != "entity_type"
    }
    more = {
        "usual": [(HOSTILE, 3)] if one.usual else (),
        "features": [{"what": HOSTILE, "observed": 1.0, "usual": 1.0}] if one.features else (),
        "kinds": [kind(HOSTILE, 3, app=HOSTILE, target=HOSTILE)] if one.kinds else (),
    }
    hostile = replace(one, **texts, **more)
    for said in (
        explain.sentence(hostile, WORDS),
        explain.would_be_normal(hostile, WORDS),
        explain.label(hostile, WORDS),
        explain.note(hostile, WORDS, one.entity),
        explain.expected(hostile, WORDS),
        explain.peers(hostile),
        headline([hostile, one], WORDS, TIME, TIME + timedelta(hours=1)),
    ):
        assert not {unicodedata.category(c) for c in said} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        assert len(said) < 1000
        assert "__class__" not in said.replace("{0.__class__}", "")


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_can_be_told(entity, action, target, value):
    for wording in ("cloudtrail.action", "any.country", "any.hour", "git.utc_offset"):
        one = told(wording, entity=entity, action=action, target=target, value=value)
        for said in (explain.sentence(one, WORDS), explain.label(one, WORDS)):
            assert "\n" not in said
            assert "\x1b" not in said


@pytest.mark.parametrize(
    ("took", "said"),
    [
        ({"seconds": 0}, ""),
        ({"seconds": 59}, ""),
        ({"seconds": 61}, "within a minute"),
        ({"minutes": 35}, "within 35 minutes"),
        ({"minutes": 119}, "within 119 minutes"),
        ({"hours": 7}, "within 7 hours"),
        ({"days": 3}, "over 3 days"),
    ],
)
def test_how_long_it_took(took, said):
    assert explain.duration(TIME, TIME + timedelta(**took)) == said


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        ("kim.lee@example.org", "Kim Lee"),
        ("anne-marie.smit@example.org", "Anne-marie Smit"),
        ("kim_lee@example.org", "Kim Lee"),
        ("kim@example.org", "kim"),
        ("svc-42.build@example.org", "svc-42.build"),
        ("deploy-bot", "deploy-bot"),
        ("@example.org", "@example.org"),
        ("@", "@"),
    ],
)
def test_people_are_called_as_people_say_it(entity, said):
    assert explain.plain("actor", entity) == said


def test_an_address_is_no_person():
    assert explain.plain("src_ip", "kim.lee@example.org") == "kim.lee@example.org"


def test_a_note_leaves_out_whom_the_case_is_about():
    one = TOLD["a new country"]
    said = "Read the secret prod/db from Nigeria"
    assert explain.note(one, WORDS, one.entity) == said
    assert explain.note(one, WORDS, "somebody else") == f"Kim Lee r{said[1:]}"


@pytest.mark.parametrize("name", TOLD)
def test_a_sentence_is_its_parts(name):
    one = TOLD[name]
    said = explain.sentence(one, WORDS)
    note = explain.note(one, WORDS, one.entity)
    assert note[1:] in said
    assert explain.expected(one, WORDS) in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("an act never done before", "none of 11 engineer peers has"),
        ("an act with one peer", "the only other engineer peer has not"),
        ("an act that some peers do", "3 of 11 engineer peers have"),
        ("an act nobody can be compared with", ""),
        ("back after months", "none of 11 engineer peers was for as long"),
    ],
)
def test_what_peers_do_stands_by_itself(name, said):
    assert explain.peers(TOLD[name]) == said
