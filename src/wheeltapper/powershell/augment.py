"""The same command written otherwise: what a model must not go by is made alike.

Benign and malicious texts alike are cut to some lines, put on one line, re-cased, re-quoted, their
variables renamed, remarks taken off, strings broken, words pierced with backticks, packed in the
same wrappers, and started by `powershell.exe` or not. So neither format nor the wrapper nor what
starts it tells the classes apart, and what does is left.
"""

import base64
import gzip
import random
import re
import zlib

LONGEST = 6_000
_VARIABLE = re.compile(r"\$([A-Za-z]\w{0,40})\b(?!:)")
_STRING = re.compile(r"'([^'\n$]{4,200})'")
_QUOTED = re.compile(r"\"([^\"\n$`']{1,200})\"|'([^\"\n$`']{1,200})'")
_REMARKS = re.compile(r"<#[^#]*(?:#(?!>)[^#]*)*#>|(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z]{4,}")
_SWITCHES = ("-nop", "-NoProfile", "-w hidden", "-NonInteractive", "-ep bypass", "-sta", "-NoLogo")
_NAMES = ("-enc", "-EncodedCommand", "-e", "-ec", "-eNco")
_SPECIAL = set("0abefnrtvux")
_SHELL = ("powershell", "powershell.exe", "PowerShell.exe", "pwsh", "pwsh.exe")
_FOLDER = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\"
_COMMAND = ("-Command", "-command", "-c", "/c")
_LAUNCHER = re.compile(
    r"""\s*(?:"?[\w:\\.%]*cmd(?:\.exe)?"?\s+/c\s+)?"?(?:[\w:\\.%]*\\)?(?:powershell|pwsh)(?:\.exe)?"?
    (?:\s+[-/](?:ep|ex\w*|(?![cef])\w+)(?:\s+(?![-/])\w+)?)*(?:\s+[-/]c\w*)?\s+(?=[^-/\s])""",
    re.IGNORECASE | re.VERBOSE,
)
_STARTS_ONE = re.compile(r"\b(?:powershell|pwsh)\b", re.IGNORECASE)
_LINE = 1_000
"""The longest command that somebody starts from outside."""


def vary(text: str, rng: random.Random) -> str:
    """The command written otherwise; the same random numbers give the same text."""
    text = _cut(text, rng)
    for chance, change in _CHANGES:
        if rng.random() < chance:
            text = change(text, rng)
    return text[: 4 * LONGEST]


def _cut(text: str, rng: random.Random) -> str:
    """Some lines that stand together: a few, or many."""
    lines = text.split("\n")
    if len(text) <= 400 and rng.random() < 0.7:
        return text
    wanted = int(10 ** rng.uniform(1.7, 3.6))
    start = rng.randrange(len(lines))
    kept, size = list[str](), 0
    for line in lines[start:]:
        kept.append(line)
        size += len(line) + 1
        if size >= wanted:
            break
    cut = "\n".join(kept)
    if not cut.strip():
        return text[:LONGEST]
    if len(cut) > wanted * 2 and len(cut) > LONGEST:
        at = rng.randrange(len(cut) - LONGEST)
        cut = cut[at : at + LONGEST]
    return cut[:LONGEST]


def _one_line(text: str, rng: random.Random) -> str:
    joiner = rng.choice(("; ", ";", " "))
    return re.sub(r"\s*\n\s*", joiner, text.strip())


def _more_lines(text: str, rng: random.Random) -> str:
    end = rng.choice(("\n", "\r\n", "\n    ", "\n\n"))
    return text.replace(";", end)


def _spaced(text: str, rng: random.Random) -> str:
    return re.sub(" +", lambda _: " " * rng.randint(1, 3), text)


def _without_remarks(text: str, _: random.Random) -> str:
    return _REMARKS.sub("", text).strip() or text


def _recased(text: str, rng: random.Random) -> str:
    how = rng.randrange(3)
    if how == 0:
        return text.lower()
    if how == 1:
        return text.upper() if rng.random() < 0.3 else text.lower()
    return "".join(c.upper() if rng.random() < 0.5 else c.lower() for c in text)


def _requoted(text: str, rng: random.Random) -> str:
    quote = rng.choice("'\"")
    return _QUOTED.sub(lambda m: f"{quote}{m[1] or m[2]}{quote}", text)


def _renamed(text: str, rng: random.Random) -> str:
    names: dict[str, str] = {}
    keep = {"_", "env", "true", "false", "null", "args", "pshome", "psscriptroot"}

    def name(found: re.Match[str]) -> str:
        old = found[1].lower()
        if old in keep:
            return found[0]
        if old not in names:
            letters = "abcdefghijklmnopqrstuvwxyz"
            names[old] = "".join(rng.choice(letters) for _ in range(rng.randint(1, 8)))
        return "$" + names[old]

    return _VARIABLE.sub(name, text)


def _broken(text: str, rng: random.Random) -> str:
    def halves(found: re.Match[str]) -> str:
        at = rng.randint(1, len(found[1]) - 1)
        return f"('{found[1][:at]}'+'{found[1][at:]}')"

    return _STRING.sub(lambda m: halves(m) if rng.random() < 0.5 else m[0], text)


def _pierced(text: str, rng: random.Random) -> str:
    def pierce(found: re.Match[str]) -> str:
        word = found[0]
        at = rng.randint(1, len(word) - 1)
        if rng.random() < 0.6 or word[at].lower() in _SPECIAL:
            return word
        return f"{word[:at]}`{word[at:]}"

    return _WORD.sub(pierce, text)


def _packed(text: str, rng: random.Random) -> str:
    how = rng.randrange(5)
    data = text.encode("utf-8", "replace")
    if how <= 1:
        switches = " ".join(rng.sample(_SWITCHES, rng.randrange(4)))
        packed = base64.b64encode(text.encode("utf-16-le", "replace")).decode()
        return f"powershell{rng.choice(('', '.exe'))} {switches} {rng.choice(_NAMES)} {packed}"
    if how == 2:
        packed = base64.b64encode(gzip.compress(data, mtime=0)).decode()
        stream = "IO.Compression.GzipStream"
    elif how == 3:
        packed = base64.b64encode(zlib.compress(data)[2:-4]).decode()
        stream = "IO.Compression.DeflateStream"
    else:
        packed = base64.b64encode(data).decode()
        return f"iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{packed}')))"
    return (
        f"$s=New-Object IO.MemoryStream(,[Convert]::FromBase64String('{packed}'));"
        f"IEX (New-Object IO.StreamReader(New-Object {stream}($s,"
        "[IO.Compression.CompressionMode]::Decompress))).ReadToEnd()"
    )


def _launched(text: str, rng: random.Random) -> str:
    """Started from outside, as by a task or a console; what was started so stands alone."""
    if found := _LAUNCHER.match(text):
        rest = text[found.end() :].strip()
        return rest.strip('"') or text
    if len(text) > _LINE or _STARTS_ONE.search(text):
        return text
    shell = rng.choice(_SHELL)
    if rng.random() < 0.2:
        shell = f'"{_FOLDER}powershell.exe"'
    switches = " ".join(rng.sample(_SWITCHES, rng.randrange(4)))
    line = _one_line(text, rng)
    if rng.random() < 0.5 and '"' not in line:
        line = f'"{line}"'
    outer = "cmd.exe /c" if rng.random() < 0.15 else ""
    return " ".join(filter(None, (outer, shell, switches, rng.choice(_COMMAND), line)))


_CHANGES = (
    (0.5, _without_remarks),
    (0.35, _one_line),
    (0.1, _more_lines),
    (0.15, _spaced),
    (0.3, _renamed),
    (0.2, _requoted),
    (0.15, _broken),
    (0.08, _pierced),
    (0.3, _recased),
    (0.12, _packed),
    (0.25, _launched),
)
