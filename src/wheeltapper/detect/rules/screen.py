"""Which rules are worth trying on a record, from one scan of its JSON text.

In go the clauses of each rule (see `necessary`); out come the rules of which every clause is met.
RE2 looks for the texts of all rules at once, whatever their case, in time that grows with the
length of the record only.
"""

from collections.abc import Iterable, Sequence

import re2

from wheeltapper.detect.rules.necessary import ESCAPES, Clause

_MEMORY_BYTES = 256 << 20
_LONGEST_LOOK = 8_000
"""Characters of a pattern that one RE2 without a set compiles and searches as fast."""


def first_look(rules: Sequence[Sequence[Clause]]) -> str:
    """A pattern, of any case, that is in every record which a rule may hold for.

    Empty if there is none: a rule is tried on every record, or there are too many rules.
    """
    if not all(clauses and clauses[0] for clauses in rules):
        return ""
    texts = sorted(frozenset().union(*(clauses[0] for clauses in rules)))
    pattern = "|".join([ESCAPES, *map(re2.escape, texts)])
    return pattern if len(pattern) <= _LONGEST_LOOK else ""


class Screen:
    """Texts of many rules, looked for together."""

    def __init__(self, rules: Sequence[Sequence[Clause]]) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY_BYTES
        options.case_sensitive = False
        self._set = re2.Set.SearchSet(options)
        self._set.Add(ESCAPES)
        self._everyone = range(len(rules))
        self._always = [number for number, clauses in enumerate(rules) if not clauses]
        self._by_first: dict[int, list[tuple[int, int]]] = {}
        """Number of a rule's first clause to the rule and the set of its clauses as bits."""
        numbers: dict[Clause, int] = {}
        for rule, clauses in enumerate(rules):
            for clause in clauses:
                if clause not in numbers:
                    pattern = "|".join(re2.escape(text) for text in sorted(clause))
                    numbers[clause] = self._set.Add(pattern)
            if clauses:
                bits = sum(1 << numbers[clause] for clause in clauses)
                self._by_first.setdefault(numbers[clauses[0]], []).append((rule, bits))
        self._set.Compile()
        # A set that ran out of memory would say nothing and match nothing.
        if not self._set.Match(r"\u0041"):
            raise MemoryError(f"{len(rules)} rules need more than {_MEMORY_BYTES} bytes")

    def candidates(self, raw: str) -> Iterable[int]:
        """Numbers of the rules that may hold for a record."""
        hits = self._set.Match(raw)
        if not hits:
            return self._always
        if 0 in hits:
            return self._everyone
        met = sum(1 << hit for hit in hits)
        return self._always + [
            rule for hit in hits for rule, bits in self._by_first.get(hit, ()) if bits & met == bits
        ]
