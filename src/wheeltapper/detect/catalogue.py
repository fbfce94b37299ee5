"""The catalogue: every detector is a TOML entry that names a family and what to look at.

A file holds one table per detector, `[source.name]`; the packaged files lie in `detect/catalogue`,
a user's own in the workspace under `detectors/`. Whatever is wrong is said with file and line.
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from wheeltapper import activity
from wheeltapper.detect import sql
from wheeltapper.detect.family import families
from wheeltapper.errors import ConfigError

PACKAGED = Path(__file__).parent / "catalogue"
UNITS = ("act", "session", "day")
NEEDS = {
    "value": "the column that is compared",
    "mark": "the condition that tells the acts that matter, such as outcome = 'success'",
    "measure": "the number that is compared, such as bytes",
}
TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
COLUMN = re.compile(r"[a-z_]+")


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
        for file in sorted(folder.glob("*.toml")):
            found |= {d.name: d for d in read(file)}
    return [found[n] for n in sorted(found) if not switched_off(n, off)]


def switched_off(name: str, off: Sequence[str]) -> bool:
    """Whether a name is among `off`; `*` at the end of a pattern matches any rest."""
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        for pattern in off
    )


def read(file: Path) -> list[Detector]:
    """The detectors of one file; each is checked whole before any is used."""
    try:
        text = file.read_text(encoding="utf-8")
        sources = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    detectors = []
    for source, entries in sources.items():
        if not isinstance(entries, dict) or not all(isinstance(v, dict) for v in entries.values()):
            raise ConfigError(f"{file}: {source} must be a table of detectors: [{source}.name]")
        for name, entry in entries.items():
            full = f"{source}.{name}"
            place = re.search(rf"^\[{re.escape(full)}\]", text, re.MULTILINE)
            line = text.count("\n", 0, place.start()) + 1 if place else 1
            detectors.append(_detector(full, entry, f"{file}:{line}"))
    return detectors


def _detector(name: str, entry: Mapping[str, Any], at: str) -> Detector:
    known = {f.name for f in dataclasses.fields(Detector)} - {"name", "file"}
    for key in entry:
        if key not in known:
            raise ConfigError(f"{at}: {name}.{key} is no field; there are: {sorted(known)}")
        _check_type(key, entry[key], f"{at}: {name}.{key}")
    missing = [k for k in ("family", "about", "entity", "says", "filter") if k not in entry]
    if missing:
        raise ConfigError(f"{at}: {name} lacks {', '.join(missing)}")
    family = families().get(entry["family"])
    if family is None:
        raise ConfigError(
            f"{at}: {name}.family {entry['family']!r} is none of {', '.join(families())}"
        )
    if entry["entity"] not in activity.ENTITY_COLUMNS:
        raise ConfigError(
            f"{at}: {name}.entity {entry['entity']!r} is none of "
            f"{', '.join(activity.ENTITY_COLUMNS)}"
        )
    for needed, meaning in NEEDS.items():
        if needed in family.needs and not entry.get(needed):
            raise ConfigError(f"{at}: {name} needs a {needed}: {meaning}")
    if entry.get("unit", "act") not in UNITS:
        raise ConfigError(f"{at}: {name}.unit must be one of {', '.join(UNITS)}")
    peers = entry.get("peers", "peer_group")
    if peers and peers not in activity.SCHEMA.names:
        raise ConfigError(f"{at}: {name}.peers {peers!r} is no Activity column")
    for technique in entry.get("attack", ()):
        if not TECHNIQUE.fullmatch(technique):
            raise ConfigError(
                f"{at}: {name}.attack {technique!r} is no technique id like T1078.004"
            )
    given = entry.get("settings", {})
    names = ", ".join(f.name for f in dataclasses.fields(family.settings))
    for key, value in given.items():
        if not _is_number(value):
            raise ConfigError(f"{at}: {name}.settings.{key} must be a number, got {value!r}")
    try:
        settings = family.settings(**given)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{at}: {name}.settings: {error}; settings are: {names}") from error
    detector = Detector(
        name=name,
        file=at,
        **{
            **entry,
            "filter": " ".join(entry["filter"].split()),
            "mark": " ".join(entry.get("mark", "").split()),
            "attack": tuple(entry.get("attack", ())),
            "settings": settings,
        },
    )
    _check_sql(detector, at)
    return detector


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_type(key: str, value: object, what: str) -> None:
    if key == "attack":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f'{what} must be a list of technique ids like ["T1078.004"]')
    elif key == "settings":
        if not isinstance(value, dict):
            raise ConfigError(f"{what} must be a table like {{ min_bits = 8 }}, got {value!r}")
    elif key == "weight":
        if not _is_number(value):
            raise ConfigError(f"{what} must be a number, got {value!r}")
    elif not isinstance(value, str):
        raise ConfigError(f"{what} must be text, got {value!r}")


def _check_sql(detector: Detector, at: str) -> None:
    """Bind the SQL against an empty Activity table: errors now, not later."""
    connection = sql.connect()
    connection.register("acts", activity.SCHEMA.empty_table())
    for what in ("filter", "value", "mark", "measure"):
        expression = getattr(detector, what)
        if not expression or (what == "value" and detector.columns):
            continue
        try:
            columns = connection.sql(f"select ({expression}) from acts").columns
        except duckdb.Error as error:
            raise ConfigError(
                f"{at}: {detector.name}.{what}: {str(error).splitlines()[0]}; "
                f"it is SQL on Activity columns (docs/reference/activity.md)"
            ) from error
        if len(columns) != 1:
            raise ConfigError(f"{at}: {detector.name}.{what} must be one expression")
