"""From findings and a lake to cases: everything but the words, which `test_explain` is about."""

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from wheeltapper import config, finding
from wheeltapper.refine import looked_up
from wheeltapper.refine.feedback import Feedback
from wheeltapper.refine.refine import refine
from wheeltapper.suppression import Scope, suppression


@pytest.fixture
def again(office):
    """Makes the office's cases anew, with something changed."""
    lake, judges = office.lake, office.judges()

    def again(**changed):
        from wheeltapper.engines.local.judges import wordings

        given = {
            "wordings": wordings(judges), "words": office.vocabulary(),
            "settings": config.Refine(), **changed,
        }  # fmt: skip
        return refine(given.pop("findings", lake.findings()), lake, **given).cases

    return again


def test_the_same_findings_make_the_same_cases(office, again):
    routed = office.routing().routed
    assert routed(again()) == office.cases()
    findings = office.lake.findings()
    backwards = findings.take(list(range(len(findings)))[::-1])
    assert routed(again(findings=backwards)) == office.cases()


def test_acts_that_do_not_fit_in_memory_make_the_same_cases(again, monkeypatch):
    expected = again()
    monkeypatch.setattr(looked_up, "MOST_GATHERED", 0)
    assert again() == expected


def test_no_findings_make_no_cases(again):
    assert again(findings=finding.SCHEMA.empty_table()) == []


def test_a_case_stands_on_its_acts(office, again):
    (case,) = again()
    acts = office.activities(since=case.start, until=case.end + timedelta(microseconds=1))
    mine = acts.filter(acts["actor"] == case.entity)
    assert case.event_count == len(mine)
    ids = {id.hex() for id in mine["event_id"]}
    assert {id for f in case.findings for id in f.finding.event_ids} <= ids
    assert set(case.native_ids) <= set(mine["native_id"])
    assert len(set(case.native_ids)) == len(case.native_ids)
    assert (case.start, case.end) == (
        min(f.first for f in case.findings),
        max(f.last for f in case.findings),
    )
    before = office.activities(f"actor = '{case.entity}'", until=case.start)
    assert case.baseline_acts == len(before)
    assert case.baseline_days == before["time"].dt.date().n_unique()
    assert [f.bits for f in case.findings] == sorted((f.bits for f in case.findings), reverse=True)
    assert case.apps == ("Okta",)


def test_what_the_findings_add_is_the_evidence_that_the_score_follows(again):
    (case,) = again()
    assert sum(f.adds for f in case.findings) == pytest.approx(case.evidence)
    assert all(0 <= f.adds <= f.bits + 1e-9 for f in case.findings)
    assert sum(case.parts) == pytest.approx(round(case.evidence, 1))


def test_within_the_budget(again):
    (case,) = again(settings=config.Refine(budget_cases_per_day=0.001))
    assert case.rank == 1


def test_a_small_gap_tears_a_story_apart(again):
    cases = again(settings=config.Refine(gap_hours=0.001))
    assert len({c.id for c in cases}) == len(cases) > 1
    assert [c.rank for c in cases] == list(range(1, len(cases) + 1))


def test_a_finding_whose_act_the_lake_lost_tells_nothing(office, again):
    rows = office.lake.findings().to_pylist()
    lost = [{**row, "event_ids": [b"\0" * 16]} for row in rows]
    assert again(findings=pa.Table.from_pylist(lost, finding.SCHEMA)) == []
    one = pa.Table.from_pylist([*rows, {**lost[0], "detector": "any.country"}], finding.SCHEMA)
    (case,) = again(findings=one)
    assert "any.country" not in {f.finding.detector for f in case.findings}


def of_kind(case_finding, **scope):
    """A suppression of one finding's kind, made when it was said."""
    found = case_finding.finding
    scope = scope or {"detector": found.detector, "entity": found.entity}
    return suppression(Scope(**scope), by="ana", at=found.time, reason="she moved")


def test_verdicts_on_the_like_of_a_case_are_heard_and_told(again):
    (case,) = again()
    week = timedelta(days=7)
    before = [
        replace(
            case, id=f"before {n}", verdict="benign_expected", entity=f"somebody {n}",
            start=case.start - week, end=case.end - week,
            findings=tuple(
                replace(f, finding=replace(f.finding, entity=f"somebody {n}"))
                for f in case.findings
            ),
        )
        for n in range(5)
    ]  # fmt: skip
    (found,) = again(feedback=Feedback(judged=before))
    assert found.id == case.id
    assert found.learned_bits < -0.5
    assert found.score <= case.score
    loudest = max(found.findings, key=lambda f: -f.learned_bits)
    assert loudest.learned.startswith("lowered: 5 of 5 like it were benign")
    was = {f.finding.id: f.bits for f in case.findings}
    for f in found.findings:
        assert f.bits - f.learned_bits == pytest.approx(was[f.finding.id])
    # Once it is judged itself it stays as it was then, whatever was said of others before it.
    judged = replace(found, verdict="malicious")
    assert again(feedback=Feedback(judged=[judged])) == [found]
    (unheard,) = again(feedback=Feedback(judged=[replace(case, verdict="malicious"), *before]))
    assert unheard == case


def test_a_case_of_which_all_is_hidden_is_not_raised(again):
    (case,) = again()
    hide = [of_kind(f) for f in case.findings]
    assert again(feedback=Feedback(suppressions=hide)) == []
    judged = replace(case, verdict="benign_expected")
    assert again(feedback=Feedback(judged=[judged], suppressions=hide)) == [case]


def test_what_is_hidden_stays_in_its_case_greyed_and_last(again):
    (case,) = again()
    top, *rest = case.findings
    hide = of_kind(top)
    (found,) = again(feedback=Feedback(suppressions=[hide]))
    assert found.id == case.id
    assert found.score <= case.score
    assert [f.suppressed for f in found.findings] == [None] * len(rest) + [hide]
    assert found.findings[-1].bits == top.bits
    assert found.findings[-1].sentence == top.sentence
    assert (found.findings[-1].what, found.findings[-1].adds) == (top.what, 0.0)
    assert sum(f.adds for f in found.findings) == pytest.approx(found.evidence)
    assert (found.start, found.end, found.native_ids) == (case.start, case.end, case.native_ids)


def test_what_has_ended_or_is_of_another_kind_changes_nothing(again):
    (case,) = again()
    top = case.findings[0]
    ended = replace(of_kind(top), ended=top.finding.time, ended_by="kim")
    other = of_kind(top, detector=top.finding.detector, entity="somebody else")
    assert again(feedback=Feedback(suppressions=[ended, other])) == [case]


def test_two_stories_that_rest_on_the_same_act_are_two_cases(office, again):
    """A model's finding begins with the first act of its day, as another story may."""
    first, *rest = office.lake.findings().to_pylist()
    later = {
        **first,
        "detector": "model.x",
        "time": first["time"] + timedelta(hours=20),
        "event_ids": [*first["event_ids"], *rest[-1]["event_ids"]],
    }
    loud = [{**row, "bits": 40.0, "llr": 40.0} for row in (first, later)]
    cases = again(findings=pa.Table.from_pylist(loud, finding.SCHEMA))
    assert len(cases) == 2
    assert len({case.id for case in cases}) == 2
    assert len({case.start for case in cases}) == 1
