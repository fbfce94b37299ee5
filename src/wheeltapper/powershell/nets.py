"""The networks in PyTorch: how they are built and trained. Scoring needs none of this: see `onnx`.

- `cnn`: the 4-layer network of Hendler, Kels and Rubin (2018), section 4: the image of the text as
  it came, 128 kernels of 62 x 3, max-pooling by 8, two dense layers of 256 with dropout 0.5.
- `branches`: ours. A window of the text as it came and one of its unwrapped normal form each go
  through learned columns for the codes and two convolutions, and leave the greatest and the mean of
  what they find; the 3-grams and words of the whole text go through a hidden layer and straight to
  the output (wide and deep, Cheng et al., 2016). Branches are switched off now and then in
  training, so that none is leant on alone. What a window is filled up with is masked out: any
  length can be judged at its own cost.

Parameters are a dictionary of tensors and a network is a function of them: so the same names and
shapes are written to ONNX and nothing else has to be kept in step.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.encode import CODES, LENGTH, PAD, ROWS, TABLE, Codes
from wheeltapper.powershell.ngrams import BAG_BITS, Bag, bag
from wheeltapper.powershell.views import MOST_WINDOWS, encoded, pooled, window_at, windows

WIDE = 10.0
"""What comes straight from 3-grams and words counts so many times: so it is learned as fast."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some commands as a network sees them."""

    raw: Codes
    plain: Codes
    """Codes of a window of either text: shape (N, L)."""
    places: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    owner: npt.NDArray[np.int64]
    """3-grams and words of all commands one after the other, and which command each is of."""


Params = dict[str, Any]  # name to torch.Tensor; PyTorch is no dependency, so it has no types here
Pairs = Sequence[tuple[str, str]]

WINDOW = {"cnn": LENGTH, "branches": 512}
"""Characters that a network looks at at once."""
BATCH = 64
SAMPLES = {"cnn": 48_000, "branches": 24_000}
"""Windows that a network is trained on, all in all."""
RATE = {"cnn": 1e-3, "branches": 3e-3}
SLOWER = {"dense1_weight": 1 / 30}
"""Share of the rate for weights with so many inputs, all above 0: a step of Adam moves them all
alike, and a full one throws a unit of 16,256 inputs so far that it is never heard of again."""
_AT_ONCE = 8
"""Batches that are drawn together and sorted by length: filling up is what costs most."""
_WIDTH, _FOUND, _HIDDEN = 32, 64, 16
_OFF = 0.2
"""Chance that a sample is learned from one branch alone."""


def start(name: str, seed: int) -> Params:
    """Parameters before training."""
    import torch

    shapes = SHAPES[name]
    generator = torch.Generator().manual_seed(seed)
    params = {}
    for key, shape in shapes.items():
        if key.endswith("_bias"):
            value = torch.zeros(shape)
        elif key == "bag_columns":
            value = torch.randn(shape, generator=generator) * 0.1
            value[:, 0] = 0
        elif key.endswith("_columns"):
            value = torch.randn(shape, generator=generator) * 0.5
            value[PAD] = 0
        else:
            fan_in = int(np.prod(shape[1:]))
            value = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        params[key] = value.requires_grad_()
    return params


_POOLED = (LENGTH - 2) // 8


def _cnn_shapes() -> dict[str, tuple[int, ...]]:
    return {
        "conv_weight": (128, ROWS, 3), "conv_bias": (128,),
        "dense1_weight": (256, 128 * _POOLED), "dense1_bias": (256,),
        "dense2_weight": (256, 256), "dense2_bias": (256,),
        "out_weight": (1, 256), "out_bias": (1,),
    }  # fmt: skip


def _branches_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for branch in ("raw", "plain"):
        shapes |= {
            f"{branch}_columns": (CODES, 16),
            f"{branch}_conv1_weight": (_WIDTH, 16, 5), f"{branch}_conv1_bias": (_WIDTH,),
            f"{branch}_conv2_weight": (_FOUND, _WIDTH, 5), f"{branch}_conv2_bias": (_FOUND,),
        }  # fmt: skip
    return shapes | {
        "bag_columns": (1 << BAG_BITS, 1 + _HIDDEN), "bag_bias": (_HIDDEN,),
        "dense_weight": (64, 4 * _FOUND + _HIDDEN), "dense_bias": (64,),
        "out_weight": (1, 64), "out_bias": (1,),
    }  # fmt: skip


SHAPES = {"cnn": _cnn_shapes(), "branches": _branches_shapes()}


def _cnn(p: Params, x: Batch, train: bool) -> Any:
    import torch
    from torch.nn import functional as f

    raw = torch.from_numpy(x.raw.astype(np.int64))
    image = torch.from_numpy(TABLE)[raw].transpose(1, 2)
    image = f.pad(image, (0, min(10, LENGTH - image.shape[2])))
    found = f.max_pool1d(torch.relu(f.conv1d(image, p["conv_weight"], p["conv_bias"])), 8)
    # Beyond the end all windows are empty, and give what the bias gives: no need to look at them.
    empty = torch.relu(p["conv_bias"])[None, :, None].to(found.dtype)
    beyond = _POOLED - found.shape[2]
    found = torch.cat([found, empty.expand(len(raw), -1, beyond)], 2)
    hidden = torch.relu(f.linear(found.flatten(1), p["dense1_weight"], p["dense1_bias"]))
    hidden = f.dropout(hidden, 0.5, train)
    hidden = torch.relu(f.linear(hidden, p["dense2_weight"], p["dense2_bias"]))
    return f.linear(f.dropout(hidden, 0.5, train), p["out_weight"], p["out_bias"])[:, 0]


def _branches(p: Params, x: Batch, train: bool) -> Any:
    import torch
    from torch.nn import functional as f

    count = len(x.raw)
    codes = [torch.from_numpy(part.astype(np.int64)) for part in (x.raw, x.plain)]
    values = torch.from_numpy(x.values)
    if train:
        values = values * (torch.rand(values.shape) > _OFF) / (1 - _OFF)
    with torch.autocast("cpu", enabled=False):
        rows = p["bag_columns"][torch.from_numpy(x.places)]
        owner = torch.from_numpy(x.owner)
        bag = torch.zeros(count, 1 + _HIDDEN).index_add(0, owner, rows * values[:, None])
    wide, deep = bag[:, 0], torch.relu(bag[:, 1:] + p["bag_bias"])
    parts = [_branch(p, "raw", codes[0]), _branch(p, "plain", codes[1]), deep]
    if train:
        on = (torch.rand(4, count, 1) > _OFF).float() / (1 - _OFF)
        parts = [part * on[at] for at, part in enumerate(parts)]
        wide = wide * on[3, :, 0]
    found = f.dropout(torch.cat(parts, 1), 0.2, train)
    hidden = torch.relu(f.linear(found, p["dense_weight"], p["dense_bias"]))
    return f.linear(hidden, p["out_weight"], p["out_bias"])[:, 0] + WIDE * wide


def _branch(p: Params, name: str, codes: Any) -> Any:
    import torch
    from torch.nn import functional as f

    there = (codes != PAD).float()[:, None, :]
    columns = p[f"{name}_columns"][codes].transpose(1, 2) * there
    first = f.conv1d(columns, p[f"{name}_conv1_weight"], p[f"{name}_conv1_bias"], padding=2)
    first = f.max_pool1d(torch.relu(first) * there, 4)
    there = f.max_pool1d(there, 4)
    second = f.conv1d(first, p[f"{name}_conv2_weight"], p[f"{name}_conv2_bias"], padding=2)
    second = torch.relu(second) * there
    size = there.sum(2).clamp(min=1)
    return torch.cat([second.amax(2), second.sum(2) / size], 1)


FORWARD: dict[str, Callable[[Params, Batch, bool], Any]] = {
    "cnn": _cnn,
    "branches": _branches,
}


def train(
    name: str,
    texts: Sequence[Pairs],
    label: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    *,
    seed: int,
    samples: int = 0,
    bags: dict[str, Bag] | None = None,
    told: Callable[[int, float], None] = lambda _step, _loss: None,
) -> Params:
    """Train a network.

    Parameters
    ----------
    texts    of each record, as it is and written otherwise: both texts of a command
    weight   how often a record is drawn; sums to 1
    samples  windows, all in all; 0 for the usual
    bags     keeps 3-grams that were counted, from one training to the next
    told     is told step and loss now and then

    Returns
    -------
    the mean of the parameters over the last steps, which is steadier than the last
    """
    import torch

    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    params = start(name, seed)
    rates = [RATE[name] * SLOWER.get(key, 1.0) for key in params]
    groups = [
        {"params": [value], "lr": rate} for value, rate in zip(params.values(), rates, strict=True)
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-3, fused=True)
    steps = max(2, (samples or SAMPLES[name]) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps)
    mean = {key: value.detach().clone() for key, value in params.items()}
    batches = _batches(name, texts, weight, steps, rng, {} if bags is None else bags)
    for step, (rows, batch) in enumerate(batches):
        target = torch.from_numpy(label[rows].astype(np.float32)) * 0.96 + 0.02
        with torch.autocast("cpu", torch.bfloat16):
            out = FORWARD[name](params, batch, True)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(out.float(), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        keep = 0.98 if step > steps // 2 else 0.0
        for key, value in params.items():
            mean[key].mul_(keep).add_(value.detach(), alpha=1 - keep)
        if step % 50 == 0:
            told(step, float(loss.detach()))
    return mean


def _batch(pieces: list[tuple[str, str]], bags: Sequence[Bag]) -> Batch:
    raw, plain = encoded(pieces)
    return Batch(
        raw,
        plain,
        np.concatenate([places for places, _ in bags]).astype(np.int64),
        np.concatenate([values for _, values in bags]),
        np.repeat(np.arange(len(bags)), [len(places) for places, _ in bags]),
    )


def _batches(
    name: str, texts: Sequence[Pairs], weight: npt.NDArray[np.float64], steps: int,
    rng: np.random.Generator, bags: dict[str, Bag],
) -> Iterator[tuple[npt.NDArray[np.int64], Batch]]:  # fmt: skip
    """Rows of a batch, and a window of each; `bags` keeps what was counted."""
    nothing = np.empty(0, np.int64), np.empty(0, np.float32)
    for first in range(0, steps, _AT_ONCE):
        count = min(_AT_ONCE, steps - first)
        rows = rng.choice(len(texts), size=count * BATCH, p=weight)
        pairs = [texts[row][int(rng.integers(len(texts[row])))] for row in rows]
        pieces = [_drawn(pair, WINDOW[name], rng) for pair in pairs]
        order = np.argsort([max(map(len, piece)) for piece in pieces], kind="stable")
        for part in rng.permutation(order.reshape(count, BATCH)):
            own = [_kept(pairs[at], bags) if name == "branches" else nothing for at in part]
            yield rows[part], _batch([pieces[at] for at in part], own)


def _kept(pair: tuple[str, str], bags: dict[str, Bag]) -> Bag:
    found = bags.get(pair[0])
    if found is None:
        places, values = bag(*pair)
        found = bags[pair[0]] = places.astype(np.int32), values
    return found


def _drawn(pair: tuple[str, str], length: int, rng: np.random.Generator) -> tuple[str, str]:
    """A window of a text; the head more often than others."""
    share = 0.0 if rng.random() < 0.4 else float(rng.random())
    return window_at(*pair, share, length)


def score(name: str, params: Params, pairs: Pairs, batch: int = 128) -> npt.NDArray[np.float64]:
    """Log-odds of commands: the mean over their windows."""
    import torch

    pieces, owner = list[tuple[str, str]](), list[int]()
    for number, pair in enumerate(pairs):
        own = windows(*pair, WINDOW[name], MOST_WINDOWS * LENGTH // WINDOW[name])
        pieces += own
        owner += [number] * len(own)
    order = sorted(range(len(pieces)), key=lambda i: max(map(len, pieces[i])))
    found = np.empty(len(pieces))
    bags = [bag(*pair) if name == "branches" else bag("", "") for pair in pairs]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(order), batch):
            part = order[at : at + batch]
            x = _batch([pieces[i] for i in part], [bags[owner[i]] for i in part])
            found[part] = FORWARD[name](params, x, False).float().numpy()
    return pooled(found, np.array(owner))
