"""Mapping files: read, checked, and every mistake named with its line."""

import dataclasses
import re
import tomllib
from collections.abc import Mapping as MappingType
from pathlib import Path

from wheeltapper.activity import NATIVE_SCHEMA
from wheeltapper.errors import ConfigError
from wheeltapper.ingest.mapping import (
    AS,
    COLUMNS,
    WRAPPERS,
    Alternative,
    Condition,
    Detect,
    Lines,
    Lookup,
    Mapping,
    Nested,
    PathTo,
    Pattern,
)

_STEP = re.compile(r'\.(?P<bare>[\w@-]+)|\."(?P<quoted>[^"\\]+)"|\[(?P<index>\d+)\]')
_GROUP = re.compile(r"%[a-z_][a-z0-9_]*")


def load(path: Path) -> Mapping:
    """Read one mapping.

    Raises
    ------
    ConfigError   with `file:line`, what is wrong, and what would be right.
    """
    text = path.read_text(encoding="utf-8")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise ConfigError(f"{path}:{found[1] if found else 1}: not valid TOML: {error}") from error
    return _Checked(path, text).mapping(values)


class _Checked:
    """Turns TOML values into the dataclasses above; every mistake is named with its line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._groups: frozenset[str] = frozenset()
        self._explodes = False

    def error(self, where: str, problem: str) -> ConfigError:
        return ConfigError(f"{self._path}:{self._line(where)}: {where}: {problem}")

    def _line(self, where: str) -> int:
        """Line of the last name in a dotted `where`, looked for after those before it."""
        at = 0
        for name in re.findall(r"[^.\[\]]+", where):
            found = re.compile(rf'(?m)^[^#\n]*?(?<![\w."$]){re.escape(name)}\b').search(
                self._text, at
            )
            at = found.end() - len(name) if found else at
        return self._text.count("\n", 0, at) + 1

    def mapping(self, values: dict[str, object]) -> Mapping:
        self._known("", values, [f.name for f in dataclasses.fields(Mapping) if f.name != "path"])
        name = self._text_of("name", values.get("name"))
        if name != self._path.stem:
            raise self.error(
                "name", f"is {name!r}, but the file is {self._path.stem}.toml; make them equal"
            )
        lines = self._lines(values["lines"]) if "lines" in values else None
        self._groups = lines.groups if lines else frozenset()
        self._explodes = "explode" in values
        fields = self._table("fields", values.get("fields", {}))
        self._known("fields", fields, COLUMNS)
        if "time" not in fields:
            raise self.error(
                "fields", 'has no time: an Activity needs one, e.g. time = ["$.timestamp"]'
            )
        detect = self._detect(values.get("detect", {}))
        return Mapping(
            name=name,
            about=self._text_of("about", values.get("about")),
            path=self._path,
            detect=detect,
            fields={c: self._alternatives(f"fields.{c}", c, v) for c, v in fields.items()},
            unwrap=self._unwrap(values.get("unwrap", list(WRAPPERS))),
            empty=self._texts("empty", values.get("empty", [])),
            explode=self._path_of("explode", values["explode"]) if self._explodes else None,
            lines=lines,
            nested=self._nested(values.get("nested", [])),
            fallback=self._flag("fallback", values.get("fallback", False)),
        )

    def _unwrap(self, value: object) -> tuple[PathTo, ...]:
        paths = self._paths("unwrap", value)
        if not paths or any(path.root != "$" for path in paths):
            raise self.error("unwrap", 'must name places in the record, e.g. ["$", "$.event"]')
        return paths

    def _detect(self, value: object) -> Detect:
        table = self._table("detect", value)
        self._known("detect", table, ["has", "any", "equals", "line"])
        equals = self._table("detect.equals", table.get("equals", {}))
        detect = Detect(
            has=self._paths("detect.has", table.get("has", [])),
            any=self._paths("detect.any", table.get("any", [])),
            equals={
                self._path_of("detect.equals", path): self._texts("detect.equals", texts)
                for path, texts in equals.items()
            },
            line=self._regex("detect.line", table.get("line", "")),
        )
        if not (detect.has or detect.any or detect.equals or detect.line):
            raise self.error(
                "detect", 'is empty: say what a record has, e.g. has = ["$.eventType"]'
            )
        return detect

    def _nested(self, value: object) -> tuple[Nested, ...]:
        if not isinstance(value, list):
            raise self.error("nested", "must be a list: write [[nested]]")
        shapes = []
        for item in value:
            table = self._table("nested", item)
            self._known("nested", table, ["has", "move"])
            move = self._table("nested.move", table.get("move", {}))
            shapes.append(
                Nested(
                    has=self._path_of("nested.has", table.get("has")),
                    move={
                        self._path_of("nested.move", path): self._text_of("nested.move", name)
                        for path, name in move.items()
                    },
                )
            )
        return tuple(shapes)

    def _lines(self, value: object) -> Lines:
        table = self._table("lines", value)
        self._known("lines", table, ["head", "message", "pattern"])
        head = self._regex("lines.head", table.get("head"))
        patterns = table.get("pattern", [])
        if not isinstance(patterns, list):
            raise self.error("lines.pattern", "must be a list: write [[lines.pattern]]")
        return Lines(
            head=head,
            head_groups=tuple(re.compile(head).groupindex),
            message=self._path_of("lines.message", table["message"])
            if "message" in table
            else None,
            patterns=tuple(self._pattern(p) for p in patterns),
        )

    def _pattern(self, value: object) -> Pattern:
        table = self._table("lines.pattern", value)
        self._known("lines.pattern", table, ["match", "set"])
        columns = self._table("lines.pattern.set", table.get("set", {}))
        self._known("lines.pattern.set", columns, COLUMNS)
        match = self._regex("lines.pattern.match", table.get("match"))
        return Pattern(
            match=match,
            groups=tuple(re.compile(match).groupindex),
            set={c: self._text_of(f"lines.pattern.set.{c}", v) for c, v in columns.items()},
        )

    def _alternatives(self, where: str, column: str, value: object) -> tuple[Alternative, ...]:
        if not isinstance(value, list):
            raise self.error(where, f'must be a list of alternatives, e.g. ["$.{column}"]')
        return tuple(self._alternative(where, item) for item in value)

    def _alternative(self, where: str, value: object) -> Alternative:
        if isinstance(value, str):
            value = {"path": value}
        table = self._table(where, value)
        names = ["path", "const", "list", "join", "separator", "when", "match", "lower", "map"]
        self._known(where, table, [*names, "default", "prefix", "suffix", "as"])
        if sum(name in table for name in ("path", "const", "list", "join")) != 1:
            raise self.error(where, "an alternative has one of path, const, list, join")
        as_ = self._text_of(where, table.get("as", ""))
        if as_ and as_ not in AS:
            raise self.error(where, f"as = {as_!r} is not known; there are: {', '.join(AS)}")
        map_ = self._table(where, table["map"]) if "map" in table else None
        whens = table.get("when", [])
        return Alternative(
            path=self._path_of(where, table["path"]) if "path" in table else None,
            const=self._text_of(where, table["const"]) if "const" in table else None,
            lookup=self._lookup(where, table["list"]) if "list" in table else None,
            join=self._paths(where, table.get("join", [])),
            separator=self._text_of(where, table.get("separator", "")),
            when=tuple(
                self._condition(where, c) for c in (whens if isinstance(whens, list) else [whens])
            ),
            match=self._regex(where, table.get("match", "")),
            lower=self._flag(where, table.get("lower", False)),
            map=None if map_ is None else {k: self._text_of(where, v) for k, v in map_.items()},
            default=self._text_of(where, table["default"]) if "default" in table else None,
            prefix=self._text_of(where, table.get("prefix", "")),
            suffix=self._text_of(where, table.get("suffix", "")),
            as_=as_,
        )

    def _lookup(self, where: str, value: object) -> Lookup:
        table = self._table(where, value)
        self._known(where, table, ["path", "key", "is", "value"])
        return Lookup(
            path=self._path_of(where, table.get("path")),
            key=self._text_of(where, table.get("key", "name")),
            name=self._text_of(where, table.get("is")),
            value=self._text_of(where, table.get("value", "value")),
        )

    def _condition(self, where: str, value: object) -> Condition:
        table = self._table(where, value)
        self._known(f"{where}.when", table, ["path", "is", "not", "match", "exists", "differs"])
        if len(table) < 2:
            raise self.error(
                where, "a condition has a path and one of is, not, match, exists, differs"
            )
        exists = table.get("exists")
        return Condition(
            path=self._path_of(where, table.get("path")),
            values=self._texts(where, table.get("is", [])),
            unless=self._texts(where, table.get("not", [])),
            match=self._regex(where, table.get("match", "")),
            exists=None if exists is None else self._flag(where, exists),
            differs=self._path_of(where, table["differs"]) if "differs" in table else None,
        )

    def _known(self, where: str, table: MappingType[str, object], names: object) -> None:
        allowed = [str(name) for name in names] if isinstance(names, list | tuple) else []
        for name in table:
            if name not in allowed:
                full = f"{where}.{name}" if where else name
                raise self.error(
                    full, f"is not known here; there are: {', '.join(sorted(allowed))}"
                )

    def _table(self, where: str, value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self.error(where, f"must be a table, got {value!r}")
        return value

    def _text_of(self, where: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(where, f"must be a text in quotes, got {value!r}")
        return value

    def _texts(self, where: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.error(where, f"must be a list of texts, got {value!r}")
        return tuple(self._text_of(where, item) for item in value)

    def _flag(self, where: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.error(where, f"must be true or false, got {value!r}")
        return value

    def _regex(self, where: str, value: object) -> str:
        text = self._text_of(where, value)
        try:
            re.compile(text)
            # Look-around is in Python's expressions and not in RE2's, which run over the data.
            if "(?=" in text or "(?!" in text or "(?<" in text:
                raise re.error("look-around is not possible here")
        except re.error as error:
            raise self.error(where, f"not a regular expression: {error}: {text}") from error
        return text

    def _paths(self, where: str, value: object) -> tuple[PathTo, ...]:
        return tuple(self._path_of(where, text) for text in self._texts(where, value))

    def _path_of(self, where: str, value: object) -> PathTo:
        text = self._text_of(where, value)
        if text.startswith("%"):
            if _GROUP.fullmatch(text) and text[1:] in self._groups:
                return PathTo("%", (text[1:],))
            groups = ", ".join(f"%{g}" for g in sorted(self._groups)) or "none"
            raise self.error(where, f"no group {text} in [lines]; there are: {groups}")
        if text.startswith("&"):
            earlier = _columns_before(where.removeprefix("fields.").removesuffix(".when"))
            if text[1:] in earlier:
                return PathTo("&", (text[1:],))
            names = ", ".join(f"&{name}" for name in earlier) or "none"
            raise self.error(where, f"{text} is no column made before it; there are: {names}")
        if text[:1] == "@" and not self._explodes:
            raise self.error(where, f'{text} needs an explode = "$.list" that @ stands for')
        steps: list[str | int] = []
        at = 1
        while text[:1] in ("$", "@") and at < len(text) and (step := _STEP.match(text, at)):
            index, bare, quoted = step["index"], step["bare"], step["quoted"]
            steps.append(int(index) if index else bare or quoted)
            at = step.end()
        if text[:1] not in ("$", "@") or at != len(text):
            hint = 'write a path like $.user.name, $."a key".x or $.list[0]'
            raise self.error(where, f"{text!r} is no path: {hint}")
        return PathTo(text[0], tuple(steps))


def _columns_before(column: str) -> tuple[str, ...]:
    """Columns of text that the statement makes before this one."""
    before = COLUMNS[: COLUMNS.index(column)] if column in COLUMNS else ()
    return tuple(name for name in before if str(NATIVE_SCHEMA.field(name).type) == "string")
