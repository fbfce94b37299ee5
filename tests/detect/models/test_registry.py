import shutil

import pytest

from wheeltapper.detect.models import Registry
from wheeltapper.errors import ConfigError


@pytest.fixture
def folder(trained, tmp_path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_no_model_is_no_error(tmp_path):
    assert Registry(tmp_path).models == ()
    assert Registry(tmp_path / "none").models == ()


def test_models_by_name(folder):
    (only,) = Registry(folder).models
    assert only.detector == "model.userday"


def test_a_model_that_is_not_the_one_of_the_card_is_refused(folder):
    path = folder / "userday.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ConfigError, match=r"userday\.onnx: not the model that userday\.toml desc"):
        _ = Registry(folder).models


def test_a_card_without_its_model_is_told(folder):
    (folder / "userday.onnx").unlink()
    with pytest.raises(ConfigError, match=r"its model userday\.onnx is missing"):
        _ = Registry(folder).models


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("features_version = 1", "features_version = 0", "trained on features of version 0"),
        ('"failures", ', "", "train it again with: wheeltapper train"),
        ('kind = "userday"', 'kind = "tea"', "kind 'tea' is not known"),
        ('kind = "userday"', 'sort = "userday"', r"not a model card of this version \(kind, sort"),
        ('kind = "userday"', "kind =", "not valid TOML"),
        ("bits = [", "bits = [1.0, ", "differ in length"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(folder, old, new, message):
    path = folder / "userday.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        _ = Registry(folder).models
