"""How an attacker may write a command otherwise so that a model looks past it: text in, text out.

For measuring only. Models learn from other cases, other names of variables and commands that
`powershell.exe` starts (`augment`), and from nothing else that is done here: blanks and remarks
between words, benign scripts before or after, and wrappers that `unwrap` does not take off. Written
here; nothing is ever run.
"""

import random
import re
from collections.abc import Callable, Sequence

from wheeltapper.powershell.views import LONGEST

Benign = Sequence[str]
"""Benign texts that an attacker may hide behind."""
Trick = Callable[[str, random.Random, Benign], str]

_VARIABLE = re.compile(r"\$([A-Za-z]\w{0,40})\b(?!:)")
_KEPT = {"_", "env", "true", "false", "null", "args", "input", "this", "pshome", "psscriptroot"}
_REMARKS = ("checked", "see the handbook", "monthly report", "as agreed", "do not change")
_NAMES = ("iex", "invoke-expression", "new-object", "start-process", "invoke-webrequest")
_PIECES = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"`]|`.)*\")", re.DOTALL)


def _as_it_came(text: str, _rng: random.Random, _benign: Benign) -> str:
    return text


def _case(text: str, rng: random.Random, _benign: Benign) -> str:
    return "".join(c.upper() if rng.random() < 0.5 else c.lower() for c in text)


def _blanks(text: str, rng: random.Random, _benign: Benign) -> str:
    """Runs of blanks and tabs for each blank, and blanks around what stands alone."""
    spaced = re.sub(r"[|;=,{}]", lambda m: f" {m[0]} ", text)
    return re.sub(" +", lambda _: "".join(rng.choices(" \t", k=rng.randint(2, 8))), spaced)


def _names(text: str, rng: random.Random, _benign: Benign) -> str:
    """Variables are called like those of an administrator's script."""
    words = ("Report", "Server", "User", "Backup", "Folder", "Date", "Mailbox", "Printer", "Count")
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        old = found[1].lower()
        if old in _KEPT:
            return found[0]
        return names.setdefault(old, f"${rng.choice(words)}{rng.choice(words)}{len(names)}")

    return _VARIABLE.sub(name, text)


def _remarks(text: str, rng: random.Random, _benign: Benign) -> str:
    """Remarks between words, outside of strings."""
    parts = _PIECES.split(text)

    def blank(_: re.Match[str]) -> str:
        return f" <# {rng.choice(_REMARKS)} #> " if rng.random() < 0.5 else " "

    parts[::2] = [re.sub(" ", blank, part) for part in parts[::2]]
    return f"# {rng.choice(_REMARKS)}\n" + "".join(parts)


def _started(text: str, rng: random.Random, _benign: Benign) -> str:
    """As a task or another program starts it, where that can be one line of some length."""
    if len(text) > 2_000:
        return text
    line = re.sub(r"\s*\n\s*", "; ", text.strip())
    return f"powershell.exe {rng.choice(('-noexit ', '-NonInteractive ', ''))}-command {line}"


def _behind(least: int) -> Trick:
    def behind(text: str, rng: random.Random, benign: Benign) -> str:
        return f"{_much(least, rng, benign)}\n{text}"

    return behind


def _before(least: int) -> Trick:
    def before(text: str, rng: random.Random, benign: Benign) -> str:
        return f"{text}\n{_much(least, rng, benign)}"

    return before


def _between(text: str, rng: random.Random, benign: Benign) -> str:
    return f"{_much(LONGEST, rng, benign)}\n{text}\n{_much(LONGEST, rng, benign)}"


def _much(least: int, rng: random.Random, benign: Benign) -> str:
    found = ""
    while len(found) < least:
        found += rng.choice(benign) + "\n"
    return found[: least + 1000]


def _hex(text: str, _rng: random.Random, _benign: Benign) -> str:
    data = " ".join(f"{byte:02x}" for byte in text.encode("utf-8", "replace"))
    return (
        f"$d='{data}'.Split(' ')|ForEach-Object{{[Convert]::ToByte($_,16)}};"
        "& ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString($d)))"
    )


def _exclusive_or(text: str, rng: random.Random, _benign: Benign) -> str:
    key = rng.randint(1, 255)
    data = ",".join(str(byte ^ key) for byte in text.encode("utf-8", "replace"))
    return (
        f"[byte[]]$b={data};for($i=0;$i -lt $b.Length;$i++){{$b[$i]=$b[$i] -bxor {key}}};"
        "& ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString($b)))"
    )


def _turned(text: str, _rng: random.Random, _benign: Benign) -> str:
    backwards = text[::-1].replace("'", "''")
    return (
        f"$c='{backwards}'.ToCharArray();[array]::Reverse($c);& ([ScriptBlock]::Create(-join $c))"
    )


def _shifted(text: str, rng: random.Random, _benign: Benign) -> str:
    """Every letter some places on in the alphabet."""
    by = rng.randint(1, 25)
    small = "abcdefghijklmnopqrstuvwxyz"
    moved = small[by:] + small[:by]
    hidden = text.translate(str.maketrans(small + small.upper(), moved + moved.upper()))
    hidden = hidden.replace("'", "''")
    return (
        f"$t='{hidden}';$r=-join($t.ToCharArray()|%{{$n=[int]$_;if($n -ge 97 -and $n -le 122)"
        f"{{[char](97+($n-97+{26 - by})%26)}}elseif($n -ge 65 -and $n -le 90)"
        f"{{[char](65+($n-65+{26 - by})%26)}}else{{$_}}}});& ([ScriptBlock]::Create($r))"
    )


def _sums(text: str, rng: random.Random, _benign: Benign) -> str:
    """Names of commands out of sums of numbers."""

    def summed(found: re.Match[str]) -> str:
        parts = []
        for letter in found[0]:
            less = rng.randint(1, 40)
            parts.append(f"[char]({ord(letter) - less}+{less})")
        return f"& (-join({','.join(parts)}))"

    return _named(text, summed)


def _wildcards(text: str, _rng: random.Random, _benign: Benign) -> str:
    """Names of commands found by a pattern that fits them alone."""

    def found(m: re.Match[str]) -> str:
        name = m[0].lower()
        pattern = f"{name[0]}*{name[-1]}" if len(name) < 5 else f"{name[:2]}*-{name[-3]}*{name[-1]}"
        return f"& (Get-Command {pattern})"

    return _named(text, found)


def _named(text: str, change: Callable[[re.Match[str]], str]) -> str:
    pattern = "|".join(map(re.escape, _NAMES))
    return re.sub(rf"(?<![\w-])(?:{pattern})(?![\w-])", change, text, flags=re.IGNORECASE)


def _junk(text: str, rng: random.Random, _benign: Benign) -> str:
    """Strings full of what a true pattern takes out again."""
    mark = rng.choice(("~", "@", "!"))

    def filled(found: re.Match[str]) -> str:
        if found[0][0] != "'" or len(found[0]) < 6:
            return found[0]
        inner = re.sub(r"(?<=\w)(?=\w)", lambda _: mark * (rng.random() < 0.4), found[0][1:-1])
        return f"('{inner}' -replace '[{mark}]+')"

    return _PIECES.sub(filled, text)


TRICKS: dict[str, Trick] = {
    "as it came": _as_it_came,
    "case": _case,
    "blanks": _blanks,
    "names of variables": _names,
    "remarks": _remarks,
    "started by powershell.exe": _started,
    "behind 1,024 benign characters": _behind(1_024),
    "before 4,096 benign characters": _before(4_096),
    "behind 16,384 benign characters": _behind(LONGEST),
    "between twice 16,384": _between,
    "names by wildcard": _wildcards,
    "names by sums": _sums,
    "junk in strings": _junk,
    "letters shifted": _shifted,
    "backwards": _turned,
    "hexadecimal": _hex,
    "exclusive or": _exclusive_or,
}
"""By name; the last seven are wrappers and ways to write that no model has seen."""
