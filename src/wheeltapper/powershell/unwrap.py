"""What is inside a PowerShell command line or script block, layer by layer; nothing is ever run.

In goes the text, out come all layers (`layer.Unwrapped`), the one that came and each that was in
another: the argument of `-EncodedCommand` in every abbreviation PowerShell takes, base64, gzip and
deflate, strings in pieces (`strings`), strings that are handed to `Invoke-Expression`.

Bounded in depth, layers, characters and, as every step is linear in those, time; what is beyond is
left and `cut` says so. Blind to what only a running shell knows: see `strings`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from wheeltapper.powershell import payload
from wheeltapper.powershell.layer import Layer, Unwrapped
from wheeltapper.powershell.lexer import OPEN, STRING
from wheeltapper.powershell.strings import Folded, fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far unwrapping goes."""

    depth: int = 8
    layers: int = 32
    characters: int = 1_000_000
    """Of all layers together. Of a longer text the first so many are looked at."""


DEFAULT = Limits()
_FLAGS = re.IGNORECASE | re.ASCII
_GAP = r"\s{0,20}"
_NAME = "encodedcommand"
_DASH = "[-/–—―]"
_SHORT = "|".join(sorted(["ec", *(_NAME[:n] for n in range(1, len(_NAME) + 1))], key=len)[::-1])
# PowerShell takes any beginning of a name, any of five dashes, and a colon for the gap.
_ENCODED = re.compile(
    rf"(?:^|[\s\"'{OPEN}]){_DASH}{{1,2}}(?:{_SHORT})(?:\s{{1,200}}|{_GAP}[:=]{_GAP})"
    rf"(?:{STRING}|[\"']?([A-Za-z0-9+/]{{16,}}={{0,2}}))",
    _FLAGS,
)
_DECODED = re.compile(
    rf"(?:\[[\w.]{{0,40}}encoding\]::\w{{1,20}}\.getstring\({_GAP})?"
    rf"\[[\w.]{{0,20}}convert\]::frombase64string\({_GAP}{STRING}{_GAP}\){_GAP}\)?",
    _FLAGS,
)
_RUN = re.compile(
    rf"(?:\b(?:iex|invoke-expression|icm|invoke-command|powershell(?:\.exe)?|pwsh)\b|"
    rf"[&.]|::create|\.invokescript|newscriptblock|{_DASH}c(?:o(?:m(?:m(?:a(?:n(?:d)?)?)?)?)?)?\b)"
    rf"[\s(:]{{0,20}}(?:{_DASH}c\w{{0,12}}\s{{1,20}})?{STRING}|{STRING}[\s)]{{0,20}}\|{_GAP}"
    rf"(?:[&.]{_GAP})?\(?{_GAP}(?:{STRING}|iex\b|invoke-expression\b)",
    _FLAGS,
)
_COMMAND = re.compile(r"[\s;|({$=]")
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_LEAST_BASE64 = 40


def unwrap(text: str, limits: Limits = DEFAULT) -> Unwrapped:
    """All layers of a text.

    Never raises, whatever the text. The same text gives the same layers.
    """
    whole = len(text) <= limits.characters
    layers = [Layer(how="as it came", text=text[: limits.characters], inside=0, depth=0)]
    left, cut, at = limits.characters, not whole, 0
    known = {layers[0].text}
    while at < len(layers):
        holder = layers[at]
        found, met = _inside(holder, left)
        cut |= met
        for how, inner in found:
            if inner in known or not inner.strip():
                continue
            if len(layers) >= limits.layers or holder.depth >= limits.depth or left < len(inner):
                cut = True
                break
            known.add(inner)
            left -= len(inner)
            layers.append(Layer(how=how, text=inner, inside=at, depth=holder.depth + 1))
        at += 1
    return Unwrapped(layers=tuple(layers), cut=cut)


def _inside(holder: Layer, left: int) -> tuple[list[tuple[str, str]], bool]:
    """What can be taken out of one layer: how, and the text."""
    folded = fold(holder.text)
    if folded.text != holder.text and holder.how != "strings put together":
        return [("strings put together", folded.text)], folded.cut
    run = _run(folded)
    handed = {text for _, text in run}
    return [*run, *_packed(folded, handed, left)], folded.cut


def _packed(folded: Folded, handed: set[str], left: int) -> list[tuple[str, str]]:
    texts: dict[str, str] = {}
    for found in _ENCODED.finditer(folded.skeleton):
        source = folded.literals.values[int(found[1])] if found[1] else found[2]
        texts.setdefault(source, "encoded command")
    for found in _DECODED.finditer(folded.skeleton):
        texts.setdefault(folded.literals.values[int(found[1])], "base64")
    for value in folded.literals.values:
        if value not in handed:
            texts |= {m[2]: "encoded command" for m in _ENCODED.finditer(value) if m[2]}
        if len(value) >= _LEAST_BASE64 and _LONG_BASE64.fullmatch(value):
            texts.setdefault(value, "base64")
    for found in _LONG_BASE64.finditer(folded.skeleton):
        texts.setdefault(found[0], "base64")
    decoded = []
    for source, name in texts.items():
        got = payload.decode(source, max(left, 1))
        if got is not None:
            decoded.append((name if got[0] == "base64" else got[0], got[1]))
    return decoded


def _run(folded: Folded) -> list[tuple[str, str]]:
    found = list[tuple[str, str]]()
    if OPEN not in folded.skeleton:
        return found
    for m in _RUN.finditer(folded.skeleton):
        number = m[1] or m[2]
        value = folded.literals.values[int(number)]
        if _COMMAND.search(value.strip()):
            found.append(("run by name", value))
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """One event 4104: a part of a script block."""

    block: str
    """ScriptBlockId."""
    number: int
    """MessageNumber, from 1."""
    of: int
    """MessageTotal."""
    text: str


def join_parts(parts: Iterable[Part]) -> dict[str, str]:
    """Script blocks in one piece, by id, parts in their order.

    A part that is missing leaves a gap of one line; the same part twice counts once.
    """
    blocks: dict[str, dict[int, str]] = {}
    for part in parts:
        blocks.setdefault(part.block, {}).setdefault(part.number, part.text)
    joined = {}
    for block, texts in blocks.items():
        numbers = sorted(texts)
        pieces = [texts[numbers[0]]]
        for before, number in pairwise(numbers):
            pieces.append(texts[number] if number == before + 1 else "\n" + texts[number])
        joined[block] = "".join(pieces)
    return joined
