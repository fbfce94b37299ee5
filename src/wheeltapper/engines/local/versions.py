"""Versions: which detector is meant by a name, and which other version it is compared with.

A draft in a file is compared with the workspace's entry of its name; a workspace's entry with the
packaged one that it replaces; an entry that changed since detection ran with what the lake holds.
"""

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from wheeltapper.detect import catalogue, hint, snapshot
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.models.registry import Registry
from wheeltapper.detect.models.userday import UserDay
from wheeltapper.detect.rules.ruleset import BUILTIN, Ruleset
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.errors import ConfigError, WheeltapperError
from wheeltapper.refine.wording import MODEL, RULE

Version = Detector | Ruleset | UserDay
"""One version of a detector; a rule stands alone in its set."""
PACKAGED = "the packaged version"
WORKSPACE = "the workspace's version"
LAKE = "what was found with the version before"
SIGMA = (".yml", ".yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The version that is meant, and the one it is compared with."""

    now: Version
    before: Version | None = None
    against: str = ""
    """What it is compared with, in words; without a version `before`, the lake's findings."""


def find(root: Path, name: str | None, draft: Path | None = None) -> Versions:
    """The versions of a detector, rule or model in the workspace at `root`.

    `name` may be left out where the file `draft` holds one entry alone.

    Raises
    ------
    WheeltapperError   if there is none of that name; ConfigError for a draft that cannot be used.
    """
    if draft is not None:
        return _draft(root, name, draft)
    if name is None:
        raise WheeltapperError("which detector? Name one, or a file with an entry")
    if name.startswith(RULE):
        return _rule(root, name)
    if name.startswith(MODEL):
        for model in Registry(root / "models").models:
            if MODEL + model.card.name == name:
                return Versions(now=model)
        raise unknown(name, root)
    packaged, mine = _entries(), _entries(root)
    if name not in mine:
        raise unknown(name, root)
    now, shipped = mine[name], packaged.get(name)
    if shipped is not None and shipped != now:
        return Versions(now=now, before=shipped, against=PACKAGED)
    return Versions(now=now, against=LAKE if _changed(root, now) else "")


def names(root: Path) -> list[str]:
    """Everything that can be asked for, off or on."""
    rules = Ruleset.load([BUILTIN, root / "rules"]).rules
    models = Registry(root / "models").models
    return [
        *_entries(root),
        *(RULE + r.name for r in rules),
        *(MODEL + m.card.name for m in models),
    ]


def unknown(name: str, root: Path) -> WheeltapperError:
    """The error for a name that is none, with those that are like it."""
    return WheeltapperError(f"there is no detector {name}{meant(name, names(root))}")


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean any.country?`, or where to look."""
    everything = list(known)
    like = hint.meant(name, everything, "")
    if not like:  # perhaps the name without its source
        tails = {n.rpartition(".")[2]: n for n in everything}
        close = get_close_matches(name.rpartition(".")[2], list(tails), 1, 0.8)
        like = f"did you mean {tails[close[0]]}?" if close else ""
    listed = "they are listed by: wheeltapper detectors list, wheeltapper rules list"
    return f"; {like or listed}"


def _entries(root: Path | None = None) -> dict[str, Detector]:
    return {d.name: d for d in catalogue.load([root / "detectors"] if root else [])}


def _draft(root: Path, name: str | None, draft: Path) -> Versions:
    if not draft.is_file():
        raise WheeltapperError(f"{draft} is no file; it should hold an entry or a Sigma rule")
    if draft.suffix in SIGMA:
        return _drafted_rule(root, name, draft)
    held = {d.name: d for d in catalogue.read(draft)}
    if name is None and len(held) == 1:
        (name,) = held
    if name is None:
        raise WheeltapperError(f"{draft} holds {_listed(held)}; choose one with --detector")
    if name not in held:
        raise ConfigError(f"{draft} holds no {name}; it holds {_listed(held)}")
    before = _entries(root).get(name)
    if before is None or before == held[name]:
        return Versions(now=held[name])
    shipped = _entries().get(name) == before
    return Versions(now=held[name], before=before, against=PACKAGED if shipped else WORKSPACE)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "no entry"


def _drafted_rule(root: Path, name: str | None, draft: Path) -> Versions:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(draft, folder)
        held = Ruleset.load([Path(folder)])
    if not held.rules:
        why = held.unsupported[0][2] if held.unsupported else "it holds no Sigma rule"
        raise ConfigError(f"{draft}: cannot be run: {why}")
    found = [RULE + r.name for r in held.rules]
    if len(found) > 1 or (name is not None and name not in found):
        raise ConfigError(f"{draft} holds {_listed(found)}; put the rule into a file of its own")
    before = _alone(Ruleset.load([BUILTIN, root / "rules"]), found[0])
    against = WORKSPACE if before else ""
    return Versions(now=held, before=before, against=against)


def _rule(root: Path, name: str) -> Versions:
    now = _alone(Ruleset.load([BUILTIN, root / "rules"]), name)
    if now is None:
        raise unknown(name, root)
    packaged = _alone(Ruleset.load([BUILTIN]), name)
    if packaged is not None and now.rules[0].file != packaged.rules[0].file:
        return Versions(now=now, before=packaged, against=PACKAGED)
    return Versions(now=now)


def _alone(rules: Ruleset, name: str) -> Ruleset | None:
    """One rule of a set, as a set."""
    found = [r for r in rules.rules if RULE + r.name == name]
    return Ruleset.of(found) if found else None


def _changed(root: Path, entry: Detector) -> bool:
    """Whether detection has run, and knows the entry in another version or not at all."""
    if not (root / "state").is_dir():
        return False
    checkpoint = Checkpoint(root / "state")
    manifest = checkpoint.manifest()
    snapshots = {manifest.snapshot: manifest.checksum} if manifest.snapshot else manifest.files
    # Of several shards any will do, of the column that the entry is about.
    name = next((n for n in snapshots if manifest.shards == 1 or f"-{entry.entity}-" in n), "")
    if not name:
        return False
    data = checkpoint.read(name, snapshots[name])
    try:
        return bool(snapshot.from_bytes(data, [entry])[1])
    except ValueError as error:
        raise WheeltapperError(f"{checkpoint.folder}: {error}") from error
