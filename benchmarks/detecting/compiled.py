"""A catalogue's SQL expressions as compiled Python functions of one act (a dict).

DuckDB's own parser gives the tree; each node becomes Python source, compiled once. What this
knows is what the packaged catalogue uses; anything else is named in the error.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any  # an act's columns are of many types, as SQL's values are

import duckdb
import orjson

Act = Mapping[str, Any]
ARITHMETIC = ("+", "-", "*", "%")
CASTS = {"VARCHAR": "str", "INTEGER": "int", "BIGINT": "int", "DOUBLE": "float"}
COMPARE = {
    "COMPARE_EQUAL": "==", "COMPARE_NOTEQUAL": "!=", "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">", "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}  # fmt: skip


def _extract(text: str | None, pattern: re.Pattern[str], group: int) -> str | None:
    if text is None:
        return None
    found = pattern.search(text)
    return (found[group] or "") if found else ""


def _coalesce(*values: object) -> object:
    return next((value for value in values if value is not None), None)


def _concat(*values: str | None) -> str | None:
    return None if None in values else "".join(values)  # type: ignore[arg-type]  # no None left


def _concat_ws(between: str, *values: object) -> str:
    return between.join(str(value) for value in values if value is not None)


def _json(text: str | None, path: str) -> object:
    found = orjson.loads(text) if text is not None else None
    for name in path.removeprefix("$.").split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _cast(value: Any, kind: type) -> Any:
    return None if value is None else kind(value)


NAMES = {
    "extract": _extract, "coalesce": _coalesce, "concat": _concat, "concat_ws": _concat_ws,
    "json": _json, "cast": _cast, "str": str, "int": int, "float": float,
    "trunc": int, "to_seconds": lambda n: timedelta(seconds=n),
    "to_minutes": lambda n: timedelta(minutes=n), "to_hours": lambda n: timedelta(hours=n),
    "to_days": lambda n: timedelta(days=n), "epoch": lambda time: time.timestamp(),
    "ascii": lambda text: None if text is None else ord(text[:1] or "\0"),
    "substr": lambda text, at: None if text is None else text[at - 1 :],
    "nullif": lambda a, b: None if a == b else a,
    "lower": lambda a: None if a is None else a.lower(),
    "upper": lambda a: None if a is None else a.upper(),
}  # fmt: skip


class _Source:
    """Python source of one expression, and the patterns it names."""

    def __init__(self) -> None:
        self.names: dict[str, object] = dict(NAMES)

    def of(self, node: dict[str, Any]) -> str:
        kind, type_ = node["class"], node["type"]
        if kind == "COLUMN_REF":
            return f"act[{node['column_names'][-1]!r}]"
        if kind == "CONSTANT":
            literal = node["literal"]
            text: str = literal["text"]
            return repr(text) if literal["kind"] == "STRING" else text or "None"
        if kind == "CONJUNCTION":
            word = " and " if type_ == "CONJUNCTION_AND" else " or "
            return "(" + word.join(self.of(child) for child in node["children"]) + ")"
        if kind == "COMPARISON":
            left, right = self.of(node["left"]), self.of(node["right"])
            if type_ == "COMPARE_EQUAL":
                return f"({left} == {right})"
            known = " and ".join(
                f"{text} is not None"
                for text, side in ((left, node["left"]), (right, node["right"]))
                if side["class"] != "CONSTANT"
            )
            return f"({known} and {left} {COMPARE[type_]} {right})"
        if kind == "OPERATOR":
            return self._operator(type_, [self.of(child) for child in node["children"]])
        if kind == "CASE":
            text = self.of(node["else_expr"])
            for check in reversed(node["case_checks"]):
                when, then = self.of(check["when_expr"]), self.of(check["then_expr"])
                text = f"({then} if {when} else {text})"
            return text
        if kind == "CAST" and node["type_expr"]["type_name"] in CASTS:
            return f"cast({self.of(node['child'])}, {CASTS[node['type_expr']['type_name']]})"
        if kind == "FUNCTION":
            arguments = [a.get("expression", a) for a in node["arguments"]]
            return self._function(node["function_name"], arguments)
        raise NotImplementedError(f"{kind} {type_}")

    def _operator(self, type_: str, parts: list[str]) -> str:
        first, rest = parts[0], ", ".join(parts[1:])
        made = {
            "OPERATOR_IS_NOT_NULL": f"({first} is not None)",
            "OPERATOR_IS_NULL": f"({first} is None)",
            "OPERATOR_NOT": f"({first} is not None and not {first})",
            "OPERATOR_COALESCE": f"coalesce({first}, {rest})",
            "COMPARE_IN": f"({first} in {{{rest}}})",
            "COMPARE_NOT_IN": f"({first} is not None and {first} not in {{{rest}}})",
        }
        return made[type_]

    def _function(self, name: str, arguments: list[dict[str, Any]]) -> str:
        parts = [self.of(argument) for argument in arguments]
        if name in ("~~", "!~~", "~~*", "!~~*"):
            text, pattern = parts[0], arguments[1]["literal"]["text"]
            if name.endswith("*"):  # whatever the case of letters
                text, pattern = f"lower({text})", pattern.lower()
            middle = pattern.strip("%")
            if "%" in middle or "_" in middle:
                key = f"pattern{len(self.names)}"
                parts_of = ({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)
                self.names[key] = re.compile("".join(parts_of), re.DOTALL)
                test = f"{key}.fullmatch({text}) is not None"
            elif pattern.startswith("%") and pattern.endswith("%"):
                test = f"{middle!r} in {text}"
            elif pattern.startswith("%"):
                test = f"{text}.endswith({middle!r})"
            else:
                test = f"{text}.startswith({middle!r})"
            test = f"not ({test})" if name.startswith("!") else test
            return f"({text} is not None and {test})"
        if name == "regexp_extract":
            key = f"pattern{len(self.names)}"
            self.names[key] = re.compile(arguments[1]["literal"]["text"])
            return f"extract({parts[0]}, {key}, {parts[2] if len(parts) > 2 else 0})"
        if name in ARITHMETIC and len(parts) == 2:
            return f"({parts[0]} {name} {parts[1]})"
        python = {"||": "concat", "->>": "json"}.get(name, name)
        if python not in NAMES:
            raise NotImplementedError(f"SQL function {name}")
        return f"{python}({', '.join(parts)})"


def function_of(expression: str) -> Callable[[Act], Any]:
    """`expression` as a Python function; None stands for null.

    Raises
    ------
    NotImplementedError   naming the part of SQL that has no counterpart here.
    """
    (tree,) = duckdb.execute("select json_serialize_sql(?)", [f"select {expression}"]).fetchone()
    node = json.loads(tree)["statements"][0]["node"]["select_list"][0]
    source = _Source()
    text = source.of(node)
    # The text is made above, from the catalogue's own entries; no log data is in it.
    made: Callable[[Act], Any] = eval(f"lambda act: {text}", source.names)  # noqa: S307
    return made
