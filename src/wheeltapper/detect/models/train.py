"""Train a user-day model on an organisation's own history, and write it down with its card.

Needs the extra `train` (scikit-learn, onnx); running a model does not.

Method: Isolation Forest (Liu, Ting and Zhou, "Isolation Forest", 2008). Measured on days that were
not used to fit, against days with two actors exchanged, among 4,334 user-days of a simulated
organisation: share of exchanged days above all but 0.4 % (1 %) of the ordinary ones was 0.63
(0.73); Mahalanobis distance with Ledoit-Wolf covariance 0.57 (0.75), with minimum covariance
determinant at best 0.23 (0.29), plain sum of rises 0.23 (0.31). At 0.4 % a finding begins.
"""

import hashlib
import importlib.metadata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa

from wheeltapper.detect.models.card import Card, levels
from wheeltapper.detect.models.features import FEATURES, VERSION, Matrix
from wheeltapper.detect.models.forest import to_onnx
from wheeltapper.detect.models.history import DAYS_KEPT
from wheeltapper.detect.models.lessons import Lessons, lessons
from wheeltapper.detect.models.userday import GRACE_DAYS, THRESHOLD_BITS
from wheeltapper.errors import WheeltapperError

FIT_SHARE = 0.6
"""Days up to here fit the forest; those after it are the reference that scores are read by."""
TREES = 256
DAYS_A_TREE = 1024
_RATES = (0.05, 0.01, 0.004, 0.001)
_SEED = 1
_SAME = 1e-5
"""ONNX computes in 32 bits, scikit-learn in 64."""
_FEWEST = int(2**THRESHOLD_BITS)


def train(
    activities: pa.Table | Iterable[pa.Table],
    until: datetime,
    out_dir: Path,
    *,
    name: str = "userday",
    today: date | None = None,
) -> Card:
    """Write `NAME.onnx` and `NAME.toml` into a folder; the same history gives the same model.

    Parameters
    ----------
    activities   columns of `activity.SCHEMA`, ordered by `(time, event_id)`
    until        days that are over before this are used
    out_dir      made if it is not there
    today        date for the card

    Raises
    ------
    WheeltapperError   if the extra is not installed, or there is too little history
    """
    try:
        import onnx  # noqa: F401  told here, before the work is done
        from sklearn.ensemble import IsolationForest
    except ImportError as error:
        raise WheeltapperError(
            "training needs scikit-learn and onnx: pip install 'wheeltapper[train]'"
        ) from error
    batches = [activities] if isinstance(activities, pa.Table) else activities
    known = lessons(batches, int(until.timestamp()) * 1_000_000, np.random.default_rng(_SEED))
    days = np.unique(known.day)
    cut = days[int(len(days) * FIT_SHARE)] if len(days) else 0
    fit, reference = known.own[known.day < cut], known.own[known.day >= cut]
    if min(len(fit), len(reference)) < _FEWEST:
        raise WheeltapperError(
            f"too little history to train on: {len(fit)} user-days to fit and {len(reference)} to "
            f"compare with, of actors with at least {GRACE_DAYS} active days before; "
            f"{_FEWEST} of each are needed. Ingest more history and train again"
        )
    forest = IsolationForest(
        n_estimators=TREES, max_samples=min(DAYS_A_TREE, len(fit)), random_state=_SEED
    ).fit(fit)
    model = to_onnx(forest, len(FEATURES))
    clean = _scores(model, reference)
    difference = float(np.abs(clean + forest.score_samples(reference)).max())
    if difference > _SAME:
        raise RuntimeError(f"ONNX and scikit-learn disagree by {difference:g} on the same days")
    foreign = _scores(model, known.exchanged[known.exchanged_day >= cut])
    card = _card(name, known, len(fit), int(cut), clean, foreign, model, today)
    out_dir.mkdir(parents=True, exist_ok=True)
    # The card last: without it the model is not there, with it both are whole.
    _write(out_dir / f"{name}.onnx", model)
    _write(out_dir / f"{name}.toml", card.to_toml().encode())
    return card


def _scores(model: bytes, rows: Matrix) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (scores,) = session.run(["scores"], {"deviation": rows})
    return np.asarray(scores, np.float64).reshape(-1)


def _card(
    name: str,
    known: Lessons,
    fit_days: int,
    cut: int,
    clean: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    foreign: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    model: bytes,
    today: date | None,
) -> Card:
    scores, bits, llr = levels(clean.tolist(), foreign.tolist())
    first, middle, last = (
        date.fromordinal(date(1970, 1, 1).toordinal() + int(day)).isoformat()
        for day in (known.day[0], cut, known.day[-1])
    )
    return Card(
        name=name,
        last=str(last),
        about="A day unlike this actor's own days, taken as a whole",
        kind="userday",
        method=f"isolation forest, {TREES} trees of up to {DAYS_A_TREE} user-days",
        why="of five methods it found most exchanged days; see detect/models/train.py",
        date=(today or datetime.now(UTC).date()).isoformat(),
        data=(
            f"{len(known.day)} user-days of {known.actors} actors, {first} to {last}; each day "
            f"against up to {DAYS_KEPT} own active days before it and those of peers"
        ),
        split=f"days before {middle} fit the model, days from then on are the reference",
        features=tuple(FEATURES),
        features_version=VERSION,
        fit_days=fit_days,
        reference_days=len(clean),
        scores=tuple(scores),
        bits=tuple(bits),
        llr=tuple(llr),
        median=float(np.median(clean)),
        tpr_at_fpr={
            str(rate): round(float((foreign > np.quantile(clean, 1 - rate)).mean()), 4)
            for rate in _RATES
            if len(clean) * rate >= 1 and len(foreign)
        },
        libraries={
            library: importlib.metadata.version(library) for library in ("scikit-learn", "onnx")
        },
        sha256=hashlib.sha256(model).hexdigest(),
    )


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(content)
    part.replace(path)
