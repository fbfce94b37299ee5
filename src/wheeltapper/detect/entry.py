"""Entry: one table of the catalogue, checked whole; every mistake is told with what was meant."""

import math
import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any  # what a TOML table holds, of any type until it is checked here

from wheeltapper import activity
from wheeltapper.detect import hint, trial
from wheeltapper.detect.family import Family, families
from wheeltapper.errors import ConfigError

UNITS = ("act", "session", "day")
NEEDS = {
    "value": "the column that is compared",
    "mark": "the condition that tells the acts that matter, such as outcome = 'success'",
    "measure": "the number that is compared, such as bytes",
}
REQUIRED = ("family", "about", "entity", "says", "filter")
TEXTS = (*REQUIRED, "value", "value_is", "mark", "measure", "unit", "peers")
FIELDS = (*TEXTS, "attack", "weight", "settings", "test")
SAYS = ("did", "doing", "value", "count", "app")
"""What a sentence may hold."""
TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
Mistake = Callable[..., ConfigError]
"""`(what, *keys)`: an error that names the entry, the field, and its line."""


def checked(table: Mapping[str, Any], mistake: Mistake) -> dict[str, Any]:
    """The fields of a Detector, from an entry's table.

    Raises
    ------
    ConfigError   made by `mistake`, for the first thing that cannot be used.
    """
    for key, value in table.items():
        if key not in FIELDS:
            raise mistake(f"is no field; {hint.meant(key, FIELDS)}", key)
        _check_type(key, value, mistake)
    missing = [key for key in REQUIRED if key not in table]
    if missing:
        raise mistake(f"lacks {', '.join(missing)}")
    for key in REQUIRED:
        if not table[key].strip():
            raise mistake("must not be empty", key)
    family = families().get(table["family"])
    if family is None:
        meant = hint.meant(table["family"], families())
        raise mistake(f"{table['family']!r} is no family; {meant}", "family")
    for needed, meaning in NEEDS.items():
        if needed in family.needs and not table.get(needed):
            raise mistake(f"needs a {needed}: {meaning}")
    _check_columns(table, mistake)
    _check_words(table, mistake)
    _check_expressions(table, mistake)
    return {
        **{key: table[key] for key in TEXTS if key in table},
        "filter": " ".join(table["filter"].split()),
        "mark": " ".join(table.get("mark", "").split()),
        "attack": tuple(table.get("attack", ())),
        "weight": table.get("weight", 1.0),
        "settings": _settings(family, table.get("settings", {}), mistake),
        "tests": trial.read(table.get("test", []), mistake),
    }


def is_number(value: object) -> bool:
    """Whether it is a number and a finite one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_type(key: str, value: object, mistake: Mistake) -> None:
    if key == "attack":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise mistake('must be a list of technique ids like ["T1078.004"]', key)
    elif key == "settings":
        if not isinstance(value, dict):
            raise mistake(f"must be a table like {{ min_bits = 8 }}, got {value!r}", key)
    elif key == "test":
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise mistake("must be tables of their own: [[source.name.test]]", key)
    elif key == "weight":
        if not is_number(value) or float(str(value)) < 0:
            raise mistake(f"must be a number from 0, got {value!r}", key)
    elif not isinstance(value, str):
        raise mistake(f"must be text, got {value!r}", key)


def _check_columns(table: Mapping[str, Any], mistake: Mistake) -> None:
    entity = table["entity"]
    if entity not in activity.ENTITY_COLUMNS:
        meant = hint.meant(entity, activity.ENTITY_COLUMNS)
        raise mistake(f"{entity!r} is nobody to speak about; {meant}", "entity")
    for key in ("peers", "value_is"):
        name = table.get(key, "")
        if name and name not in activity.SCHEMA.names:
            meant = hint.meant(name, activity.SCHEMA.names, hint.COLUMNS)
            raise mistake(f"{name!r} is no Activity column; {meant}", key)


def _check_words(table: Mapping[str, Any], mistake: Mistake) -> None:
    unit = table.get("unit", "act")
    if unit not in UNITS:
        raise mistake(f"must be one of {', '.join(UNITS)}, got {unit!r}", "unit")
    for technique in table.get("attack", ()):
        if not TECHNIQUE.fullmatch(technique):
            raise mistake(f"{technique!r} is no technique id like T1078.004", "attack")
    try:
        held = [(name, form, turn) for _, name, form, turn in Formatter().parse(table["says"])]
    except ValueError as error:
        raise mistake(
            f"cannot be read: {error}; a bracket itself is written {{{{", "says"
        ) from None
    for name, form, turn in held:
        if name is not None and (name not in SAYS or form or turn):
            raise mistake(f"there is nothing called {{{name}}}; {hint.meant(name, SAYS)}", "says")


def _check_expressions(table: Mapping[str, Any], mistake: Mistake) -> None:
    """Bind the SQL against an Activity: errors now, not later."""
    for key, wanted in (
        ("filter", "condition"), ("value", "value"), ("mark", "condition"), ("measure", "number"),
    ):  # fmt: skip
        expression = " ".join(table.get(key, "").split())
        if key == "value" and _joined(expression):
            continue
        if expression and (said := hint.sql_mistake(expression, wanted)):
            raise mistake(said, key)


def _joined(value: str) -> bool:
    """Whether a value is a column, or several joined by `+`."""
    return all(part.strip() in activity.SCHEMA.names for part in value.split("+"))


def _settings(family: Family, given: Mapping[str, Any], mistake: Mistake) -> Any:
    known = hint.settings(family.name)
    for key, value in given.items():
        if key not in known:
            meant = hint.meant(key, known, "")
            listed = ", ".join(f"{name} {default:,.10g}" for name, default in known.items())
            raise mistake(
                f"is no setting of {family.name}; {meant}{' Its' if meant else 'its'} settings, "
                f"with their defaults: {listed}",
                "settings",
                key,
            )
        if not is_number(value):
            raise mistake(f"must be a number, got {value!r}", "settings", key)
    try:
        return family.settings(**given)
    except (TypeError, ValueError) as error:
        key = str(error).split(" ")[0]
        raise mistake(str(error), "settings", *([key] if key in given else [])) from error
