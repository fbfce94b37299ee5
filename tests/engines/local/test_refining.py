"""Refinement as it goes along makes the cases that refinement of everything at once makes."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from wheeltapper import finding, workspace
from wheeltapper.engines.local import refining
from wheeltapper.engines.local.memory import Memory
from wheeltapper.refine.reference import NOTHING, OPEN_DAYS
from wheeltapper.simulate import simulate

pytestmark = pytest.mark.slow
DAYS = 24


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    """Some weeks of a small organisation, judged and refined at once."""
    folder = tmp_path_factory.mktemp("organisation") / "work"
    simulate(folder, people=25, days=DAYS, seed=5)
    ws = workspace.open(folder)
    ws.run(folder / "logs")
    return ws


@pytest.fixture
def fresh(organisation, tmp_path):
    """The same, nothing of it refined yet."""
    folder = tmp_path / "work"
    shutil.copytree(organisation.root, folder)
    (folder / "casebook.sqlite").unlink()
    ws = workspace.open(folder)
    ws.memory.clear()
    return ws


class Until:
    """The lake as it was at a time."""

    def __init__(self, lake, until):
        self._lake, self._until = lake, until

    def span(self):
        first, _, n = self._lake.span()
        return first, self._until - timedelta(microseconds=1), n

    def findings(self, *, since=None):
        return self._lake.findings(since=since, until=self._until)

    def sql(self, text, params=None, *, tables=None, since=None):
        return self._lake.sql(text, params, tables=tables, since=since, until=self._until)


def refined(ws, lake, step):
    with ws.casebook() as book:
        refining.refine(
            lake, book, ws.memory, ws.judges(), step=step, words=ws.vocabulary(),
            settings=ws.config.refine, feedback=ws._feedback(),
        )  # fmt: skip
        return book.cases()


def told(cases):
    """What cases say, whenever they were made: how much a story holds may still grow."""
    return [(c.entity, c.start, round(c.score, 6), c.headline, len(c.findings)) for c in cases]


def test_day_by_day_makes_the_cases_that_all_at_once_makes(organisation, fresh):
    first, last, _ = fresh.lake.span()
    day = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
    step = fresh.checkpoint.manifest().step
    while day < last:
        day += timedelta(days=1)
        cut = Until(fresh.lake, min(day, last + timedelta(microseconds=1)))
        cases = refined(fresh, cut, step)
    at_once = organisation.cases()
    # Whether an address is new to few is known better later: ties may differ, and nothing else.
    tied = {name for case in (*cases, *at_once) if case.others for name in everybody(case)}
    assert told(c for c in cases if c.entity not in tied) == told(
        c for c in at_once if c.entity not in tied
    )
    assert len([c for c in cases if c.entity not in tied]) > len(cases) / 2 > 5


def everybody(case):
    return case.entity, *(other.entity for other in case.others)


def test_again_changes_nothing(fresh):
    fresh.refine()
    before, (known, reference) = fresh.cases(), fresh.memory.load(judges_of(fresh))
    fresh.refine()
    again, same = fresh.memory.load(judges_of(fresh))
    assert fresh.cases() == before
    assert again.run == known.run + 1
    for part in ("active", "spoken", "told", "logs", "habits", "bars"):
        assert getattr(same, part).equals(getattr(reference, part))


def judges_of(ws):
    from wheeltapper.engines.local.judges import wordings

    return refining._judges(wordings(ws.judges()), ws.config.refine)


def test_days_that_are_over_are_not_looked_at_again(fresh, monkeypatch):
    fresh.refine()
    asked = []
    findings = type(fresh.lake).findings

    def watched(lake, **kw):
        asked.append(kw.get("since"))
        return findings(lake, **kw)

    monkeypatch.setattr(type(fresh.lake), "findings", watched)
    fresh.refine()
    _, last, _ = fresh.lake.span()
    (since,) = asked
    open_from = last.date() - timedelta(days=OPEN_DAYS - 1)
    assert since.date() == open_from - timedelta(days=refining.BEFORE_DAYS)


def test_what_is_said_late_of_a_day_that_is_over_opens_it_again(fresh):
    fresh.refine()
    n = len(fresh.cases())
    act = fresh.activities("app = 'Okta'")
    early = act.filter(act["time"] < act["time"].max() - timedelta(days=8)).tail(1).to_dicts()[0]
    row = {
        "detector": "rule.okta_admin_role_granted", "entity_type": "actor",
        "entity": "somebody.late@meridian.example", "time": early["time"], "bits": 14.0,
        "llr": 14.0, "observed": 1.0, "expected": 0.0, "baseline_n": 0,
        "event_ids": [early["event_id"]], "attack": ["T1098"], "evidence": "{}",
    }  # fmt: skip
    step = fresh.checkpoint.manifest().step + 1
    fresh.lake.append_findings(pa.Table.from_pylist([row], finding.SCHEMA), f"{step:012d}-x")
    fresh.refine()
    assert len(fresh.cases()) == n + 1
    assert fresh.cases(entity="somebody.late@meridian.example")


def test_of_other_judges_nothing_is_remembered(fresh):
    fresh.refine()
    known, reference = fresh.memory.load("others")
    assert reference is NOTHING
    assert known.step == 0


def test_replay_forgets(fresh):
    fresh.refine()
    assert fresh.memory.load(judges_of(fresh))[1].last is not None
    fresh.memory.clear()
    assert fresh.memory.load(judges_of(fresh))[1] is NOTHING


def test_killed_between_cases_and_memory_the_next_run_makes_the_same(fresh, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    monkeypatch.setattr(Memory, "save", kill)
    with pytest.raises(Killed):
        fresh.refine()
    cases = fresh.cases()
    monkeypatch.undo()
    fresh.refine()
    assert fresh.cases() == cases


def test_anew_makes_all_cases_again(fresh):
    fresh.refine()
    before = fresh.cases()
    fresh.refine(anew=True)
    assert fresh.cases() == before


def test_one_hand_in_four_applications_is_one_case(tmp_path):
    """Single sign-on and documents as one, hosts and cloud as another, and a user that was made."""
    simulate(tmp_path / "work", people=40, days=30, seed=1, scenarios=("four-applications",))
    ws = workspace.open(tmp_path / "work")
    ws.run(tmp_path / "work" / "logs")
    truth = json.loads((ws.root / "truth.ndjson").read_text(encoding="utf-8"))
    planted = set(truth["native_ids"])
    (case,) = (case for case in ws.cases() if planted & set(case.native_ids))
    assert set(everybody(case)) == set(truth["actors"])
    assert {"Okta", "sshd", "IAM", "Secrets Manager"} <= set(case.apps)
    # Of the made user no detector knew what to think: what it did is told all the same.
    (followed,) = (f for f in case.findings if f.finding.detector == "tie.made")
    assert followed.finding.entity == "svc-report-sync"
    assert len(followed.finding.event_ids) == 9
    assert followed.bits == 0.0
