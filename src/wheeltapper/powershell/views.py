"""The two texts of a command that models look at: as it came, and unwrapped in normal form.

A long text is looked at in several windows, at the same share of both texts, since what matters
may stand anywhere in a script and a model that reads only its head can be padded away from it.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.encode import LENGTH, Codes, encode
from wheeltapper.powershell.layer import Unwrapped
from wheeltapper.powershell.normalise import normalise
from wheeltapper.powershell.unwrap import Limits, unwrap

LONGEST = 16_384
"""Characters of either text that models look at."""
MOST_WINDOWS = 4
LIMITS = Limits(characters=200_000)
"""Scoring needs no more of a text than this."""


@dataclass(frozen=True, slots=True)
class Views:
    """A command, ready to be judged."""

    raw: str
    plain: str
    """Unwrapped and in normal form."""
    unwrapped: Unwrapped


def view(text: str, limits: Limits = LIMITS) -> Views:
    """Both texts of a command."""
    unwrapped = unwrap(text, limits)
    return Views(text[:LONGEST], normalise(unwrapped.whole), unwrapped)


_SHELL = re.compile(
    r"[\"'\s]*(?:[\w:\\/ .%()-]*[\\/])?(?:powershell|pwsh)(?:_ise)?(?:\.exe)?[\"'\s]*",
    re.IGNORECASE,
)


def only_a_shell(text: str) -> bool:
    """A command line that starts PowerShell and asks it for nothing: there is nothing to judge."""
    return len(text) < 300 and _SHELL.fullmatch(text) is not None


def windows(
    raw: str, plain: str, length: int = LENGTH, most: int = MOST_WINDOWS
) -> list[tuple[str, str]]:
    """Pieces of both texts, of at most `length` characters each, from head to tail."""
    longest = max(len(raw), len(plain))
    count = min(most, max(1, -(-longest // length)))
    return [window_at(raw, plain, at / max(1, count - 1), length) for at in range(count)]


def window_at(raw: str, plain: str, share: float, length: int = LENGTH) -> tuple[str, str]:
    """One window of both texts, `share` of the way from head to tail."""
    a, b = (int(share * max(0, len(text) - length)) for text in (raw, plain))
    return raw[a : a + length], plain[b : b + length]


def pooled(
    scores: npt.NDArray[np.float64], owner: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """One score a command from those of its windows: half the greatest, half the mean.

    The mean alone drowns one bad window in a long script; the greatest alone makes every long
    script suspicious.
    """
    mean = np.bincount(owner, scores) / np.bincount(owner)
    greatest = np.full(len(mean), -np.inf)
    np.maximum.at(greatest, owner, scores)
    return np.asarray((mean + greatest) / 2)


def encoded(pieces: list[tuple[str, str]]) -> tuple[Codes, Codes]:
    """Codes of windows: two arrays of shape (len(pieces), L), L the longest, a multiple of 32."""
    longest = max((len(t) for pair in pieces for t in pair), default=0)
    length = min(LENGTH, -(-max(longest, 32) // 32) * 32)
    raw = np.zeros((len(pieces), length), np.uint8)
    plain = np.zeros((len(pieces), length), np.uint8)
    for row, (a, b) in enumerate(pieces):
        raw[row], plain[row] = encode(a, length), encode(b, length)
    return raw, plain
