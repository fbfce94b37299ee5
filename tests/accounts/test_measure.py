import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from wheeltapper.accounts.measure import measure, summary

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=60).filter(
    lambda rows: len({fraud for fraud, _ in rows}) == 2
)


@given(SCORED)
def test_the_figures_are_those_of_the_library(rows):
    fraud = np.array([f for f, _ in rows])
    score = np.array([s for _, s in rows], float)
    told = measure(fraud, score)
    assert told["auc"] == pytest.approx(roc_auc_score(fraud, score))
    assert told["ap"] == pytest.approx(average_precision_score(fraud, score))
    precision, recall, _ = precision_recall_curve(fraud, score)
    assert told["recall_at_precision_0.9"] == pytest.approx(recall[precision >= 0.9].max())
    false, found, _ = roc_curve(fraud, score, drop_intermediate=False)
    assert told["tpr_at_fpr_1e-2"] == pytest.approx(found[false <= 0.01].max())


def test_one_kind_of_account_cannot_be_measured():
    with pytest.raises(ValueError, match="both"):
        measure(np.array([True, True]), np.array([1.0, 2.0]))


def test_an_interval_needs_two_splits_and_grows_with_their_difference():
    run = measure(np.array([True, False]), np.array([1.0, 0.0]))
    assert summary([run])["auc"] == (1.0, 0.0)
    other = run | {"auc": 0.9}
    value, half = summary([run, other])["auc"]
    assert value == pytest.approx(0.95)
    assert half == pytest.approx(12.71 * np.std([1.0, 0.9], ddof=1) / np.sqrt(2))
