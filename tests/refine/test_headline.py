"""The sentence that a case is: who did what, where, why it is odd, in few words."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.headline import MOST_WORDS, headline
from wheeltapper.refine.words import Vocabulary

from .grammar import obeyed, slips
from .told_acts import TIME, TOLD, told

WORDS = Vocabulary.load()
LATER = TIME + timedelta(minutes=35)
MIXED = ["a new country", "an hour never worked", "many of one kind in an hour", "a rule"]


def said(*names, end=LATER, **more):
    return headline([TOLD[name] for name in names], WORDS, TIME, end, **more)


def test_what_can_hurt_most_is_told_first_then_where_from_and_why_it_is_odd():
    assert said(*MIXED) == (
        "Kim Lee read 60 secrets and switched off the audit trail management-events from Nigeria "
        "on Tuesday 03:00–04:00 local time"
    )
    assert said(*MIXED[2:], MIXED[0]).endswith("from Nigeria within 35 minutes")


def test_a_headline_of_where_alone_says_what_was_done():
    assert said("a new country", end=TIME) == (
        "Kim Lee read the secret prod/db from Nigeria for the first time in 58 days"
    )


def test_how_long_it_took_is_that_of_what_is_told():
    assert " within 35 minutes, " in said("a new country")
    quick = replace(TOLD["a new country"], first=TIME, last=TIME + timedelta(minutes=3))
    assert " within 3 minutes, " in headline([quick], WORDS, TIME, LATER)


def test_many_say_how_many_are_usual():
    assert said("many of one kind in an hour", end=TIME) == (
        "Kim Lee read 60 secrets, where one or none an hour is usual"
    )


def test_the_same_is_said_once():
    once = said("an act never done before")
    assert said("an act never done before", "an act done twice before") == once


def test_acts_that_are_told_already_are_not_told_again():
    ids = frozenset(bytes([n]) for n in range(60))
    secrets = replace(TOLD["many of one kind in an hour"], events=ids)
    refusals = replace(TOLD["many refusals"], events=ids)
    other = replace(TOLD["many refusals"], events=frozenset({b"x"}))
    alone = headline([secrets], WORDS, TIME, LATER)
    assert headline([secrets, refusals], WORDS, TIME, LATER) == alone
    assert "refused" in headline([secrets, other], WORDS, TIME, LATER)


def test_the_more_exact_of_two_is_told():
    folder = replace(TOLD["a folder never touched"], value="azure/macos/", evidence=1.0)
    area = replace(folder, value="azure", evidence=9.0)
    assert "changed azure/macos/ for the first time" in headline([area, folder], WORDS, TIME, TIME)


def test_a_verb_is_said_once():
    folder = TOLD["a folder never touched"]
    more = [
        replace(folder, value=value, events=frozenset({value.encode()})) for value in ("a/", "b/")
    ]
    assert "changed a/ and b/" in headline(more, WORDS, TIME, TIME)
    looked = [
        told(app="ec2.amazonaws.com", action=action, value=action, target="",
             events=frozenset({action.encode()}))
        for action in ("DescribeTags", "DescribeInstances")
    ]  # fmt: skip
    assert "looked up tags and the instances" in headline(looked, WORDS, TIME, TIME)


def test_people_are_called_by_their_names_and_those_who_act_on_themselves_as_such():
    one = told(
        source="okta", app="Okta", action="user.mfa.factor.activate", target="ana@example.org"
    )
    assert "for ana" in headline([one], WORDS, TIME, TIME)
    own = replace(one, target=one.entity)
    assert "for themselves" in headline([own], WORDS, TIME, TIME)


def test_somebody_new_is_said_to_be():
    assert said("an act never done before", known=False, end=TIME) == (
        "Kim Lee, never seen before, read the secret prod/db"
    )


def test_no_more_than_three_acts_are_told():
    names = ["an act never done before", "a rule", "a new application", "many refusals"]
    assert said(*names).count(" and ") <= 1


def test_the_order_of_findings_of_equal_weight_does_not_change_who_is_told():
    assert said("a rule", "a new country").startswith("Kim Lee ")


@given(st.lists(st.sampled_from(sorted(TOLD)), min_size=1, max_size=6), st.booleans())
def test_it_reads_well_and_is_short_whatever_is_put_together(names, known):
    text = said(*names, known=known)
    assert slips(text) == [], text
    one_each = [len(said(name, known=known, end=TIME).split()) for name in names]
    assert len(text.split()) <= max(MOST_WORDS, *one_each)


TEXT = st.text(max_size=200) | st.sampled_from(
    [
        "\x1b[31mred",
        "a\u202eb\u2066c",
        "<script>",
        "x" * 5000,
        "a\nb\rc\0",
        "\ud800",
        " and ",
        "@",
        "",
    ]
)


@given(TEXT, TEXT, TEXT, TEXT, st.sampled_from(sorted(TOLD)))
def test_no_text_of_a_log_breaks_it(entity, target, value, action, name):
    one = replace(TOLD[name], entity=entity, target=target, value=value, action=action)
    text = headline([one, TOLD["a rule"]], WORDS, TIME, LATER)
    assert not obeyed(text)
    assert "  " not in text
    assert len(text) < 1000


@pytest.mark.parametrize("name", sorted(TOLD))
def test_each_by_itself(name):
    text = said(name, end=TIME)
    assert text.count(" ") > 1
    assert slips(text) == [], text
