"""What was said before, added up against a slow reference."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.case import EXPECTED, MALICIOUS, POLICY_VIOLATION, UNUSUAL, VERDICTS, WRONG_DATA
from wheeltapper.refine.heard import AGAIN, COUNTS, HALF_LIFE_DAYS, heard, lessons
from wheeltapper.suppression import Scope, suppression

from .few_findings import finding, frame, many
from .judged_cases import judged

ON = [(), ("detector", "source"), ("detector", "peer_group"), AGAIN]


def reference(row, cases, on, whole):
    """One finding and one case at a time."""
    told = dict.fromkeys(
        ("worth", "benign", "unusual", "wrong", "loudest", *COUNTS), 0.0
    )  # fmt: skip
    for case in cases:
        top = max(f.bits for f in case.findings)
        mine = [
            f for f in case.findings
            if all(_of(f, name) == row[name] is not None for name in on)
        ]  # fmt: skip
        if case.end >= row["time"] or not mine or not case.verdict:
            continue
        share = max(f.bits / top if top else 1.0 for f in mine)
        faded = 0.5 ** ((row["time"] - case.end).total_seconds() / 86_400 / HALF_LIFE_DAYS)
        benign = faded * (1.0 if whole else share)
        told["worth"] += faded * share * (case.verdict in (MALICIOUS, POLICY_VIOLATION))
        told["unusual"] += benign * (case.verdict == UNUSUAL)
        told["wrong"] += faded * share * (case.verdict == WRONG_DATA)
        if case.verdict == EXPECTED or (whole and case.verdict == WRONG_DATA):
            told["benign"] += benign
            told["loudest"] = max(told["loudest"], *(f.finding.bits for f in mine))
        told["cases"] += 1
        told["cases_malicious"] += case.verdict == MALICIOUS
        told["cases_policy"] += case.verdict == POLICY_VIOLATION
        told["cases_wrong"] += case.verdict == WRONG_DATA
    return told


def _of(case_finding, name):
    said = case_finding.finding
    return {
        "detector": said.detector, "entity_type": said.entity_type, "entity": said.entity,
        "key": case_finding.key, **said.evidence,
    }.get(name)  # fmt: skip


@given(many(), st.lists(st.sampled_from(["", *VERDICTS]), max_size=6), st.booleans(), st.data())
def test_it_is_what_was_said_before(rows, verdicts, whole, data):
    cases = [judged(v, *data.draw(many(most=4)), name=f"case {n}") for n, v in enumerate(verdicts)]
    said = lessons(cases)
    if said.is_empty():
        return
    for on in ON:
        found = heard(frame(rows), said, on, whole=whole).to_dicts()
        for row, one in zip(rows, found, strict=True):
            assert one == pytest.approx(reference(row, cases, on, whole))


def test_a_share_is_of_the_weightiest():
    three = judged(EXPECTED, finding(evidence=6.0), finding(value="NL", evidence=3.0),
                   finding(value="", evidence=1.0))  # fmt: skip
    assert lessons([three])["of_case"].to_list() == pytest.approx([1.0, 0.5, 1 / 6])
    silent = judged(EXPECTED, finding(evidence=0.0), finding(value="NL", evidence=0.0))
    assert lessons([silent])["of_case"].to_list() == [1.0, 1.0]


def test_what_is_greyed_was_not_judged():
    case = judged(EXPECTED, finding(), finding(value="NL"))
    hides = suppression(Scope(detector="any.country", value="KP"), by="ana", at=case.end)
    first, second = case.findings
    greyed = replace(case, findings=(second, replace(first, suppressed=hides)))
    said = lessons([greyed])
    assert said["key"].to_list() == ["NL"]
    assert said["of_case"].to_list() == [1.0]


def test_nothing_is_equal_to_what_is_not_known():
    cases = [judged(EXPECTED, finding(peer_group=None))]
    found = heard(frame([finding(days=1, peer_group=None)]), lessons(cases), ("peer_group",))
    assert found["cases"].to_list() == [0]
