r"""A mapping says how native records of one log kind become Activities: one TOML file.

    name = "okta"                                # the file's name, and Activity.source
    about = "Okta System Log"
    [detect]                                     # a record is of this kind when
    has = ["$.eventType", "$.published"]         # all of these are there,
    any = ["$.a", "$.b"]                         # one of these is,
    equals = { "$.kind" = ["x", "y"] }           # and these have one of these values;
    line = 'sshd\[\d+\]:'                       # or, a line of text, when this matches
    [fields]                                     # column <- the first alternative with a value
    actor = ["$.actor.alternateId", { path = "$.actor.id", prefix = "id:" }]
    [[nested]]                                   # other shapes of the same record, made flat first
    has = "$.winlog.event_id"
    move = { "$.winlog.event_id" = "EventID", "$.winlog.event_data" = "*" }

Paths: `$.a."b c"[0]` in the record, `@.x` in the element that `explode` stands at, `%name` a named
group of `[lines]`, `&actor` the column of that name (one that stands earlier in an Activity). An
alternative takes its value from one of `path`, `const`, `list` or `join`, passes it through `match`
(RE2, its first group), `lower`, `map` (+ `default`), `prefix`, `suffix` and `as` (time, local_time,
int, offset, ip), in this order, and holds only `when` its conditions do.
"""

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path

from wheeltapper.activity import NATIVE_SCHEMA

AS = ("time", "local_time", "int", "offset", "ip")
OWN_COLUMNS = ("event_id", "received", "late", "source", "raw")
"""Filled by `ingest` itself."""
COLUMNS = tuple(name for name in NATIVE_SCHEMA.names if name not in OWN_COLUMNS)
WRAPPERS = ("$", "$.event", "$.detail", "$._source", "$.result", "$.record")
"""Where exporters put a record inside one of theirs: Panther, EventBridge, Elastic, Splunk, ..."""

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PathTo:
    """Where a value lies."""

    root: str
    """`$` the record, `@` the exploded element, `%` a group, `&` a column."""
    steps: Steps
    """Keys and indices; for a group or column its name alone."""

    @property
    def json_path(self) -> str:
        """As DuckDB takes it; relative to the root."""
        return "$" + "".join(f"[{s}]" if isinstance(s, int) else f'."{s}"' for s in self.steps)

    def of(self, value: object) -> object:
        """The value at this path of decoded JSON; None where there is none."""
        for step in self.steps:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
            if value is None:
                return None
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Holds when every test that is given holds."""

    path: PathTo
    values: tuple[str, ...] = ()
    """`is`: it has one of these."""
    unless: tuple[str, ...] = ()
    """`not`: it has none of these, or nothing at all."""
    match: str = ""
    exists: bool | None = None
    differs: PathTo | None = None
    """It has another value than this path, which may have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The value of the entry with a name in a list of name-value objects."""

    path: PathTo
    key: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One way to a column's value."""

    path: PathTo | None = None
    const: str | None = None
    lookup: Lookup | None = None
    join: tuple[PathTo, ...] = ()
    separator: str = ""
    when: tuple[Condition, ...] = ()
    match: str = ""
    lower: bool = False
    map: MappingType[str, str] | None = None
    default: str | None = None
    prefix: str = ""
    suffix: str = ""
    as_: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One kind of line."""

    match: str
    groups: tuple[str, ...]
    set: MappingType[str, str]
    """Columns that this line decides, before any alternative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """How text is taken apart."""

    head: str
    """Matches what every line begins with; its group `message` is what patterns look at."""
    head_groups: tuple[str, ...]
    message: PathTo | None
    """Where the message lies when the record is no bare line (journald's JSON)."""
    patterns: tuple[Pattern, ...]

    @property
    def groups(self) -> frozenset[str]:
        return frozenset(self.head_groups).union(*(p.groups for p in self.patterns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """The same record as another exporter writes it, in levels."""

    has: PathTo
    """A record with this is of that shape."""
    move: MappingType[PathTo, str]
    """What goes to the top of the record, and its name there: see `nesting`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detect:
    """When a record is of this kind."""

    has: tuple[PathTo, ...] = ()
    any: tuple[PathTo, ...] = ()
    equals: MappingType[PathTo, tuple[str, ...]] = field(default_factory=dict)
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mapping:
    """One log kind."""

    name: str
    about: str
    path: Path
    detect: Detect
    fields: MappingType[str, tuple[Alternative, ...]]
    unwrap: tuple[PathTo, ...]
    empty: tuple[str, ...] = ()
    """Texts that mean no value, such as `-`."""
    explode: PathTo | None = None
    """A list whose elements are one Activity each."""
    lines: Lines | None = None
    nested: tuple[Nested, ...] = ()
    """Shapes that are made flat before anything else is looked at."""
    fallback: bool = False
    """Asked only where no other mapping knows a record."""
