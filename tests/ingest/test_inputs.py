import subprocess
from pathlib import Path

import pytest

from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest.inputs import expand
from wheeltapper.ingest.readers import Limits


@pytest.fixture
def tree(tmp_path):
    for name in ("b/2.json", "b/1.json", "a.json", ".hidden/x.json", "b/.y.json", "odd[1].json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def names(tree: Path, *paths: Path | str) -> list[str]:
    return [str(path.relative_to(tree)) for path in expand(paths, Limits())]


def test_a_folder_is_its_files_sorted_without_hidden_ones(tree):
    assert names(tree, tree) == ["a.json", "odd[1].json", "b/1.json", "b/2.json"]


def test_a_pattern_is_what_matches(tree):
    assert names(tree, str(tree / "b" / "*.json")) == ["b/1.json", "b/2.json"]
    assert names(tree, str(tree / "**" / "[12].json")) == ["b/1.json", "b/2.json"]


def test_a_name_that_looks_like_a_pattern_is_a_name(tree):
    assert names(tree, tree / "odd[1].json") == ["odd[1].json"]


def test_what_is_given_twice_is_read_once(tree):
    assert names(tree, tree / "a.json", tree / "b" / "1.json", tree)[:2] == ["a.json", "b/1.json"]
    assert len(names(tree, tree, tree)) == 4


def test_a_hidden_file_that_is_named_is_read(tree):
    assert names(tree, tree / ".hidden" / "x.json") == [".hidden/x.json"]


def test_a_repository_is_one_input(tree):
    subprocess.run(["git", "init", "-q", str(tree / "repo")], check=True)
    (tree / "repo" / "notes.json").touch()
    assert names(tree, tree / "repo") == ["repo"]


@pytest.mark.parametrize("name", ["none", "none/*.json"])
def test_what_is_not_there_is_told(tree, name):
    with pytest.raises(WheeltapperError, match="there is no such file or folder"):
        expand([str(tree / name)], Limits())
