"""Runs git on the objects of a repository that is not trusted.

git obeys the configuration of the repository that it runs in: fsmonitor, hooks, pagers, external
diffs, text conversion, signature programs, credential helpers, lazy fetching, includes. So it does
not run in it. It runs in an empty repository of our own, made for this one reading, and is only
told where to find objects. What is left of the other repository are commits and trees, which are
data. The options below repeat what the empty repository already implies, in case git learns to
look further; the environment starts empty, so that nothing comes in from the user's either.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from wheeltapper.ingest.readers.gitdir import Repository

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]  # the one platform without the module

MAX_MEMORY_BYTES = 2 << 30
"""Of one git: a tree that names itself many times over unfolds to any size in its memory."""

_CONFIG = """\
[core]
\trepositoryformatversion = 1
\tbare = true
\tfsmonitor = false
\thooksPath = {null}
\tattributesFile = {null}
\tcommitGraph = false
\tpager = cat
[log]
\tmailmap = false
\tshowSignature = false
[gpg]
\tprogram = false
[diff]
\trenames = false
[i18n]
\tlogOutputEncoding = UTF-8
[protocol]
\tallow = never
[extensions]
\tobjectFormat = {format}
"""
# The commit graph is a copy of what commits say, and a hostile one says something else.


class GitError(Exception):
    """git is not there, or ended early; the message is one printable line."""


class Git:
    """git over one repository's objects; made by `borrow`."""

    def __init__(self, program: str, home: Path, repository: Repository) -> None:
        self._program = program
        self._home = home
        self._objects = repository.objects.resolve()

    def file(self, name: str) -> Path:
        """A file beside the private repository, gone when it is."""
        return self._home / name

    @contextlib.contextmanager
    def start(
        self,
        arguments: Sequence[str],
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | int = subprocess.DEVNULL,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A running git, killed on the way out.

        Raises
        ------
        GitError   on the way out, where git ended by itself with anything but 0.
        """
        with self.file("errors").open("w+b") as errors:
            process = subprocess.Popen(  # noqa: S603 - arguments are ours, no shell
                [self._program, "--no-pager", "--no-replace-objects", *arguments],
                cwd=self._home,
                env=self._environment(),
                stdin=stdin or subprocess.DEVNULL,
                stdout=stdout,
                stderr=errors,
            )
            if hasattr(resource, "prlimit"):
                with contextlib.suppress(OSError):
                    limits = (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES)
                    resource.prlimit(process.pid, resource.RLIMIT_DATA, limits)
            try:
                yield process
                status = process.wait()
            finally:
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()
            if status:
                errors.seek(0)
                raise GitError(_last_line(errors.read(64 << 10)) or f"git ended with {status}")

    def _environment(self) -> dict[str, str]:
        nowhere = str(self._home)
        kept = {k: os.environ[k] for k in ("PATH", "SYSTEMROOT") if k in os.environ}
        return kept | {
            "HOME": nowhere,
            "XDG_CONFIG_HOME": nowhere,
            "LC_ALL": "C",
            "GIT_DIR": str(self._home / "repository"),
            "GIT_OBJECT_DIRECTORY": str(self._objects),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": "",
            "GIT_LITERAL_PATHSPECS": "1",
        }


@contextlib.contextmanager
def borrow(repository: Repository, tip: str) -> Iterator[Git]:
    """Lend git a repository's objects, in an empty repository of our own.

    `tip` is any of its commits: its length tells the hash in use.
    Raises GitError where there is no git.
    """
    program = shutil.which("git")
    if program is None:
        raise GitError("git is not installed; install it, or give its history as NDJSON")
    with tempfile.TemporaryDirectory(prefix="wheeltapper-git-") as folder:
        home = Path(folder)
        own = home / "repository"
        (own / "refs").mkdir(parents=True)
        (own / "HEAD").write_text("ref: refs/heads/none\n")
        hashed = "sha1" if len(tip) == 40 else "sha256"
        (own / "config").write_text(_CONFIG.format(null=os.devnull, format=hashed))
        (own / "shallow").write_bytes(repository.shallow())
        yield Git(program, home, repository)


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "backslashreplace").strip().splitlines() or [""]
    return "".join(c if c.isprintable() else "?" for c in lines[-1])[:300]
