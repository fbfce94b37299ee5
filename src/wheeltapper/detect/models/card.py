"""A model card: what a model was trained on, how well it does, and how to read its scores.

One TOML file beside the model of the same name. The model's hash stands in it and is checked
before the model is loaded; the scores of the reference days stand in it too, since a score means
something only as "so many of the reference days were as odd".
"""

import hashlib
import json
import tomllib
from bisect import bisect_right
from dataclasses import asdict, dataclass, fields
from math import log2
from pathlib import Path

from wheeltapper.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One model."""

    name: str
    about: str
    kind: str
    """What it judges: `userday`."""
    method: str
    why: str
    """Why this method, with what was measured."""
    date: str
    """Of training."""
    data: str
    """What it was trained on, in words."""
    split: str
    features: tuple[str, ...]
    features_version: int
    fit_days: int
    reference_days: int
    """User-days that the scores below come from; none of them was used to fit."""
    scores: tuple[float, ...]
    """Rising scores of the reference days, ..."""
    bits: tuple[float, ...]
    """... -log2 of the share of reference days that score higher or equal, ..."""
    llr: tuple[float, ...]
    """... and how many bits likelier so high a score is when two actors' days are exchanged."""
    median: float
    """Score of an ordinary reference day."""
    tpr_at_fpr: dict[str, float]
    """Share of exchanged days found, at false-positive rates over the reference days."""
    libraries: dict[str, str]
    sha256: str
    """Of the ONNX file."""
    last: str = ""
    """The last day it learned from; it judges only days after that."""

    def judge(self, score: float) -> tuple[float, float]:
        """Bits and llr of a score; both 0 below the lowest that stands in the card."""
        at = bisect_right(self.scores, score) - 1
        return (self.bits[at], self.llr[at]) if at >= 0 else (0.0, 0.0)

    def to_toml(self) -> str:
        lines = []
        tables = []
        for name, value in asdict(self).items():
            if isinstance(value, dict):
                tables.append((name, value))
            else:
                lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        for name, table in tables:
            lines += ["", f"[{name}]"]
            lines += [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in table.items()]
        return "\n".join(lines) + "\n"


def load(path: Path) -> Card:
    """Read a card and check the model beside it.

    Raises
    ------
    ConfigError   with the file and what to do, if either is missing, damaged or not of the other
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        names = {field.name for field in fields(Card)}
        if values.keys() != names:
            off = ", ".join(sorted(values.keys() ^ names))
            raise ConfigError(f"{path}: not a model card of this version ({off}); train it again")
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        card = Card(**{**values, **lists})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    model = path.with_suffix(".onnx")
    try:
        found = hashlib.sha256(model.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: its model {model.name} is missing; put it there or delete the card"
        ) from error
    if found != card.sha256:
        raise ConfigError(
            f"{model}: not the model that {path.name} describes (its SHA-256 is {found[:12]}…, "
            f"the card says {card.sha256[:12]}…); get the pair again, or train it again"
        )
    if not len(card.scores) == len(card.bits) == len(card.llr):
        raise ConfigError(f"{path}: scores, bits and llr differ in length; train it again")
    return card


def levels(
    reference: list[float], exchanged: list[float]
) -> tuple[list[float], list[float], list[float]]:
    """Scores, bits and llr for a card, from scores of reference days and of exchanged ones.

    Bits are conformal: with n reference days of which k score as high, at most k + 1 of n + 1 days
    of the same kind do. So no score is worth more than log2(n + 1) bits.
    """
    ordered, planted = sorted(reference), sorted(exchanged)
    n, m = len(ordered), len(planted)
    ranks = sorted(
        {round(n * 2 ** (-step / 4)) for step in range(4 * (int(log2(n + 1)) + 1))} - {0}
    )
    found: list[tuple[float, float, float]] = []
    for k in sorted({0, *ranks}, reverse=True):
        # Strictly above this score there are at most k reference days.
        score = ordered[n - k - 1] if k < n else ordered[0]
        clean = (k + 1) / (n + 1)
        caught = (m - bisect_right(planted, score) + 1) / (m + 1)
        found.append((_above(score), -log2(clean), max(0.0, log2(caught / clean))))
    return tuple(map(list, zip(*found, strict=True)))  # type: ignore[return-value]  # three columns


def _above(score: float) -> float:
    from math import inf, nextafter

    return nextafter(score, inf)
