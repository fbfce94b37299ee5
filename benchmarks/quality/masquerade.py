"""Somebody else at the keyboard: how well do the detectors that ship find a masquerader?

    python benchmarks/quality/masquerade.py DIR [--quick]

DIR holds `NAME.txt.gz` with a user's commands, one a line, in order, and `NAME.labels` with a 0 or
1 for each of the last blocks of 100 commands: 1 where they are another person's. Every block is one
day of its user; users act side by side, day by day, and are each other's peers. The detectors of
the families `sequence` and `novelty` that ship for programs (`sshd`) judge all acts in order of
time, set to speak of everything; nothing else is changed, nothing is known of any user, and there
is one threshold for all. A block's score is known when it ends.

`sequence`: the log2 odds that the filter has reached; `novelty`: its evidence over the block, on
the scale of the root as sequence sums its own; `combined`: both together. `baseline`: single
commands without their order, own against peers, through a two-state filter. In brackets 95 %
intervals, users drawn with replacement.
"""

import argparse
import dataclasses
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from wheeltapper import activity
from wheeltapper.detect import catalogue
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.process import process, start

DATA = Path(__file__).parents[3] / "shared" / "data" / "masquerade"
"""Beside the checkout; used where no DIR is named."""
BLOCK = 100
RATES = {"tpr_at_fpr_1e-2": 1e-2, "tpr_at_fpr_1e-3": 1e-3, "tpr_at_fpr_1e-4": 1e-4}
FAMILIES = ("sequence", "novelty")
FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
DRAWS = 1000
DAYS_A_BATCH = 25
Scores = list[np.ndarray]  # one array of blocks a user


@dataclass(frozen=True, slots=True)
class User:
    """One user's commands, and which of the last blocks are another's."""

    name: str
    commands: list[str]
    masked: np.ndarray

    @property
    def blocks(self) -> int:
        return len(self.commands) // BLOCK

    @property
    def trained(self) -> int:
        """Blocks that are known to be the user's own."""
        return self.blocks - len(self.masked)


def users_of(folder: Path) -> list[User]:
    """All users of a folder.

    Raises
    ------
    ValueError   where a user's labels are more than their blocks, or missing.
    """
    found = []
    for file in sorted(folder.glob("*.txt.gz")):
        labels = file.with_name(file.name.removesuffix(".txt.gz") + ".labels")
        if not labels.exists():
            raise ValueError(f"{labels} is not there: a 0 or 1 a line for each of the last blocks")
        with gzip.open(file, "rt", encoding="utf-8", errors="replace") as lines:
            commands = [line.rstrip("\n") for line in lines]
        masked = np.array([word == "1" for word in labels.read_text().split()])
        user = User(labels.stem, commands, masked)
        if user.trained <= 0:
            raise ValueError(f"{labels} has {len(masked)} labels, {file.name} {user.blocks} blocks")
        found.append(user)
    return found


def days_of(users: list[User]) -> Iterator[tuple[pa.Table, np.ndarray, np.ndarray]]:
    """Activities of some days at a time, with each one's user and block."""
    last = max(user.blocks for user in users)
    for first in range(0, last, DAYS_A_BATCH):
        rows = sorted(
            (FIRST + timedelta(days=block, seconds=20 * i), number, block, command)
            for number, user in enumerate(users)
            for block in range(first, min(first + DAYS_A_BATCH, user.blocks))
            for i, command in enumerate(user.commands[block * BLOCK : (block + 1) * BLOCK])
        )
        times, numbers, blocks, commands = zip(*rows, strict=True)
        names = [users[number].name for number in numbers]
        given: dict[str, object] = {
            "event_id": [(block * 2**32 + i).to_bytes(16, "big") for i, block in enumerate(blocks)],
            "time": times,
            "source": ["sshd"] * len(rows),
            "app": ["shell"] * len(rows),
            "action": commands,
            "category": [activity.PROCESS] * len(rows),
            "actor": names,
            "actor_type": [activity.HUMAN] * len(rows),
            "session": [f"{name} {block}" for name, block in zip(names, blocks, strict=True)],
            "process": commands,
            "command_line": commands,
        }
        columns = [
            pa.array(given[field.name], field.type)
            if field.name in given
            else pa.nulls(len(rows), field.type)
            for field in activity.SCHEMA
        ]
        table = pa.table(columns, schema=activity.SCHEMA)
        yield table, np.array(numbers), np.array(blocks)


def shipped() -> list[Detector]:
    """The detectors of both families for programs, set to speak of everything."""
    talkative = {"min_bits": 0.0, "min_llr": -1e9}
    found = []
    for one in catalogue.load():
        if one.family in FAMILIES and one.name.startswith("sshd.") and one.value == "process":
            names = {field.name for field in dataclasses.fields(one.settings)}
            lowered = {name: bar for name, bar in talkative.items() if name in names}
            settings = dataclasses.replace(one.settings, **lowered)
            found.append(dataclasses.replace(one, settings=settings))
    return found


def judged(users: list[User]) -> dict[str, Scores]:
    """Each family's score of every block."""
    detectors = shipped()
    strength = next(d.settings.strength for d in detectors if d.family == "sequence")
    family_of = {d.name: d.family for d in detectors}
    odds = [np.zeros(user.blocks) for user in users]
    evidence, findings = ([np.zeros(user.blocks) for user in users] for _ in range(2))
    state = start(detectors)
    for table, numbers, blocks in days_of(users):
        at = {id: i for i, id in enumerate(table["event_id"].to_pylist())}
        state, found = process(state, table, detectors, b"benchmark secret")
        for name, ids, llr in zip(
            *(found[c].to_pylist() for c in ("detector", "event_ids", "llr")), strict=True
        ):
            row = at[ids[0]]
            user, block = numbers[row], blocks[row]
            if family_of[name] == "sequence":
                odds[user][block] = llr
            else:
                evidence[user][block] += llr
                findings[user][block] += 1
    novelty = [
        strength * e / np.sqrt(np.maximum(n, 1)) for e, n in zip(evidence, findings, strict=True)
    ]
    told = {"sequence": odds, "novelty": novelty}
    told["combined"] = [o + n for o, n in zip(odds, novelty, strict=True)]
    return {
        name: [s[u.trained :] for s, u in zip(scores, users, strict=True)]
        for name, scores in told.items()
    }


def baseline(users: list[User]) -> Scores:
    """Single commands, own against peers, through a two-state filter over blocks."""
    number = {c: i for i, c in enumerate(sorted({c for user in users for c in user.commands}))}
    coded = [np.array([number[c] for c in user.commands]) for user in users]
    few = 0.01
    counts = [
        np.bincount(c[: u.trained * BLOCK], minlength=len(number)).astype(float)
        for c, u in zip(coded, users, strict=True)
    ]
    together = sum(counts)
    scores = []
    for user, commands, own in zip(users, coded, counts, strict=True):
        others = together - own
        peers = np.log2((others + few) / (others.sum() + few * len(number)))
        mine, logit, told = own.copy(), -8.0, []
        for block in range(user.trained, user.blocks):
            acts = commands[block * BLOCK : (block + 1) * BLOCK]
            own_log = np.log2((mine[acts] + few) / (mine.sum() + few * len(number)))
            other = 1 / (1 + np.exp(-logit))
            then = other * 0.8 + (1 - other) * 0.01
            weighed = 4 * (peers[acts] - own_log).mean()
            logit = float(np.log(then / (1 - then)) + np.clip(weighed, -8, 8))
            told.append(logit)
            if logit < 0:
                np.add.at(mine, acts, 1)
        scores.append(np.array(told))
    return scores


def figures(truth: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """`auc` and the true-positive rates of one score."""
    clean, masked = np.sort(score[~truth]), score[truth]
    below = np.searchsorted(clean, masked, "left") + np.searchsorted(clean, masked, "right")
    told = {"auc": float(below.mean() / 2 / clean.size)}
    for name, rate in RATES.items():
        told[name] = float((masked > clean[clean.size - 1 - int(rate * clean.size)]).mean())
    return told


def intervals(users: list[User], scores: Scores) -> dict[str, tuple[float, float]]:
    """What the figures might have been with other users."""
    draw = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        some = draw.integers(len(users), size=len(users))
        truth = np.concatenate([users[u].masked for u in some])
        if truth.any() and not truth.all():
            drawn.append(figures(truth, np.concatenate([scores[u] for u in some])))
    return {
        name: tuple(np.quantile([d[name] for d in drawn], (0.025, 0.975)).tolist())
        for name in drawn[0]
    }


def rounded(told: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in told.items()}


def line(name: str, told: dict[str, float], within: Callable[[str], tuple[float, float]]) -> str:
    parts = (f"{k} {v:.3f} [{within(k)[0]:.2f}, {within(k)[1]:.2f}]" for k, v in told.items())
    return f"  {name:9} " + "  ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    parser.add_argument("--quick", action="store_true", help="a few users only")
    asked = parser.parse_args()
    if len(sys.argv) <= 2 and not asked.folder.is_dir():
        print(f"nothing measured: {asked.folder} is not there; name a DIR")
        return
    try:
        users = users_of(asked.folder)
    except ValueError as error:
        sys.exit(str(error))
    if asked.quick:
        users = users[1:12]
    truth = np.concatenate([user.masked for user in users]) if users else np.zeros(0, np.bool_)
    if not truth.any() or truth.all():
        sys.exit(f"{asked.folder} holds no blocks of both kinds: *.txt.gz and *.labels")

    scores = judged(users) | {"baseline": baseline(users)}
    print(f"{len(users)} users, {truth.size:,} blocks scored, {truth.sum():,} another person's")
    told = {}
    spans = {}
    for name in ("combined", *FAMILIES, "baseline"):
        told[name] = figures(truth, np.concatenate(scores[name]))
        spans[name] = intervals(users, scores[name])
        print(line(name, told[name], spans[name].__getitem__))
    best, simple = told["combined"], told["baseline"]
    print(
        json.dumps(
            {
                "users": len(users),
                "blocks": int(truth.size),
                **rounded(best),
                "intervals": {k: [round(x, 4) for x in v] for k, v in spans["combined"].items()},
                "ratio_to_baseline": {
                    k: round(best[k] / simple[k], 3) for k in best if simple[k] > 0
                },
                "alone": {name: rounded(told[name]) for name in FAMILIES},
                "baseline": rounded(simple),
            }
        )
    )


if __name__ == "__main__":
    main()
