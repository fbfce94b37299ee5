"""PowerShell text as code with its strings taken out.

In goes any text, out comes a *skeleton*: the same text with every string whose value is known
replaced by a mark, and a table of the values. So a rule that looks for two strings with a plus
between them cannot mistake the end of one string for the start of another. `render` puts them back.

One pass, linear in the length; an unclosed string or comment leaves the rest as it is. Method: the
lexical structure of the PowerShell language specification 3.0, section 2.3, without what needs a
value that only a running shell has (`$` in double quotes), which stays as it is.
"""

import re
from dataclasses import dataclass, field

OPEN, CLOSE = "\ue000", "\ue001"
LIST_OPEN, LIST_CLOSE = "\ue002", "\ue003"
STRING = f"{OPEN}(\\d+){CLOSE}"
"""In a skeleton: a string, its number in the table as a group."""
LIST = f"{LIST_OPEN}(\\d+){LIST_CLOSE}"
"""A list of strings, or of numbers as they are written."""
_STOP = re.compile("['\"`#<]")
_QUOTES = str.maketrans("‘’‚‛“”„", "''''\"\"\"")
_OURS = str.maketrans(dict.fromkeys((OPEN, CLOSE, LIST_OPEN, LIST_CLOSE), "?"))
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    "v": "\v",
}  # fmt: skip
_BEFORE_COMMENT = " \t\r\n;|(){},&"
_EXPANDS = re.compile(r"\$[\w{(:?^$]")
_NEEDLESS = re.compile("`[^0abefnrtv`'\"$\\s]")
"""An escape of what needs none is there to break a word."""
_ESCAPED = re.compile(r"`(.)", re.DOTALL)


@dataclass(slots=True)
class Literals:
    """Values of strings and lists, and how each is written."""

    values: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    lists: list[tuple[str, ...]] = field(default_factory=list)
    lists_written: list[str] = field(default_factory=list)

    def add(self, value: str, written: str | None = None) -> str:
        """The mark of a new string."""
        self.values.append(value)
        self.written.append(_quote(value) if written is None else written)
        return f"{OPEN}{len(self.values) - 1}{CLOSE}"

    def add_list(self, values: tuple[str, ...], written: str) -> str:
        """The mark of a new list; `written` is skeleton."""
        self.lists.append(values)
        self.lists_written.append(written)
        return f"{LIST_OPEN}{len(self.lists) - 1}{LIST_CLOSE}"

    def render(self, skeleton: str) -> str:
        """The text of a skeleton, strings and lists in their places."""
        while LIST_OPEN in skeleton:  # a list's items may have been lists before: older ones
            skeleton = re.sub(LIST, lambda m: self.lists_written[int(m[1])], skeleton)
        return re.sub(STRING, lambda m: self.written[int(m[1])], skeleton)


def lex(text: str) -> tuple[str, Literals]:
    """Skeleton and table of a text; rendering it gives the text without escapes outside strings."""
    text = text.translate(_OURS)
    plain = text.translate(_QUOTES)
    literals, parts, at = Literals(), list[str](), 0
    while (found := _STOP.search(plain, at)) is not None:
        start = found.start()
        parts.append(text[at:start])
        at = _take(text, plain, start, literals, parts)
        if at < 0:  # not closed: to the end it is what it is
            parts.append(text[start:])
            return "".join(parts), literals
    parts.append(text[at:])
    return "".join(parts), literals


def _take(text: str, plain: str, start: int, literals: Literals, parts: list[str]) -> int:
    """Take what begins at a mark; where it ends, or -1 if it does not."""
    mark = plain[start]
    if mark == "`":
        following = text[start + 1 : start + 2]
        parts.append(following if following.isalnum() else mark + following)
        return start + 2
    if mark == "#":
        if start and text[start - 1] not in _BEFORE_COMMENT:
            parts.append(mark)
            return start + 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        parts.append(text[start:end])
        return end
    if mark == "<":
        if text[start + 1 : start + 2] != "#":
            parts.append(mark)
            return start + 1
        end = text.find("#>", start + 2)
        parts.append(text[start : end + 2] if end >= 0 else "")
        return end + 2 if end >= 0 else -1
    if start and text[start - 1] == "@" and plain[start + 1 : start + 2] in ("\n", "\r"):
        return _here(text, plain, start, literals, parts)
    return _quoted(text, plain, start, literals, parts)


def _here(text: str, plain: str, start: int, literals: Literals, parts: list[str]) -> int:
    end = plain.find(f"\n{plain[start]}@", start)
    if end < 0:
        return -1
    begin = plain.find("\n", start) + 1
    value = text[begin:end].removesuffix("\r") if end > begin else ""
    parts[-1] = parts[-1].removesuffix("@")
    written = f"@{text[start : end + 3]}"
    known = plain[start] == "'" or not _EXPANDS.search(value)
    parts.append(literals.add(value, written) if known else written)
    return end + 3


def _quoted(text: str, plain: str, start: int, literals: Literals, parts: list[str]) -> int:
    quote, at = plain[start], start + 1
    stop = re.compile("'" if quote == "'" else '["`]')
    while (found := stop.search(plain, at)) is not None:
        at = found.end()
        if plain[found.start()] == "`" or plain[at : at + 1] == quote:
            at += 1
        else:
            break
    if found is None:
        return -1
    inside, written = text[start + 1 : at - 1], text[start:at]
    value = inside.replace(quote * 2, quote)
    if quote == '"':
        if _EXPANDS.search(inside):
            parts.append(written)
            return at
        value = _ESCAPED.sub(lambda m: _ESCAPES.get(m[1], m[1]), value)
        written = _quote(value) if _NEEDLESS.search(inside) else written
    parts.append(literals.add(value, written))
    return at


def _quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
