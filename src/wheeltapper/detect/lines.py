"""Lines: where in a TOML file an entry, or one of its fields, stands."""

import re
from collections.abc import Iterator

HEADER = re.compile(r"\s*(\[{1,2})([^\[\]]+)\]")
KEY = re.compile(r"\s*([\w.'\" -]+?)\s*=")
DECODING = re.compile(r"at line (\d+)")


class Lines:
    """Line numbers of one file's tables and keys, by their full names."""

    def __init__(self, text: str) -> None:
        self._at: dict[str, int] = {}
        self._last = text.count("\n") + 1
        for name, number in _named(text):
            self._at.setdefault(name, number)

    def of(self, *names: str) -> int:
        """Line of `entry`, `entry.field` …: of the longest beginning that is found."""
        while names:
            if found := self._at.get(".".join(names)):
                return found
            names = names[:-1]
        return 1

    def of_error(self, message: str) -> int:
        """The line that a decoder's message names; the last one where the end is missing."""
        told = DECODING.search(message)
        return int(told[1]) if told else self._last


def _named(text: str) -> Iterator[tuple[str, int]]:
    """Names with their lines; the nth of `[[several]]` is `several#n`."""
    table, closing = "", ""
    several: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:  # within a text of several lines nothing is a name
            closing = "" if closing in line else closing
            continue
        if header := HEADER.match(line):
            table = _plain(header[2])
            if header[1] == "[[":
                several[table] = several.get(table, 0) + 1
                table = f"{table}#{several[table]}"
            yield table, number
        elif key := KEY.match(line):
            yield f"{table}.{_plain(key[1])}".lstrip("."), number
            rest = line[key.end() :].lstrip()
            for quotes in ('"""', "'''"):
                if rest.startswith(quotes) and quotes not in rest[3:]:
                    closing = quotes


def _plain(name: str) -> str:
    """A name in TOML without its spaces and quotes."""
    return re.sub(r"[\s\"']", "", name)
