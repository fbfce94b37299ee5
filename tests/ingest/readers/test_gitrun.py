import pytest

from wheeltapper.ingest.readers import gitrun
from wheeltapper.ingest.readers.gitdir import Repository

NONE = "0" * 40


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "objects").mkdir()
    return Repository("x", tmp_path, tmp_path)


def test_what_git_says_becomes_one_printable_line(repository):
    with (
        gitrun.borrow(repository, NONE) as git,
        pytest.raises(gitrun.GitError, match=r"^fatal: .*\?\[31m") as error,
        git.start(["cat-file", "-e", "\x1b[31mnone"]),
    ):
        pass
    assert str(error.value).isprintable()


def test_nothing_is_left_behind(repository):
    with gitrun.borrow(repository, NONE) as git:
        home = git.file("x").parent
        assert home.is_dir()
    assert not home.exists()


def test_git_sees_its_own_settings_and_no_others(repository, monkeypatch, tmp_path):
    (repository.git / "config").write_text("[core]\n\tfsmonitor = /bin/evil\n")
    (tmp_path / ".gitconfig").write_text("[core]\n\tsshCommand = /bin/evil\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.editor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "/bin/evil")
    with gitrun.borrow(repository, NONE) as git, git.file("said").open("w+b") as said:
        with git.start(["config", "--list"], stdout=said):
            pass
        said.seek(0)
        text = said.read().decode()
    assert "core.fsmonitor=false" in text
    assert "evil" not in text
