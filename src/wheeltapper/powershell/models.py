"""The shipped models, ready to score: ONNX Runtime and NumPy are all they need.

`traditional` is the 3-gram model, `words` the other linear one, `cnn` the paper's network,
`branches` ours, `ensemble` the sum of those that its card names. A score is in log-odds, under a
mix of as many malicious as benign texts; what it is worth is read off the card's thresholds.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from wheeltapper.errors import ConfigError
from wheeltapper.powershell import card as cards
from wheeltapper.powershell.card import Card
from wheeltapper.powershell.encode import LENGTH
from wheeltapper.powershell.ngrams import AT_ONCE, KINDS, Bag, Linear, bags
from wheeltapper.powershell.views import MOST_WINDOWS, encoded, pooled, windows

SHIPPED = Path(__file__).parent / "shipped"
LINEAR = {"traditional": "3-grams", "words": "words-both"}
"""Linear models that are shipped, and what each counts."""
NETWORKS = ("branches", "cnn")
NAMES = ("ensemble", *NETWORKS, *LINEAR)
BATCH = 64
WINDOW = 512
"""Characters that `branches` looks at at once."""

Pairs = Sequence[tuple[str, str]]
Scores = npt.NDArray[np.float64]


class Model(Protocol):
    """What scores commands."""

    card: Card

    def score(self, pairs: Pairs) -> Scores:
        """Log-odds of commands, both texts of each given (`views.view`)."""
        ...


class Network:
    """A network in ONNX Runtime. On one thread: the same text has the same score everywhere."""

    def __init__(self, card: Card, content: bytes) -> None:
        self.card = card
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._window = LENGTH if self._inputs == ["raw"] else WINDOW

    def score(self, pairs: Pairs) -> Scores:
        if not pairs:
            return np.empty(0)
        pieces, owner = list[tuple[str, str]](), list[int]()
        for number, pair in enumerate(pairs):
            own = windows(*pair, self._window, MOST_WINDOWS * LENGTH // self._window)
            pieces += own
            owner += [number] * len(own)
        # Texts of like length side by side: a batch costs what its longest does.
        order = sorted(range(len(pieces)), key=lambda i: max(map(len, pieces[i])))
        found = np.empty(len(pieces))
        own_bags = bags(pairs) if "places" in self._inputs else []
        for at in range(0, len(order), BATCH):
            part = order[at : at + BATCH]
            codes = dict(zip(("raw", "plain"), encoded([pieces[i] for i in part]), strict=True))
            if self._inputs == ["raw"]:
                short = LENGTH - codes["raw"].shape[1]
                codes = {"raw": np.pad(codes["raw"], ((0, 0), (0, short)))}
            inputs: dict[str, Any] = codes
            if "places" in self._inputs:
                inputs |= _filled_up([own_bags[owner[i]] for i in part])
            (scores,) = self._session.run(["scores"], inputs)
            found[part] = np.asarray(scores).reshape(-1)
        return pooled(found, np.array(owner))


def _filled_up(bags: Sequence[Bag]) -> dict[str, Any]:
    """3-grams of several commands side by side, as the network's file takes them."""
    longest = max(len(places) for places, _ in bags)
    places = np.zeros((len(bags), longest), np.int64)
    values = np.zeros((len(bags), longest), np.float32)
    for row, (own_places, own_values) in enumerate(bags):
        places[row, : len(own_places)] = own_places
        values[row, : len(own_values)] = own_values
    return {"places": places, "values": values}


class Traditional:
    """A linear model."""

    def __init__(self, card: Card, weights: npt.NDArray[np.float32]) -> None:
        self.card = card
        self._linear = Linear(KINDS[LINEAR[card.name]], weights, card.bias)

    def score(self, pairs: Pairs) -> Scores:
        return self._linear.score_all(pairs)


class Ensemble:
    """Several models: the sum of their scores."""

    def __init__(self, card: Card, parts: Sequence[Model]) -> None:
        self.card = card
        self._parts = tuple(parts)

    def score(self, pairs: Pairs) -> Scores:
        found = np.zeros(len(pairs))
        for at in range(0, len(pairs), AT_ONCE):  # so that parts find n-grams that were counted
            some = slice(at, at + AT_ONCE)
            for part in self._parts:
                found[some] += part.score(pairs[some])
        return found


@cache
def load(name: str = "ensemble", folder: Path = SHIPPED) -> Model:
    """A shipped model.

    Raises
    ------
    ConfigError   if there is none of that name, or its file and card do not belong together
    """
    if name not in NAMES:
        raise ConfigError(f"no model {name!r}; there are: {', '.join(NAMES)}")
    card_file = folder / f"{name}.toml"
    if name == "ensemble":
        parts = parts_of(card_file)
        card = cards.load(card_file, *(path_of(part, folder) for part in parts))
        return Ensemble(card, [load(part, folder) for part in parts])
    file = path_of(name, folder)
    card = cards.load(card_file, file)
    if name in LINEAR:
        weights = np.load(file, allow_pickle=False).astype(np.float32)
        return Traditional(card, weights)
    return Network(card, file.read_bytes())


def parts_of(card_file: Path) -> tuple[str, ...]:
    """Which models an ensemble adds up, as its card says; only names that there are."""
    try:
        parts = tomllib.loads(card_file.read_text(encoding="utf-8"))["parts"]
        known = tuple(name for name in (*NETWORKS, *LINEAR) if name in parts)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ConfigError(f"{card_file}: cannot be read: {error}; make models") from error
    return known


def shipped(folder: Path = SHIPPED) -> list[str]:
    """Names of the models that are there."""
    return [name for name in NAMES if (folder / f"{name}.toml").is_file()]


def path_of(name: str, folder: Path = SHIPPED) -> Path:
    """The file of a model."""
    return folder / (f"{name}.npy" if name in LINEAR else f"{name}.onnx")
