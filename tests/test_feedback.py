"""The benchmark of learning from verdicts counts what it says it counts."""

import importlib.util
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks" / "quality"
MORNING = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def feedback():
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("feedback", FOLDER / "feedback.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


def shown(feedback, period, evidence, right, *events):
    return feedback.Shown(period, evidence, right, frozenset(events))


def scenario(feedback, day, *events):
    return feedback.Planted("s", "kim", date(2026, 5, day), frozenset(events))


def test_precision_is_of_the_first_by_evidence(feedback):
    seen = [shown(feedback, day, float(day), day >= 15) for day in range(20)]
    told = feedback.figures(seen, [])
    assert told["precision_at_10"] == 0.5
    assert told["precision_at_20"] == told["precision_10_a_day"] == 0.25


def test_three_a_day_are_the_first_of_each(feedback):
    busy = [shown(feedback, 0, 9.0 - n, n < 2) for n in range(8)]
    quiet = [shown(feedback, 1, 1.0, True)]
    assert feedback.figures([*busy, *quiet], [])["precision_3_a_day"] == 0.75


def test_recall_is_of_scenarios(feedback):
    planted = [scenario(feedback, 5, "a", "b"), scenario(feedback, 6, "c")]
    seen = [shown(feedback, 0, 5.0, True, "b", "x")]
    assert feedback.figures(seen, planted)["recall"] == 0.5


def test_scenarios_of_before_are_not_scored(feedback):
    planted = [scenario(feedback, 4, "a"), scenario(feedback, 9, "b")]
    history = feedback.History(None, None, planted, MORNING, 10, timedelta(days=1))
    assert history.scored_from == 5
    assert feedback.scored(history) == planted[1:]


def test_what_is_learned_adds_is_compared_on_the_same_days(feedback):
    history = feedback.History(None, None, [], MORNING, 10, timedelta(days=1))
    same = [shown(feedback, day, 1.0, day % 2 == 0) for day in range(5, 10)]
    low, high = feedback.intervals([feedback.Reviewed(history, same, same)], 20)
    assert (low[2] == 0).all()
    assert (high[2] == 0).all()
    assert (low[0] < high[0]).any()


def test_chance_is_the_same_everywhere_and_spread_out(feedback):
    assert feedback.chance_of(0, "a") == feedback.chance_of(0, "a") != feedback.chance_of(1, "a")
    drawn = [feedback.chance_of(0, n) for n in range(1000)]
    assert all(0 <= x < 1 for x in drawn)
    assert sum(drawn) / 1000 == pytest.approx(0.5, abs=0.05)
