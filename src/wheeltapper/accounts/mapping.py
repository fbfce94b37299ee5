"""`accounts.toml`: which columns of whose tables are accounts, acts, reports and so on.

[accounts]                          one row an account
file = "accounts.csv"
id = "user_id"
created = "signed_up"
numbers = ["photos"]                optional
text = "about"                      optional
[[acts]]                            what accounts do to each other; several tables may follow
file = "messages.parquet"
kind = "message"
account = "sender"
target = "receiver"
time = "sent"
amount = "cents"                    optional
text = "body"                       optional
[[shared]]                          what accounts have in common
file = "logins.ndjson"
account = "user_id"
time = "at"
values = { address = "ip", device = "device_id", card = "card_hash" }
[reports]                           optional: account, time
[labels]                            optional: account, fraud (0 or 1), time, kind (of campaign)
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from wheeltapper.errors import ConfigError, WheeltapperError

FILE = "accounts.toml"
_NEEDED: dict[str, tuple[str, ...]] = {
    "accounts": ("id", "created"),
    "acts": ("kind", "account", "target", "time"),
    "shared": ("account", "time", "values"),
    "reports": ("account", "time"),
    "labels": ("account", "fraud"),
}
_MAY: dict[str, tuple[str, ...]] = {
    "accounts": ("numbers", "text"),
    "acts": ("amount", "text"),
    "shared": (),
    "reports": (),
    "labels": ("time", "kind"),
}
_SEVERAL = ("acts", "shared")


@dataclass(frozen=True, slots=True)
class Part:
    """One table: where, and what its columns are called."""

    path: Path
    named: Mapping[str, object]

    def frame(self) -> pl.DataFrame:
        """Its rows.

        Raises
        ------
        WheeltapperError   if the file is missing, damaged, or of no known type
        """
        readers: dict[str, Callable[[Path], pl.DataFrame]] = {
            ".csv": _csv,
            ".parquet": pl.read_parquet,
            ".ndjson": pl.read_ndjson,
        }
        reader = readers.get(self.path.suffix)
        if reader is None:
            raise WheeltapperError(f"{self.path}: write .csv, .parquet or .ndjson")
        try:
            rows = reader(self.path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise WheeltapperError(f"{self.path}: cannot be read: {error}") from error
        return rows

    def column(self, rows: pl.DataFrame, name: str) -> pl.Series:
        """A named column.

        Raises
        ------
        WheeltapperError   if the table has no such column
        """
        called = str(self.named[name])
        return _column(self.path, rows, called)

    def numbers(self, rows: pl.DataFrame) -> dict[str, pl.Series]:
        """The columns that `numbers` lists, by their own names."""
        listed = self.named.get("numbers", [])
        if not isinstance(listed, list):
            raise ConfigError(f"{self.path.parent / FILE}: numbers is a list of columns")
        return {str(name): _column(self.path, rows, str(name)) for name in listed}

    def values(self, rows: pl.DataFrame) -> dict[str, pl.Series]:
        """The columns that `values` names, by what they are."""
        named = self.named["values"]
        if not isinstance(named, dict):
            raise ConfigError(
                f'{self.path.parent / FILE}: values is a table such as {{ card = "card_hash" }}'
            )
        return {str(k): _column(self.path, rows, str(v)) for k, v in named.items()}


def _csv(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, try_parse_dates=True, infer_schema_length=10_000)


def _column(path: Path, rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        raise WheeltapperError(
            f"{path}: no column {name!r}, which {FILE} names; it has {', '.join(rows.columns)}"
        )
    return rows[name]


def load(folder: Path) -> dict[str, list[Part]]:
    """Read and check the mapping of a folder of tables.

    Raises
    ------
    ConfigError   with the section and what is missing or not known
    """
    path = folder / FILE
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{folder}: no {FILE}, which says what its tables are") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    unknown = read.keys() - _NEEDED.keys()
    if unknown or "accounts" not in read:
        said = f"unknown section {', '.join(sorted(unknown))}" if unknown else "no [accounts]"
        raise ConfigError(f"{path}: {said}; there are {', '.join(_NEEDED)}")
    return {
        name: [_part(path, name, table) for table in _tables(path, name, read.get(name))]
        for name in _NEEDED
    }


def _tables(path: Path, section: str, given: object) -> list[dict[str, object]]:
    listed: list[object] = given if isinstance(given, list) else [given] if given else []
    if section not in _SEVERAL and len(listed) > 1:
        raise ConfigError(f"{path}: one [{section}], not several")
    tables = [table for table in listed if isinstance(table, dict)]
    if len(tables) < len(listed):
        raise ConfigError(f"{path}: {section} is a table")
    return tables


def _part(path: Path, section: str, named: dict[str, object]) -> Part:
    needed = {"file", *_NEEDED[section]}
    off = sorted(needed - named.keys()) or sorted(named.keys() - needed - set(_MAY[section]))
    if off:
        raise ConfigError(
            f"{path}: [{section}]: {', '.join(off)} missing or unknown; it needs "
            f"{', '.join(sorted(needed))} and may have {', '.join(_MAY[section]) or 'nothing else'}"
        )
    file = (path.parent / str(named["file"])).resolve()
    if not file.is_relative_to(path.parent.resolve()):
        raise ConfigError(f"{path}: [{section}]: {named['file']} lies outside its folder")
    return Part(file, named)
