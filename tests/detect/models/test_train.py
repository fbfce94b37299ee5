import sys
from datetime import date, timedelta

import pytest
from organisation import MONDAY, history, table

from wheeltapper.detect.models import train
from wheeltapper.detect.models.card import load
from wheeltapper.errors import WheeltapperError


def test_card_tells_what_the_model_is(trained):
    card = load(trained / "userday.toml")
    assert card.name == "userday"
    assert card.date == "2026-04-20"
    assert "30 actors" in card.data
    assert card.fit_days >= 256
    assert card.reference_days >= 256
    assert list(card.scores) == sorted(card.scores)
    assert list(card.bits) == sorted(card.bits)
    assert card.tpr_at_fpr["0.01"] > 0.5
    assert sorted(path.name for path in trained.iterdir()) == ["userday.onnx", "userday.toml"]


@pytest.mark.slow
def test_same_history_same_model_in_whatever_batches(trained, tmp_path):
    activities = table(history())
    pieces = (activities.slice(i, 997) for i in range(0, activities.num_rows, 997))
    train(pieces, MONDAY + timedelta(days=60), tmp_path, today=date(2026, 4, 20))
    for name in ("userday.onnx", "userday.toml"):
        assert (tmp_path / name).read_bytes() == (trained / name).read_bytes()


def test_what_comes_after_until_is_not_looked_at(tmp_path):
    activities = table(history(actors=5, days=40))
    with pytest.raises(WheeltapperError, match=r"0 user-days to fit and 0 to compare with"):
        train(activities, MONDAY + timedelta(days=6), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_too_little_history_is_told(tmp_path):
    with pytest.raises(WheeltapperError, match=r"too little history .* 256 of each are needed"):
        train(table(history(actors=5, days=20)), MONDAY + timedelta(days=20), tmp_path)


def test_no_history_at_all_is_told(tmp_path):
    with pytest.raises(WheeltapperError, match="too little history"):
        train(table([]), MONDAY, tmp_path)


def test_missing_extra_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(WheeltapperError, match=r"pip install 'wheeltapper\[train\]'"):
        train(table([]), MONDAY, tmp_path)
