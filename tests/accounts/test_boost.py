import numpy as np
import pytest

from wheeltapper.accounts import boost
from wheeltapper.errors import WheeltapperError

RNG = np.random.default_rng(3)
ROWS = RNG.normal(size=(500, 4)).astype(np.float32)
ROWS[RNG.random(ROWS.shape) < 0.1] = np.nan
FRAUD = np.nan_to_num(ROWS[:, 0]) + 0.5 * np.nan_to_num(ROWS[:, 2]) > 0.5
NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def model():
    return boost.fit(ROWS, FRAUD, NAMES, trees=30)


def test_the_same_rows_give_the_same_model_and_it_tells_fraud(model):
    again = boost.fit(ROWS, FRAUD, NAMES, trees=30)
    assert np.array_equal(model.log_odds(ROWS), again.log_odds(ROWS))
    assert model.log_odds(ROWS)[FRAUD].mean() > model.log_odds(ROWS)[~FRAUD].mean() + 1


def test_it_is_kept_as_arrays_and_read_back_the_same(model, tmp_path):
    model.save(tmp_path / "m.npz")
    back = boost.load(tmp_path / "m.npz")
    assert back.names == NAMES
    assert np.array_equal(back.log_odds(ROWS), model.log_odds(ROWS))


def test_reasons_sum_to_what_sets_an_account_apart(model):
    start = model.log_odds(ROWS[:1]) - model.reasons(ROWS[0]).sum()
    assert start == pytest.approx(model.base + model.value[model.root].sum())
    told = model.reasons(np.array([3, 0, 2, 0], np.float32))
    assert told.argmax() == 0


def test_a_file_that_leads_nowhere_is_refused(model, tmp_path):
    with np.load(_saved(model, tmp_path)) as held:
        parts = dict(held)
    parts["left"] = parts["left"] + 100_000
    np.savez(tmp_path / "m.npz", **parts)
    with pytest.raises(WheeltapperError, match="damaged"):
        boost.load(tmp_path / "m.npz")
    (tmp_path / "m.npz").write_bytes(b"nothing")
    with pytest.raises(WheeltapperError, match="not a model"):
        boost.load(tmp_path / "m.npz")


def _saved(model, tmp_path):
    model.save(tmp_path / "m.npz")
    return tmp_path / "m.npz"


def test_one_kind_of_account_teaches_nothing():
    with pytest.raises(ValueError, match="both"):
        boost.fit(ROWS, np.zeros(500, bool), NAMES)
