"""Models run beside the kernels: judged, saved and restored with them."""

import dataclasses
from datetime import date, timedelta

import pytest
from town import Town, act, life

from wheeltapper.detect.models import Registry, train
from wheeltapper.engines.local.models import Models
from wheeltapper.testing import MONDAY, activities

PEOPLE, DAYS = 20, 56


@pytest.fixture(scope="module")
def rows():
    odd = [
        act("person3", f"Strange{n}", days=52, minutes=600 + n, country="KP", ua_client="curl")
        for n in range(60)
    ]
    return life(PEOPLE, DAYS, seed=2, odd=False) + odd


@pytest.fixture(scope="module")
def models(tmp_path_factory, rows) -> Models:
    folder = tmp_path_factory.mktemp("models")
    train(activities(rows), MONDAY + timedelta(days=50), folder, today=date(2026, 3, 1))
    return Models(Registry(folder).models)


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
    assert "person3" in {f["entity"] for f in found}
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
