import numpy as np
import pytest

from powershell_office import records
from wheeltapper.errors import WheeltapperError
from wheeltapper.powershell import splits
from wheeltapper.powershell.trials import Trial, Trials

MADE = records()


def test_a_score_is_made_once_and_kept(tmp_path):
    fold = splits.folds(MADE, splits.GROUPED)[0]
    trial, told = Trial("3-grams", fold, 1), []
    first = Trials(MADE, "digest", tmp_path).score(trial, told.append)
    again = Trials(MADE, "digest", tmp_path).score(trial, told.append)
    assert told == ["3-grams.grouped.0.1"]
    assert np.array_equal(first, again)
    assert first.shape == fold.test.shape


MODELS = ["format", "format-normalised", "3-grams-unfed", "3-grams-both", "words-both"]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_that_needs_no_network_scores(model):
    fold = splits.folds(MADE, splits.PAIRS)[0]
    scores = Trials(MADE, "digest").score(Trial(model, fold, 1))
    assert np.isfinite(scores).all()


def test_scores_of_other_data_are_refused(tmp_path):
    Trials(MADE, "digest", tmp_path)
    with pytest.raises(WheeltapperError, match="name an empty folder"):
        Trials(MADE, "another", tmp_path)
