"""A model card of a shipped PowerShell model: what it is, what it learned from, how good it is.

One TOML file beside the model, which holds the model's hash; they are checked against each other.
"""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from wheeltapper.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One model."""

    name: str
    about: str
    method: str
    date: str
    """Of training."""
    data: str
    """What it learned from, in words."""
    data_sha256: str
    split: str
    """Of the figures below."""
    parts: tuple[str, ...]
    """Of an ensemble: the models whose scores it adds up."""
    bias: float
    """Added to the score; 0 where the model holds its own."""
    thresholds: dict[str, float]
    """Score that at most so large a share of benign texts reach, by false-positive rate."""
    figures: dict[str, float]
    """Measured on texts, and on sources, that were not learned from."""
    libraries: dict[str, str]
    sha256: str
    """Of the model's file, or of those of its parts one after the other."""

    def to_toml(self) -> str:
        lines, tables = list[str](), list[str]()
        for name, value in asdict(self).items():
            if isinstance(value, dict):
                tables += ["", f"[{name}]"]
                tables += [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items()]
            else:
                lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        return "\n".join([*lines, *tables]) + "\n"


def load(path: Path, *files: Path) -> Card:
    """Read a card and check that the model's files are those it describes.

    Raises
    ------
    ConfigError   with the file and what to do, if either is missing, damaged or of another model
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        content = b"".join(file.read_bytes() for file in files)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the model cannot be read: {error}; make models") from error
    if values.keys() != {field.name for field in fields(Card)}:
        raise ConfigError(f"{path}: not a model card of this version; make models")
    if hashlib.sha256(content).hexdigest() != values["sha256"]:
        names = ", ".join(map(str, files))
        raise ConfigError(f"{names}: is not the model that {path.name} describes; make models")
    return Card(**{**values, "parts": tuple(values["parts"])})
