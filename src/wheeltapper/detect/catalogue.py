"""The catalogue: every detector is a TOML entry that names a family and what to look at.

A file holds one table per detector, `[source.name]`; the packaged files lie in `detect/catalogue`,
a user's own in the workspace under `detectors/`. Whatever is wrong is said with file and line.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wheeltapper import activity
from wheeltapper.detect import entry
from wheeltapper.detect.lines import Lines
from wheeltapper.detect.trial import Trial
from wheeltapper.errors import ConfigError

PACKAGED = Path(__file__).parent / "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One entry: what is looked at, how, and what is said about it."""

    name: str
    family: str
    about: str
    """What it looks for, in a sentence."""
    filter: str
    """SQL condition on Activity columns: the acts it looks at."""
    entity: str
    """Activity column whose values it speaks about."""
    says: str
    """The sentence for a finding; `{…}` names are listed in docs/reference/detectors.md."""
    value: str = ""
    """Columns joined by `+`, or an SQL expression: what is compared."""
    value_is: str = ""
    """The Activity column whose words fit the value, where `value` is not that column itself."""
    mark: str = ""
    """SQL condition that some of these acts meet: what a burst of failures ends in."""
    measure: str = ""
    """Activity column, or SQL expression, of the number that is compared, such as `bytes`."""
    unit: str = "act"
    """What counts once: every act, a session, or a day."""
    peers: str = "peer_group"
    """Activity column that holds the peer group; empty for everyone."""
    attack: tuple[str, ...] = ()
    weight: float = 1.0
    """Share of its evidence that counts: below 1 for what says little about who acts."""
    settings: Any = None  # the family's own dataclass
    tests: tuple[Trial, ...] = field(default=(), compare=False, repr=False)
    """What the entry is tried on: `detectors test` runs them."""
    file: str = field(default="", compare=False)

    @property
    def words_of(self) -> str:
        """The Activity column whose words fit the value; the last of several joined."""
        return self.value_is or (self.columns[-1] if self.columns else "")

    @property
    def value_sql(self) -> str:
        """The value as one SQL expression."""
        if not self.columns:
            return self.value
        return f"concat_ws(' ', {', '.join(self.columns)})"

    @property
    def columns(self) -> tuple[str, ...]:
        """The Activity columns that `value` joins; empty when it is an expression."""
        parts = tuple(p.strip() for p in self.value.split("+"))
        return parts if all(p in activity.SCHEMA.names for p in parts) else ()


def load(folders: Sequence[Path] = (), off: Sequence[str] = ()) -> list[Detector]:
    """The packaged detectors and those of `folders`, by name, without those switched `off`.

    A later folder's entry replaces an earlier one of the same name.

    Raises
    ------
    ConfigError   naming file, line and what to do.
    """
    found: dict[str, Detector] = {}
    for folder in (PACKAGED, *folders):
        here: dict[str, Detector] = {}
        for file in sorted(folder.glob("*.toml")):
            for one in read(file):
                if one.name in here:
                    raise ConfigError(
                        f"{one.file}: {one.name}: stands in {here[one.name].file} as well; give "
                        "one of them another name"
                    )
                here[one.name] = one
        found |= here
    return [found[n] for n in sorted(found) if not switched_off(n, off)]


def switched_off(name: str, off: Sequence[str]) -> bool:
    """Whether a name is among `off`; `*` at the end of a pattern matches any rest."""
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        for pattern in off
    )


def read(file: Path) -> list[Detector]:
    """The detectors of one file; each is checked whole before any is used.

    Raises
    ------
    ConfigError   naming file, line and what to do, of the first mistake.
    """
    detectors, mistakes = checked(file)
    if mistakes:
        raise mistakes[0]
    return detectors


def checked(file: Path) -> tuple[list[Detector], list[ConfigError]]:
    """The detectors of one file that can be used, and the mistakes in the others."""
    detectors, mistakes = [], []
    try:
        text = file.read_text(encoding="utf-8")
        sources = tomllib.loads(text)
    except OSError as error:
        return [], [ConfigError(f"{file}: cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return [], [ConfigError(f"{file}:{line}: not valid TOML: {error}; save it as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        line = Lines(text).of_error(str(error))
        return [], [ConfigError(f"{file}:{line}: not valid TOML: {error}")]
    lines = Lines(text)
    for source, entries in sources.items():
        if not isinstance(entries, dict) or not all(isinstance(v, dict) for v in entries.values()):
            at = f"{file}:{lines.of(source)}"
            mistakes.append(
                ConfigError(f"{at}: {source}: must be a table of detectors: [{source}.name]")
            )
            continue
        for name, table in entries.items():
            try:
                detectors.append(_detector(f"{source}.{name}", table, file, lines))
            except ConfigError as error:
                mistakes.append(error)
    return detectors, mistakes


def _detector(name: str, table: Mapping[str, Any], file: Path, lines: Lines) -> Detector:
    def mistake(what: str, *keys: str) -> ConfigError:
        said = ".".join((name, *keys))
        return ConfigError(f"{file}:{lines.of(name, *keys)}: {said}: {what}")

    return Detector(name=name, file=f"{file}:{lines.of(name)}", **entry.checked(table, mistake))
