"""A mapping as one DuckDB SQL statement: a batch of records goes in, its columns come out.

Compiled instead of interpreted because a statement maps about 400,000 CloudTrail records a second
where a loop over paths in Python maps 20,000 (docs/decisions/). Log data only ever is a value in
it; what becomes part of the text comes from the mapping and is quoted in `literal`.
"""

import re
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

import pyarrow as pa

from wheeltapper.activity import NATIVE_SCHEMA
from wheeltapper.ingest.mapping import COLUMNS, Alternative, Condition, Lookup, Mapping, PathTo

_TYPES = {"int64": "bigint", "int16": "smallint"}
_TIME_FORMATS = (
    "%Y%m%dT%H%M%SZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %Z",
    "%d/%b/%Y:%H:%M:%S %z",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%a %b %d %H:%M:%S %Y",
)
"""What ISO 8601 is not; only forms that cannot be read in two ways."""
_MANY = 4
"""So many paths that are read alike are read by one expression."""
_NUMBER = r"-?\d{1,19}(\.\d+)?([eE]\+?\d{1,2})?"
_AFTER_TIME = r":\d\d(?:[.,]\d+)?\s*"
_HAS_ZONE = _AFTER_TIME + r"(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$"
_OFFSET = _AFTER_TIME + r"([+-]\d\d:?\d\d)$"
_IP4 = r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_HEX = "[0-9a-fA-F]"
_IP6 = rf"(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}|[0-9a-fA-F:]*::[0-9a-fA-F:]*(?:{_IP4})?"
_IP4_ALONE = rf"^(?:::ffff:)?({_IP4})(?::\d+)?$"
_IP6_ALONE = rf"^\[?({_IP6})(?:%\w+)?(?:\]:\d+|\])?$"


def literal(text: str) -> str:
    """Any text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def statement(mapping: Mapping, *, timezone: str, year: int) -> str:
    """The statement for a mapping.

    Parameters
    ----------
    timezone : zone of times that tell none
    year : year of times that tell none; 0 takes it from column `changed`

    Returns
    -------
    SQL over a table `batch` (`number` bigint, `raw` varchar, `changed` timestamptz: last change of
    the file), giving `number`, `part` (0, or the exploded element's place from 0), `known` (the
    record is of this kind), and every column of COLUMNS, typed as in NATIVE_SCHEMA.
    """
    return _Statement(mapping, timezone, year).sql()


@dataclass
class _Statement:
    mapping: Mapping
    timezone: str
    year: int
    _paths: dict[str, list[str]] = field(default_factory=lambda: {"$": [], "@": []})
    """Paths used, in the order of the extracted lists `v` (record) and `w` (element)."""
    _lookups: dict[str, str] = field(default_factory=dict)
    """SQL of a look-up in a list of name-value objects, to the name of its column."""
    _looked_at: set[str] = field(default_factory=set)
    """Columns that others are made from."""

    def sql(self) -> str:
        # What is selected is made first: it tells which paths have to be extracted below it.
        columns = {name: f"{self._column(name)} as {_quoted(name)}" for name in COLUMNS}
        known = f"coalesce({self._known()}, false) as known"
        text = self._text_columns()
        inner = [f"{sql} as {name}" for sql, name in self._lookups.items()]
        lists = [f"{self._extracted('$', 'raw')} as v"]
        if self.mapping.explode is not None:
            lists.append(f"{self._extracted('@', 'element')} as w")
        source = ", ".join(["select number, part, changed", *lists, *inner])
        source = f"{source}\nfrom ({self._items()})"
        # Cleaned once, in columns: three times cheaper than in the list, and than wherever a
        # value is looked at.
        values = [
            f"{self._clean(f'{letter}[{n}]')} as {letter}{n}"
            for letter, paths in zip("vw", self._paths.values(), strict=True)
            for n in range(1, len(paths) + 1)
        ]
        kept = ["number", "part", "changed", *self._lookups.values()]
        source = f"select {', '.join([*kept, *values])}\nfrom ({source})"
        for column in text:
            source = f"select *, {column}\nfrom ({source})"
        for name in COLUMNS:
            # Each below those that look at it: written into them, it would be computed, and its
            # own columns with it, as often as it is named.
            if name in self._looked_at:
                source = f"select *, {columns[name]}\nfrom ({source})"
                columns[name] = _quoted(name)
        made = ["number", "part", known, *columns.values()]
        return f"select {(',' + chr(10)).join(made)}\nfrom ({source})"

    def _items(self) -> str:
        if self.mapping.explode is None:
            return "select number, changed, raw, 0 as part from batch"
        # A record whose list is empty or missing still is one Activity.
        found = f"json_extract(raw, {literal(self.mapping.explode.json_path + '[*]')})"
        items = f"case when len({found}) > 0 then {found} else [null] end"
        source = f"select number, changed, raw, {items} as items from batch"
        source = f"select *, unnest(range(len(items))) as part from ({source})"
        return f"select number, changed, raw, part, items[part + 1] as element from ({source})"

    def _extracted(self, root: str, text: str) -> str:
        paths = ", ".join(literal(path) for path in self._paths[root])
        return f"json_extract_string({text}, [{paths}]::varchar[])"

    def _text_columns(self) -> list[str]:
        """Columns that take a line apart, each resting on those before it."""
        lines = self.mapping.lines
        if lines is None:
            return []
        line = self._value(_LINE)
        head = "null"
        if lines.head_groups:
            names = ", ".join(map(literal, lines.head_groups))
            head = f"regexp_extract({line}, {literal(lines.head)}, [{names}])"
        ways = [self._value(lines.message)] if lines.message else []
        if "message" in lines.head_groups:
            ways.append("nullif(head.message, '')")
        patterns = "".join(
            f" when regexp_matches(message, {literal(pattern.match)}) then {entry}"
            for entry, pattern in enumerate(lines.patterns)
        )
        return [
            f"{head} as head",
            f"coalesce({', '.join([*ways, line])}) as message",
            f"{'case' + patterns + ' end' if patterns else 'null'} as entry",
        ]

    def _known(self) -> str:
        detect = self.mapping.detect
        tests = [f"{self._value(path)} is not null" for path in detect.has]
        tests += [_one_of(self._value(path), values) for path, values in detect.equals.items()]
        if detect.any:
            tests.append(f"coalesce({', '.join(map(self._value, detect.any))}) is not null")
        ways = [f"({' and '.join(tests)})"] if tests else []
        if detect.line:
            ways.append(f"{self._value(_LINE)} is not null")
        return "true" if self.mapping.fallback else " or ".join(ways)

    def _column(self, name: str) -> str:
        type_name = str(NATIVE_SCHEMA.field(name).type)
        ways = [self._set_by_line(name)] if self.mapping.lines else []
        for key, some in groupby(self.mapping.fields.get(name, ()), partial(_same_reading, name)):
            alternatives = list(some)
            if key and len(alternatives) >= _MANY:
                ways.append(self._first_read(key, alternatives))
            else:
                ways += [self._alternative(way, name) for way in alternatives]
        ways = [way for way in ways if way]
        if type_name in _TYPES:
            ways = [f"try_cast({way} as {_TYPES[type_name]})" for way in ways]
        missing = _TYPES.get(type_name, "varchar")
        if pa.types.is_timestamp(NATIVE_SCHEMA.field(name).type):
            missing = "timestamptz"
        return f"coalesce({', '.join(ways)})" if ways else f"null::{missing}"

    def _first_read(self, as_: str, ways: list[Alternative]) -> str:
        """The first of many paths that can be read in one way, which stands in the text once.

        Standing there for each path, 38 names of a time take DuckDB three seconds to plan.
        """
        values = ", ".join(self._value(way.path) for way in ways if way.path)
        read = f"list_transform([{values}], lambda x: {self._as(as_, 'x')})"
        return f"list_filter({read}, lambda y: y is not null)[1]"

    def _set_by_line(self, name: str) -> str:
        lines = self.mapping.lines
        patterns = enumerate(lines.patterns if lines else ())
        cases = [f"when {i} then {literal(p.set[name])}" for i, p in patterns if name in p.set]
        return f"case entry {' '.join(cases)} end" if cases else ""

    def _alternative(self, way: Alternative, column: str) -> str:
        if way.path is not None:
            x = self._value(way.path)
        elif way.lookup is not None:
            x = self._clean(self._lookup(way.lookup))
        elif way.join:
            x = f" || {literal(way.separator)} || ".join(self._value(p) for p in way.join)
            x = f"({x})"
        else:
            x = literal(way.const or "")
        if way.match:
            group = 1 if re.compile(way.match).groups else 0
            form = literal(way.match)
            # Two functions on purpose: with one, DuckDB computes it for every row beforehand.
            found = f"regexp_extract({x}, {form}, {group})"
            x = f"case when regexp_matches({x}, {form}) then {found} end"
        if way.lower:
            x = f"lower({x})"
        if way.map is not None:
            # A map: four times faster than a CASE of 80 branches.
            pairs = ", ".join(f"{literal(k)}: {literal(v)}" for k, v in way.map.items())
            value = f"map_extract_value(map {{{pairs}}}, {x})" if pairs else "null"
            # The default is for values that are not in the map, not for where there is none.
            other = f"case when {x} is not null then {literal(way.default or '')} end"
            x = value if way.default is None else f"coalesce({value}, {other})"
        if way.prefix or way.suffix:
            x = f"({literal(way.prefix)} || {x} || {literal(way.suffix)})"
        as_ = way.as_ or ("time" if column == "time" else "")
        if as_:
            x = self._as(as_, x)
        if way.when:
            x = f"case when {' and '.join(map(self._holds, way.when))} then {x} end"
        return x

    def _holds(self, condition: Condition) -> str:
        x = self._value(condition.path)
        tests = []
        if condition.values:
            tests.append(_one_of(x, condition.values))
        if condition.unless:
            tests.append(f"coalesce(not {_one_of(x, condition.unless)}, true)")
        if condition.match:
            tests.append(f"regexp_matches({x}, {literal(condition.match)})")
        if condition.exists is not None:
            tests.append(f"{x} is {'not ' if condition.exists else ''}null")
        if condition.differs is not None:
            tests.append(f"{x} is distinct from {self._value(condition.differs)}")
        return " and ".join(tests)

    def _value(self, path: PathTo) -> str:
        if path.root == "%":
            return self._clean(self._group(str(path.steps[0])))
        if path.root == "&":
            self._looked_at.add(str(path.steps[0]))
            return _quoted(str(path.steps[0]))
        paths = self._paths[path.root]
        if path.json_path not in paths:
            paths.append(path.json_path)
        return f"{'v' if path.root == '$' else 'w'}{paths.index(path.json_path) + 1}"

    def _group(self, name: str) -> str:
        lines = self.mapping.lines
        if lines is None:
            raise ValueError(f"%{name} without lines in {self.mapping.path}")
        cases = [
            f"when {entry} then regexp_extract(message, {literal(pattern.match)}, "
            f"{re.compile(pattern.match).groupindex[name]})"
            for entry, pattern in enumerate(lines.patterns)
            if name in pattern.groups
        ]
        ways = [f"case entry {' '.join(cases)} end"] if cases else []
        if name in lines.head_groups:
            ways.append(f"head.{_quoted(name)}")
        return f"coalesce({', '.join(ways)})"

    def _lookup(self, lookup: Lookup) -> str:
        root = "raw" if lookup.path.root == "$" else "element"
        key, value = (literal(f'$."{name}"') for name in (lookup.key, lookup.value))
        entries = f"json_extract({root}, {literal(lookup.path.json_path + '[*]')})"
        named = f"lambda e: json_extract_string(e, {key}) = {literal(lookup.name)}"
        sql = f"json_extract_string(list_filter({entries}, {named})[1], {value})"
        return self._lookups.setdefault(sql, f"lookup{len(self._lookups)}")

    def _clean(self, x: str) -> str:
        """`x` without texts that mean nothing; nullif within nullif doubles it each time."""
        nothing = ", ".join(map(literal, ("", *self.mapping.empty)))
        return f"case when {x} not in ({nothing}) then {x} end"

    def _as(self, name: str, x: str) -> str:
        if name == "time":
            return _time(x)
        if name == "local_time":
            return self._local_time(x)
        if name == "int":
            return f"try_cast({x} as bigint)"
        if name == "offset":
            offset = f"nullif(regexp_extract({x}, {literal(_OFFSET)}, 1), '')"
            minutes = f"{offset}[2:3]::bigint * 60 + right({offset}, 2)::bigint"
            return f"case when {offset}[1] = '-' then -({minutes}) else {minutes} end"
        ip4, ip6 = (
            f"nullif(regexp_extract(trim({x}), {literal(form)}, 1), '')"
            for form in (_IP4_ALONE, _IP6_ALONE)
        )
        return f"coalesce({ip4}, lower({ip6}))"

    def _local_time(self, x: str) -> str:
        """A time that may lack its zone (the workspace's) or its year (the file's)."""

        def in_year(year: str) -> str:
            text = f"{year} || ' ' || regexp_replace({x}, '\\s+', ' ', 'g')"
            return f"try_strptime({text}, ['%Y %b %d %H:%M:%S', '%Y %b %d %H:%M:%S.%f'])"

        if self.year:
            yearless = in_year(literal(str(self.year)))
        else:
            # A log is written before it is changed for the last time: December in a file of
            # January is the year before. A day is left for clocks and zones.
            this, last = in_year("year(changed)::varchar"), in_year("(year(changed) - 1)::varchar")
            latest = "changed::timestamp + interval 1 day"
            yearless = f"coalesce(case when {this} <= {latest} then {this} end, {last})"
        local = f"coalesce(try_cast({x} as timestamp), {yearless})"
        return (
            f"case when regexp_matches({x}, {literal(_HAS_ZONE)}) then {_time(x)} "
            f"else timezone({literal(self.timezone)}, {local}) end"
        )


_LINE = PathTo("$", ("line",))


def _time(x: str) -> str:
    """SQL that reads a time: epoch seconds to nanoseconds by size, ISO 8601, a few others."""
    n = f"try_cast({x} as double)"
    micros = (
        f"case when abs({n}) >= 1e17 then {n} / 1e3 when abs({n}) >= 1e14 then {n} "
        f"when abs({n}) >= 1e11 then {n} * 1e3 else {n} * 1e6 end"
    )
    formats = ", ".join(map(literal, _TIME_FORMATS))
    return (
        f"case when regexp_full_match({x}, {literal(_NUMBER)}) "
        f"then make_timestamptz(round({micros})::bigint) "
        f"else coalesce(try_cast({x} as timestamptz), try_strptime({x}, [{formats}])) end"
    )


def _one_of(x: str, values: tuple[str, ...]) -> str:
    return f"{x} in ({', '.join(map(literal, values))})"


def _same_reading(column: str, way: Alternative) -> str:
    """How an alternative that is nothing but a path is read; empty for any other."""
    as_ = way.as_ or ("time" if column == "time" else "")
    return as_ if as_ and way == Alternative(path=way.path, as_=way.as_) else ""


def _quoted(name: str) -> str:
    return '"' + name + '"'
