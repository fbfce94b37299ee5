"""Everything that judges in one workspace, and what refinement has to know of it."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wheeltapper import config
from wheeltapper.detect import catalogue
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.models.commands import NAME as COMMANDS
from wheeltapper.detect.models.commands import Commands
from wheeltapper.detect.models.registry import Registry
from wheeltapper.detect.models.userday import UserDay
from wheeltapper.detect.rules.ruleset import BUILTIN, Ruleset
from wheeltapper.engines.local.models import Models
from wheeltapper.refine import weights
from wheeltapper.refine.weights import Weights
from wheeltapper.refine.wording import MODEL, RULE, Wording, Wordings

SECRET_BYTES = 16
WEIGHTS = "weights.json"
"""In the folder of models: what findings are worth, as learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """Everything that judges: the three kinds of detectors."""

    detectors: Sequence[Detector]
    rules: Ruleset
    models: Models
    secret: bytes
    weights: Weights = field(default_factory=Weights)


def judges(
    root: Path, detectors: Sequence[Detector], off: Sequence[str], *, powershell: bool = False
) -> Judges:
    """The judges of the workspace in `root`, without those switched `off`."""
    secret = _secret(root / "state" / "secret")
    models: list[UserDay | Commands] = list(Registry(root / "models").models)
    if powershell:
        from wheeltapper.engines.local.powershell import judge_of_commands  # loads three models

        models.append(judge_of_commands(secret))
    return Judges(
        detectors=detectors,
        rules=Ruleset.load([BUILTIN, root / "rules"], off),
        models=Models([m for m in models if not catalogue.switched_off(MODEL + m.card.name, off)]),
        secret=secret,
        weights=weights.load(root / "models" / WEIGHTS),
    )


def judges_in(root: Path, off: Sequence[str]) -> Judges:
    """The same as the workspace's own files and settings say: for a process beside the first."""
    powershell = config.load(root / config.FILE).detect.powershell
    detectors = catalogue.load([root / "detectors"], off)
    return judges(root, detectors, off, powershell=powershell)


def secret_of(root: Path) -> bytes:
    """The workspace's key, or one of no secrecy where none was made: for what is not kept."""
    path = root / "state" / "secret"
    return path.read_bytes() if path.exists() else bytes(SECRET_BYTES)


def name_of(root: Path) -> str:
    """Sixteen letters that no other workspace is known by; they tell nothing of the key."""
    secret = _secret(root / "state" / "secret")
    return hashlib.blake2b(secret, digest_size=8, person=b"workspace").hexdigest()


def _secret(path: Path) -> bytes:
    """The key of the hash: made once, never shown, of no use outside this workspace."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        return path.read_bytes()


def wordings(judges: Judges) -> Wordings:
    """The words and weights of everything that judges, for `refine`."""
    return _wordings(judges.detectors, judges.rules, judges.models.names, judges.weights)


def wordings_of(root: Path, detectors: Sequence[Detector]) -> Wordings:
    """The same of everything in the workspace in `root`, switched off or on."""
    models = [*(m.card.name for m in Registry(root / "models").models), COMMANDS]
    learned = weights.load(root / "models" / WEIGHTS)
    return _wordings(detectors, Ruleset.load([BUILTIN, root / "rules"]), models, learned)


def _wordings(
    detectors: Sequence[Detector], rules: Ruleset, models: Sequence[str], learned: Weights
) -> Wordings:
    known = dict(detector_wordings(detectors, learned).by_name)
    for rule in rules.rules:
        name = RULE + rule.name
        known[name] = Wording(name=name, family="rule", about=rule.title, says="{did}")
    for model in models:
        name = MODEL + model
        if model == COMMANDS:
            about = "a PowerShell command that looks malicious and is rarely run here"
            known[name] = Wording(name=name, family="rule", about=about, says="{did}")
            continue
        known[name] = Wording(
            name=name, family="model", about=f"model {model}", says="had a day unlike their others"
        )
    return Wordings(known)


def detector_wordings(detectors: Sequence[Detector], learned: Weights | None = None) -> Wordings:
    """The words and weights of catalogue entries."""
    curves = learned.curves if learned else {}
    return Wordings(
        {
            d.name: Wording(
                name=d.name,
                family=d.family,
                about=d.about,
                says=d.says,
                weight=d.weight,
                curve=curves.get(d.name),
                filter=d.filter,
                value=d.value_sql,
                value_column=d.words_of,
                measure=d.measure,
                unit=d.unit,
                window_hours=getattr(d.settings, "window_hours", 1),
                looks_back_hours=getattr(d.settings, "looks_back_hours", 1.0),
            )
            for d in detectors
        }
    )
