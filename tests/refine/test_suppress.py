import dataclasses
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.case import EXPECTED, MALICIOUS, Other
from wheeltapper.refine.calibrate import score_of
from wheeltapper.refine.combine import combine
from wheeltapper.refine.group import group
from wheeltapper.refine.reference import BINS, bins
from wheeltapper.refine.suppress import hidden_by, still_told, suppress
from wheeltapper.suppression import SCOPE, Scope

from .few_findings import MONDAY, finding, frame, many
from .hidden_scopes import hiding, scopes, suppressions, unchecked
from .judged_cases import judged


def hidden(rows, *made, cases=()):
    found = suppress(frame(rows), made, cases)
    assert found["whole"].to_list() == [r["evidence"] for r in rows]
    assert found["evidence"].to_list() == [
        0 if s else e for e, s in found.select("whole", "suppressed").rows()
    ]
    return found["suppressed"].is_not_null().to_list()


def test_it_hides_from_ninety_days_before_it_was_made_until_it_expires():
    rows = [finding(days=d) for d in (-90.1, -90, -1, 0, 29.9, 30, 200)]
    assert hidden(rows, hiding(lasts=30)) == [False, True, True, True, True, False, False]


def test_one_that_was_taken_back_hides_nothing():
    ended = dataclasses.replace(hiding(), ended_by="kim", ended=MONDAY + timedelta(days=50))
    assert hidden([finding(), finding(days=1)], ended) == [False, False]


@pytest.mark.parametrize(
    "other",
    [{"entity": "kim"}, {"detector": "any.hour"}, {"value": "BR"}, {"app": "AWS"}, {"app": None},
     {"peer_group": "it"}, {"peer_group": None}, {"value": None}, {"detector": "any.country2"}],
)  # fmt: skip
def test_what_differs_in_anything_that_was_named_is_not_hidden(other):
    whole = hiding(detector="any.country", value="KP", entity="ana", app="Okta", peer_group="sales")
    assert hidden([finding(), finding(**other)], whole) == [True, False]


def test_a_prefix_takes_all_whose_names_begin_so():
    rows = [finding(detector=d) for d in ("any.country", "any.hour", "anything.x", "okta.any.x")]
    made = hiding(detector="any.*", value="KP", entity="ana")
    assert hidden(rows, made) == [True, True, False, False]


def test_the_first_that_speaks_for_a_finding_is_named():
    first, second = hiding(days=1), hiding(days=2)
    assert hidden_by(frame([finding(days=80), finding(days=91.5)]), [first, second]).to_list() == [
        first.id,
        second.id,
    ]


@pytest.mark.parametrize("verdict", [EXPECTED, MALICIOUS])
def test_a_case_that_was_judged_keeps_its_findings(verdict):
    rows = [finding(), finding(entity="kim"), finding(days=1), finding(value="NL")]
    made = [hiding(), hiding(detector="any.country", value="NL")]
    assert hidden(rows, *made, cases=[judged(verdict)]) == [False, True, True, False]
    told_with = dataclasses.replace(
        judged(verdict), others=(Other(entity_type="actor", entity="kim", why="same address"),)
    )
    assert hidden(rows, *made, cases=[told_with]) == [False, False, True, False]


def test_a_case_that_was_judged_with_a_greyed_finding_keeps_it_greyed():
    case = judged(EXPECTED)
    (told,) = case.findings
    greyed = dataclasses.replace(
        case, findings=(dataclasses.replace(told, suppressed=hiding(days=-5)),)
    )
    assert hidden([finding(), finding(value="NL")], hiding(), cases=[greyed]) == [True, False]


def test_a_verdict_alone_hides_nothing():
    assert hidden([finding(days=1)], cases=[judged(EXPECTED)]) == [False]


@given(many(), suppressions)
def test_time_and_every_field_that_is_named_decide(rows, one):
    scope = one.scope
    named = [
        one.since <= r["time"] < one.expires
        and (
            not scope.detector
            or r["detector"] == scope.detector
            or (scope.detector.endswith(".*") and r["detector"].startswith(scope.detector[:-1]))
        )
        and all(getattr(scope, n) in ("", r[n]) for n in ("value", "entity", "app", "peer_group"))
        for r in rows
    ]
    assert hidden(rows, one) == named


@given(many(), suppressions, st.sampled_from(SCOPE))
def test_a_wider_scope_hides_no_less(rows, one, field):
    wider = dataclasses.replace(one, scope=dataclasses.replace(one.scope, **{field: ""}))
    pairs = zip(hidden(rows, one), hidden(rows, wider), strict=True)
    assert all(w for n, w in pairs if n)


@given(many(), st.lists(suppressions, max_size=3), suppressions)
def test_one_more_raises_no_story_and_makes_none(rows, made, more):
    def scores(*all_of_them):
        spans = group(suppress(frame(rows), all_of_them), 8.0)
        stories = combine(spans)
        whole = combine(spans.with_columns(evidence="whole"))["evidence"].to_numpy()
        counts = np.bincount(bins(whole), minlength=BINS)
        found = stories.with_columns(
            score=pl.Series(score_of(stories["evidence"].to_numpy(), counts, 500))
        )
        told = still_told(found, spans)
        return {(r["entity"], r["start"]): r["score"] for r in told.to_dicts()}

    before, after = scores(*made), scores(*made, more)
    assert after.keys() <= before.keys()
    assert all(score <= before[story] for story, score in after.items())


@given(many(), suppressions)
def test_what_has_run_out_or_is_yet_to_come_changes_nothing(rows, one):
    times = [r["time"] for r in rows]
    over = dataclasses.replace(one, since=min(times) - timedelta(days=9), expires=min(times))
    later = max(times) + timedelta(microseconds=1)
    ahead = dataclasses.replace(one, since=later, expires=later + timedelta(days=90))
    ended = dataclasses.replace(one, ended=one.created, ended_by="kim")
    assert not any(hidden(rows, over, ahead, ended))


HOSTILE = ["x'; drop table cases; --", "\0", "\u202eevil", "a.*", "$", "%", "\n", "é", "NULL"]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_compared_and_nothing_else(value):
    rows = [finding(value=value), finding(value="KP"), finding(value=None)]
    assert hidden(rows, hiding(detector="any.country", value=value)) == [True, False, False]


def test_where_all_is_hidden_nobody_is_told():
    rows = [finding(), finding(entity="kim"), finding(entity="kim", value="NL", hours=1)]
    spans = group(suppress(frame(rows), [hiding()]), 8.0)
    stories = still_told(combine(spans), spans)
    assert stories["entity"].to_list() == ["kim"]
    assert stories["findings"].to_list() == [2]


@given(scopes)
def test_the_id_of_what_hides_stands_with_the_finding(scope: Scope):
    one = unchecked(scope, 0, 90)
    found = suppress(frame([finding()]), [one])
    assert found["suppressed"].to_list() in ([one.id], [None])
    assert np.isfinite(found["evidence"].to_numpy()).all()
