"""Training of the shipped models: each on all records, its thresholds from folds it did not see.

Writes a file and a card a model (`models.NAMES`). Needs the extra `net` (PyTorch) for the networks.
A model that is rebuilt from the same data differs a little, since processors add in different
orders: `TOLERANCE` says by how much its figures may (what was measured: docs/powershell.md).
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.errors import WheeltapperError
from wheeltapper.powershell import known, metrics, nets, ngrams, splits
from wheeltapper.powershell.card import Card
from wheeltapper.powershell.evaluate import ENSEMBLES
from wheeltapper.powershell.models import LINEAR, NETWORKS, path_of
from wheeltapper.powershell.onnx_file import to_onnx
from wheeltapper.powershell.trials import C, Trial, Trials

TOLERANCE = {"auc": 0.01, "tpr_at_fpr_1e-2": 0.06}
"""Largest difference of a rebuilt model's figures on grouped folds."""
SEED = 1
_ABOUT = {
    "traditional": "How malicious a PowerShell command looks: logistic regression of 3-grams.",
    "words": "How malicious a PowerShell command looks: logistic regression of words.",
    "cnn": "How malicious a PowerShell command looks: the network of Hendler et al. (2018).",
    "branches": "How malicious a PowerShell command looks: windows, 3-grams, words.",
    "ensemble": "How malicious a PowerShell command looks: several models together.",
}
_METHOD = {
    "traditional": "hashed character 3-grams of the text as it came",
    "words": "hashed words of the text and of its unwrapped normal form",
    "cnn": "image of 62 x 1024, 128 kernels of 3, pooling by 8, dense 256 and 256",
    "branches": "convolutions over windows of 512, wide and deep over 3-grams and words",
    "ensemble": "sum of the scores of its parts",
}

Told = Callable[[str], None]
Scores = npt.NDArray[np.float64]


def train(
    trials: Trials,
    data_sha256: str,
    folder: Path,
    names: Sequence[str] = (*NETWORKS, *LINEAR),
    told: Told = lambda _: None,
) -> list[Card]:
    """Train models and write them into a folder, with an ensemble of those that belong to it.

    Raises
    ------
    WheeltapperError   where the packages that training needs are not installed
    """
    _look_for_packages(names)
    folder.mkdir(parents=True, exist_ok=True)
    folds = splits.folds(trials.records, splits.GROUPED)
    scores: dict[str, list[Scores]] = {
        name: [trials.score(Trial(LINEAR.get(name, name), fold, SEED), told) for fold in folds]
        for name in names
    }
    parts = tuple(name for name in names if LINEAR.get(name, name) in ENSEMBLES["ensemble"])
    if parts:
        of_parts = zip(*(scores[part] for part in parts), strict=True)
        scores["ensemble"] = [np.sum(one, axis=0) for one in of_parts]
    cards = []
    for name in scores:
        told(f"{name}: all records")
        own = parts if name == "ensemble" else (name,)
        bias, content = (0.0, b"") if name == "ensemble" else final(trials, name)
        if content:
            path_of(name, folder).write_bytes(content)
        whole = b"".join(path_of(part, folder).read_bytes() for part in own)
        made = Card(
            **_card(trials, name, scores[name]),
            parts=parts if name == "ensemble" else (),
            bias=bias,
            data_sha256=data_sha256,
            sha256=hashlib.sha256(whole).hexdigest(),
        )
        (folder / f"{name}.toml").write_text(made.to_toml(), encoding="utf-8")
        cards.append(made)
    known.write(trials.records, [plain for _, plain in trials.lessons.own()], folder / "known.npy")
    return cards


def final(trials: Trials, name: str) -> tuple[float, bytes]:
    """Bias and file of a model trained on all records; kept where scores are kept."""
    kept = None if trials.folder is None else trials.folder / f"{name}.final.npz"
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as found:
            return float(found["bias"]), found["content"].tobytes()
    bias, content = _trained(trials, name)
    if kept is not None:
        np.savez(kept, bias=bias, content=np.frombuffer(content, np.uint8))
    return bias, content


def _trained(trials: Trials, name: str) -> tuple[float, bytes]:
    rows = np.arange(len(trials.records))
    weight = splits.weights(trials.records, rows)
    texts = trials.lessons.texts
    if name in LINEAR:
        owner = np.repeat(rows, [len(own) for own in texts])
        kind = ngrams.KINDS[LINEAR[name]]
        x = ngrams.matrix(kind, [pair for own in texts for pair in own])
        model = ngrams.fit(kind, x, trials.label[owner], weight[owner], C)
        file = io.BytesIO()
        np.save(file, model.weights.astype(np.float16), allow_pickle=False)
        return model.bias, file.getvalue()
    params = nets.train(name, texts, trials.label, weight, seed=SEED)
    arrays = {key: value.detach().numpy() for key, value in params.items()}
    return 0.0, to_onnx(name, arrays)


def _card(trials: Trials, name: str, scores: list[Scores]) -> dict[str, Any]:
    folds = splits.folds(trials.records, splits.GROUPED)
    score = np.concatenate(scores)
    label = np.concatenate([trials.label[fold.test] for fold in folds])
    benign = np.sort(score[label == 0])[::-1]
    malicious = int(trials.label.sum())
    return {
        "name": name,
        "about": _ABOUT[name],
        "method": _METHOD[name],
        "date": datetime.now(UTC).date().isoformat(),
        "data": f"{len(label)} texts of {len({r.source for r in trials.records})} collections, "
        f"{malicious} malicious; each as it is and written otherwise, sources balanced",
        "split": "three folds, near-duplicates in one; thresholds are those of the folds together",
        "thresholds": {
            metrics.name(rate): round(float(np.nextafter(benign[int(rate * len(benign))], 99)), 4)
            for rate in (1e-1, 1e-2, 1e-3)
        },
        "figures": {
            key: round(value, 4)
            for key, value in metrics.measures(score, label, np.ones(len(label))).items()
        },
        "libraries": {
            package: metadata.version(package) for package in ("numpy", *_needed([name]))
        },
    }


def _needed(names: Sequence[str]) -> list[str]:
    return ["scikit-learn", *(("onnx", "torch") if set(NETWORKS) & set(names) else ())]


def _look_for_packages(names: Sequence[str]) -> None:
    missing = []
    for package in _needed(names):
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        raise WheeltapperError(
            f"training needs {', '.join(missing)}; install them with: "
            "pip install 'wheeltapper[train,net]'"
        )
