"""The settings of a workspace: one TOML file, read once, checked before anything else is read.

Every setting has a default, so an empty file is a valid one. A name that is not a setting is an
error with its line, not something silently ignored.
"""

import dataclasses
import json
import re
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wheeltapper.errors import ConfigError

FILE = "wheeltapper.toml"
OWNERS = "owners.yaml"
_T = typing.TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """How files are read."""

    earliest: str = "2000-01-01"
    """An act before this day is a broken clock: rejected."""
    latest_ahead_hours: float = 24.0
    """An act this far in the future is a broken clock: rejected."""
    max_record_mib: float = 16.0
    """A longer record is rejected, with its beginning kept."""
    max_file_gib: float = 64.0
    """A compressed file that unpacks to more is a bomb: the rest of it is rejected."""
    max_ratio: float = 1000.0
    """So is one that unpacks to this many times its own size (beyond the first 64 MiB)."""
    year: int = 0
    """Year of text logs that carry none; 0 takes the file's last change."""
    batch: int = 100_000
    """Records committed to the lake at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrich:
    """Files that what is known about actors and addresses comes from; empty: not appended."""

    directory: str = ""
    """CSV or JSON: actor, department, role, manager, timezone, country, start_date, privileged,
    peer_group, actor_type, aliases (separated by ;)."""
    geo: str = ""
    """.mmdb with city or country."""
    asn: str = ""
    """.mmdb with autonomous systems."""
    tor: str = ""
    """Addresses or networks, one a line."""
    hosting: str = ""
    """Networks of hosting companies, one a line."""
    intel: str = ""
    """CSV: value, kind (ip, domain, user_agent, hash), name."""
    holidays: str = ""
    """ISO country whose public holidays count, for actors whose directory entry names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detect:
    """How detection runs."""

    off: tuple[str, ...] = ()
    """Detectors, rules and models that stay silent, by name; `*` at the end matches any rest."""
    step: int = 500_000
    """Activities between two checkpoints."""
    capacity: int = 4_000_000
    """(entity, value) pairs that one detector may keep; the longest unseen go first."""
    threads: int = 2
    jobs: int = 1
    """Processes that share the work; more than one deals accounts to as many parts."""
    lateness_minutes: float = 10.0
    """While following: how long acts may take to arrive and still be judged in their order."""
    powershell: bool = False
    """Judge PowerShell commands by the shipped models. Off, as no rate of false alarms is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refine:
    """How findings become cases."""

    budget_cases_per_day: float = 10.0
    """How many cases a day somebody will read, on average."""
    budget_by_application: dict[str, float] = field(default_factory=dict)
    """And how many of them about one application."""
    budget_by_team: dict[str, float] = field(default_factory=dict)
    """And how many about people of one peer group."""
    gap_hours: float = 8.0
    """Findings of one entity further apart than this belong to two cases."""
    owners: str = OWNERS
    """File that says who can recognise an act in an application, and when they may be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How the page is served."""

    host: str = "127.0.0.1"
    port: int = 8642
    token: str = ""
    """Asked of every visitor; needed as soon as `host` is not this machine alone."""
    address: str = ""
    """How others reach the server, as in https://tapper.example.org: what links begin with."""

    @property
    def local_address(self) -> str:
        """Where it is reached if nothing stands before it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How logs are taken by HTTP, and what waits to be ingested."""

    token: str = ""
    """Shown by those who send; empty: made, and kept in `state/intake-token`."""
    max_body_mib: float = 64.0
    """A larger body is refused."""
    max_spool_mib: float = 4096.0
    """While so much waits, nothing is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """An Apache Kafka that logs come from, and that is told what was found."""

    servers: str = ""
    """HOST:PORT of one or several of its brokers, separated by commas."""
    topics: dict[str, str] = field(default_factory=dict)
    """Topics that are followed, and the log kind of each; empty: it is found out."""
    start: str = "earliest"
    """Where a topic that is new here begins: `earliest` or `latest`."""
    group: str = ""
    """Consumer group that is told how far was read, for tools that show lag; empty: none."""
    findings: str = ""
    """Topic that every finding is written to, once; empty: none."""
    cases: str = ""
    """Topic that every case is written to, and again when it changes."""
    client: dict[str, str] = field(default_factory=dict)
    """Settings of the client, as librdkafka names them: security.protocol, sasl.mechanism, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """How accounts are scored and reviewed; paths are relative to the workspace."""

    data: str = ""
    """Folder of tables with accounts.toml."""
    model: str = "models/accounts"
    """Folder of the model."""
    policy: str = ""
    """TOML of costs, by which steps are proposed; empty: whoever is likelier fraud is reviewed."""
    guidelines: str = ""
    """Text that reviewers go by; empty: what comes with the program."""
    queue: int = 200
    """Accounts picked to learn most from, beside those of the policy and of the sample."""
    sample: int = 100
    """Accounts drawn at random, from which is told how much fraud there is."""
    double_share: float = 0.1
    """Share of accounts that two reviewers judge, each blind to the other."""
    checks: bool = True
    """Whether accounts whose label is known are dealt in to check on reviewers."""
    webhook: str = ""
    """Where decisions are delivered."""
    webhook_secret: str = ""
    """What they are signed with; 16 characters at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one workspace."""

    name: str = ""
    timezone: str = "UTC"
    """The reader's zone, and that of actors and text logs that tell none."""
    casebook: str = "sqlite:///casebook.sqlite"
    """SQLAlchemy URL; a relative SQLite path is relative to the workspace."""
    lake: str = "lake"
    """Folder, relative to the workspace, or an object store's URL."""
    ingest: Ingest = field(default_factory=Ingest)
    enrich: Enrich = field(default_factory=Enrich)
    detect: Detect = field(default_factory=Detect)
    refine: Refine = field(default_factory=Refine)
    server: Server = field(default_factory=Server)
    intake: Intake = field(default_factory=Intake)
    accounts: Accounts = field(default_factory=Accounts)
    kafka: Kafka = field(default_factory=Kafka)

    def casebook_url(self, root: Path) -> str:
        """The casebook's URL, a relative SQLite path made absolute below the workspace."""
        start = "sqlite:///"
        if self.casebook.startswith(start) and not self.casebook.startswith(start + "/"):
            return start + str((root / self.casebook.removeprefix(start)).resolve())
        return self.casebook

    def lake_path(self, root: Path) -> str:
        """The lake's folder, or the URL of an object store."""
        return self.lake if "://" in self.lake else str(root / self.lake)


def load(path: Path) -> Config:
    """Read settings from a TOML file.

    Raises
    ------
    ConfigError   with `file:line` for TOML that cannot be read, an unknown name, a wrong type.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(
            f"{path.parent} is no workspace: it has no {FILE}; make one with: "
            f"wheeltapper init {path.parent}"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not valid TOML: {error}; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        told = re.search(r"at line (\d+)", str(error))  # else it is the end that is missing
        line = int(told[1]) if told else text.count("\n") + 1
        raise ConfigError(f"{path}:{line}: not valid TOML: {error}") from error
    config = _section(Config, values, path, text, "")
    try:
        ZoneInfo(config.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"{path}:{_line(text, 'timezone')}: timezone {config.timezone!r} is not known; "
            "write it like Europe/Amsterdam"
        ) from error
    return config


def _section(kind: type[_T], values: dict[str, object], path: Path, text: str, name: str) -> _T:
    types = typing.get_type_hints(kind)
    known: dict[str, object] = {}
    for key, value in values.items():
        full = f"{name}.{key}" if name else key
        at = f"{path}:{_line(text, full)}"
        if key not in types:
            raise ConfigError(f"{at}: {full} is no setting; there are: {', '.join(sorted(types))}")
        known[key] = _value(types[key], value, at, full, path, text)
    return kind(**known)


def _value(kind: object, value: object, at: str, full: str, path: Path, text: str) -> object:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if isinstance(value, dict):
            return _section(kind, value, path, text, full)
    elif kind is bool and isinstance(value, bool):
        return value
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif kind in (int, str) and isinstance(value, typing.cast(type, kind)) and value is not True:
        return value
    elif typing.get_origin(kind) is tuple and isinstance(value, list):
        return tuple(str(item) for item in value)
    elif typing.get_origin(kind) is dict and isinstance(value, dict):
        of = typing.get_args(kind)[1]
        return {k: _value(of, v, at, f"{full}.{k}", path, text) for k, v in value.items()}
    if full == "refine.owners" and isinstance(value, dict):
        raise ConfigError(f"{at}: {_moved(value)}")
    wanted = getattr(kind, "__name__", str(kind))
    raise ConfigError(f"{at}: {full} must be {wanted}, got {value!r}")


def _moved(owners: dict[str, object]) -> str:
    """What to do with the table that `owners.yaml` stands in place of."""
    lines = "".join(f"\n  {json.dumps(str(app))}: {owner}" for app, owner in owners.items())
    return (
        f"owners have a file of their own; move them to {OWNERS} beside this file, as below, and "
        f"take the table [refine.owners] away\napplications:{lines}"
    )


def _line(text: str, full: str) -> int:
    """Line on which a setting or section stands, by its full name; else that of what holds it."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\]]+)\]", line):
            section = found = _plain(header[1])
        elif key := re.match(r"([^=#]+)=", line):
            found = f"{section}.{_plain(key[1])}".lstrip(".")
        else:
            continue
        if f"{found}.".startswith(f"{full}."):
            return number
    holder = full.rpartition(".")[0]
    return _line(text, holder) if holder else 1


def _plain(name: str) -> str:
    """A name in TOML without its spaces and quotes."""
    return re.sub(r"[\s\"']", "", name)
