"""SQL judged once for acts that are alike: filters and values of a whole catalogue.

Of half a million acts a few thousand differ in the columns that filters read. So acts are first
numbered by those columns' values, and DuckDB judges one of each *kind*, once: what it said of a
kind in one batch holds in the next. A column of which an expression asks only whether it is null
counts as that alone. An expression that asks for a column that hardly repeats is judged act by act.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from wheeltapper import activity
from wheeltapper.detect import sql
from wheeltapper.detect.hashing import NULL, Hashes, hash_strings, mix
from wheeltapper.detect.table import Bools, Float64s, Index, Int32s, Int64s, new_index, number_all

HashOf = Callable[[str], Hashes]
"""Hash of each act's value in a column."""
MOST_KINDS = 1_000_000
"""Kinds remembered: hostile logs could invent them without end."""


_NEVER_0 = np.uint64(1 << 63)


@dataclass(slots=True)
class Values:
    """An expression's value, as text, of each act."""

    codes: Int32s
    """Place in `texts`; -1 where no detector wants the value."""
    texts: pa.Array
    hashes: Hashes
    """Of `texts`."""

    def hash_of_each(self) -> Hashes:
        out = np.append(self.hashes, NULL)[self.codes]  # -1 is the last
        return np.asarray(out, np.uint64)

    def of(self, rows: Int64s) -> pa.Array:
        """The texts of some acts."""
        codes = self.codes[rows]
        return self.texts.take(pa.array(codes, mask=codes < 0))


class Memo:
    """What SQL has said so far about kinds of acts, for one catalogue and secret.

    It changes nothing but the time that an answer takes. One thread uses it at a time.
    """

    def __init__(self, secret: bytes, most_kinds: int = MOST_KINDS) -> None:
        self._secret = secret
        self._most = most_kinds
        self._filters: dict[tuple[str, ...], _Filters] = {}
        self._values: dict[str, _Value] = {}

    def filtered(
        self, events: pa.Table, filters: Sequence[str], hash_of: HashOf
    ) -> dict[str, Int64s]:
        """Rows that each filter lets through, in order; null and an error let nothing through."""
        alike = tuple(f for f in filters if _numbered(events, f))
        found = {}
        if alike:
            together = self._filters.setdefault(alike, _Filters(alike, self._most))
            found = together.rows(events, hash_of)
        for condition in filters:
            if condition not in found:
                (yes,) = _judged(_needed(events, [condition]), [_condition(condition)])
                found[condition] = np.flatnonzero(yes.to_numpy(zero_copy_only=False))
        return found

    def valued(self, events: pa.Table, expression: str, rows: Int64s, hash_of: HashOf) -> Values:
        """An expression's value, as text, of the given rows; null for all others."""
        codes = np.full(len(events), -1, np.int32)
        if _numbered(events, expression):
            value = self._values.setdefault(
                expression, _Value(expression, self._secret, self._most)
            )
            codes[rows], texts, hashes = value.of(events, rows, hash_of)
            return Values(codes, texts, hashes)
        codes[rows] = np.arange(rows.size)
        (texts,) = _judged(taken(_needed(events, [expression]), rows), [_text(expression)])
        return Values(codes, texts, hash_strings(texts, self._secret))


class _Kinds:
    """Acts numbered by what some expressions ask of them."""

    def __init__(self, expressions: Sequence[str]) -> None:
        self._asked = _asked(" ".join(expressions))
        self.index: Index = new_index()

    def number(
        self, events: pa.Table, rows: Int64s | None, hash_of: HashOf
    ) -> tuple[Int32s, Int64s]:
        """Kind of each of the rows (None: of all), and one row of each kind that is new."""
        known = int(self.index.size[0])
        key = self._key(events, rows, hash_of)
        self.index, numbers = number_all(self.index, key)
        firsts = _firsts(numbers, known, int(self.index.size[0]))
        return numbers, firsts if rows is None else rows[firsts]

    def _key(self, events: pa.Table, rows: Int64s | None, hash_of: HashOf) -> Hashes:
        key = np.full(len(events), _NEVER_0, np.uint64)
        for bit, name in enumerate(name for name, whole in self._asked.items() if not whole):
            known, flag = events[name], np.uint64(1 << bit)
            if not known.null_count:
                key |= flag
            elif known.null_count < len(known):
                _flag(key, known.is_valid().to_numpy(), flag)
        key = key if rows is None else key[rows]
        for name, whole in self._asked.items():
            if whole:
                codes = _codes(events[name], name, hash_of)
                _mix_in(key, codes if rows is None else codes[rows])
        return key


class _Filters:
    """Filters that are judged together."""

    def __init__(self, filters: Sequence[str], most_kinds: int) -> None:
        self._filters = filters
        self._most = most_kinds
        self._forget()

    def _forget(self) -> None:
        self._kinds = _Kinds(self._filters)
        self._yes = np.zeros((0, len(self._filters)), np.bool_)  # by kind and filter

    def rows(self, events: pa.Table, hash_of: HashOf) -> dict[str, Int64s]:
        if self._kinds.index.size[0] > self._most:
            self._forget()
        numbers, firsts = self._kinds.number(events, None, hash_of)
        if firsts.size:
            new = _judged(
                taken(_needed(events, self._filters), firsts),
                [_condition(f) for f in self._filters],
            )
            columns = [column.to_numpy(zero_copy_only=False) for column in new]
            self._yes = np.concatenate([self._yes, np.stack(columns, axis=1)])
        counts = np.bincount(numbers, minlength=len(self._yes)) @ self._yes
        ends = np.cumsum(counts.astype(np.int64))
        _, passed = np.nonzero(self._yes)
        starts = np.concatenate([[0], np.cumsum(self._yes.sum(axis=1))])
        found = np.empty(int(ends[-1]), np.int64)
        _spread(numbers, starts, passed, ends - counts.astype(np.int64), found)
        pieces = np.split(found, ends[:-1])
        return dict(zip(self._filters, pieces, strict=True))


class _Value:
    """One expression's value."""

    def __init__(self, expression: str, secret: bytes, most_kinds: int) -> None:
        self._expression = expression
        self._secret = secret
        self._most = most_kinds
        self._forget()

    def _forget(self) -> None:
        self._kinds = _Kinds([self._expression])
        self._texts = pa.array([], pa.string())
        self._hashes = np.empty(0, np.uint64)

    def of(
        self, events: pa.Table, rows: Int64s, hash_of: HashOf
    ) -> tuple[Int32s, pa.Array, Hashes]:
        if self._kinds.index.size[0] > self._most:
            self._forget()
        numbers, firsts = self._kinds.number(events, rows, hash_of)
        if firsts.size:
            (new,) = _judged(
                taken(_needed(events, [self._expression]), firsts), [_text(self._expression)]
            )
            self._texts = pa.concat_arrays([self._texts, new])
            self._hashes = np.concatenate([self._hashes, hash_strings(new, self._secret)])
        return numbers, self._texts, self._hashes


def measured(events: pa.Table, expression: str, rows: Int64s) -> Float64s:
    """A column, or an expression's value, of the given rows; NaN where it is no number."""
    out = np.full(len(events), np.nan)
    if not rows.size:
        return out
    if expression in activity.SCHEMA.names:
        # Not safe: a log may claim more bytes than a float64 counts one by one.
        numbers = events[expression].take(pa.array(rows)).cast(pa.float64(), safe=False)
    else:
        (numbers,) = _judged(
            taken(_needed(events, [expression]), rows), [f"try(({expression})::double)"]
        )
    values = pc.fill_null(numbers, np.nan).to_numpy(zero_copy_only=False)
    out[rows] = np.where(np.isfinite(values), values, np.nan)
    return out


def taken(events: pa.Table, rows: Int64s) -> pa.Table:
    """`events.take(rows)` of ascending rows, in one chunk, dictionaries decoded.

    Each chunk is taken from by itself: dictionaries of chunks need not be put together for that.
    """
    columns = []
    for field, column in zip(events.schema, events.columns, strict=True):
        plain = pa.types.is_dictionary(field.type)
        pieces = []
        edges = np.concatenate([[0], np.cumsum([len(chunk) for chunk in column.chunks])])
        cuts = np.searchsorted(rows, edges)
        for number in np.flatnonzero(np.diff(cuts)).tolist():
            inside = rows[cuts[number] : cuts[number + 1]] - edges[number]
            piece = column.chunk(number).take(pa.array(inside))
            pieces.append(piece.dictionary_decode() if plain else piece)
        kind = field.type.value_type if plain else field.type
        columns.append(pa.concat_arrays(pieces) if pieces else pa.array([], kind))
    return pa.table(columns, names=events.column_names)


def _condition(condition: str) -> str:
    return f"coalesce(try(({condition})::boolean), false)"


def _text(expression: str) -> str:
    return f"try(({expression})::varchar)"


def _needed(events: pa.Table, expressions: Iterable[str]) -> pa.Table:
    """Only the columns that are named: taking rows of others would be work for nothing."""
    return events.select(list(_asked(" ".join(expressions))) or ["time"])


def _judged(events: pa.Table, expressions: Sequence[str]) -> list[pa.Array]:
    """Columns of SQL expressions over the events, in the events' order."""
    connection = sql.connect()
    # DuckDB's threads hand rows back in whatever order they finish.
    connection.register(
        "numbered", events.append_column("row_number_", pa.array(np.arange(len(events))))
    )
    query = ", ".join(f"{expression} as c{i}" for i, expression in enumerate(expressions))
    found = connection.sql(f"select row_number_, {query} from numbered").to_arrow_table()
    rows = found["row_number_"].to_numpy()
    if (np.diff(rows) < 0).any():
        found = found.take(pa.array(np.argsort(rows)))
    return [column.combine_chunks() for column in found.columns[1:]]


def _asked(expressions: str) -> dict[str, bool]:
    """Activity columns that are named, and whether more than their being null is asked."""
    text = expressions.lower()
    asked = {}
    for name in sorted(set(re.findall(r"[a-z_]+", text)) & set(activity.SCHEMA.names)):
        named = len(re.findall(rf"\b{name}\b", text))
        asked[name] = named > len(re.findall(rf"\b{name}\s+is\s+(?:not\s+)?null\b", text))
    return asked


def _numbered(events: pa.Table, expression: str) -> bool:
    """Are acts cheaply numbered by all that it asks for?"""

    def cheap(kind: pa.DataType) -> bool:
        kinds = (pa.types.is_dictionary, pa.types.is_integer, pa.types.is_boolean)
        return any(is_kind(kind) for is_kind in kinds)

    asked = _asked(expression).items()
    return all(not whole or cheap(events.schema.field(name).type) for name, whole in asked)


def _codes(column: pa.ChunkedArray, name: str, hash_of: HashOf) -> Hashes:
    """Equal numbers for equal values."""
    if pa.types.is_dictionary(column.type):
        return hash_of(name)
    codes = pc.fill_null(column.cast(pa.int64()), -(2**62)).to_numpy()
    # A copy: to Numba an array that may not be written is of another type.
    return np.array(codes, np.int64).view(np.uint64)


@njit(cache=True, nogil=True)
def _flag(key: Hashes, known: Bools, flag: np.uint64) -> None:
    for i in range(key.size):
        if known[i]:
            key[i] |= flag


@njit(cache=True, nogil=True)
def _mix_in(key: Hashes, codes: Hashes) -> None:
    for i in range(key.size):
        key[i] = mix(key[i], codes[i])


@njit(cache=True, nogil=True)
def _firsts(numbers: Int32s, known: int, distinct: int) -> Int64s:
    """First row of each kind from `known` on."""
    firsts = np.empty(distinct - known, np.int64)
    found = known
    for i in range(numbers.size):
        if numbers[i] == found:
            firsts[found - known] = i
            found += 1
    return firsts


@njit(cache=True, nogil=True)
def _spread(numbers: Int32s, starts: Int64s, passed: Int64s, at: Int64s, out: Int64s) -> None:
    """Write each row to every filter that its kind passes: `passed[starts[kind]:starts[kind + 1]]`.

    `at` is where each filter's next row goes; it is changed.
    """
    for i in range(numbers.size):
        kind = numbers[i]
        for j in range(starts[kind], starts[kind + 1]):
            which = passed[j]
            out[at[which]] = i
            at[which] += 1
