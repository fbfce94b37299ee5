"""Acts under another's name in a real history: how well do the detectors that ship find them?

    python benchmarks/quality/impostors.py FILE TRUTH [--quick]

FILE is a git history in the form of `php-impostors.ndjson.gz`, TRUTH names the runs of commits that
were put under another author's name. Every commit is judged in order of time, by the detectors as
they ship; scored are those after the first year by authors with more than five commits. Printed
are average precision (`ap`) and the share of impostors found at false-positive rates 10^-2 and
10^-3, of the story as refinement weighs it (`combined`) and of each detector alone.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from wheeltapper import config
from wheeltapper.detect import catalogue
from wheeltapper.detect.process import process, start
from wheeltapper.engines.local.judges import detector_wordings
from wheeltapper.enrich import Enricher
from wheeltapper.ingest import read
from wheeltapper.refine.unpack import unpacked
from wheeltapper.refine.weigh import weigh
from wheeltapper.refine.words import Vocabulary

DATA = Path(__file__).parents[3] / "shared" / "data" / "git"
"""Beside the checkout; used where no FILE is named."""
RATES = {"tpr_at_fpr_1e-2": 1e-2, "tpr_at_fpr_1e-3": 1e-3}


def average_precision(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under precision over recall, ties sharing their place (as scikit-learn has it)."""
    order = np.argsort(-score, kind="stable")
    hit, value = truth[order], score[order]
    last_of_tie = np.append(np.diff(value) != 0, True)
    found = np.cumsum(hit)[last_of_tie]
    looked_at = np.flatnonzero(last_of_tie) + 1
    return float(np.sum(np.diff(found, prepend=0) * found / looked_at) / hit.sum())


def figures(truth: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """`ap` and the true-positive rates of one score."""
    clean = np.sort(score[~truth])[::-1]
    told = {"ap": average_precision(truth, score)}
    for name, rate in RATES.items():
        told[name] = float((score[truth] > clean[int(rate * len(clean))]).mean())
    return {name: round(value, 4) for name, value in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=DATA / "php-impostors.ndjson.gz")
    parser.add_argument("truth", type=Path, nargs="?", default=DATA / "php-impostors.truth.ndjson")
    parser.add_argument("--quick", action="store_true", help="the first 20,000 acts only")
    asked = parser.parse_args()
    if len(sys.argv) <= 2 and not asked.file.exists():
        print(f"nothing measured: {asked.file} is not there; name a FILE and its TRUTH")
        return

    now = datetime.now(UTC)
    enricher = Enricher(config.Enrich(), root=Path(), timezone="UTC")
    batches = read([asked.file], settings=config.Ingest(), now=now, source="git")
    acts = pa.concat_tables([enricher.enrich(b.activities) for b in batches]).sort_by(
        [("time", "ascending"), ("event_id", "ascending")]
    )
    if asked.quick:
        acts = acts.slice(0, 20_000)
    detectors = [d for d in catalogue.load() if d.name.startswith("git.")]
    _, findings = process(start(detectors), acts, detectors, b"benchmark secret")

    words = Vocabulary.load()
    weighed = weigh(unpacked(findings), detector_wordings(detectors), words.severity)
    commit_of = dict(zip(acts["event_id"].to_pylist(), acts["native_id"].to_pylist(), strict=True))
    # The weightiest finding of each detector on each commit.
    said: dict[str, dict[str, float]] = defaultdict(dict)
    for row in weighed.select("detector", "evidence", id=pl.col("event_ids").list.first()).rows():
        detector, evidence, event = row
        commit = commit_of[event]
        said[commit][detector] = max(said[commit].get(detector, 0.0), evidence)

    commits = pl.DataFrame(
        {name: acts[name].to_pylist() for name in ("native_id", "actor", "time")}
    ).unique("native_id", keep="first", maintain_order=True)
    per_author = Counter(commits["actor"].to_list())
    begins = commits["time"].min() + timedelta(days=365)
    scored = [c for c, a, t in commits.rows() if per_author[a] > 5 and t > begins]
    swapped = {
        c for line in asked.truth.read_text().splitlines() for c in json.loads(line)["commits"]
    }
    truth = np.array([c in swapped for c in scored])
    if not truth.any():
        sys.exit("no impostor among the commits that are scored: is TRUTH of this FILE?")

    told = {"combined": figures(truth, np.array([sum(said[c].values()) for c in scored]))}
    for detector in detectors:
        alone = np.array([said[c].get(detector.name, 0.0) for c in scored])
        told[detector.name] = figures(truth, alone)
    print(f"{len(scored):,} commits scored, {truth.sum():,} under another's name")
    for name, values in told.items():
        print(f"  {name:16}" + "".join(f"  {k} {v:.3f}" for k, v in values.items()))
    print(json.dumps({"commits": len(scored), **told["combined"], "detectors": told}))


if __name__ == "__main__":
    main()
