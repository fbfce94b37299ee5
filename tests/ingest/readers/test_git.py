"""Histories that a program made, and histories that an enemy made."""

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from wheeltapper.ingest.readers import git, gitrun
from wheeltapper.ingest.readers.reader import Input, Limits

CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "Ana@Example.org",
    "GIT_AUTHOR_DATE": "1616903844 +0200",
    "GIT_COMMITTER_NAME": "Bo",
    "GIT_COMMITTER_EMAIL": "bo@example.org",
    "GIT_COMMITTER_DATE": "1616990000 -0330",
}


def run(repository: Path, *arguments: str, stdin: bytes = b"", **environment: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        input=stdin,
        env=CLEAN | environment,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "backslashreplace").strip()


def commit(repository: Path, *files: str, **environment: str) -> str:
    for file in files:
        path = repository / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{path.read_text() if path.exists() else ''}more\n")
        run(repository, "add", "--", file)
    run(repository, "commit", "-q", "--allow-empty", "-m", "x", **environment)
    return run(repository, "rev-parse", "HEAD")


def raw_commit(repository: Path, author: bytes, committer: bytes = b"", tree: str = "") -> str:
    """Put a commit on top that no honest git would write."""
    tree = tree or run(repository, "rev-parse", "HEAD^{tree}")
    parent = run(repository, "rev-parse", "HEAD")
    text = f"tree {tree}\nparent {parent}\n".encode()
    text += b"author %s\ncommitter %s\n\nx\n" % (author, committer or b"Bo <bo@x> 1616990000 +0000")
    made = run(
        repository, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=text
    )
    (repository / ".git" / "refs" / "heads" / "main").write_text(made + "\n")
    return made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], env=CLEAN, check=True)
    return folder


def read(path: Path):
    source = Input(path, Limits(), None)
    assert git.claims(source)
    records, rejects = [], []
    for chunk in git.read(source):
        assert len(chunk.raw) == len(chunk.lines)
        records += [json.loads(raw) for raw in chunk.raw]
        rejects += chunk.rejects
    return records, rejects


def test_a_commit_has_the_exported_form(repository):
    made = commit(repository, "b", "a/c")
    assert read(repository) == (
        [
            {
                "repository": "project",
                "commit": made,
                "author": "ana@example.org",
                "author_time": "2021-03-28T05:57:24+02:00",
                "committer": "bo@example.org",
                "commit_time": "2021-03-29T00:23:20-03:30",
                "parents": 0,
                "files": ["a/c", "b"],
                "file_count": 2,
            }
        ],
        [],
    )


def test_exported_form_is_that_of_the_shared_history(shared, repository):
    with gzip.open(shared / "data" / "git" / "php.ndjson.gz") as lines:
        exported = json.loads(next(lines))
    commit(repository, "a")
    assert list(read(repository)[0][0]) == list(exported)


def test_oldest_first_and_a_merge_has_no_file_of_its_own(repository):
    first = commit(repository, "a")
    run(repository, "checkout", "-q", "-b", "side")
    side = commit(repository, "b")
    run(repository, "checkout", "-q", "main")
    second = commit(repository, "c", GIT_COMMITTER_DATE="1616990001 +0000")
    empty = commit(repository, GIT_COMMITTER_DATE="1616990002 +0000")
    run(repository, "merge", "-q", "-m", "x", "side", GIT_COMMITTER_DATE="1616990003 +0000")
    records, rejects = read(repository)
    assert [(r["commit"], r["parents"], r["files"]) for r in records[:4]] == [
        (first, 0, ["a"]),
        (side, 1, ["b"]),
        (second, 1, ["c"]),
        (empty, 1, []),
    ]
    assert (records[4]["parents"], records[4]["files"], rejects) == (2, [], [])


def test_many_files_are_counted_and_twenty_are_named(repository):
    commit(repository, *(f"f{i:02}" for i in range(30)))
    [record], _ = read(repository)
    assert record["file_count"] == 30
    assert record["files"] == [f"f{i:02}" for i in range(20)]


def test_chunks_are_cut_and_numbered(repository, monkeypatch):
    made = [commit(repository, "a", GIT_COMMITTER_DATE=f"{1616990000 + i} +0000") for i in range(5)]
    monkeypatch.setattr(git, "CHUNK_RECORDS", 2)
    chunks = list(git.read(Input(repository, Limits(), None)))
    assert [list(c.lines) for c in chunks] == [[1, 2], [3, 4], [5]]
    assert [json.loads(raw)["commit"] for c in chunks for raw in c.raw] == made


@pytest.mark.parametrize("kind", ["bare", "worktree", "shared", "shallow", "packed", "dotgit"])
def test_every_way_to_keep_a_repository(repository, tmp_path, kind):
    made = [commit(repository, "a"), commit(repository, "b", GIT_COMMITTER_DATE="1616990001 +0000")]
    other = tmp_path / "other"
    if kind == "bare":
        run(repository, "clone", "-q", "--bare", str(repository), str(other))
    elif kind == "worktree":
        run(repository, "worktree", "add", "-q", str(other), "-b", "topic")
    elif kind == "shared":
        run(repository, "clone", "-q", "--shared", str(repository), str(other))
    elif kind == "shallow":
        run(repository, "clone", "-q", "--depth=1", repository.as_uri(), str(other))
        made = made[1:]
    elif kind == "packed":
        run(repository, "pack-refs", "--all")
        run(repository, "gc", "-q")
        other = repository
    else:
        other = repository / ".git"
    records, rejects = read(other)
    assert ([r["commit"] for r in records], rejects) == (made, [])
    assert records[0]["repository"] == ("other" if other.name == "other" else "project")


def test_sha256(tmp_path):
    folder = tmp_path / "new"
    subprocess.run(
        ["git", "init", "-q", "-b", "main", "--object-format=sha256", str(folder)],
        env=CLEAN,
        check=True,
    )
    made = commit(folder, "a")
    assert [r["commit"] for r in read(folder)[0]] == [made]
    assert len(made) == 64


def test_a_folder_of_a_work_tree_is_that_folders_history(repository):
    commit(repository, "a")
    made = commit(repository, "lib/x", "b")
    assert [(r["commit"], r["files"]) for r in read(repository / "lib")[0]] == [(made, ["lib/x"])]


def test_folders_that_are_no_history(repository, tmp_path):
    commit(repository, "src/a", "logs/okta.json")
    (repository / "untracked").mkdir()
    (repository / "untracked" / "messages").write_text("Jan  1 00:00:00 host sshd[1]: x\n")
    for folder in (repository / "logs", repository / "untracked", tmp_path):
        assert not git.claims(Input(folder, Limits(), None)), folder


def test_without_a_commit(repository):
    records, [rejected] = read(repository)
    assert (records, rejected.line) == ([], 0)
    assert "no commit to start from" in rejected.reason


def test_head_that_names_no_commit_leaves_the_branches(repository):
    made = commit(repository, "a")
    for head in ("ref: refs/heads/gone", "ref: refs/heads/../../../secret", "--output=x", ""):
        (repository / ".git" / "HEAD").write_text(head)
        assert [r["commit"] for r in read(repository)[0]] == [made], head


def test_without_git(repository, monkeypatch):
    commit(repository, "a")
    monkeypatch.setenv("PATH", "/nonexistent")
    records, [rejected] = read(repository)
    assert records == []
    assert "git is not installed" in rejected.reason


# A repository made by an enemy.

PROGRAMS = [
    "core.fsmonitor",
    "core.pager",
    "core.editor",
    "core.sshCommand",
    "core.gitProxy",
    "core.askPass",
    "core.alternateRefsCommand",
    "pager.log",
    "pager.diff-tree",
    "pager.rev-list",
    "gpg.program",
    "gpg.ssh.program",
    "gpg.x509.program",
    "diff.external",
    "diff.x.command",
    "diff.x.textconv",
    "filter.x.clean",
    "filter.x.smudge",
    "filter.x.process",
    "merge.x.driver",
    "credential.helper",
    "interactive.diffFilter",
    "uploadpack.packObjectsHook",
    "trailer.x.command",
    "sequence.editor",
]
"""Settings by which git starts a program."""
HOOKS = ["post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"]


@pytest.fixture
def trapped(repository, tmp_path):
    """A repository in which every program that git can be made to start leaves a marker."""
    marker = tmp_path / "marker"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho $0 $* >>'{marker}'\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=x diff=x merge=x\n")
    (repository / ".mailmap").write_text("Mallory <mallory@example.org> <ana@example.org>\n")
    run(repository, "add", ".")
    commit(repository, "a")
    tree = run(repository, "rev-parse", "HEAD^{tree}")
    parent = run(repository, "rev-parse", "HEAD")
    signed = (
        f"tree {tree}\nparent {parent}\nauthor Ana <ana@example.org> 1616990000 +0000\n"
        "committer Bo <bo@example.org> 1616990000 +0000\n"
        "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n\nx\n"
    )
    made = run(repository, "hash-object", "-t", "commit", "-w", "--stdin", stdin=signed.encode())
    run(repository, "update-ref", "HEAD", made)
    commit(repository, "a")
    program = str(trap)
    for key in PROGRAMS:
        run(repository, "config", key, program)
    for alias in ("log", "rev-list", "diff-tree", "cat-file"):
        run(repository, "config", f"alias.{alias}", f"!{program}")
    for key, value in {
        "log.showSignature": "true",
        "log.mailmap": "true",
        "log.diffMerges": "separate",
        "core.commentChar": "x",
        "i18n.logOutputEncoding": "UTF-16",
        "core.worktree": "/",
        "diff.renames": "copies",
        "diff.orderFile": "/dev/stdin",
        "protocol.allow": "always",
        "remote.origin.url": f"ext::{program} %S",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
    }.items():
        run(repository, "config", key, value)
    run(repository, "config", "core.repositoryFormatVersion", "1")
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tfsmonitor = {program}\n\tpager = {program}\n")
    run(repository, "config", "include.path", str(included))
    for hook in HOOKS:
        path = repository / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(trap.read_text())
        path.chmod(0o755)
    marker.unlink(missing_ok=True)
    return repository, marker, program


def test_nothing_that_a_repository_names_is_ever_run(trapped, monkeypatch):
    repository, marker, program = trapped
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "PAGER", "GIT_SSH_COMMAND", "GIT_ASKPASS"):
        monkeypatch.setenv(name, program)
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor={program}'")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    records, rejects = read(repository)
    assert [(r["author"], r["files"]) for r in records] == [
        ("ana@example.org", [".gitattributes", ".mailmap", "a"]),
        ("ana@example.org", []),
        ("ana@example.org", ["a"]),
    ]
    assert rejects == []
    assert not marker.exists()


def test_a_missing_object_is_not_fetched(trapped):
    repository, marker, _ = trapped
    first = run(repository, "rev-list", "--max-parents=0", "HEAD")
    tree = run(repository, "rev-parse", f"{first}^{{tree}}")
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    marker.unlink(missing_ok=True)
    records, rejects = read(repository)
    assert not marker.exists()
    assert len(records) + len(rejects) == 3
    assert first in {r.raw for r in rejects}


def test_the_traps_would_have_sprung(trapped):
    """Without the care taken, the same repository does run programs: the tests above can fail."""
    repository, marker, program = trapped
    subprocess.run(
        ["git", "-C", str(repository), "-c", "core.worktree=", "log", "-p", "--ext-diff"],
        env=CLEAN,
        capture_output=True,
        check=False,
    )
    assert program in marker.read_text()


@pytest.mark.parametrize(
    ("author", "who", "time"),
    [
        (b"E\x1b[31mve <E\x1b[2J@X> 1616903844 +0200", "e\x1b[2j@x", "2021-03-28T05:57:24+02:00"),
        (b"Only Name <> 1616903844 +0000", "Only Name", "2021-03-28T03:57:24+00:00"),
        (b"Ren\xe9 <ren\xe9@x> 1616903844 -0130", "ren\\xe9@x", "2021-03-28T02:27:24-01:30"),
        (b"A <a@x> 1616903844 +9959", "a@x", "2021-03-28T03:57:24"),
        (b"A <a@x> 99999999999999999 +0000", "a@x", None),
        (b"A <a@x> -5 +0000", "a@x", None),
        (b"A <a@x> 4102444800 +0000", "a@x", "2100-01-01T00:00:00+00:00"),
        (b"A <a@x> yesterday", "a@x", None),
        (b"A <a@x>", "a@x", None),
        (b"'; drop table x; -- <$(touch x)@x> 1616903844 +0000", "$(touch x)@x",
         "2021-03-28T03:57:24+00:00"),
    ],
)  # fmt: skip
def test_an_author_that_lies_loses_no_commit(repository, author, who, time):
    commit(repository, "a")
    made = raw_commit(repository, author)
    records, rejects = read(repository)
    assert rejects == []
    last = records[-1]
    assert (last["commit"], last["author"], last["author_time"]) == (made, who, time)
    assert last["commit_time"] == "2021-03-29T03:53:20+00:00"


def test_an_author_with_a_nul_ends_there(repository):
    kept = commit(repository, "a")
    raw_commit(repository, b"A\0B <a@x> 1616903844 +0000")
    records, rejects = read(repository)
    assert records[0]["commit"] == kept
    assert len(records) + len(rejects) == 2


def test_names_of_files_cannot_pass_for_commits(repository):
    names = ["M", "a\nb", "\x1b[31m", "-rf", "--output=x", "1" * 40, "M\nM", "\n"]
    commit(repository, *names)
    os.close(os.open(os.fsencode(repository) + b"/caf\xe9", os.O_CREAT | os.O_WRONLY))
    run(repository, "add", "--all")
    commit(repository, "z", GIT_COMMITTER_DATE="1616990001 +0000")
    records, rejects = read(repository)
    assert (sorted(records[0]["files"]), rejects) == (sorted(names), [])
    assert sorted(records[1]["files"]) == ["caf\\xe9", "z"]


def test_a_tree_that_is_gone_costs_only_the_commits_that_need_it(repository):
    made = [commit(repository, "a", GIT_COMMITTER_DATE=f"{1616990000 + i} +0000") for i in range(5)]
    tree = run(repository, "rev-parse", f"{made[2]}^{{tree}}")
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    records, rejects = read(repository)
    assert [r["commit"] for r in records] == [made[0], made[1], made[4]]
    assert [(r.line, r.raw) for r in rejects] == [(3, made[2]), (4, made[3])]
    assert "commit cannot be read" in rejects[0].reason


def test_a_commit_that_is_garbage_keeps_what_came_after_it(repository):
    made = [commit(repository, "a", GIT_COMMITTER_DATE=f"{1616990000 + i} +0000") for i in range(4)]
    broken = repository / ".git" / "objects" / made[1][:2] / made[1][2:]
    broken.chmod(0o644)
    broken.write_bytes(b"no zlib at all")
    records, rejects = read(repository)
    assert made[3] in [r["commit"] for r in records]
    assert rejects[0].line == 0
    assert "history ends early" in rejects[0].reason


def test_giving_up_on_a_history_that_is_nearly_all_broken(repository, monkeypatch):
    made = [commit(repository, "a", GIT_COMMITTER_DATE=f"{1616990000 + i} +0000") for i in range(5)]
    for one in made:
        tree = run(repository, "rev-parse", f"{one}^{{tree}}")
        (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    monkeypatch.setattr(git, "MAX_BROKEN", 3)
    records, rejects = read(repository)
    assert records == []
    assert [r.line for r in rejects] == [1, 2, 3, 0]
    assert "the rest was not tried" in rejects[-1].reason


@pytest.mark.skipif(not hasattr(gitrun.resource, "prlimit"), reason="only Linux bounds a child")
def test_a_tree_bomb_is_set_aside(repository, monkeypatch):
    first = commit(repository, "a")
    entry = run(repository, "hash-object", "-w", "--stdin", stdin=b"x")
    kind, mode = "blob", "100644"
    for _ in range(9):
        listing = "".join(f"{mode} {kind} {entry}\t{name}\n" for name in "abcdefghij")
        entry = run(repository, "mktree", stdin=listing.encode())
        kind, mode = "tree", "040000"
    bomb = raw_commit(repository, b"E <e@x> 1616990001 +0000", tree=entry)
    monkeypatch.setattr(gitrun, "MAX_MEMORY_BYTES", 64 << 20)
    records, rejects = read(repository)
    assert [r["commit"] for r in records] == [first]
    assert [r.raw for r in rejects] == [bomb]


def test_reading_can_be_given_up(repository, monkeypatch):
    for i in range(4):
        commit(repository, "a", GIT_COMMITTER_DATE=f"{1616990000 + i} +0000")
    monkeypatch.setattr(git, "CHUNK_RECORDS", 1)
    chunks = git.read(Input(repository, Limits(), None))
    next(chunks)
    chunks.close()
