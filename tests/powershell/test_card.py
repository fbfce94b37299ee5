import hashlib
import tomllib

import pytest

from wheeltapper.errors import ConfigError
from wheeltapper.powershell import card


def made(content):
    return card.Card(
        name="words", about='says "hello"', method="m", date="2026-11-26", data="d",
        data_sha256="0" * 64, split="s", parts=("a", "b"), bias=-0.25,
        thresholds={"1e-2": 1.5}, figures={"auc": 0.9},
        libraries={"numpy": "2"}, sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


def test_a_card_comes_back(tmp_path):
    model, path = tmp_path / "words.npy", tmp_path / "words.toml"
    model.write_bytes(b"model")
    path.write_text(made(b"model").to_toml())
    assert card.load(path, model) == made(b"model")
    assert tomllib.loads(path.read_text())["thresholds"] == {"1e-2": 1.5}


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("nope", "cannot be read"), ("name = 'x'", "not a model card")],
)
def test_what_is_no_card_is_named(tmp_path, text, words):
    model, path = tmp_path / "words.npy", tmp_path / "words.toml"
    model.write_bytes(b"model")
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        card.load(path, model)


def test_another_models_file_is_refused(tmp_path):
    model, path = tmp_path / "words.npy", tmp_path / "words.toml"
    model.write_bytes(b"another")
    path.write_text(made(b"model").to_toml())
    with pytest.raises(ConfigError, match="is not the model"):
        card.load(path, model)
