"""The judge of PowerShell commands, as `detect/models/commands` takes it: the shipped ensemble."""

from collections.abc import Sequence
from math import log2

from wheeltapper.detect.models.commands import Commands, Judged
from wheeltapper.powershell import models
from wheeltapper.powershell.attack import techniques
from wheeltapper.powershell.explain import verdict
from wheeltapper.powershell.views import only_a_shell, view

MOST_BITS = 14.0
"""A verdict is worth no more: beyond one in a thousand the thresholds are guessed on."""
UNSEEN_BITS = 2.0
"""Benign texts of collections that were not learned from reach the thresholds three to five times
as often (docs/powershell.md): so much less is a score worth on commands of an organisation."""
_TOLD = 300


def judge_of_commands(secret: bytes) -> Commands:
    """The judge, with the workspace's key for what it remembers."""
    return Commands(judge, secret)


def judge(texts: Sequence[str]) -> list[Judged]:
    """What the ensemble thinks of commands."""
    model = models.load()
    thresholds = model.card.thresholds
    seen = [view(text) for text in texts]
    scores = model.score([(one.raw, one.plain) for one in seen])
    return [
        Judged(
            form=one.plain,
            bits=0.0
            if only_a_shell(text)
            else bits(float(score), tuple(sorted(thresholds.values()))),
            score=round(float(score), 4),
            attack=tuple(t.id for t in techniques(one)),
            evidence={
                "title": f"PowerShell that looks {verdict(float(score), thresholds)}",
                "layers": [layer.how for layer in one.unwrapped.layers],
                "inside": one.unwrapped.inner[:_TOLD],
            },
        )
        for text, one, score in zip(texts, seen, scores, strict=True)
    ]


def bits(score: float, thresholds: tuple[float, ...]) -> float:
    """-log2 of the share of benign texts that score as high, less `UNSEEN_BITS`.

    `thresholds` are the scores that one benign text in 10, 100 and 1,000 reaches.
    """
    tenth, hundredth, thousandth = thresholds
    if score < tenth:
        return 0.0
    low, high, start = (tenth, hundredth, 1) if score < hundredth else (hundredth, thousandth, 2)
    decades = start + (score - low) / max(high - low, 1e-6)
    return min(MOST_BITS, decades * log2(10) - UNSEEN_BITS)
