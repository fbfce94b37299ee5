import dataclasses

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from test_case import case
from wheeltapper import finding
from wheeltapper.case import EXPECTED, MALICIOUS, POLICY_VIOLATION, Case
from wheeltapper.refine.feedback import Feedback
from wheeltapper.refine.preview import preview, scopes_of
from wheeltapper.refine.suppress import hidden_by
from wheeltapper.refine.unpack import unpacked
from wheeltapper.suppression import Scope, checked

from .few_findings import MONDAY, many
from .hidden_scopes import hiding, suppressions
from .judged_cases import judged


def table(*cases: Case) -> pa.Table:
    """The cases' findings as the lake has them."""
    rows = [
        {
            **f.finding.to_dict(),
            "time": f.finding.time,
            "event_ids": [bytes.fromhex(id) for id in f.finding.event_ids],
            "evidence": '{"value": "KP", "app": "Okta", "peer_group": "sales"}',
        }
        for case in cases
        for f in case.findings
    ]
    return pa.Table.from_pylist(rows, finding.SCHEMA)


def with_words(case: Case, **said: object) -> Case:
    """The case with this in the evidence of its finding."""
    (told,) = case.findings
    evidence = {"value": "KP", "app": "Okta", "peer_group": "sales", **said}
    one = dataclasses.replace(told.finding, evidence={k: v for k, v in evidence.items() if v})
    return dataclasses.replace(case, findings=(dataclasses.replace(told, finding=one),))


def test_what_is_gone_weaker_and_judged_is_told_apart():
    draft = hiding()
    cases = [
        with_words(judged(verdict, days=d))
        for d, verdict in enumerate(["", "", EXPECTED, MALICIOUS, POLICY_VIOLATION])
    ]
    other = with_words(judged("", days=5, entity="kim"), app="AWS")
    (told,) = cases[1].findings
    greyed = dataclasses.replace(cases[1], findings=(dataclasses.replace(told, suppressed=draft),))
    late = with_words(judged("", days=200))
    before = [*cases, other, late]
    after = [greyed, *cases[2:], late]
    seen = preview(table(*before), [draft], known=[], before=before, after=after)
    assert seen.gone == (cases[0], other)
    assert seen.weaker == (greyed,)
    assert seen.judged == tuple(cases[2:])
    assert seen.warned == tuple(cases[3:])
    assert seen.findings == 3  # those that were judged keep theirs, the late one comes too late
    assert seen.unknown == ()
    known = preview(table(*before), [draft], known=[draft], before=before, after=after)
    assert known.findings == 0


def test_what_is_told_with_another_case_is_not_gone():
    case = with_words(judged("", days=0))
    elsewhere = dataclasses.replace(case, id="another", entity="kim")
    seen = preview(table(case), [hiding()], known=[], before=[case], after=[elsewhere])
    assert seen.gone == ()


def test_names_that_no_finding_has_are_told():
    draft = hiding(detector="any.countri", value="KP", app="Okto", entity="ana", peer_group="it")
    seen = preview(table(judged("")), [draft], known=[], before=[], after=[])
    assert seen.unknown == ("any.countri; is it any.country?", "peer group it", "in Okto")
    assert seen.findings == 0


def test_as_json_it_has_ids_and_headlines():
    case = with_words(judged(MALICIOUS))
    seen = preview(table(case), [hiding()], known=[], before=[case], after=[case])
    named = {"id": case.id, "headline": case.headline, "verdict": MALICIOUS}
    assert seen.to_dict() == {
        "suppressions": [hiding().to_dict()], "findings": 0, "gone": [], "weaker": [],
        "judged": [named], "warned": [named], "unknown": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "key", "scope"),
    [
        ({}, "KP", Scope(detector="any.country", value="KP", peer_group="sales", app="Okta")),
        ({"peer_group": None}, "KP",
         Scope(detector="any.country", value="KP", app="Okta", entity="ana")),
        ({"app": None}, "KP", Scope(detector="any.country", value="KP", peer_group="sales")),
        ({}, "", Scope(detector="any.country", peer_group="sales", app="Okta", entity="ana")),
        ({"app": None, "peer_group": None}, "", Scope(detector="any.country", entity="ana")),
    ],
)  # fmt: skip
def test_a_verdict_speaks_for_the_like_of_it_and_no_more(said, key, scope):
    case = with_words(judged(EXPECTED), **said)
    (told,) = case.findings
    twice = dataclasses.replace(case, findings=(dataclasses.replace(told, key=key),) * 2)
    assert scopes_of(twice) == [scope]
    checked(scope)


def test_what_is_greyed_already_needs_no_scope():
    case = judged(EXPECTED)
    (told,) = case.findings
    greyed = dataclasses.replace(told, suppressed=hiding())
    assert scopes_of(dataclasses.replace(case, findings=(greyed,))) == []


def lake_of(rows) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "detector": r["detector"], "entity_type": "actor", "entity": r["entity"],
                "time": r["time"], "bits": 9.0, "llr": 3.0, "observed": 1.0, "expected": 0.0,
                "baseline_n": 9, "event_ids": [b"\0" * 16], "attack": [],
                "evidence": f'{{"value": "{r["value"]}", "app": "Okta", "peer_group": "sales"}}',
            }
            for r in rows
        ],
        finding.SCHEMA,
    )  # fmt: skip


@given(many(), st.lists(suppressions, max_size=3), suppressions)
def test_so_many_findings_are_foretold_as_are_then_hidden(rows, known, draft):
    lake = lake_of(rows)
    frame = unpacked(lake)
    before = len(rows) - hidden_by(frame, known).null_count()
    after = len(rows) - hidden_by(frame, [*known, draft]).null_count()
    seen = preview(lake, [draft], known=known, before=[], after=[])
    assert seen.findings == after - before >= 0


def test_feedback_hides_nothing_by_itself():
    assert Feedback().suppressions == ()
    assert hiding().created == MONDAY


def test_what_is_told_because_of_a_tie_is_nothing_to_hide():
    whole = case()
    (told,) = whole.findings
    followed = dataclasses.replace(
        told, finding=dataclasses.replace(told.finding, detector="tie.made")
    )
    assert len(scopes_of(whole)) == 1
    assert scopes_of(dataclasses.replace(whole, findings=(followed,))) == []
