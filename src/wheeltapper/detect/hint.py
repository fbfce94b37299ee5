"""Hints: what somebody who made a mistake in an entry probably meant, and what there is."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import duckdb
import pyarrow as pa

from wheeltapper import activity
from wheeltapper.detect import meaning, sql

COLUMNS = "columns are listed in docs/reference/activity.md"
CODES = {
    "category": activity.CATEGORIES,
    "outcome": activity.OUTCOMES,
    "actor_type": activity.ACTOR_TYPES,
    "ip_class": ("private", "hosting", "residential", "tor", "unknown"),
    "ua_kind": ("browser", "cli", "sdk", "mobile", "bot", "other"),
}
"""Columns that hold one of a few words."""
_COMPARED = re.compile(
    rf"\b({'|'.join(CODES)})\s*(?:=|<>|!=)\s*'([^']*)'|\b({'|'.join(CODES)})\s+(?:not\s+)?in\s*\("
    r"([^)]*)\)",
    re.IGNORECASE,
)
_MISSING = re.compile(r'Referenced column "([^"]*)" not found')
_FUNCTION = re.compile(
    r'Function with name "?(\w+)"? does not exist(?:.*?Did you mean "(\w+)")?', re.DOTALL
)
_TYPES = re.compile(r"name and argument types '(.*?)'\.")


def meant(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """`did you mean target?`; where nothing is like it, `otherwise`, or all there is."""
    choices = list(known)
    folded = {c.lower(): c for c in choices}
    like = get_close_matches(name.lower(), list(folded), 2, 0.6)
    # Beside one that is nearly the same, another would only confuse.
    sure = get_close_matches(name.lower(), list(folded), 1, 0.8)
    close = [folded[c] for c in sure or like]
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are: {', '.join(choices)}" if otherwise is None else otherwise


def settings(family: str) -> dict[str, float]:
    """The settings of a family with their defaults."""
    return {s.name: s.default for s in meaning.settings_of(family)}


def sql_mistake(expression: str, wanted: str, columns: pa.Schema = activity.SCHEMA) -> str | None:
    """What is wrong with an SQL expression over Activity columns, or others; None if nothing is.

    `wanted` is `condition`, `number`, or `value` for anything.
    """
    connection = sql.connect()
    nothing = pa.table({f.name: pa.nulls(1, f.type) for f in columns})
    connection.register("numbered", nothing)
    query = f"select {columns.names[0]}, ({expression}) from numbered"
    try:
        found = connection.sql(query)
        types = [str(t) for t in found.types[1:]]
        if len(types) != 1 or types[0] == "TUPLE":
            return "must be one expression"
        found.fetchall()
    except duckdb.Error as error:
        return _explained(str(error), expression, columns.names)
    if wanted == "condition" and types[0] not in ("BOOLEAN", '"NULL"'):
        return f"must be a condition, such as outcome = 'success'; it is of type {types[0]}"
    if wanted == "number" and not re.match(r"\w*INT\w*|DOUBLE|FLOAT|DECIMAL.*|BOOLEAN", types[0]):
        return f"must be a number, such as bytes; it is of type {types[0]}"
    return _code_mistake(expression)


def _explained(error: str, expression: str, columns: Sequence[str]) -> str:
    first = error.splitlines()[0]
    if "--" in expression:
        return "cannot be read as SQL; take the comment (--) out"
    if 'expression "raw"' in error:
        return "a part of the record is written raw ->> '$.name'"
    if missing := _MISSING.search(error):
        name = missing[1]
        quoted = f"text stands in single quotes: '{name}'"
        if f'"{name}"' in expression:
            return f'"{name}" is the name of a column in SQL; {quoted}'
        words = {word for words in CODES.values() for word in words}
        if name.lower() in words:
            return f"there is no column {name}; {quoted}"
        hint = meant(name, columns, f"{quoted}; {COLUMNS}")
        return f"there is no column {name}; {hint}"
    if function := _FUNCTION.search(error):
        hint = f"; did you mean {function[2]}?" if function[2] else ""
        return f"there is no function {function[1]}{hint}"
    if types := _TYPES.search(error):
        return f"these types do not go together: {types[1]}; {COLUMNS}"
    if "must appear in the GROUP BY" in error:
        return "is about one act: it cannot count or sum over several; families do that"
    if "unterminated" in first:
        return "a quote is opened and not closed"
    near = re.search(r'at or near "([^"]*)"', first)
    if near:
        return f'cannot be read as SQL at "{near[1]}"'
    return f"{first.partition(': ')[2] or first}; it is SQL on Activity columns ({COLUMNS})"


def _code_mistake(expression: str) -> str | None:
    """A comparison with a word that the column never holds: it would be silently false."""
    for one in _COMPARED.finditer(expression):
        column = (one[1] or one[3]).lower()
        words = [one[2]] if one[1] else re.findall(r"'([^']*)'", one[4])
        for word in words:
            if word and word not in CODES[column]:
                return f"{column} is never '{word}'; it is one of {', '.join(CODES[column])}"
    return None
