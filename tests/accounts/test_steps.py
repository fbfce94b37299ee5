import numpy as np
import pytest

from accounts import village
from wheeltapper.accounts import graphfile, steps


@pytest.fixture(scope="module")
def village_read(tmp_path_factory):
    return graphfile.read(village.write(tmp_path_factory.mktemp("v") / "v.npz"))


def test_an_own_label_never_reaches_the_own_row(village_read):
    known = np.flatnonzero(village_read.train[0])
    told = steps.labels(village_read.ties, known, village_read.fraud, 0).rows
    for one in known[:8]:
        turned = village_read.fraud.copy()
        turned[one] = ~turned[one]
        # The folds are dealt by label: the same folds, with one label turned.
        folds = steps.deal(known, village_read.fraud, 0)
        rest = next(rest for rest, hidden in folds if one in hidden)
        assert np.array_equal(
            steps._around(village_read.ties, rest, turned)[one],
            steps._around(village_read.ties, rest, village_read.fraud)[one],
        )
        assert np.array_equal(
            told[one], steps._around(village_read.ties, rest, village_read.fraud)[one]
        )


def test_folds_are_all_known_accounts_once_with_their_share_of_fraud(village_read):
    known = np.flatnonzero(village_read.train[0])
    folds = steps.deal(known, village_read.fraud, 4)
    assert sorted(np.concatenate([hidden for _, hidden in folds])) == sorted(known)
    counts = [int(village_read.fraud[hidden].sum()) for _, hidden in folds]
    assert max(counts) - min(counts) <= 1
    assert all(not set(rest) & set(hidden) for rest, hidden in folds)


def test_labels_of_accounts_that_are_not_known_change_nothing(village_read):
    known = np.flatnonzero(village_read.train[0])
    hidden = village_read.fraud & village_read.train[0]
    columns = steps.build(village_read.ties, village_read.own, steps.LABELS)
    assert np.array_equal(
        columns(known, hidden, 0).rows, columns(known, village_read.fraud, 0).rows
    )


def test_each_step_adds_to_the_last_and_names_every_column(village_read):
    known = np.flatnonzero(village_read.train[0])
    before: tuple[str, ...] = ()
    for name in steps.STEPS:
        made = steps.build(village_read.ties, village_read.own, name)(known, village_read.fraud, 0)
        assert made.names[: len(before)] == before
        assert len(made.names) == made.rows.shape[1] > len(before)
        assert len(set(made.names)) == len(made.names)
        assert np.isfinite(made.rows).all()
        before = made.names
