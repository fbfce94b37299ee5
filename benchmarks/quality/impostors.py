"""Acts under another's name in a real history: how well do the detectors that ship find them?

    python benchmarks/quality/impostors.py FILE TRUTH [--quick]

FILE is a git history in the form of `php-impostors.ndjson.gz`, TRUTH names the runs of commits that
were put under another author's name. Every commit is judged in order of time, by the detectors as
they ship; scored are those after the first year by authors with more than five commits. Printed
are average precision (`ap`) and the share of impostors found at false-positive rates 10^-2 and
10^-3, of the commit's evidence as refinement weighs it and its author's session before lets it
linger (`combined`), without that (`commit_alone`), with the catalogue's weights in place of learned
ones as well (`prior`), and of each detector's ratio alone; with 95 % intervals from drawing authors
anew.

Weights are learned as `wheeltapper train` does, by exchanges in the history itself, TRUTH unseen:
every half year anew, from what lies before it, and for each fifth of the authors from exchanges
that these authors have no part in.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from wheeltapper import config
from wheeltapper.detect import catalogue
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.process import process, start
from wheeltapper.engines.local import exchanges
from wheeltapper.engines.local.exchanges import Sessions
from wheeltapper.engines.local.judges import detector_wordings
from wheeltapper.enrich import Enricher
from wheeltapper.ingest import read
from wheeltapper.refine import exchange
from wheeltapper.refine.exchange import average_precision, found_at
from wheeltapper.refine.linger import linger
from wheeltapper.refine.relieve import relieve
from wheeltapper.refine.unpack import unpacked
from wheeltapper.refine.weigh import weigh
from wheeltapper.refine.weights import Curve, Weights
from wheeltapper.refine.words import Vocabulary

DATA = Path(__file__).parents[3] / "shared" / "data" / "git"
"""Beside the checkout; used where no FILE is named."""
RATES = {"tpr_at_fpr_1e-2": 1e-2, "tpr_at_fpr_1e-3": 1e-3}
SECRET = b"benchmark secret"
DAY_US = 86_400_000_000
LEARNED_US = exchanges.LEARNED_DAYS * DAY_US
YEAR_US, HALF_YEAR_US = 365 * DAY_US, 182 * DAY_US
PARTS = 5
"""Of the authors: each is judged by what was learned without it."""
MORE_COMMITS_THAN = 5
DRAWS = 200


@dataclass(frozen=True)
class Commits:
    """Those that are scored, in order of time; all of one length."""

    native_id: list[str]
    actor: np.ndarray
    time_us: np.ndarray
    truth: np.ndarray


def figures(truth: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """`ap` and the true-positive rates of one score."""
    told = {"ap": average_precision(truth, score)}
    told |= {name: found_at(truth, score, rate) for name, rate in RATES.items()}
    return {name: round(value, 4) for name, value in told.items()}


def intervals(commits: Commits, score: np.ndarray) -> dict[str, list[float]]:
    """95 % of `DRAWS` draws of as many authors, with replacement."""
    authors = np.unique(commits.actor)
    rows = [np.flatnonzero(commits.actor == author) for author in authors]
    chance = np.random.default_rng(1)
    drawn = []
    while len(drawn) < DRAWS:
        some = np.concatenate([rows[i] for i in chance.integers(0, len(rows), len(rows))])
        if commits.truth[some].any():
            drawn.append(list(figures(commits.truth[some], score[some]).values()))
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0).round(3).tolist()
    return {n: [a, b] for n, a, b in zip(("ap", *RATES), low, high, strict=True)}


def history(file: Path, *, quick: bool) -> pa.Table:
    """The file's commits as activities, in order."""
    enricher = Enricher(config.Enrich(), root=Path(), timezone="UTC")
    batches = read([file], settings=config.Ingest(), now=datetime.now(UTC), source="git")
    acts = pa.concat_tables([enricher.enrich(b.activities) for b in batches]).sort_by(
        [("time", "ascending"), ("event_id", "ascending")]
    )
    return acts.slice(0, 20_000) if quick else acts


def scored(acts: pa.Table, truth: Path) -> Commits:
    """The commits that count, and which of them are under another's name."""
    frame = pl.DataFrame(
        {name: acts[name].to_pylist() for name in ("native_id", "actor", "time")}
    ).unique("native_id", keep="first", maintain_order=True)
    frame = frame.with_columns(time_us=pl.col("time").dt.epoch("us"))
    per_author = Counter(frame["actor"].to_list())
    busy = [per_author[actor] > MORE_COMMITS_THAN for actor in frame["actor"].to_list()]
    frame = frame.filter(pl.Series(busy) & (pl.col("time_us") > pl.col("time_us").min() + YEAR_US))
    swapped = {c for line in truth.read_text().splitlines() for c in json.loads(line)["commits"]}
    return Commits(
        frame["native_id"].to_list(),
        frame["actor"].to_numpy().astype(np.str_),
        frame["time_us"].to_numpy(),
        frame["native_id"].is_in(swapped).to_numpy(),
    )


def evidence(
    findings: pl.DataFrame, detectors: Sequence[Detector], curves: dict[str, Curve]
) -> dict[str, float]:
    """Bits of each commit: its findings as refinement weighs them, each detector's weightiest."""
    wordings = detector_wordings(detectors, Weights(curves=curves))
    weighed = relieve(weigh(findings, wordings, Vocabulary.load().severity))
    loudest = weighed.group_by("commit", "detector").agg(pl.col("evidence").max().clip(0))
    return dict(loudest.group_by("commit").agg(pl.col("evidence").sort().sum()).iter_rows())


def learned(
    findings: pl.DataFrame, commits: Commits, detectors: Sequence[Detector], lessons: Sessions
) -> np.ndarray:
    """Evidence of each commit, by weights from before its half year and without its author."""
    able = exchanges.able(detectors)
    prior = [d.weight for d in able]
    part = exchanges.part_of(commits.actor, PARTS)
    total = np.zeros(len(commits.truth))
    begins, ends = int(commits.time_us[0]), int(commits.time_us[-1])
    for first in range(begins, ends + 1, HALF_YEAR_US):
        now = (commits.time_us >= first) & (commits.time_us < first + HALF_YEAR_US)
        for fifth in range(PARTS):
            mine = np.flatnonzero(now & (part == fifth))
            before = (lessons.time_us < first) & (lessons.time_us >= first - LEARNED_US)
            before &= exchanges.without(lessons, fifth, PARTS)
            fitted = exchange.fit(lessons.where(before).lesson, prior)
            curves = {d.name: c for d, c in zip(able, fitted, strict=True)}
            names = [commits.native_id[i] for i in mine]
            of_them = findings.filter(pl.col("commit").is_in(names))
            bits = evidence(of_them, detectors, curves)
            total[mine] = [bits.get(name, 0.0) for name in names]
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=DATA / "php-impostors.ndjson.gz")
    parser.add_argument("truth", type=Path, nargs="?", default=DATA / "php-impostors.truth.ndjson")
    parser.add_argument("--quick", action="store_true", help="the first 20,000 acts only")
    asked = parser.parse_args()
    if len(sys.argv) <= 2 and not asked.file.exists():
        print(f"nothing measured: {asked.file} is not there; name a FILE and its TRUTH")
        return

    acts = history(asked.file, quick=asked.quick)
    commits = scored(acts, asked.truth)
    if not commits.truth.any():
        sys.exit("no impostor among the commits that are scored: is TRUTH of this FILE?")
    detectors = [d for d in catalogue.load() if d.name.startswith("git.")]
    _, said = process(start(detectors), acts, detectors, SECRET)
    commit_of = dict(zip(acts["event_id"].to_pylist(), acts["native_id"].to_pylist(), strict=True))
    findings = unpacked(said)
    findings = findings.with_columns(
        commit=pl.Series([commit_of[ids[0]] for ids in findings["event_ids"].to_list()])
    )
    lessons = exchanges.lessons(acts, exchanges.able(detectors), SECRET)
    by_prior = evidence(findings, detectors, {})
    alone = learned(findings, commits, detectors, lessons)
    scores = {
        "combined": linger(alone, commits.actor, commits.time_us),
        "commit_alone": alone,
        "prior": np.array([by_prior.get(name, 0.0) for name in commits.native_id]),
    }
    for detector in detectors:
        ratio = dict(
            findings.filter(pl.col("detector") == detector.name)
            .group_by("commit")
            .agg(pl.col("llr").max())
            .iter_rows()
        )
        scores[detector.name] = np.array([ratio.get(name, 0.0) for name in commits.native_id])

    told = {name: figures(commits.truth, score) for name, score in scores.items()}
    around = {name: intervals(commits, score) for name, score in scores.items()}
    print(f"{len(commits.truth):,} commits scored, {commits.truth.sum():,} under another's name")
    for name, values in told.items():
        cells = (f"  {k} {v:.3f} ({around[name][k][0]:.2f} to {around[name][k][1]:.2f})"
                 for k, v in values.items())  # fmt: skip
        print(f"  {name:16}" + "".join(cells))
    print(
        json.dumps(
            {"commits": len(commits.truth), **told["combined"], "detectors": told,
             "intervals": around}
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
