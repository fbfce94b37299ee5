import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.errors import WheeltapperError
from wheeltapper.suppression import (
    DAYS,
    MOST_DAYS,
    REACHES_BACK,
    SCOPE,
    Scope,
    checked,
    from_dict,
    suppression,
)

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
DAY = timedelta(days=1)
NARROW = Scope(detector="any.country", value="NL")


def test_it_always_ends():
    assert suppression(NARROW, by="ana", at=NOW).expires == NOW + DAYS * DAY
    assert suppression(NARROW, by="ana", at=NOW, days=30).expires == NOW + 30 * DAY
    for days in (0, -1, MOST_DAYS + 1):
        with pytest.raises(WheeltapperError, match=f"lasts 1 to {MOST_DAYS} days, not {days}"):
            suppression(NARROW, by="ana", at=NOW, days=days)


def test_it_reaches_back_from_now_or_from_where_the_history_ends():
    assert suppression(NARROW, by="ana", at=NOW).since == NOW - REACHES_BACK
    assert suppression(NARROW, by="ana", at=NOW, last=NOW + DAY).since == NOW - REACHES_BACK
    old = NOW - 300 * DAY
    assert suppression(NARROW, by="ana", at=NOW, last=old).since == old - REACHES_BACK


@pytest.mark.parametrize(
    "scope",
    [Scope(), Scope(detector="any.country"), Scope(app="Okta"), Scope(value="NL", entity="kim"),
     Scope(value="NL", entity="kim", peer_group="it"), Scope(detector="any.*", app="Okta"),
     Scope(detector="any.*", value="NL")],
)  # fmt: skip
def test_what_would_hide_too_much_is_refused(scope):
    with pytest.raises(WheeltapperError, match=r"would hide too much: name a detector or an app"):
        checked(scope)


@pytest.mark.parametrize(
    "scope",
    [NARROW, Scope(detector="any.hour", app="Okta"), Scope(app="Okta", entity="kim"),
     Scope(detector="any.*", value="NL", peer_group="it"), Scope(detector="rule.x", entity="kim")],
)  # fmt: skip
def test_what_names_two_things_is_taken(scope):
    checked(scope)


@given(st.builds(Scope, **dict.fromkeys(SCOPE, st.sampled_from(["", "any.country"]))))
def test_a_scope_that_is_taken_is_taken_with_one_more_field(scope):
    try:
        checked(scope)
    except WheeltapperError:
        return
    for name in SCOPE:
        checked(Scope(**{n: getattr(scope, n) or "x" if n == name else getattr(scope, n)
                         for n in SCOPE}))  # fmt: skip


@pytest.mark.parametrize("detector", ["*", ".*", "a b", "any.", "any.*.x", "'; --", "any\n.x"])
def test_what_is_no_detector_is_refused(detector):
    with pytest.raises(WheeltapperError, match=r"is no detector: write any\.country"):
        checked(Scope(detector=detector, value="NL", entity="kim"))


def test_other_refusals():
    with pytest.raises(WheeltapperError, match="needs somebody"):
        suppression(NARROW, by=" ", at=NOW)
    with pytest.raises(WheeltapperError, match="1000 characters at most"):
        suppression(NARROW, by="ana", at=NOW, reason="x" * 1001)
    with pytest.raises(WheeltapperError, match="value may have 1000 characters"):
        checked(Scope(detector="any.country", value="x" * 1001))
    with pytest.raises(WheeltapperError, match="holds bytes that are no text"):
        checked(Scope(detector="any.country", value="\udc80"))


@given(st.text(max_size=20, alphabet=st.characters(exclude_categories=["Cs"])))
def test_it_comes_back_from_json_as_it_was(text):
    scope = Scope(detector="any.country", value=text, entity=f"x{text}")
    one = suppression(scope, by="ana", at=NOW, reason=text, case_id="c1")
    assert from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_it_says_who_until_when_and_why():
    one = suppression(NARROW, by="ana", at=NOW, reason="she moved")
    assert one.said() == "hidden until 23 Feb 2027 by ana: she moved"
    wide = Scope(value="NL", peer_group="it", app="Okta", entity="kim")
    assert str(wide) == "value NL, peer group it, in Okta, about kim"
    assert str(one.scope) == "any.country, value NL"
    assert suppression(NARROW, by="ana", at=NOW).said() == "hidden until 23 Feb 2027 by ana"


def test_it_is_in_force_until_it_runs_out_or_is_ended():
    one = suppression(NARROW, by="ana", at=NOW, days=30)
    assert [one.in_force(NOW + n * DAY) for n in (0, 29, 30)] == [True, True, False]
    assert not dataclasses.replace(one, ended=NOW, ended_by="kim").in_force(NOW)


def test_the_same_scope_a_moment_later_is_another():
    moment = timedelta(microseconds=1)
    made = [suppression(NARROW, by="ana", at=NOW + n * moment) for n in range(3)]
    assert len({one.id for one in made}) == 3
