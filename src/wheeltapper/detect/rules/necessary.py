r"""What has to stand in a record's JSON text if a rule is to match it.

In goes a rule's tree, out comes a set of texts of which at least one is in the record, whatever
its case, whenever the rule holds; or None where nothing can be said (the rule is then tried on
every record of its kind). It only ever errs on the side of trying a rule in vain: a fragment is
made of characters that JSON writes as they are, holds a letter (numbers have many spellings), and
a record that spells plain characters as `\u0041` is tried with every rule (`ESCAPES`).
"""

import re

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
"""A rule with more alternatives than this gains nothing from being left out."""


def necessary(node: Node) -> frozenset[str] | None:
    """Texts in lower case, at least one of which is in any record for which `node` holds."""
    match node:
        case Leaf():
            return _of_leaf(node)
        case Not():
            return None
        case Or(parts):
            found = [necessary(part) for part in parts]
            union = frozenset[str]().union(*(f for f in found if f is not None))
            return None if None in found or len(union) > _MOST else union
        case And(parts):
            known = [f for f in map(necessary, parts) if f is not None]
            return max(known, key=_rarity, default=None)
    return None


def _of_leaf(leaf: Leaf) -> frozenset[str] | None:
    if leaf.field is not None and not leaf.field.verbatim:
        return None
    fragments = [
        fragment
        for needed in leaf.needed
        for fragment in _FRAGMENT.findall(needed)
        if len(fragment) >= _SHORTEST and _LETTER.search(fragment)
    ]
    return frozenset([max(fragments, key=len)]) if fragments else None


def _rarity(texts: frozenset[str]) -> tuple[int, int]:
    """Long texts are rare, and so are few: a stand-in for how seldom one is met."""
    return min(map(len, texts)), -len(texts)
