"""Models run beside the kernels: judged, saved and restored with them."""

import dataclasses
from datetime import date, timedelta

import pytest
from town import Town, act, life

from wheeltapper.detect.models import Registry, train
from wheeltapper.detect.models.userday import UserDay
from wheeltapper.engines.local.models import Models
from wheeltapper.testing import MONDAY, activities

PEOPLE, DAYS = 20, 56


@pytest.fixture(scope="module")
def rows():
    return life(PEOPLE, DAYS, seed=2, odd=False)


@pytest.fixture(scope="module")
def models(tmp_path_factory, rows) -> Models:
    folder = tmp_path_factory.mktemp("models")
    train(activities(rows), MONDAY + timedelta(days=50), folder, today=date(2026, 3, 1))
    (model,) = Registry(folder).models
    # So that it speaks of the days it learned from as well: there are more of them to compare.
    card = dataclasses.replace(model.card, last="")
    return Models([UserDay(card, (folder / "userday.onnx").read_bytes())])


def test_no_models_say_nothing():
    none = Models([])
    states, found = none.process(none.start(), activities([act("ana")]))
    assert len(found) == 0
    assert none.from_bytes(none.to_bytes(states)) == {}


@pytest.mark.slow
def test_models_are_saved_and_restored_with_detection(tmp_path, judges, models, rows):
    judges = dataclasses.replace(judges, detectors=judges.detectors[:1], models=models)
    whole = Town(tmp_path / "whole", judges, step_rows=1_000_000)
    whole.add(rows)
    whole.detect()
    found = [f for f in whole.findings() if f["detector"] == "model.userday"]
    assert found
    pieces = Town(tmp_path / "pieces", judges, step_rows=700)
    pieces.add(rows)
    pieces.detect()
    assert pieces.checkpoint.manifest().step > 3
    assert pieces.findings() == whole.findings()
    _, saved = whole.state()
    assert models.to_bytes(models.from_bytes(saved)) == saved


@pytest.mark.slow
def test_a_model_that_came_later_starts_with_what_comes_then(tmp_path, judges, models, rows):
    without = dataclasses.replace(judges, detectors=judges.detectors[:1])
    town = Town(tmp_path, without)
    town.add(rows)
    town.detect()
    town.judges = dataclasses.replace(without, models=models)
    town.add([act("person1", days=70)])
    town.detect()
    assert not [f for f in town.findings() if f["detector"] == "model.userday"]


def test_bytes_that_are_no_states_are_refused():
    with pytest.raises(ValueError, match="not saved states of models"):
        Models([]).from_bytes(b"nothing of the kind")
