"""Weights: how many bits a detector's finding is worth as evidence, as learned from exchanges.

`models/weights.json` of a workspace: for each detector a curve from its log-likelihood ratio to
bits of evidence, rising and through zero, and a card that says what it was learned from and how
well it does. Where the file is, `weigh` reads evidence off the curves; for detectors without one,
and for workspaces without the file, the catalogue's `weight` holds.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wheeltapper.errors import ConfigError

VERSION = 1
KNOTS = (-50.0, 0.0, 2.0, 5.0, 50.0)
"""Bits of log-likelihood ratio between which a curve is straight: speaking for the entity, hardly
against it, clearly, loudly. Few, so that a few hundred exchanges are enough to learn them."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Bits of evidence for a log-likelihood ratio in bits: piecewise linear, rising, 0 at 0."""

    slopes: tuple[float, ...]
    """Between each two of `KNOTS`; none is negative."""

    def __post_init__(self) -> None:
        if len(self.slopes) != len(KNOTS) - 1 or not all(s >= 0 for s in self.slopes):
            raise ValueError(f"a curve has {len(KNOTS) - 1} slopes from 0, got {self.slopes}")

    def stretched(self, by: float) -> "Curve":
        return Curve(tuple(round(slope * by, 4) for slope in self.slopes))

    def points(self) -> tuple[list[float], list[float]]:
        """The curve's corners: llr and evidence, for interpolation."""
        evidence = [0.0] * len(KNOTS)
        zero = KNOTS.index(0.0)
        for k in range(zero, len(self.slopes)):
            evidence[k + 1] = evidence[k] + self.slopes[k] * (KNOTS[k + 1] - KNOTS[k])
        for k in range(zero - 1, -1, -1):
            evidence[k] = evidence[k + 1] - self.slopes[k] * (KNOTS[k + 1] - KNOTS[k])
        return list(KNOTS), evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What was learned, and from what."""

    method: str = ""
    since: str = ""
    until: str = ""
    """Days of the first and last session it learned from."""
    sessions: int = 0
    exchanged: int = 0
    actors: int = 0
    average_precision: Mapping[str, float] = field(default_factory=dict)
    """Of exchanged sessions among the latest quarter, of actors that were left out, if one in a
    hundred were exchanged; as `learned` and with the catalogue's weights as `prior`."""
    tpr_at_fpr: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The same as shares found at false-positive rates."""
    stretch: float = 1.0
    """What the curves were multiplied by, so that together they weigh what the catalogue's weights
    would: exchanges tell detectors' worth beside each other, not beside a rule's."""
    curves: Mapping[str, Curve] = field(default_factory=dict)
    """By detector."""
    version: int = VERSION

    def save(self, path: Path) -> None:
        """Replace the file in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        beside.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        beside.replace(path)


def load(path: Path) -> Weights:
    """The weights of a workspace; none where there is no file.

    Raises
    ------
    ConfigError   with the file and what to do, if it cannot be used.
    """
    if not path.exists():
        return Weights()
    again = "; learn them again with: wheeltapper train"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["version"] != VERSION:
            raise ConfigError(f"{path}: weights of version {values['version']}{again}")
        curves = {name: Curve(tuple(c["slopes"])) for name, c in values["curves"].items()}
        return Weights(**{**values, "curves": curves})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path}: not a file of weights ({error}){again}") from error
