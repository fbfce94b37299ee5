"""Doctor: what is wrong with this workspace or machine, and what to do about it."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wheeltapper import config, workspace
from wheeltapper.errors import WheeltapperError
from wheeltapper.workspace import Workspace

GOOD, WARNING, BROKEN = "good", "warning", "broken"
LITTLE_DISK_GIB = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    what: str
    state: str
    """good, warning or broken."""
    says: str
    """What was found, and what to do where it is not good."""


def examine(root: Path) -> list[Check]:
    """Look at everything; a check that fails stops none of the others."""
    try:
        ws = workspace.open(root)
    except WheeltapperError as error:
        return [Check("settings", BROKEN, str(error))]
    checks = [Check("settings", GOOD, str(root / config.FILE))]
    for what, look in (
        ("log kinds", _sources),
        ("detectors", _detectors),
        ("rules", _rules),
        ("models", _models),
        ("enrichment", _enrichment),
        ("lake", _lake),
        ("state", _state),
        ("casebook", _casebook),
        ("rejects", _rejects),
        ("page", _page),
        ("disk", _disk),
    ):
        checks += _checked(what, look, ws)
    return checks


def _checked(
    what: str, look: Callable[[Workspace], Iterator[tuple[str, str]]], ws: Workspace
) -> list[Check]:
    try:
        return [Check(what, state, says) for state, says in look(ws)]
    except Exception as error:  # whatever a broken workspace throws is what is to be told
        return [Check(what, BROKEN, f"{type(error).__name__}: {error}")]


def _sources(ws: Workspace) -> Iterator[tuple[str, str]]:
    yield GOOD, f"{len(ws.sources().mappings)} kinds are known"


def _detectors(ws: Workspace) -> Iterator[tuple[str, str]]:
    yield GOOD, f"{len(ws.detectors())} in the catalogue"


def _rules(ws: Workspace) -> Iterator[tuple[str, str]]:
    ruleset = ws.judges().rules
    yield GOOD, f"{len(ruleset.rules)} run"
    if ruleset.unsupported:
        yield (
            WARNING,
            (f"{len(ruleset.unsupported)} cannot be run; see why: wheeltapper rules list"),
        )


def _models(ws: Workspace) -> Iterator[tuple[str, str]]:
    names = ws.judges().models.names
    yield GOOD, ", ".join(names) or "none trained; train one with: wheeltapper train"


def _enrichment(ws: Workspace) -> Iterator[tuple[str, str]]:
    settings = ws.config.enrich
    for name in ("directory", "geo", "asn", "tor", "hosting", "intel"):
        value = getattr(settings, name)
        if value and not (ws.root / value).exists():
            yield BROKEN, f"enrich.{name}: {ws.root / value} is not there"
    if not settings.directory:
        yield (
            WARNING,
            (
                "no directory file: accounts have no peer groups and are compared with everybody; "
                "name one under [enrich] directory"
            ),
        )


def _lake(ws: Workspace) -> Iterator[tuple[str, str]]:
    first, last, rows = ws.lake.span()
    if not rows:
        yield WARNING, "empty; fill it with: wheeltapper run LOGS"
    else:
        yield GOOD, f"{rows:,} acts from {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _state(ws: Workspace) -> Iterator[tuple[str, str]]:
    manifest = ws.checkpoint.manifest()
    sound = ws.checkpoint.sound().manifest
    if sound != manifest:
        yield WARNING, f"the newest snapshot is damaged; detection goes on from step {sound.step}"
        return
    yield GOOD, f"step {manifest.step}, snapshot whole" if manifest.step else "nothing judged yet"


def _casebook(ws: Workspace) -> Iterator[tuple[str, str]]:
    yield GOOD, f"{len(ws.cases()):,} cases"


def _rejects(ws: Workspace) -> Iterator[tuple[str, str]]:
    lines = sum(path.read_bytes().count(b"\n") for path in ws.rejects.glob("*.ndjson"))
    if lines:
        yield WARNING, f"{lines:,} records in {ws.rejects}/, each with its reason"
    else:
        yield GOOD, "none"


def _page(_: Workspace) -> Iterator[tuple[str, str]]:
    spec = importlib.util.find_spec("wheeltapper.server")
    static = Path(spec.origin).parent / "static" / "index.html" if spec and spec.origin else None
    if static and static.exists():
        yield GOOD, "built"
    else:
        yield WARNING, "the timeline is not built; build it with: make ui"


def _disk(ws: Workspace) -> Iterator[tuple[str, str]]:
    free = shutil.disk_usage(ws.root).free / 2**30
    yield (GOOD if free > LITTLE_DISK_GIB else WARNING), f"{free:,.0f} GiB free"
