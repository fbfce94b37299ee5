"""A git repository's history: one record a commit, in the form of an exported NDJSON line.

    {"repository", "commit", "author", "author_time", "committer", "commit_time", "parents",
     "files", "file_count"}

Authors are their lower-case e-mail address, or the name where there is none, as the commit itself
says it: a .mailmap comes from the same hands as the commits, and could move one person's work to
another. `files` are the first 20; a merge has none, its changes are those of the commits it joins.
Times carry the offset that was recorded. History is that of HEAD, oldest commit first.
"""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import IO

import msgspec
import numpy as np

from wheeltapper.ingest.batch import Reject, reject
from wheeltapper.ingest.readers import gitdir, gitrun
from wheeltapper.ingest.readers.reader import CHUNK_BYTES, CHUNK_RECORDS, Chunk, Input, Reader

MAX_FILES = 20
"""Files named in a record; `file_count` tells how many there were."""
MAX_BROKEN = 100
"""After so many commits that stop git, the rest of the history is given up."""
MAX_TOKEN_BYTES = 1 << 20
"""A longer name is no name."""
_FURTHEST_OFFSET_MINUTES = 14 * 60
_BLOCK_BYTES = 1 << 20
_FORMAT = "tformat:" + "%x00".join(("%H", "%P", "%an", "%ae", "%ad", "%cn", "%ce", "%cd"))
_HEADER = 8
"""Fields of `_FORMAT`."""
_WALK = ("rev-list", "--stdin")
_SHOW = (
    "diff-tree", "--stdin", "--root", "--always", "-r", "-z", "--name-status", "--no-renames",
    "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-notes", "--no-color",
    "--date=raw", "--encoding=UTF-8", f"--format={_FORMAT}",
)  # fmt: skip


class Commit(msgspec.Struct, omit_defaults=False):
    """One record; the order of its fields is that of the exported form."""

    repository: str
    commit: str
    author: str
    author_time: str | None
    committer: str
    commit_time: str | None
    parents: int
    files: list[str]
    file_count: int


def claims(source: Input) -> bool:
    """A repository, bare or not; a folder in a work tree that was named and holds no logs."""
    if source.stream is not None:
        return False
    found = gitdir.find(source.path)
    if found is None or not found.inside:
        return found is not None
    return source.given and not gitdir.holds_logs(source.path) and _tracked(found)


def read(source: Input) -> Iterator[Chunk]:
    """Commits of a repository; what git cannot read is a Reject, and the rest goes on."""
    repository = gitdir.find(source.path)
    tips = repository.tips() if repository is not None else []
    if repository is None or not tips:
        reason = "no commit to start from; if this is a clone, fetch or check out a branch first"
        yield Chunk([], [], [reject(source.name, 0, reason, b"")])
        return
    try:
        with gitrun.borrow(repository, tips[0]) as git:
            yield from _history(git, repository, tips, source.name)
    except gitrun.GitError as error:
        yield Chunk([], [], [reject(source.name, 0, str(error), b"")])


def _tracked(repository: gitdir.Repository) -> bool:
    """Whether the folder asked for is part of the project, not just beneath it on this disk."""
    tips = repository.tips()
    try:
        with (
            gitrun.borrow(repository, tips[0] if tips else "") as git,
            git.start(["cat-file", "-e", f"{tips[0]}:{repository.inside}"]),
        ):
            pass
    except (gitrun.GitError, IndexError):
        return False
    return True


def _history(
    git: gitrun.Git, repository: gitdir.Repository, tips: list[str], name: str
) -> Iterator[Chunk]:
    inside = ["--", repository.inside] if repository.inside else []
    walk, ids = git.file("walk"), git.file("commits")
    git.file("tips").write_text("".join(f"{tip}\n" for tip in tips))
    rejects: list[Reject] = []
    try:
        with (
            git.file("tips").open("rb") as stdin,
            walk.open("wb") as stdout,
            git.start([*_WALK, *inside], stdin=stdin, stdout=stdout),
        ):
            pass
    except gitrun.GitError as error:
        reason = f"history ends early: {error}; repair or clone it again (git fsck tells more)"
        rejects.append(reject(name, 0, reason, b""))
    width = len(tips[0]) + 1
    newest_first = np.fromfile(walk, f"S{width}", walk.stat().st_size // width)
    newest_first[::-1].tofile(ids)
    if not len(newest_first) and not rejects:
        rejects.append(reject(name, 0, "no commit touches this folder", b""))
    if rejects:
        yield Chunk([], [], rejects)

    done = broken = 0
    while done < len(newest_first):
        with ids.open("rb") as left:
            left.seek(done * width)
            try:
                with git.start([*_SHOW, *inside], stdin=left, stdout=subprocess.PIPE) as process:
                    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
                    for chunk in _chunks(process.stdout, repository.name, done):
                        done = chunk.lines[-1]
                        yield chunk
                return
            except gitrun.GitError as error:
                # git stops at a commit that it cannot read: set it aside, go on after it.
                bad = newest_first[len(newest_first) - 1 - done].rstrip()
                done, broken = done + 1, broken + 1
                yield Chunk([], [], [reject(name, done, f"commit cannot be read: {error}", bad)])
        if broken == MAX_BROKEN:
            reason = (
                f"{broken} commits cannot be read; the rest was not tried (git fsck tells more)"
            )
            yield Chunk([], [], [reject(name, 0, reason, b"")])
            return


def _chunks(output: IO[bytes], repository: str, done: int) -> Iterator[Chunk]:
    """What git shows of commits, `done` being the number of the one before the first."""
    raw: list[bytes] = []
    size = 0
    encode = msgspec.json.Encoder().encode
    for commit in _commits(_tokens(output), repository):
        raw.append(encode(commit))
        size += len(raw[-1])
        if len(raw) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
            yield Chunk(raw, range(done + 1, done + 1 + len(raw)))
            done, raw, size = done + len(raw), [], 0
    if raw:
        yield Chunk(raw, range(done + 1, done + 1 + len(raw)))


def _commits(tokens: Iterator[bytes], repository: str) -> Iterator[Commit]:
    """Put commits together: eight fields, then a status letter and a path for each file.

    A name can be anything but holds no NUL, and every path follows its status: so no name that an
    author chose can pass for the start of another commit.
    """
    header: list[bytes] = []
    files: list[bytes] = []
    count = 0
    for token in tokens:
        if len(header) < _HEADER:
            header.append(token)
        elif len(token.lstrip(b"\n")) == 1:
            path = next(tokens, b"")
            count += 1
            if count <= MAX_FILES:
                files.append(path)
        else:
            yield _commit(header, files, count, repository)
            header, files, count = [token], [], 0
    if len(header) == _HEADER:
        yield _commit(header, files, count, repository)


def _commit(header: list[bytes], files: list[bytes], count: int, repository: str) -> Commit:
    commit, parents, author, author_mail, authored, committer, committer_mail, committed = header
    return Commit(
        repository=repository,
        commit=_text(commit),
        author=_who(author, author_mail),
        author_time=_time(authored),
        committer=_who(committer, committer_mail),
        commit_time=_time(committed),
        parents=len(parents.split()),
        files=[_text(file) for file in files],
        file_count=count,
    )


def _tokens(output: IO[bytes]) -> Iterator[bytes]:
    """Cut at NUL; of a name longer than any real one only the beginning is kept."""
    left = b""
    while block := output.read(_BLOCK_BYTES):
        first, *rest = block.split(b"\0")
        left = (left + first)[:MAX_TOKEN_BYTES]
        if rest:
            yield left
            yield from rest[:-1]
            left = rest[-1]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _who(name: bytes, mail: bytes) -> str:
    return _text(mail).strip().lower() or _text(name).strip()


def _time(told: bytes) -> str | None:
    """`1616903844 +0200` as ISO 8601; without an offset that cannot be one, None where no time."""
    seconds, _, offset = told.partition(b" ")
    try:
        at = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if int(seconds) <= 0:  # also what git says of a date that it cannot read
        return None
    try:
        minutes = int(offset[1:-2] or 0) * 60 + int(offset[-2:] or 0)
    except ValueError:
        minutes = _FURTHEST_OFFSET_MINUTES + 1
    if minutes > _FURTHEST_OFFSET_MINUTES:
        return at.replace(tzinfo=None).isoformat()
    return at.astimezone(
        timezone(timedelta(minutes=-minutes if offset[:1] == b"-" else minutes))
    ).isoformat()


READER = Reader(name="git", order=10, claims=claims, read=read)
