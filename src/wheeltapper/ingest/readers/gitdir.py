"""Where a git repository keeps its commits, found without running git.

A repository is hostile input: its configuration can name programs. So nothing here, and nothing
in `gitrun`, ever lets git see it. What is needed to read history is little: the folder of objects,
the commit that HEAD stands for, and where a shallow clone ends.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = re.compile(rb"ref: (refs/[^\0\n]+?)\s*")
_SMALL_BYTES = 64 << 10
"""HEAD, a branch and a .git file are some hundred bytes; more is something else."""
_SHALLOW_BYTES = 16 << 20
_LOGS = (".json", ".jsonl", ".ndjson", ".csv", ".log", ".evtx", ".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository's own files."""

    name: str
    """What its folder is called."""
    git: Path
    """Holds HEAD; of a linked work tree, its own."""
    common: Path
    """Holds objects and branches."""
    inside: str = ""
    """Path in the work tree that history is asked of; empty for all of it."""

    @property
    def objects(self) -> Path:
        return self.common / "objects"

    def tips(self) -> list[str]:
        """Commits to walk from: HEAD; where that is no commit, every branch; often none."""
        head = _small(self.git / "HEAD")
        packed = dict(_packed(self.common / "packed-refs"))
        for _ in range(5):
            if _COMMIT.fullmatch(head.strip()):
                return [head.strip().decode()]
            found = _BRANCH.fullmatch(head)
            if found is None or b".." in found[1]:
                break
            head = self._loose(found[1]) or packed.get(found[1], b"")
        branches = {k: v for k, v in packed.items() if k.startswith(b"refs/heads/")}
        for folder, _, files in os.walk(self.common / "refs" / "heads"):
            for file in files:
                path = Path(folder) / file
                branches[os.fsencode(path.relative_to(self.common))] = _small(path)
        commits = {commit.strip() for commit in branches.values()}
        return sorted(c.decode() for c in commits if _COMMIT.fullmatch(c))

    def shallow(self) -> bytes:
        """Commits whose parents a shallow clone left out, one a line."""
        lines = _small(self.common / "shallow", _SHALLOW_BYTES).splitlines()
        return b"".join(line + b"\n" for line in lines if _COMMIT.fullmatch(line))

    def _loose(self, ref: bytes) -> bytes:
        name = os.fsdecode(ref)
        return _small(self.git / name) or _small(self.common / name)


def find(path: Path) -> Repository | None:
    """The repository that a folder is, is the top of, or lies in; None where there is none."""
    path = path.resolve()
    for top in (path, *path.parents):
        inside = "" if top == path else path.relative_to(top).as_posix()
        if (git := _git_of(top / ".git")) is not None:
            # The folder .git itself is asked for as `repo/.git`.
            own = inside == ".git" or not inside
            if inside.startswith(".git/"):
                return None
            return Repository(top.name, git, _common(git), "" if own else inside)
        if not inside and top.name != ".git" and _is_git(top):
            return Repository(top.name.removesuffix(".git"), top, _common(top))
    return None


def holds_logs(path: Path) -> bool:
    """Whether a folder holds a file that is named like a log."""
    return any(file.lower().endswith(_LOGS) for _, _, files in os.walk(path) for file in files)


def _git_of(path: Path) -> Path | None:
    """The folder that `.git` is, or names (linked work trees and submodules)."""
    if path.is_file():
        line = _small(path)
        if not line.startswith(b"gitdir: ") or b"\0" in line:
            return None
        path = path.parent / os.fsdecode(line[8:].rstrip(b"\r\n"))
    return path if _is_git(path) else None


def _is_git(path: Path) -> bool:
    return (path / "HEAD").is_file() and (_common(path) / "objects").is_dir()


def _common(git: Path) -> Path:
    named = _small(git / "commondir").rstrip(b"\r\n")
    return git / os.fsdecode(named) if named and b"\0" not in named else git


def _packed(path: Path) -> list[tuple[bytes, bytes]]:
    try:
        lines = path.read_bytes().splitlines() if path.is_file() else []
    except OSError:
        return []
    pairs = (line.split(b" ", 1) for line in lines if line[:1] not in (b"#", b"^"))
    return [(pair[1], pair[0]) for pair in pairs if len(pair) == 2]


def _small(path: Path, limit: int = _SMALL_BYTES) -> bytes:
    """A regular file's bytes; none where it is missing, too long, or something else (a pipe)."""
    try:
        if not path.is_file() or path.stat().st_size > limit:
            return b""
        return path.read_bytes()
    except (OSError, ValueError):
        return b""
