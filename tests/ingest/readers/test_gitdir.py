import os

import pytest

from wheeltapper.ingest.readers import gitdir

COMMIT = "c730aa26bd52829a49f2ad284b181b7e82a68d7d"


@pytest.fixture
def bare(tmp_path):
    folder = tmp_path / "php.git"
    (folder / "objects").mkdir(parents=True)
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/master\n")
    return folder


def test_a_bare_repository_is_called_by_its_folder(bare):
    found = gitdir.find(bare)
    assert (found.name, found.git, found.inside) == ("php", bare, "")


def test_its_own_folders_are_no_repositories(bare):
    assert gitdir.find(bare / "objects") is None


def test_tips_loose_packed_and_detached(bare):
    assert gitdir.find(bare).tips() == []
    (bare / "packed-refs").write_text(f"# pack-refs with: peeled\n{COMMIT} refs/heads/master\n")
    assert gitdir.find(bare).tips() == [COMMIT]
    (bare / "refs" / "heads" / "master").write_text("1" * 40 + "\n")
    assert gitdir.find(bare).tips() == ["1" * 40]
    (bare / "HEAD").write_text(COMMIT)
    assert gitdir.find(bare).tips() == [COMMIT]


def test_a_ring_of_references_ends(bare):
    (bare / "refs" / "heads" / "master").write_text("ref: refs/heads/master\n")
    assert gitdir.find(bare).tips() == []


@pytest.mark.parametrize("ref", ["refs/../../secret", "refs/heads/\0x", "/etc/passwd", "-x"])
def test_a_reference_never_leads_out(bare, ref):
    (bare.parent / "secret").write_text(COMMIT)
    (bare / "HEAD").write_text(f"ref: {ref}\n")
    assert gitdir.find(bare).tips() == []


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(bare):
    os.mkfifo(bare / "refs" / "heads" / "master")
    os.mkfifo(bare / "shallow")
    os.mkfifo(bare / "packed-refs")
    assert (gitdir.find(bare).tips(), gitdir.find(bare).shallow()) == ([], b"")


def test_a_git_file_that_leads_nowhere(tmp_path):
    for text in ("gitdir: /nonexistent", "gitdir: \0", "", "x" * 100_000):
        (tmp_path / ".git").write_text(text)
        assert gitdir.find(tmp_path) is None


def test_only_commits_end_a_shallow_clone(bare):
    (bare / "shallow").write_text(f"{COMMIT}\n--upload-pack=x\n\n")
    assert gitdir.find(bare).shallow() == f"{COMMIT}\n".encode()


def test_a_folder_with_logs(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "README.md").write_text("x")
    assert not gitdir.holds_logs(tmp_path)
    (tmp_path / "deep" / "er" / "x.JSON").write_text("{}")
    assert gitdir.holds_logs(tmp_path)
