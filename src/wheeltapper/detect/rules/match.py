"""A Sigma condition becomes a tree of tests over a record.

In goes what pySigma parsed, out comes a `Node` that holds or does not hold for a `Record`. Text
is compared in lower case unless the rule says `cased`; `re` keeps case. Regular expressions and
patterns run on RE2, whose time grows with the length of the text only: a log line that an
attacker wrote cannot make a rule hang. What cannot be run raises `Unsupported` with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Protocol, TypeAlias

import re2
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from wheeltapper.detect.rules.record import Field, Record, Value, text

_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_REGEX_MEMORY_BYTES = 16 << 20


class Unsupported(Exception):
    """The rule uses something that is not run here; the message is the reason."""


class Node(Protocol):
    """Something that holds for a record or does not."""

    def holds(self, record: Record) -> bool: ...


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple[Node, ...]

    def holds(self, record: Record) -> bool:
        for part in self.parts:  # noqa: SIM110  a generator costs three times as much here
            if not part.holds(record):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Node, ...]

    def holds(self, record: Record) -> bool:
        for part in self.parts:  # noqa: SIM110  a generator costs three times as much here
            if part.holds(record):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; so it is true of a field that is absent."""

    part: Node

    def holds(self, record: Record) -> bool:
        return not self.part.holds(record)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of one field, or of any field (`field` is None)."""

    field: Field | None
    holds: Callable[[Record], bool]
    needed: tuple[str, ...] = ()
    """Texts that stand in the field, whatever their case, whenever this holds; none: cannot say."""


Condition: TypeAlias = (
    ConditionItem | ConditionFieldEqualsValueExpression | ConditionValueExpression
)
"""What pySigma's parser makes of a condition."""


def compile_condition(condition: Condition, field: Callable[[str], Field]) -> Node:
    """The tree of one condition; `field` tells where a field that the rule names is found."""
    match condition:
        case ConditionAND():
            return And(_parts(condition, field))
        case ConditionOR():
            return Or(_parts(condition, field))
        case ConditionNOT():
            (part,) = _parts(condition, field)
            return Not(part)
        case ConditionFieldEqualsValueExpression():
            return _leaf(field(condition.field), condition.value, field)
        case ConditionValueExpression():
            return _keyword(condition.value)
    raise Unsupported(f"condition element {type(condition).__name__}")


def _parts(condition: ConditionItem, field: Callable[[str], Field]) -> tuple[Node, ...]:
    return tuple(compile_condition(part, field) for part in condition.args if part is not None)


def _leaf(field: Field, value: SigmaType, fields: Callable[[str], Field]) -> Node:
    match value:
        case SigmaExpansion():
            return Or(tuple(_leaf(field, one, fields) for one in value.values))
        case SigmaCasedString():
            return Leaf(field, _of_texts(field, _string(value, folded=False)), _needed(value))
        case SigmaString():
            return Leaf(field, _of_folded(field, _string(value, folded=True)), _needed(value))
        case SigmaRegularExpression():
            return Leaf(field, _of_texts(field, _regex(value)))
        case SigmaTimestampPart():
            raise Unsupported("parts of a time (minute, hour, day, week, month, year)")
        case SigmaNumber():
            return Leaf(field, _of_values(field, _equals_number(value.number)))
        case SigmaBool():
            word = "true" if value.boolean else "false"
            return Leaf(field, _of_folded(field, lambda t: t == word), (word,))
        case SigmaNull():
            return Leaf(field, lambda record: not record.values(field))
        case SigmaExists():
            wanted = value.exists
            return Leaf(field, lambda record: bool(record.values(field)) is wanted)
        case SigmaCIDRExpression():
            network = value.network
            return Leaf(field, _of_texts(field, lambda t: _within(t, network)))
        case SigmaCompareExpression():
            return Leaf(field, _of_values(field, _compares(value.op, value.number.number)))
        case SigmaFieldReference():
            return Leaf(field, _refers(field, fields(value.field), value))
    raise Unsupported(f"a value of type {type(value).__name__}")


def _keyword(value: SigmaType) -> Node:
    match value:
        case SigmaExpansion():
            return Or(tuple(_keyword(one) for one in value.values))
        case SigmaString():
            folded = not isinstance(value, SigmaCasedString)
            within = SpecialChars.WILDCARD_MULTI + value + SpecialChars.WILDCARD_MULTI
            is_in = _string(within, folded=folded)
            return Leaf(None, lambda r: any(map(is_in, r.words(folded=folded))), _needed(value))
        case SigmaRegularExpression():
            found = _regex(value)
            return Leaf(None, lambda r: any(map(found, r.words(folded=False))))
        case SigmaTimestampPart():
            raise Unsupported("parts of a time (minute, hour, day, week, month, year)")
        case SigmaNumber():
            digits = str(value.number)
            return Leaf(None, lambda r: any(digits in word for word in r.words(folded=True)))
    raise Unsupported(f"a keyword of type {type(value).__name__}")


def _of_folded(field: Field, test: Callable[[str], bool]) -> Callable[[Record], bool]:
    def holds(record: Record) -> bool:
        for value in record.folded(field):  # noqa: SIM110  see And
            if test(value):
                return True
        return False

    return holds


def _of_texts(field: Field, test: Callable[[str], bool]) -> Callable[[Record], bool]:
    return lambda record: any(map(test, record.texts(field)))


def _of_values(field: Field, test: Callable[[Value], bool]) -> Callable[[Record], bool]:
    return lambda record: any(map(test, record.values(field)))


def _string(value: SigmaString, *, folded: bool) -> Callable[[str], bool]:
    """The test for a text with wildcards; plain string methods wherever they will do."""
    parts: list[str | SpecialChars] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise Unsupported(f"placeholder %{part.name}% (modifier expand): nothing fills it")
        if part is SpecialChars.WILDCARD_MULTI and parts[-1:] == [part]:
            continue
        parts.append(part.lower() if folded and isinstance(part, str) else part)
    many = SpecialChars.WILDCARD_MULTI
    match parts:
        case []:
            return "".__eq__
        case [SpecialChars.WILDCARD_MULTI]:
            return lambda t: True
        case [str(word)]:
            return word.__eq__
        case [str(word), last] if last is many:
            return lambda t: t.startswith(word)
        case [first, str(word)] if first is many:
            return lambda t: t.endswith(word)
        case [first, str(word), last] if first is many and last is many:
            return lambda t: word in t
    wild = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    pattern = "".join(wild[p] if isinstance(p, SpecialChars) else re2.escape(p) for p in parts)
    whole = _compiled(rf"(?s)\A(?:{pattern})\z")
    return lambda t: whole.search(t) is not None


def _needed(value: SigmaString) -> tuple[str, ...]:
    return tuple(part.lower() for part in value.s if isinstance(part, str))


def _regex(value: SigmaRegularExpression) -> Callable[[str], bool]:
    if value.regexp.contains_placeholder():
        raise Unsupported("placeholder in a regular expression (modifier expand)")
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    pattern = str(value.regexp)
    found = _compiled(f"(?{flags}){pattern}" if flags else pattern)
    return lambda t: found.search(t) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.max_mem = _REGEX_MEMORY_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise Unsupported(f"regular expression not possible in linear time: {reason}") from error


def _equals_number(number: int | float) -> Callable[[Value], bool]:
    written = str(number)

    def test(value: Value) -> bool:
        if isinstance(value, str):
            return value.strip() == written
        return not isinstance(value, bool) and value == number

    return test


_HOLDS: dict[CompareOperators, Callable[[float, float], bool]] = {
    CompareOperators.LT: lambda a, b: a < b,
    CompareOperators.LTE: lambda a, b: a <= b,
    CompareOperators.GT: lambda a, b: a > b,
    CompareOperators.GTE: lambda a, b: a >= b,
    CompareOperators.NEQ: lambda a, b: a != b,
}


def _compares(operator: CompareOperators, number: int | float) -> Callable[[Value], bool]:
    holds = _HOLDS[operator]

    def test(value: Value) -> bool:
        if isinstance(value, bool | dict):
            return False
        try:
            return holds(float(value), number)
        except (ValueError, OverflowError):
            return False

    return test


def _within(value: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        address = ip_address(value)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address) in network


def _refers(one: Field, other: Field, how: SigmaFieldReference) -> Callable[[Record], bool]:
    def same(a: str, b: str) -> bool:
        if how.starts_with and how.ends_with:
            return b in a
        if how.starts_with:
            return a.startswith(b)
        return a.endswith(b) if how.ends_with else a == b

    return lambda r: any(same(a, b) for a in r.folded(one) for b in r.folded(other))


def matched(node: Node, record: Record) -> dict[str, str]:
    """Fields that made the node hold, with the value that the record has there."""
    if isinstance(node, Leaf):
        if not node.holds(record) or node.field is None:
            return {}
        first = record.values(node.field)[:1]
        return {node.field.name: text(first[0])} if first else {}
    if isinstance(node, And | Or):
        found: dict[str, str] = {}
        for part in node.parts:
            if part.holds(record):
                found |= matched(part, record)
        return found
    return {}  # what a `not` is about did not happen
