"""The benchmark of planted attacks counts what it says it counts."""

import importlib.util
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from wheeltapper import workspace
from wheeltapper.case import Case, CaseFinding
from wheeltapper.finding import Finding
from wheeltapper.simulate import simulate

PROGRAM = Path(__file__).parent.parent / "benchmarks" / "quality" / "planted.py"
MORNING = datetime(2026, 5, 4, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def planted():
    spec = importlib.util.spec_from_file_location("planted", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def case(rank: int, *events: str, day: int = 0, native: tuple[str, ...] = ()) -> Case:
    at = MORNING + timedelta(days=day)
    findings = tuple(
        CaseFinding(
            finding=Finding(
                detector="d", entity_type="actor", entity="kim", time=at, bits=9.0, llr=0.0,
                observed=1.0, expected=0.0, baseline_n=1, event_ids=(event,),
            ),
            bits=9.0, sentence="", would_be_normal="", first=at, last=at, count=1, app="", value="",
        )
        for event in events
    )  # fmt: skip
    return Case(
        id=str(rank), rank=rank, score=9.0, entity_type="actor", entity="kim", start=at, end=at,
        headline="", summary="", baseline_days=1, baseline_acts=1, peer_group="", peers=0,
        tactics=(), findings=findings, native_ids=native, event_count=1, apps=(),
    )  # fmt: skip


def scenario(planted, name: str, *events: str):
    return planted.Planted(name, "kim", date(2026, 5, 4), frozenset(events))


@pytest.mark.parametrize(("hits", "of"), [(0, 5), (3, 5), (5, 5), (13, 18), (400, 1000)])
def test_wilsons_interval_holds_the_shares_that_would_not_be_refused(planted, hits, of):
    low, high = planted.wilson(hits, of)
    for share in (n / 2000 for n in range(1, 2000)):
        z = (hits / of - share) / math.sqrt(share * (1 - share) / of)
        assert (low - 1e-3 <= share <= high + 1e-3) or abs(z) > 1.95
        assert not (low + 1e-3 < share < high - 1e-3) or abs(z) < 1.97


def test_of_nothing_nothing_is_known(planted):
    assert planted.wilson(0, 0) == (0.0, 1.0)


def test_ranks_are_counted_within_a_day(planted):
    cases = [case(3, "a"), case(1, "b"), case(2, "c", day=1), case(4, "d")]
    found = planted.placed(cases, {})
    assert [(p.case.rank, p.in_day) for p in found] == [(1, 1), (2, 1), (3, 2), (4, 3)]


def test_a_record_is_in_a_case_by_its_finding_or_its_own_id(planted):
    (one,) = planted.placed([case(1, "aa", native=("own",))], {"own": "bb", "other": "cc"})
    assert one.events == {"aa", "bb"}
    assert one.first == {"aa"}


def test_a_case_that_says_it_first_counts_before_one_that_holds_it_by_the_way(planted):
    cases = planted.placed([case(1, "x", "a"), case(2, "a", "x", day=1)], {})
    (found,) = planted.outcomes([scenario(planted, "s", "a", "b")], cases)
    assert found.placed.case.rank == 2
    assert found.told_first
    assert (found.cases, found.share) == (2, 0.5)


def test_recall_counts_ten_a_day_and_precision_what_is_shown(planted):
    crowd = [case(rank, f"x{rank}") for rank in range(1, 11)]
    cases = planted.placed([*crowd, case(11, "late"), case(12, "x", "by the way", day=1)], {})
    told = planted.figures(
        planted.outcomes(
            [
                scenario(planted, "at the top", "x1"),
                scenario(planted, "eleventh of its day", "late"),
                scenario(planted, "by the way", "by the way"),
                scenario(planted, "nowhere", "gone"),
            ],
            cases,
        ),
        cases,
    )
    assert told["found"] == 3
    assert told["recall_at_10_cases_a_day"] == 0.5
    assert told["recall_told_first_at_10"] == 0.25
    assert told["recall_in_first_10"] == 0.25
    assert told["recall_in_first_20"] == 0.75
    assert told["cases"] == 11  # the eleventh of its day is not shown
    assert told["precision"] == round(2 / 11, 4)
    assert told["precision_told_first"] == round(1 / 11, 4)


@pytest.mark.slow
def test_leaving_a_family_out_is_switching_it_off(planted, tmp_path):
    done = simulate(tmp_path / "s", people=20, days=28, seed=2)
    ws = workspace.open(done.out)
    ws.run(done.logs)
    judged = planted.Judged(ws, done.out / "truth.ndjson")
    assert all(p.events for p in judged.planted)
    shown = [_what(p.case) for p in judged.shown()]
    without = [_what(p.case) for p in judged.without("novelty")]
    names = [n for n, w in judged._wordings.by_name.items() if w.family == "novelty"]
    settings = (done.out / "wheeltapper.toml").read_text()
    (done.out / "wheeltapper.toml").write_text(f"{settings}\n[detect]\noff = {names}\n")
    off = workspace.open(done.out)
    off.detect(replay=True)
    off.refine()
    assert without == [_what(c) for c in sorted(off.cases(), key=lambda c: c.rank)]
    assert without != shown


def _what(case):
    """All of a case but its id, which a case of the same story keeps from the run before."""
    return case.rank, case.score, case.entity, case.start, case.headline
