"""How long features and scores of all accounts take, in what memory; and one account anew.

    python benchmarks/accounts.py [--quick]

Accounts and acts are drawn at random, ten acts to an account, with a tail of busy ones; a fifth as
many shared addresses and devices; no texts. `features` are the signals of `accounts/signals.py`
with lockstep groups and ties, aggregates of neighbours over two hops, and structure: what a judge
looks at; `scores` 300 trees over them. `one` is what it costs to judge one account again: its
neighbours' kept columns are taken together anew, it is scored, and its reasons are told. Each size
runs in a process of its own; on a busy machine the core-seconds tell more. The peer, in the same
process, takes neighbours' means as a data frame does: Polars, ties joined with signals and grouped
(up to 200,000 accounts: the joined frame would take gigabytes). Goal: a million accounts and ten
million acts on two cores in less than five minutes and 8 GiB; one account below 20 ms (p99).
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

from wheeltapper.accounts import boost, graph, judge, simulation, sketch
from wheeltapper.accounts.signals import DAY, seen
from wheeltapper.accounts.steps import Columns
from wheeltapper.accounts.tables import Acts, Shared, Tables

SIZES, QUICK = (10_000, 100_000, 1_000_000), (3_000, 30_000)
ACTS = 10
ASKED = 2_000
PEER_MOST = 200_000
DAYS = 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--size", type=int, help="Only this many accounts, in this process.")
    asked = parser.parse_args()
    if asked.size:
        print(json.dumps(measured(asked.size)))
        return
    rows = []
    print(f"{'accounts':>10} {'features s':>11} {'core-s':>8} {'scores s':>9} {'peak MiB':>9}"
          f" {'one, p99 ms':>12}"
          f" {'means: ratio to polars':>22}")  # fmt: skip
    for size in QUICK if asked.quick else SIZES:
        done = subprocess.run(
            [sys.executable, __file__, "--size", str(size)], check=True, capture_output=True
        )
        row = json.loads(done.stdout.splitlines()[-1])
        rows.append(row)
        print(f"{size:>10,} {row['features_s']:>11.1f} {row['features_core_s']:>8.1f}"
              f" {row['scores_s']:>9.1f}"
              f" {row['peak_mib']:>9,.0f} {row['one_p99_ms']:>12.2f}"
              f" {row['ratio_to_polars']:>22.2f}",
              flush=True)  # fmt: skip
    print(json.dumps(rows[-1] | {"sizes": rows}))


def measured(accounts: int) -> dict[str, float]:
    warm = drawn(400)
    until = int(warm.acts.time[-1]) + 1
    base = judge.view(seen(warm, until))
    rng = np.random.default_rng(0)
    model = boost.fit(base.rows, rng.random(400) < 0.3, base.names)
    model.log_odds(base.rows)
    made = drawn(accounts)
    begin, spent = time.perf_counter(), time.process_time()
    now = seen(made, until)
    signals_s = time.perf_counter() - begin
    base = judge.view(now)
    features_s = time.perf_counter() - begin
    features_core_s = time.process_time() - spent
    begin = time.perf_counter()
    model.log_odds(base.rows)
    scores_s = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ours, theirs = means(now.ties, now.own) if accounts <= PEER_MOST else (1.0, float("nan"))
    each = [one_anew(now.ties, base, model, int(i)) for i in rng.integers(accounts, size=ASKED)]
    return {
        "accounts": accounts, "acts": len(made.acts.time), "ties": len(now.ties.to) // 2,
        "columns": len(base.names), "signals_s": round(signals_s, 2),
        "features_s": round(features_s, 2),
        "features_core_s": round(features_core_s, 2), "scores_s": round(scores_s, 2),
        "peak_mib": round(peak), "one_p50_ms": round(float(np.quantile(each, 0.5)) * 1e3, 3),
        "one_p99_ms": round(float(np.quantile(each, 0.99)) * 1e3, 3),
        "ratio_to_polars": round(theirs / ours, 2) if theirs == theirs else 0.0,
    }  # fmt: skip


def drawn(accounts: int) -> Tables:
    """Tables as arrays; who acts much is a matter of a heavy tail."""
    rng = np.random.default_rng(7)
    count, held = accounts * ACTS, accounts * ACTS // 5
    span = DAYS * DAY
    start = simulation.START * 1_000_000

    def who(n: int) -> np.ndarray:
        return (accounts * rng.random(n) ** 1.7).astype(np.int64)

    account = who(count)
    target = (account + 1 + (accounts - 1) * rng.random(count) ** 3).astype(np.int64) % accounts
    empty = np.empty(0, np.int64)
    return Tables(
        ids=[""] * accounts, created=start - rng.integers(300 * DAY, size=accounts),
        profile=Columns((), np.empty((accounts, 0), np.float32)),
        acts=Acts(
            account=account, target=target, kind=rng.integers(3, size=count),
            time=start + np.sort(rng.integers(DAYS * DAY, size=count)),
            amount=rng.random(count, dtype=np.float32), text=np.full(count, -1),
        ),
        kinds=("message", "payment", "review"), bands=np.empty((0, sketch.BANDS), np.int64),
        shared=Shared(
            account=who(held), value=rng.integers(accounts, size=held),
            kind=rng.integers(2, size=held), time=start + np.sort(rng.integers(span, size=held)),
        ),
        things=("address", "device"), report_account=empty, report_time=empty,
        fraud=np.full(accounts, -1, np.int8), known=np.zeros(accounts, np.int64),
        campaign=[""] * accounts,
    )  # fmt: skip


def means(ties: graph.Graph, own: Columns) -> tuple[float, float]:
    """Seconds of neighbours' means over the same ties: ours, and a data frame's."""
    whose = np.repeat(np.arange(ties.accounts), ties.degree)
    tied = pl.DataFrame({"whose": whose, "near": ties.to.astype(np.int64)})
    told = pl.DataFrame(own.rows).with_columns(near=pl.int_range(ties.accounts))
    begin = time.perf_counter()
    ours = graph.mean(ties, own.rows)
    middle = time.perf_counter()
    theirs = tied.join(told, on="near").group_by("whose").agg(pl.col(pl.Float32).mean())
    end = time.perf_counter()
    theirs = theirs.sort("whose")
    if not np.allclose(ours[theirs["whose"]], theirs.drop("whose").to_numpy(), atol=1e-3):
        raise SystemExit("the means differ from Polars'")
    return middle - begin, end - middle


def one_anew(ties: graph.Graph, base: Columns, model: boost.Boost, account: int) -> float:
    """Seconds to aggregate an account's neighbours anew and score it with reasons."""
    begin = time.perf_counter()
    around = ties.to[ties.start[account] : ties.start[account + 1]]
    row = base.rows[account].copy()
    if len(around):
        near = base.rows[around]
        near.mean(axis=0), near.std(axis=0), np.quantile(near[:, :32], (0.1, 0.5, 0.9), axis=0)
    model.log_odds(row[None])
    model.reasons(row)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
