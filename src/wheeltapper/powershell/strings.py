"""What PowerShell would make of strings that are taken apart: put together again, never run.

In goes a text, out comes the same text with expressions over known strings replaced by their value:
`'I'+'EX'`, `"{1}{0}" -f 'EX','I'`, `[char]73`, `-join ('I','E','X')`, `'XEI'[-1..-3] -join ''`,
`'IAX'.Replace('A','E')`, `-replace`, `-split`, `.Substring`, `$env:ComSpec[4,24,25] -join ''`,
variables that are set once. Each rule is one regular expression over the skeleton (see `lexer`) and
one function of the strings found; rules repeat until nothing changes or a bound is met.

Blind to what only a running shell knows: other variables, functions, files, the network.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wheeltapper.powershell.lexer import CLOSE, LIST, LIST_CLOSE, OPEN, STRING, Literals, lex

ROUNDS = 24
MOST_WORK = 6_000_000
"""Characters of skeleton that rules look at, over all rounds: a long text has fewer rounds."""
LONGEST = 262_144
"""No string grows beyond so many characters: doubling one forty times is a bomb."""
MOST_GROWN = 1_000_000
"""Characters of all strings that are made."""
MOST_ITEMS = 65_536
_S, _L = STRING, LIST
_RAW, _RAW_LIST = STRING.replace("(\\d+)", "\\d+"), LIST.replace("(\\d+)", "\\d+")
_GAP = r"\s{0,20}"
_NUMBER = r"(?:0x[0-9a-f]{1,6}|\d{1,7})"
_FLAGS = re.IGNORECASE | re.ASCII

_ENVIRONMENT = {
    "env:comspec": r"C:\WINDOWS\system32\cmd.exe",
    "env:public": r"C:\Users\Public",
    "env:windir": r"C:\WINDOWS",
    "env:systemroot": r"C:\WINDOWS",
    "env:programfiles": r"C:\Program Files",
    "env:programdata": r"C:\ProgramData",
    "env:allusersprofile": r"C:\ProgramData",
    "env:systemdrive": "C:",
    "env:os": "Windows_NT",
    "pshome": r"C:\Windows\System32\WindowsPowerShell\v1.0",
    "shellid": "Microsoft.PowerShell",
    "verbosepreference": "SilentlyContinue",
    "debugpreference": "SilentlyContinue",
}
"""What these hold on nearly every Windows: letters are cut out of them."""
_HELD = "|".join(_ENVIRONMENT)


@dataclass(slots=True)
class _Table:
    literals: Literals
    cut: bool = False
    grown: int = 0

    def of(self, found: str) -> str:
        return self.literals.values[int(found)]

    def all_of(self, found: str) -> list[str]:
        """Strings of a part of a skeleton, those in lists too, in order."""
        values: list[str] = []
        for string, several in re.findall(f"{_S}|{_L}", found):
            values += [self.of(string)] if string else self.literals.lists[int(several)]
        return values

    def add(self, value: str) -> str | None:
        self.grown += len(value) + 1
        if len(value) > LONGEST or self.grown > MOST_GROWN:
            self.cut = True
            return None
        return self.literals.add(value)


Rule = Callable[[re.Match[str], _Table], str | None]


@dataclass(frozen=True, slots=True)
class Folded:
    """A text with its strings put together."""

    text: str
    skeleton: str
    literals: Literals
    cut: bool
    """A bound was met."""


def fold(text: str) -> Folded:
    """Put the strings of a text together."""
    skeleton, literals = lex(_without_carets(text))
    table = _Table(literals)
    work = 0
    for _ in range(ROUNDS):
        before = skeleton
        work += len(skeleton)
        for cue, pattern, rule in _RULES:
            if cue.search(skeleton):
                skeleton = pattern.sub(_applied(rule, table), skeleton)
        skeleton = _with_variables(skeleton, table)
        if skeleton == before:
            break
        if work > MOST_WORK:
            table.cut = True
            break
    return Folded(literals.render(skeleton), skeleton, literals, table.cut)


def _applied(rule: Rule, table: _Table) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        value = None if table.cut else rule(found, table)
        return found[0] if value is None else value

    return replace


_CARET = re.compile(r"\^(?=\S)")
_CARETS = re.compile(r"\w\^\w")


def _without_carets(text: str) -> str:
    """As cmd.exe reads `p^o^w^e^r`; three carets within words are no accident."""
    found = _CARETS.finditer(text)
    if sum(1 for _ in zip(range(3), found, strict=False)) < 3:
        return text
    return _CARET.sub("", text)


_SET = re.compile(rf"\$(\w{{1,64}}){_GAP}={_GAP}{_S}{_GAP}(?:[;\n}}]|$)", _FLAGS)
_SETS = re.compile(rf"\$(\w{{1,64}}){_GAP}[-+*/%]?=(?!=)|\[ref\]\s{{0,4}}\$(\w{{1,64}})", _FLAGS)
_USE = re.compile(rf"\$(?:\{{(\w{{1,64}})\}}|(\w{{1,64}})\b)(?!{_GAP}[-+*/%]?=(?!=))", _FLAGS)


def _with_variables(skeleton: str, table: _Table) -> str:
    """Variables that are set once, to a string, where they are used."""
    if "$" not in skeleton or "=" not in skeleton:
        return skeleton
    known = {m[1].lower(): m[2] for m in _SET.finditer(skeleton)}
    if not known:
        return skeleton
    sets = [(m[1] or m[2]).lower() for m in _SETS.finditer(skeleton)]
    once = {name for name in known if sets.count(name) == 1} if len(sets) <= 500 else set()

    def use(found: re.Match[str]) -> str:
        name = (found[1] or found[2]).lower()
        if name not in once or table.cut:
            return found[0]
        return table.add(table.of(known[name])) or found[0]

    return _USE.sub(use, skeleton)


def _plus(m: re.Match[str], t: _Table) -> str | None:
    return t.add("".join(t.all_of(m[0])))


def _listed(m: re.Match[str], t: _Table) -> str | None:
    values = tuple(t.all_of(m[0]))
    return t.literals.add_list(values, m[0]) if len(values) <= MOST_ITEMS else None


def _numbers(m: re.Match[str], t: _Table) -> str | None:
    return t.literals.add_list(tuple(re.findall(rf"-?{_NUMBER}", m[0], _FLAGS)), m[0])


def _format(m: re.Match[str], t: _Table) -> str | None:
    pattern, *values = t.all_of(m[0])
    parts = re.split(r"\{(\d{1,4})\}", pattern)
    if len(parts) < 2 or any(int(n) >= len(values) for n in parts[1::2]):
        return None
    if sum(len(values[int(n)]) for n in parts[1::2]) > LONGEST:
        t.cut = True
        return None
    return t.add("".join(values[int(p)] if at % 2 else p for at, p in enumerate(parts)))


def _char(m: re.Match[str], t: _Table) -> str | None:
    return t.add(_character(m[1] or m[2]))


def _characters(m: re.Match[str], t: _Table) -> str | None:
    numbers, key = t.all_of(m[0]), _whole(m[1]) if m[1] else 0
    if not all(map(_is_number, numbers)):
        return None
    return t.add("".join(_character(n, key) for n in numbers))


def _character(number: str, key: int = 0) -> str:
    code = _whole(number) ^ key
    return chr(code) if 0 <= code < 0xD800 else ""


def _whole(number: str) -> int:
    return int(number, 16) if number[:2].lower() == "0x" else int(number)


def _join_all(m: re.Match[str], t: _Table) -> str | None:
    return t.add("".join(t.all_of(m[0])))


def _join_by_last(m: re.Match[str], t: _Table) -> str | None:
    values = t.all_of(m[0])
    return _joined(values if m[1] is None else values[:-1], values[-1] if m[1] else "", t)


def _join_by_first(m: re.Match[str], t: _Table) -> str | None:
    values = t.all_of(m[0])
    return _joined(values if m[1] is None else values[1:], values[0] if m[1] else "", t)


def _joined(values: list[str], between: str, t: _Table) -> str | None:
    if len(between) * len(values) > LONGEST:
        t.cut = True
        return None
    return t.add(between.join(values))


def _index(m: re.Match[str], t: _Table) -> str | None:
    source = t.of(m[1]) if m[1] else _ENVIRONMENT[m[2].lower()]
    return _picked(source, t.all_of(m[3]), t)


def _index_range(m: re.Match[str], t: _Table) -> str | None:
    source = t.of(m[1]) if m[1] else _ENVIRONMENT[m[2].lower()]
    start, last = int(m[3]), len(source)
    end = int(m[4]) if re.fullmatch(r"-?\d{1,7}", m[4]) else -last
    if abs(end - start) > LONGEST:
        t.cut = True
        return None
    step = 1 if start <= end else -1
    return _picked(source, map(str, range(start, end + step, step)), t)


def _index_one(m: re.Match[str], t: _Table) -> str | None:
    source = t.of(m[1]) if m[1] else _ENVIRONMENT[m[2].lower()]
    return _picked(source, (m[3],), t)


def _picked(source: str, at: Iterable[str], t: _Table) -> str | None:
    last = len(source)
    places = [int(n) for n in at if re.fullmatch(r"-?\d{1,7}", n)]
    return t.add("".join(source[i] for i in places if -last <= i < last))


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text, _FLAGS) is not None


def _replace(m: re.Match[str], t: _Table) -> str | None:
    source, old, *rest = t.all_of(m[0])
    new = rest[0] if rest else ""
    operator = (m[1] or "").lower()
    if operator:
        bare = re.sub(r"\\(\W)", r"\1", old)
        if re.search(r"(?<!\\)[.^$*+?()\[\]{}|]", old) or "$" in new:
            return None  # a true pattern: its like is rare here, and running a hostile one is dear
        old = bare
    if not old or len(rest) > 1 or source.lower().count(old.lower()) * len(new) > LONGEST:
        return None
    if operator in ("-replace", "-ireplace"):
        return t.add(re.sub(re.escape(old), lambda _: new, source, flags=re.IGNORECASE))
    return t.add(source.replace(old, new))


def _split(m: re.Match[str], t: _Table) -> str | None:
    source, by = t.all_of(m[0])
    t.grown += len(source)
    pieces = source.split(by) if by else []
    if not 1 < len(pieces) <= MOST_ITEMS or t.grown > MOST_GROWN:
        return None
    written = ",".join(t.literals.add(piece) for piece in pieces)
    return f"({t.literals.add_list(tuple(pieces), written)})"


def _substring(m: re.Match[str], t: _Table) -> str | None:
    source, *numbers = t.all_of(m[0])
    if not numbers:
        return t.add(source[int(m[1]) :])
    if len(numbers) != 2 or not all(map(_is_number, numbers)):
        return None
    start, length = map(_whole, numbers)
    return t.add(source[start : start + length])


def _cased(m: re.Match[str], t: _Table) -> str | None:
    value, how = t.of(m[1]), m[2].lower()
    changed = {"tolower": value.lower(), "toupper": value.upper(), "trim": value.strip()}
    return t.add(changed.get(how, value))


def _backwards(m: re.Match[str], t: _Table) -> str | None:
    values = t.all_of(m[0])
    if len(values) != 3 or values[1] != "." or values[2].lower() != "righttoleft":
        return None
    return t.add(values[0][::-1])


def _bare(m: re.Match[str], _: _Table) -> str | None:
    return f"{m[1]}{m[2]}"


def _method(m: re.Match[str], t: _Table) -> str | None:
    name = t.of(m[1])
    return f".{name}" if re.fullmatch(r"\w{1,64}", name) else None


def _command(m: re.Match[str], t: _Table) -> str | None:
    name = t.of(m[2])
    return f"{m[1]} {name} " if re.fullmatch(r"[A-Za-z][\w-]{0,63}", name) else None


_WORDS = {
    "STR#": _S,
    "STR": _RAW,
    "LIST": _RAW_LIST,
    "ANY": f"(?:{_RAW}|{_RAW_LIST})",
    "EACH": r"(?:%|foreach-object|foreach)",
    "FROM": rf"(?:{_S}|\$\{{?({_HELD})\}}?)(?:\.tostring\(\))?\s{{0,4}}",
    "NONE": r"(?:\[string\]::empty|\$null|\$ofs)",
    "INT": r"-?\d{1,7}",
    "NUM": _NUMBER,
    "END": f"[{CLOSE}{LIST_CLOSE})\\]}}]",
    "~": _GAP,
}
"""Words of a rule's pattern: `STR#` is a string whose number is a group, `~` is a gap."""
_WORD = re.compile("|".join(map(re.escape, _WORDS)))


def _rule(cue: str, pattern: str, rule: Rule) -> tuple[re.Pattern[str], re.Pattern[str], Rule]:
    whole = _WORD.sub(lambda m: _WORDS[m[0]], pattern)
    return re.compile(cue, _FLAGS), re.compile(whole, _FLAGS), rule


# Lists come first: they are always taken whole, so no rule tries the same list from each item.
_RULES = (
    _rule(r"\d\s{0,20},", r"(?<![\w.])-?NUM(?:~,~-?NUM)+(?![\w.])", _numbers),
    _rule(r"\[char\]", r"\[char\]~(?:(NUM)\b|\(~(NUM)~\))", _char),
    _rule(r"\[char", r"\[char\[\]\]~(?:LIST|\(~LIST~\))()", _characters),
    _rule(
        r"\[char\]",
        r"(?:LIST|\(~LIST~\))~\|~EACH~\{~\(?~\[char\]~\(?~(?:\[int\])?~\$_~"
        r"(?:-bxor~(NUM)~)?\)?~\)?~\}",
        _characters,
    ),
    _rule(r"\+", r"STR(?:~\+~STR)+", _plus),
    _rule(",", "ANY(?:~,~ANY)+", _listed),
    _rule("-f", r"STR~-f~(?:ANY(?!~[,\[.])|\(~ANY~\))", _format),
    _rule("-join", r"(?<!END)(?<!END )-join~(?:\(~ANY~\)|STR(?!~[,\[.]))", _join_all),
    _rule("-join", r"(?:(?<!\w)\(~ANY~\)|ANY)~-join~(?:(STR)|NONE)", _join_by_last),
    _rule(
        "::join",
        r"\[(?:system\.)?string\]::join\(~(?:(STR|(?=LIST))|NONE)~,?~(?:ANY|\(~ANY~\))~\)",
        _join_by_first,
    ),
    _rule(r"\[", r"FROM\[~(LIST)~\]", _index),
    _rule(
        r"\.\.",
        r"FROM\[~(INT)\.\.~(INT|-~\(?~(?:\$\w{1,64}|STR)\.(?:length|count)~\)?)~\]",
        _index_range,
    ),
    _rule(r"\[", r"FROM\[~(INT)~\]", _index_one),
    _rule(
        "replace",
        r"STR~(?:(-[ic]?replace)~|\.replace\s{0,4}(?=\())(?:\(~ANY~\)|ANY(?!~[,\[.]))",
        _replace,
    ),
    _rule("split", r"STR~(?:-[ic]?split~|\.split\s{0,4}(?=\())(?:\(~STR~\)|STR)", _split),
    _rule("substring", r"STR\.substring\(~(?:(\d{1,7})|LIST)~\)", _substring),
    _rule(r"\.to|\.trim", r"STR#\.(tolower|toupper|tostring|trim)(?:invariant)?\(~\)", _cased),
    _rule(
        "::matches",
        r"\[regex\]::matches\(~LIST~\)(?:~\|~EACH~\{\s{0,4}\$_(?:\.value)?\s{0,4}\})?",
        _backwards,
    ),
    _rule(
        r"\(",
        r"(^|[^\w\])}'\"]|\b(?:iex|return|in|invoke-expression)~)\(~(STR)~\)",
        _bare,
    ),
    _rule(r"\(", r"()\(~(\(~LIST~\))~\)", _bare),
    _rule(r"\.", r"\.\s{0,4}STR#(?=\s{0,4}[(.])", _method),
    _rule(r"[&.]", rf"(?<![\w)\]&])([&.])~STR#(?=[\s;|)}}{OPEN}]|$)", _command),
)
