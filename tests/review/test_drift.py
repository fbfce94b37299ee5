import numpy as np
import pytest

from wheeltapper.errors import WheeltapperError
from wheeltapper.review import drift

NAMES = ("calm", "other")


def drawn(seed, count=2000, shift=0.0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 2)).astype(np.float32)
    rows[:, 1] += shift
    return rng.random(count), rows


def test_the_same_kind_of_accounts_is_steady():
    then = drift.reference(*drawn(1), NAMES)
    told = drift.moved(then, *drawn(2), NAMES)
    assert told[0].name == "score"
    assert all(one.word == "steady" for one in told)
    assert max(one.psi for one in told) < 0.02


def test_few_accounts_do_not_look_like_drift():
    then = drift.reference(*drawn(1), NAMES)
    told = [drift.moved(then, *drawn(seed, count=60), NAMES) for seed in range(20)]
    assert np.mean([one.psi for moved in told for one in moved]) < 0.08


def test_what_drifts_is_named_first():
    then = drift.reference(*drawn(1), NAMES)
    told = drift.moved(then, *drawn(2, shift=1.0), NAMES)
    assert (told[1].name, told[1].word) == ("other", "drifted")


def test_a_reference_lies_beside_its_model(tmp_path):
    assert drift.load(tmp_path) is None
    made = drift.reference(*drawn(1), NAMES)
    drift.save(made, tmp_path)
    assert drift.load(tmp_path) == made
    (tmp_path / drift.FILE).write_text("{}")
    with pytest.raises(WheeltapperError, match="train the model anew"):
        drift.load(tmp_path)
