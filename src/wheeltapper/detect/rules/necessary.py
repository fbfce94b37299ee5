r"""What has to stand in a record's JSON text if a rule is to match it.

In goes a rule's tree, out come clauses: sets of texts, and of each set at least one text is in any
record for which the rule holds, whatever its case. No clause means that nothing can be said: the
rule is then tried on every record of its kind. It only ever errs on the side of trying a rule in
vain: a text is made of characters that JSON writes as they are, holds a letter (numbers have many
spellings), and a record that spells plain characters as `\u0041` is tried with every rule
(`ESCAPES`).
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

from wheeltapper.detect.rules.match import And, Leaf, Node, Not, Or

ESCAPES = r"\\u(?:00[2-7]|0130|212a)|\x{130}"
"""RE2: a plain character written as an escape, or one of the two outside ASCII whose lower case
begins with a plain one and that RE2 does not take for it by itself."""
_FRAGMENT = re.compile(r"[A-Za-z0-9 _.;<>=+*?!@#$%&'()^`|~-]+")
"""No quote, backslash, slash (JSON escapes these) and no separator (JSON may put spaces)."""
_LETTER = re.compile(r"[a-df-z]", re.IGNORECASE)
"""`e` does not count: 1e3 is a number."""
_SHORTEST = 3
_MOST = 500
"""A clause with more alternatives than this is hardly ever missed, so it says nothing."""
_CLAUSES = 2
"""So many, the most telling, are kept of a rule."""

Clause: TypeAlias = frozenset[str]


def necessary(node: Node) -> tuple[Clause, ...]:
    """Clauses of texts in lower case, the most telling first."""
    match node:
        case Leaf():
            return _of_leaf(node)
        case Not():
            return ()
        case Or(parts):
            firsts = [clauses[0] for clauses in map(necessary, parts) if clauses]
            union = frozenset[str]().union(*firsts)
            return (union,) if len(firsts) == len(parts) and len(union) <= _MOST else ()
        case And(parts):
            every = dict.fromkeys(clause for part in parts for clause in necessary(part))
            return tuple(sorted(every, key=_commonness)[:_CLAUSES])
    return ()


def one_of(fields: Iterable[Iterable[str]]) -> tuple[Clause, ...]:
    """Clauses of a record in which each field has one of its values."""
    found = [[_longest_fragment([value]) for value in values] for values in fields]
    return tuple(frozenset(filter(None, texts)) for texts in found if all(texts))


def _of_leaf(leaf: Leaf) -> tuple[Clause, ...]:
    if leaf.field is not None and not leaf.field.verbatim:
        return ()
    longest = _longest_fragment(leaf.needed)
    return (frozenset([longest]),) if longest else ()


def _longest_fragment(texts: Iterable[str]) -> str:
    fragments = [
        fragment
        for text in texts
        for fragment in _FRAGMENT.findall(text)
        if len(fragment) >= _SHORTEST and _LETTER.search(fragment)
    ]
    return max(fragments, key=len, default="")


def _commonness(clause: Clause) -> tuple[int, int]:
    """Long texts are rare, and so are few: a stand-in for how often one is met."""
    return -min(map(len, clause)), len(clause)
