"""The models of a workspace: a folder with `NAME.onnx` and its card `NAME.toml`.

No model is shipped: what is usual is the user's own. `train` makes one.
"""

from functools import cached_property
from pathlib import Path

from wheeltapper.detect.models import card
from wheeltapper.detect.models.features import FEATURES, VERSION
from wheeltapper.detect.models.userday import UserDay
from wheeltapper.errors import ConfigError


class Registry:
    """Models ready to run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def models(self) -> tuple[UserDay, ...]:
        """Every model of the folder, by name; none if there is no folder.

        Raises
        ------
        ConfigError   if a card and its model do not belong together, or need another version
        """
        return tuple(_ready(path) for path in sorted(self._folder.glob("*.toml")))


def _ready(path: Path) -> UserDay:
    known = card.load(path)
    if known.kind != "userday":
        raise ConfigError(f"{path}: kind {known.kind!r} is not known; there is: userday")
    if known.features_version != VERSION or known.features != tuple(FEATURES):
        raise ConfigError(
            f"{path}: trained on features of version {known.features_version}, this is version "
            f"{VERSION}; train it again with: wheeltapper train"
        )
    return UserDay(known, path.with_suffix(".onnx").read_bytes())
