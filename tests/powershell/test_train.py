import pytest

from powershell_office import records
from wheeltapper.errors import WheeltapperError
from wheeltapper.powershell import models, nets, train
from wheeltapper.powershell.trials import Trials


def test_missing_packages_are_named(monkeypatch):
    def absent(package):
        raise train.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(train.metadata, "version", absent)
    with pytest.raises(WheeltapperError, match=r"pip install 'wheeltapper\[train,net\]'"):
        train.train(Trials(records(), ""), "", models.SHIPPED)


def test_what_is_trained_can_be_loaded_and_scores(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="needs the extra `net`")
    torch.set_num_threads(1)
    monkeypatch.setattr(nets, "SAMPLES", dict.fromkeys(nets.SAMPLES, 1_000))
    cards = train.train(Trials(records(), "digest"), "0" * 64, tmp_path)
    assert {card.name for card in cards} == set(models.NAMES)
    scores = models.load("ensemble", tmp_path).score([("Send-Trouble", "send-trouble")])
    assert scores.shape == (1,)
    assert all(0 <= card.figures["auc"] <= 1 for card in cards)
