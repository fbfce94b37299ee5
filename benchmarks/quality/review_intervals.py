"""Whether intervals told from reviewers' random sample hold what is true, and how wide they are.

    python benchmarks/quality/review_intervals.py [--quick]

Made-up populations of 4,000 accounts, whose scores are right on average; 200 of each are looked at.
`stratified` is what ships (`review/sampling.py`); `simple` is a simple random sample of as many,
with Wilson's interval. Both claim 95 %.
"""

import argparse
import json

import numpy as np
import numpy.typing as npt

from wheeltapper.review import sampling
from wheeltapper.review.sampling import Estimate, Looked

COUNT, LOOKED, FIRST = 4000, 200, 4
Mask = npt.NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    runs = 60 if parser.parse_args().quick else 600
    found: dict[str, list[tuple[bool, float]]] = {}
    for seed in range(runs):
        for name, estimate, true in measured(seed):
            if estimate is not None:
                held = estimate.low <= true <= estimate.high
                found.setdefault(name, []).append((held, estimate.high - estimate.low))
    told = {}
    print(f"{'':24}{'holds':>8}{'width':>8}   of {runs} populations, {LOOKED} looked at")
    for name, rows in found.items():
        held = float(np.mean([h for h, _ in rows]))
        width = float(np.mean([w for _, w in rows]))
        print(f"{name:24}{held:8.3f}{width:8.3f}")
        told[name] = {"coverage": round(held, 4), "width": round(width, 4)}
    print(json.dumps({"populations": runs, "looked": LOOKED, **told}))


def measured(seed: int) -> list[tuple[str, Estimate | None, float]]:
    rng = np.random.default_rng(seed)
    score = rng.beta(0.2, 1.8, COUNT)
    fraud = rng.random(COUNT) < score
    of, high = sampling.strata(score), score >= sampling.EDGES[FIRST - 1]
    drawn = sampling.draw([f"{seed}-{n}" for n in range(COUNT)], score, LOOKED)
    seen = []
    for k in range(sampling.STRATA):
        of_it = drawn & (of == k)
        seen.append(Looked(int((of == k).sum()), int(of_it.sum()), int(fraud[of_it].sum())))
    simple = rng.permutation(COUNT)[:LOOKED]
    plain = [Looked(COUNT, LOOKED, int(fraud[simple].sum()))]
    return [
        ("stratified prevalence", sampling.prevalence(seen), float(fraud.mean())),
        ("simple prevalence", sampling.prevalence(plain), float(fraud.mean())),
        ("stratified precision", sampling.precision(seen, FIRST), float(fraud[high].mean())),
        ("stratified recall", sampling.recall(seen, FIRST), float(fraud[high].sum() / fraud.sum())),
    ]


if __name__ == "__main__":
    main()
