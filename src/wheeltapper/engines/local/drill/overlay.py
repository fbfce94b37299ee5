"""Overlay: a workspace laid over another, so that everything can be run and nothing is changed.

The lake's files are linked (`Lake.laid_under`). Settings, the files that they name, own detectors,
rules, models and words are small and copied; the casebook too, so that verdicts and suppressions
count. Detection's state comes from a snapshot of how it stood when the drill's first day began.
That snapshot, in `state/drill/`, is the one thing ever written to the workspace, so that the next
drill need not judge all of history again.
"""

import dataclasses
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.feather

from wheeltapper import config, finding
from wheeltapper.case import Case
from wheeltapper.config import Config
from wheeltapper.detect.rules.ruleset import BUILTIN
from wheeltapper.detect.snapshot import fingerprint
from wheeltapper.engines.local.judges import Judges
from wheeltapper.errors import WheeltapperError
from wheeltapper.store import casecopy
from wheeltapper.store.lake import Lake

if TYPE_CHECKING:
    from wheeltapper.engines.local.detect import Detection
    from wheeltapper.engines.local.telling import Surroundings

COPIED = ("detectors", "rules", "models", "vocabulary", "sources")
PREFIX = "wheeltapper-drill-"
LAKE, BOOK, STATE, SECRET = "lake", "casebook.sqlite", "state", "secret"
MOST_COPIED_BYTES = 16 << 20
SNAPSHOTS = Path(STATE) / "drill"
FINDINGS = "findings.arrow"
OWN_SETTINGS = f'casebook = "sqlite:///{BOOK}"\nlake = "{LAKE}"\n'
_REPLACED = re.compile(r"^[ \t]*(casebook|lake)[ \t]*=.*$", re.MULTILINE)
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_FIRST_STEP = "0" * 12


class Workspace(Protocol):
    """What a drill asks of a workspace."""

    root: Path
    config: Config

    @property
    def lake(self) -> Lake: ...
    def judges(self) -> Judges: ...
    def around(self) -> "Surroundings": ...
    def detect(self, *, progress: Callable[[int], None] | None = None) -> "Detection": ...
    def refine(self) -> int: ...
    def cases(self) -> Sequence[Case]: ...


Opener = Callable[[Path], Workspace]


@contextmanager
def aside(over: Workspace) -> Iterator[Path]:
    """A folder for the time of a drill, on the lake's file system: files are linked into it."""
    lake = Path(over.config.lake_path(over.root))
    folder = None  # where temporary files go
    if lake.exists() and lake.stat().st_dev != Path(tempfile.gettempdir()).stat().st_dev:
        folder = over.root / SNAPSHOTS
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder) as name:
        yield Path(name)


def lay(over: Workspace, folder: Path, before: datetime | None = None) -> None:
    """Make `folder` a workspace laid over another, whose acts are those before a day (or all).

    Raises
    ------
    WheeltapperError   if the lake is in an object store, or settings cannot be taken over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = (over.root / config.FILE).read_text(encoding="utf-8")
    end = found.start() if (found := _HEADER.search(text)) else len(text)
    (folder / config.FILE).write_text(
        OWN_SETTINGS + _REPLACED.sub("", text[:end]) + text[end:], encoding="utf-8"
    )
    made = config.load(folder / config.FILE)
    if (made.lake, made.casebook) != (LAKE, f"sqlite:///{BOOK}"):
        raise WheeltapperError(
            f"{over.root / config.FILE}: write lake and casebook in one line each, above the first "
            "[section]; a drill has to give them other values"
        )
    for name in COPIED:
        if (over.root / name).is_dir():
            shutil.copytree(over.root / name, folder / name)
    for file in _named(over.config):
        if (over.root / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            _take(over.root / file, folder / file)
    (folder / STATE).mkdir()
    if (over.root / STATE / SECRET).exists():
        shutil.copy(over.root / STATE / SECRET, folder / STATE / SECRET)
    casecopy.copy(over.config.casebook_url(over.root), folder / BOOK)
    over.lake.laid_under(str(folder / LAKE), before.date() if before else None)


def _named(settings: Config) -> Iterator[Path]:
    """Files below the workspace that its settings name, such as the directory and the owners."""
    for name in (*dataclasses.asdict(settings.enrich).values(), settings.refine.owners):
        file = Path(str(name))
        if name and not file.is_absolute() and ".." not in file.parts:
            yield file


def _take(there: Path, here: Path) -> None:
    if there.stat().st_size <= MOST_COPIED_BYTES:
        shutil.copyfile(there, here)
    else:  # a database of places; nobody writes into it
        here.symlink_to(there.resolve())


def snapshot(
    over: Workspace, cut: datetime, aside: Path, opened: Opener,
    progress: Callable[[int], None] | None,
) -> Path:  # fmt: skip
    """A folder with detection's state and findings as they stood at `cut`.

    The workspace's, if it has one; else it is made in `aside`, and kept in the workspace where
    that can be written to.
    """
    base = aside / "base"
    lay(over, base, cut)
    ws = opened(base)
    kept = over.root / SNAPSHOTS
    name = _key(ws, cut)
    if (kept / name / FINDINGS).exists():
        return kept / name
    ws.detect(progress=progress)
    made = aside / "snapshot"
    shutil.copytree(base / STATE, made, ignore=shutil.ignore_patterns(SECRET))
    pyarrow.feather.write_feather(ws.lake.findings(), str(made / FINDINGS), compression="zstd")
    shutil.rmtree(base)
    try:
        _keep(made, kept, name)
    except OSError:  # a workspace that is only read
        return made
    return kept / name


def _keep(made: Path, kept: Path, name: str) -> None:
    """One snapshot at a time: the next one has another first day."""
    kept.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=kept))
    shutil.copytree(made, new, dirs_exist_ok=True)
    for old in kept.iterdir():
        if old not in (new, *made.parents):
            shutil.rmtree(old, ignore_errors=True)
    new.rename(kept / name)


def restore(snapshot: Path, folder: Path) -> None:
    """Let the workspace in `folder` stand where the snapshot does."""
    for file in snapshot.iterdir():
        if file.name != FINDINGS:
            shutil.copy(file, folder / STATE / file.name)
    said: pa.Table = pyarrow.feather.read_table(str(snapshot / FINDINGS))
    Lake(str(folder / LAKE)).append_findings(said.cast(finding.SCHEMA), _FIRST_STEP)


def _key(ws: Workspace, cut: datetime) -> str:
    """Changes when detection up to `cut` would say something else."""
    judges = ws.judges()
    rules = sorted([*BUILTIN.rglob("*.y*ml"), *(ws.root / "rules").rglob("*.y*ml")])
    parts: list[object] = [
        metadata.version("wheeltapper"), cut.isoformat(), judges.secret.hex(),
        [(d.name, fingerprint(d)) for d in judges.detectors],
        [(rule.name, rule.level) for rule in judges.rules.rules],
        [hashlib.blake2b(file.read_bytes()).hexdigest() for file in rules],
        [f"{model.card}" for model in judges.models.models],
        [(day.isoformat(), acts) for day, acts in ws.lake.days().items() if day < cut.date()],
    ]  # fmt: skip
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()
