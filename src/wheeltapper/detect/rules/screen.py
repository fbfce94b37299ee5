"""Which rules are worth trying on a record, from one scan of its JSON text.

In go, for each rule, texts of which one must be there (see `necessary`); out come the rules for
which one is. RE2 looks for all of them at once, whatever their case, in time that grows with the
length of the text only.
"""

from collections.abc import Sequence

import re2

from wheeltapper.detect.rules.necessary import ESCAPES

_MEMORY_BYTES = 256 << 20


class Screen:
    """Texts of many rules, looked for together."""

    def __init__(self, necessary: Sequence[frozenset[str] | None]) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY_BYTES
        options.case_sensitive = False
        self._set = re2.Set.SearchSet(options)
        self._everyone = range(len(necessary))
        self._always = frozenset(i for i, texts in enumerate(necessary) if texts is None)
        self._rules: list[int] = []
        self._set.Add(ESCAPES)
        for number, texts in enumerate(necessary):
            if texts is not None:
                self._set.Add("|".join(re2.escape(text) for text in sorted(texts)))
                self._rules.append(number)
        self._set.Compile()
        # A set that ran out of memory would say nothing and match nothing.
        if not self._set.Match(r"\u0041"):
            raise MemoryError(f"{len(necessary)} rules need more than {_MEMORY_BYTES} bytes")

    def candidates(self, raw: str) -> Sequence[int] | frozenset[int]:
        """Numbers of the rules that may hold for a record."""
        hits = self._set.Match(raw)
        if not hits:
            return self._always
        if 0 in hits:
            return self._everyone
        return self._always.union(self._rules[hit - 1] for hit in hits)
