"""One Sigma file becomes rules that run, or reasons why they do not.

In goes a YAML file, parsed by pySigma; out comes for every document in it a `Rule`, or an
`Unrunnable` that says what is missing. Reading never raises for what stands in the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from wheeltapper.detect.rules.logsource import Place, places
from wheeltapper.detect.rules.match import Node, Or, Unsupported, compile_condition
from wheeltapper.detect.rules.necessary import Clause, necessary, one_of


@dataclass(frozen=True, slots=True)
class Program:
    """A rule made ready for one kind of record."""

    place: Place
    node: Node
    clauses: tuple[Clause, ...]
    """See `necessary`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that runs."""

    name: str
    """The file's name without its ending; findings are by `rule.<name>`."""
    file: Path
    title: str
    id: str
    level: str
    description: str
    attack: tuple[str, ...]
    """ATT&CK technique ids."""
    falsepositives: tuple[str, ...]
    programs: tuple[Program, ...]


@dataclass(frozen=True, slots=True)
class Unrunnable:
    """A rule that is not run, and why."""

    file: Path
    title: str
    reason: str


def read(file: Path) -> Iterator[Rule | Unrunnable]:
    """Everything that stands in a file, in its order."""
    try:
        text = file.read_text(encoding="utf-8")
        collection = SigmaCollection.from_yaml(text, collect_errors=True)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, SigmaError, RecursionError) as error:
        yield Unrunnable(file, file.stem, f"not a Sigma rule: {_first_line(error)}")
        return
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # pySigma meets YAML that is no mapping with whatever Python says to it.
        yield Unrunnable(file, file.stem, f"not a Sigma rule: {_first_line(error)}")
        return
    if not collection.rules:  # else they are in the errors of a rule, too
        for mistake in collection.errors:
            yield Unrunnable(file, file.stem, _first_line(mistake))
    for kept_out in collection.filters:
        yield Unrunnable(file, kept_out.title or file.stem, "a Sigma filter, not a rule")
    for number, one in enumerate(collection.rules, start=1):
        title = one.title or file.stem
        if isinstance(one, SigmaCorrelationRule):
            yield Unrunnable(file, title, "a correlation over several events")
        elif one.errors:
            yield Unrunnable(file, title, _first_line(one.errors[0]))
        else:
            name = file.stem if number == 1 else f"{file.stem}.{number}"
            yield _compile(one, name, title, file)


def _compile(rule: SigmaRule, name: str, title: str, file: Path) -> Rule | Unrunnable:
    logsource = rule.logsource
    where = places(logsource.product, logsource.category, logsource.service)
    if not where:
        wanted = {
            "product": logsource.product,
            "category": logsource.category,
            "service": logsource.service,
        }
        said = ", ".join(f"{key} {value}" for key, value in wanted.items() if value)
        return Unrunnable(file, title, f"no log kind here for {said or 'an empty logsource'}")
    programs = []
    try:
        conditions = [one.parsed for one in rule.detection.parsed_condition]
        for place in where:
            nodes = tuple(compile_condition(c, place.field) for c in conditions if c is not None)
            node = nodes[0] if len(nodes) == 1 else Or(nodes)
            programs.append(Program(place, node, necessary(node) or one_of(place.where.values())))
    except (Unsupported, SigmaError, RecursionError) as error:
        return Unrunnable(file, title, _first_line(error))
    except (AttributeError, TypeError) as error:
        # pySigma takes `condition: off` for the truth value that YAML makes of it.
        return Unrunnable(file, title, f"condition cannot be read: {_first_line(error)}")
    return Rule(
        name=name,
        file=file,
        title=title,
        id=str(rule.id or ""),
        level=rule.level.name.lower() if rule.level else "medium",
        description=rule.description or "",
        attack=tuple(
            tag.name.upper()
            for tag in rule.tags
            if tag.namespace == "attack" and tag.name[:1] in "tT" and tag.name[1:2].isdigit()
        ),
        falsepositives=tuple(rule.falsepositives),
        programs=tuple(programs),
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
