import numpy as np
import pytest

from powershell_office import records
from wheeltapper.powershell import splits

MADE = records()


@pytest.mark.parametrize("split", splits.SPLITS)
def test_nothing_is_learned_that_is_measured(split):
    found = splits.folds(MADE, split)
    assert found
    for fold in found:
        assert not set(fold.train) & set(fold.test)
        assert len(fold.test)


def test_near_duplicates_stay_together():
    for fold in splits.folds(MADE, splits.GROUPED):
        groups = [{MADE[i].group for i in rows} for rows in (fold.train, fold.test)]
        assert not groups[0] & groups[1]
    tested = np.concatenate([f.test for f in splits.folds(MADE, splits.GROUPED)])
    assert sorted(tested) == list(range(len(MADE)))


def test_every_pair_of_sources_is_measured_once_and_neither_was_seen():
    measured = []
    for fold in splits.folds(MADE, splits.PAIRS):
        seen = {MADE[i].source for i in fold.train}
        left = {MADE[i].source for i in fold.test}
        assert not seen & left
        bad = [s for s in left if s.startswith("bad")]
        measured += [(b, g) for b in bad for g in left if g.startswith("good")]
    assert sorted(measured) == [(b, g) for b in ("bad-0", "bad-1") for g in ("good-0", "good-1")]


def test_what_is_nearly_the_same_as_what_is_measured_is_not_learned():
    import dataclasses

    made = [dataclasses.replace(r, group="one") if i in (0, 3) else r for i, r in enumerate(MADE)]
    for fold in splits.folds(made, splits.PAIRS):
        assert not ({0, 3} & set(fold.train) and {0, 3} & set(fold.test))


def test_weights_balance_classes_sources_and_clusters():
    weight = splits.weights(MADE, np.arange(len(MADE)))
    label = np.array([r.label for r in MADE])
    assert weight.sum() == pytest.approx(1)
    assert weight[label == 1].sum() == pytest.approx(0.5)
    clusters = {}
    for r, w in zip(MADE, weight, strict=True):
        clusters.setdefault(r.source, {}).setdefault(r.group, []).append(w)
    for of_source in clusters.values():
        sums = [sum(ws) for ws in of_source.values()]
        assert sums == pytest.approx([sums[0]] * len(sums))
