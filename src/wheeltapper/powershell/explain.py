"""Why a command has its score: what it would be without each part of it, its layers, what it is
like, ATT&CK techniques.

Method: occlusion (Zeiler and Fergus, 2014, section 4) over spans of text: the command is cut into
some spans, each is left out in turn, and what the score loses is what the span carries; the
weightiest is cut again. So it explains any model, the ensemble too. Of a wrapped command the
innermost text is explained, where the meaning is. Cost: some fifty scores.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.attack import Technique, techniques
from wheeltapper.powershell.known import Near, nearest
from wheeltapper.powershell.models import Model
from wheeltapper.powershell.normalise import normalise
from wheeltapper.powershell.views import LONGEST, Views, only_a_shell, view

SPANS = 24
_BREAK = re.compile(r"[;|\n{}]+\s*|(?<=\))\s+|\s+(?=-\w)|\s+(?=['\"$\[(])|,\s*")
_TOLD = 6

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the text that was explained."""

    start: int
    end: int
    text: str
    weight: float
    """What the score loses without it, in log-odds; below 0 where it speaks for the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Of one command."""

    score: float
    verdict: str
    text: str
    """What the spans are of: the command, or what is inside it."""
    spans: list[Span]
    """The weightiest first."""
    techniques: list[Technique]
    nearest: list[Near]
    """Known examples that are most like it, malicious or benign."""
    views: Views


def verdict(score: float, thresholds: dict[str, float], text: str = "") -> str:
    """`malicious`, `suspicious` or `ordinary`: reached by 1 in 1,000 or 100 of benign.

    A `text` that only starts the shell is ordinary: models know it from attacks alone.
    """
    if only_a_shell(text):
        return "ordinary"
    if score >= thresholds["1e-3"]:
        return "malicious"
    return "suspicious" if score >= thresholds["1e-2"] else "ordinary"


def explain(text: str, model: Model) -> Explanation:
    """Score a command and say what the score rests on."""
    views = view(text)
    wrapped = len(views.unwrapped.layers) > 1
    inner = (views.unwrapped.inner if wrapped else text)[:LONGEST]
    score = float(model.score([(views.raw, views.plain)])[0])
    base = float(model.score([_pair(inner, views, wrapped)])[0])
    spans = _weighed(inner, _cut(inner, 0, len(inner)), base, views, wrapped, model)
    if spans:
        top = max(spans, key=lambda span: span.weight)
        finer = _cut(inner, top.start, top.end, fine=True)
        if len(finer) > 1:
            spans = [span for span in spans if span is not top]
            spans += _weighed(inner, finer, base, views, wrapped, model)
    spans.sort(key=lambda span: (-abs(span.weight), span.start))
    return Explanation(
        score=score,
        verdict=verdict(score, model.card.thresholds, text),
        text=inner,
        spans=spans[:_TOLD],
        techniques=techniques(views),
        nearest=max((nearest(views.plain), nearest(normalise(inner))), key=_likeness),
        views=views,
    )


def _likeness(found: list[Near]) -> float:
    return found[0].likeness if found else 0.0


def weights(found: Explanation, model: Model, length: int) -> list[tuple[str, Weights]]:
    """What the score loses without the characters around each, over the first `length`.

    Of the command as it came, and of what is inside where it was wrapped: each with its text, shape
    (length,); below 0 where characters speak for the command.
    """
    views = found.views
    outside = _weights(views.raw[:length], length, model, lambda left: _both(left))
    if len(views.unwrapped.layers) == 1:
        return [(views.raw[:length], outside)]
    rest = found.text[length:]
    inside = _weights(
        found.text[:length], length, model, lambda left: _pair(left + rest, views, True)
    )
    return [(views.raw[:length], outside), (found.text[:length], inside)]


def _both(text: str) -> tuple[str, str]:
    seen = view(text)
    return seen.raw, seen.plain


def _weights(
    text: str, length: int, model: Model, pair: Callable[[str], tuple[str, str]]
) -> Weights:
    weight = np.zeros(length, np.float32)
    width = max(8, -(-len(text) // 48))
    starts = range(0, len(text), width)
    pairs = [pair(text), *(pair(text[:at] + text[at + width :]) for at in starts)]
    base, *scores = model.score(pairs)
    for at, score in zip(starts, scores, strict=True):
        weight[at : min(at + width, len(text))] = base - score
    return weight


def _pair(inner: str, views: Views, wrapped: bool) -> tuple[str, str]:
    """A wrapped command keeps its outside as it is; what is inside is what is changed."""
    return (views.raw if wrapped else inner, normalise(inner))


def _cut(text: str, start: int, end: int, fine: bool = False) -> list[tuple[int, int]]:
    """Places of spans within a part of the text: statements, or words when `fine`."""
    pattern = re.compile(r"\s+|(?<=[=(.,:\\/])") if fine else _BREAK
    ends = [m.end() for m in pattern.finditer(text, start, end) if start < m.end() < end]
    places = [start, *ends, end]
    while len(places) - 1 > SPANS:
        places = [*places[:-1:2], places[-1]]
    return [(a, b) for a, b in pairwise(places) if text[a:b].strip()]


def _weighed(
    text: str, places: list[tuple[int, int]], base: float, views: Views, wrapped: bool, model: Model
) -> list[Span]:
    pairs = [_pair(text[:a] + " " + text[b:], views, wrapped) for a, b in places]
    scores = model.score(pairs)
    return [
        Span(a, b, text[a:b], base - float(score))
        for (a, b), score in zip(places, scores, strict=True)
    ]
