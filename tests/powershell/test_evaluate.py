import json

import numpy as np
import pytest

from powershell_office import records
from wheeltapper.powershell import evaluate, splits
from wheeltapper.powershell.trials import Trials

NOISE = {"branches": 0.1, "cnn": 3.0, "3-grams": 1.0, "words-both": 2.0, "3-grams-unfed": 1.5}


class Known(Trials):
    """Trials with scores that are given: networks as good as their seed, others by label."""

    def score(self, trial, told=lambda _: None):
        label = self.label[trial.fold.test].astype(float)
        rng = np.random.default_rng(trial.seed)
        noise = NOISE[trial.model]
        return label + noise * rng.standard_normal(len(label))


@pytest.fixture(scope="module")
def report():
    models = ["3-grams", "cnn", "branches", "ensemble"]
    return evaluate.evaluate(Known(records(), ""), models, seeds=[1, 2, 3], samples=20)


def row(report, split, model):
    (found,) = [r for r in report.rows if (r.split, r.model) == (split, model)]
    return found


def test_every_model_stands_on_every_split(report):
    assert len(report.rows) == 4 * len(splits.SPLITS)
    assert row(report, "pairs", "branches").seeds == 3
    assert row(report, "pairs", "3-grams").seeds == 1
    assert row(report, "grouped", "branches").seeds == 1


def test_values_lie_in_their_intervals_and_in_order(report):
    best, worst = row(report, "pairs", "branches"), row(report, "pairs", "cnn")
    assert best.values["auc"] == 1.0
    assert worst.values["auc"] < 0.9
    assert worst.low["auc"] <= worst.values["auc"] <= worst.high["auc"]
    assert set(best.by_source) == {"bad-0", "bad-1"}


def test_a_difference_is_against_the_best_traditional(report):
    (d,) = [
        d for d in report.differences
        if (d.split, d.model, d.measure) == ("pairs", "branches", "auc")
    ]  # fmt: skip
    rival = row(report, "pairs", "3-grams").values["auc"]
    assert d.other == "3-grams"
    assert d.value == pytest.approx(1.0 - rival)
    assert 0 < d.low <= d.value <= d.high
    assert d.ratio == pytest.approx(1.0 / rival)


def test_all_are_measured_against_the_traditional_as_it_is_usually_trained():
    models = ["3-grams-unfed", "3-grams", "words-both", "branches"]
    found = evaluate.evaluate(Known(records(), ""), models, ["grouped"], samples=5).differences
    auc = [(d.model, d.other) for d in found if d.measure == "auc"]
    assert auc == [
        ("branches", "3-grams"), ("branches", "3-grams-unfed"), ("3-grams", "3-grams-unfed")
    ]  # fmt: skip
    unfed = evaluate.evaluate(Known(records(), ""), models[:1], ["grouped"], samples=5)
    assert unfed.differences == []


def test_it_is_json(report):
    assert json.loads(json.dumps(report.to_dict()))["rows"][0]["split"] == "pairs"


def test_families_calibration_and_leaks_stand_beside(report):
    one = row(report, "grouped", "branches")
    assert one.by_family["bad-0"] == {
        "texts": 20.0, "tpr_at_fpr_1e-2": 1.0, "tpr_at_fpr_1e-3": 1.0
    }  # fmt: skip
    assert 0 < one.calibration_error < 0.5
    assert row(report, "pairs", "branches").by_family == {}
    for leaks in report.leaks.values():
        assert all(0.5 <= leak.auc <= 1 for leak in leaks)
    assert report.evasion == []


def test_models_are_shown_commands_written_otherwise_when_asked():
    found = evaluate.evaluate(
        Trials(records(), ""), ["3-grams", "ensemble-linear"], ["grouped"], samples=0, evade=True
    ).evasion
    assert {one.model for one in found} == {"3-grams", "ensemble-linear"}
    first = found[0]
    assert (first.trick, first.found) == ("as it came", 1.0)
