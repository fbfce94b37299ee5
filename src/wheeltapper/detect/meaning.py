"""Meaning: what a family asks and what its settings are, for people, from its own docstrings."""

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from wheeltapper.detect import statistics
from wheeltapper.detect.family import families

SHARED: Mapping[str, str] = {
    "half_life_days": "After so many days what was seen counts half.",
    "min_bits": "Less surprise than this is not worth a word; one more halves how often it speaks.",
    "min_llr": "At least so many bits of evidence against it being the entity's own act.",
    "min_count": "Fewer are never worth a word.",
    "grace": "So much history of its own before anything is said.",
    "capacity": "So many are remembered; the longest unseen go first.",
    "window_hours": "Hours that are counted together.",
    "prior": "Units of own history that weigh as much as what peers do.",
}
"""Settings that mean the same in every family, where it does not say so itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A number that an entry may set."""

    name: str
    default: int | float
    meaning: str


@cache
def settings_of(family: str) -> tuple[Setting, ...]:
    """The settings of a family, in its own order."""
    kind = families()[family].settings
    said = _field_docstrings(kind)
    return tuple(
        Setting(
            name=f.name,
            default=f.default if isinstance(f.default, int | float) else 0,
            meaning=said.get(f.name) or SHARED.get(f.name, ""),
        )
        for f in dataclasses.fields(kind)
    )


def _field_docstrings(kind: type) -> dict[str, str]:
    """The text that stands under each field of a dataclass."""
    (body,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(kind))).body
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{kind} is no class")
    found = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            found[field.target.id] = " ".join(below.value.value.split())
    return found


@cache
def asks(family: str) -> str:
    """The question of a family: the first sentence of its module."""
    return _paragraphs(family)[0].partition(": ")[2] or _paragraphs(family)[0]


@cache
def limits(family: str) -> str:
    """What a family is good at, what it is blind to, and when it is silent."""
    paragraphs = _paragraphs(family)
    return paragraphs[1] if len(paragraphs) > 1 else ""


def _paragraphs(family: str) -> list[str]:
    module = importlib.import_module(f"{statistics.__name__}.{family}")
    text = inspect.cleandoc(module.__doc__ or family)
    return [" ".join(part.split()) for part in text.split("\n\n")]
