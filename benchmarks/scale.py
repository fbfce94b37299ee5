"""What an event costs: cores, lake and state, at sizes, and with one account that makes half of it.

    python benchmarks/scale.py [--quick] [--events N …] [--jobs N]

For each size: CloudTrail records are ingested (`ingest.py`'s input, at most a million of them, as
each costs the same), a lake of nine log kinds is filled (`detecting/acts.py`: 5,000 actors, 60
days), judged by the whole catalogue and all packaged rules, and made cases of; each stage in a
process of its own. `per core-second` divides by the time that processors worked, which says
something on a machine that others use as well; `per second` does not. Then the smallest size again
with half of all acts by one service account, judged by one process and by `--jobs`, beside the same
without it, in one run. There is no peer that does this work. The last line is JSON.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from detecting import acts
from ingest import EXCERPT, make, records_of
from wheeltapper import workspace
from wheeltapper.detect.hashing import hash_column
from wheeltapper.engines.worker import by_column
from wheeltapper.workspace import Workspace

DAY_S = 86_400
MOST_RECORDS = 1_000_000
SKEW = 0.5
HOT = "user0@example.org"
BILLIONS = (1, 10, 100)
ACTORS = {1: 100_000, 10: 1_000_000, 100: 10_000_000}
"""Taken for an organisation of so many billion events a day."""
Figures = dict[str, float]


def core_s() -> float:
    """Processor time of this process and of those it started that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(work: Callable[[], int]) -> Figures:
    """`work` says how many events it has done."""
    core, wall = core_s(), time.perf_counter()
    events = work()
    core, wall = core_s() - core, time.perf_counter() - wall
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in who) / 1024
    return {"events": events, "wall_s": wall, "core_s": core, "peak_mib": peak}


def filled(ws: Workspace, rows: int, skew: float) -> Figures:
    """A lake of so many acts; a share `skew` of them by one service account."""
    draw = np.random.default_rng(5)

    def fill() -> int:
        for number, table in enumerate(acts.days(rows)):
            if skew:
                hot = draw.random(len(table)) < skew
                table = _with(table, "actor", hot, HOT)
                table = _with(table, "actor_type", hot, "service")
            ws.lake.append(table, f"{number}")
        return rows

    figures = timed(fill)
    files = (Path(ws.config.lake_path(ws.root)) / "activities").rglob("*.parquet")
    return figures | {"bytes": sum(file.stat().st_size for file in files)}


def _with(table: pa.Table, name: str, where: np.ndarray, value: str) -> pa.Table:
    column = table[name].to_numpy(zero_copy_only=False).copy()
    column[where] = value
    field = table.schema.field(name)
    return table.set_column(table.schema.get_field_index(name), field, pa.array(column, field.type))


def ingested(ws: Workspace, rows: int, _: float) -> Figures:
    logs = ws.root / "logs"
    logs.mkdir()
    make(logs, records_of(EXCERPT), min(rows, MOST_RECORDS))
    figures = timed(lambda: ws.ingest(logs).added)
    for file in logs.iterdir():
        file.unlink()
    return figures


def detected(ws: Workspace, jobs: int, _: float) -> Figures:
    figures = timed(lambda: ws.detect(replay=True, jobs=jobs).acts)
    state = sum(file.stat().st_size for file in _newest_state(ws))
    actors = ws.lake.sql("select count(distinct actor) n from activities")["n"][0].as_py()
    found = len(ws.lake.findings())
    return figures | {"state_bytes": state, "actors": actors, "findings": found}


def _newest_state(ws: Workspace) -> list[Path]:
    return [ws.checkpoint.folder / name for name in ws.checkpoint.manifest().snapshots]


def refined(ws: Workspace, rows: int, _: float) -> Figures:
    cases = 0

    def refine() -> int:
        nonlocal cases
        cases = ws.refine(anew=True)
        return rows

    figures = timed(refine)
    return figures | {"cases": cases}


def dealt(ws: Workspace, jobs: int, _: float) -> Figures:
    """What share of kernels' work the busiest of so many workers has: acts times detectors."""
    judges = ws.judges()
    columns = by_column(judges.detectors)
    work = np.zeros(jobs)
    for table in ws.lake.scan(rows=500_000, columns=list(columns)):
        for column, detectors in columns.items():
            hashes = hash_column(table[column], judges.secret)
            worker = (hashes[hashes != 0] % np.uint64(jobs)).astype(np.int64)
            work += np.bincount(worker, minlength=jobs) * len(detectors)
    return {"busiest": float(work.max() / work.sum())}


STAGES = {f.__name__: f for f in (filled, ingested, detected, refined, dealt)}


def apart(stage: str, root: Path, number: int, skew: float = 0.0) -> Figures:
    """A stage in a process of its own."""
    command = [sys.executable, __file__, "--stage", stage, str(root), str(number), str(skew)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def of_size(home: Path, rows: int) -> Mapping[str, Figures]:
    roots = [workspace.init(home / f"{what} {rows}").root for what in ("records", "acts")]
    came = {"ingest": apart("ingested", roots[0], rows)}
    came["lake"] = apart("filled", roots[1], rows)
    came["detect"] = apart("detected", roots[1], 1)
    came["refine"] = apart("refined", roots[1], rows)
    _print(rows, came)
    return came


def _print(rows: int, came: Mapping[str, Figures]) -> None:
    print(f"\n{rows:,} events")
    print(f"{'':10}{'per second':>12}{'per core-second':>18}{'peak MiB':>10}")
    for stage, got in came.items():
        print(
            f"{stage:10}{got['events'] / got['wall_s']:>12,.0f}"
            f"{got['events'] / got['core_s']:>18,.0f}{got['peak_mib']:>10,.0f}"
        )
    detect, refine = came["detect"], came["refine"]
    print(
        f"lake {came['lake']['bytes'] / rows:,.0f} bytes an event; state "
        f"{detect['state_bytes'] / detect['actors']:,.0f} bytes an actor ({detect['actors']:,}); "
        f"{detect['findings']:,} findings, {refine['cases']:,} cases",
        flush=True,
    )


def skewed(home: Path, rows: int, jobs: int) -> Figures:
    """How much `jobs` processes help without and with an account that does half of everything."""
    figures: Figures = {}
    print(f"\n{rows:,} events, half of them by one account: {jobs} processes beside one")
    for name, share in (("even", 0.0), ("skewed", SKEW)):
        root = workspace.init(home / name).root
        apart("filled", root, rows, share)
        alone, shared = (apart("detected", root, number) for number in (1, jobs))
        if alone["findings"] != shared["findings"]:
            raise RuntimeError(f"findings differ: {alone['findings']} and {shared['findings']}")
        busiest = apart("dealt", root, jobs)["busiest"]
        times = alone["wall_s"] / shared["wall_s"]
        figures |= {f"{name}_speedup": round(times, 2), f"{name}_busiest": round(busiest, 2)}
        figures |= {f"{name}_per_core_s": round(alone["events"] / alone["core_s"])}
        print(
            f"{name:8} {times:.2f} times as fast; the busiest has {busiest:.0%} of kernels' work; "
            f"one process {alone['events'] / alone['core_s']:,.0f} events a core-second",
            flush=True,
        )
    return figures


def sizing(came: Mapping[str, Figures]) -> None:
    """Cores, disk and memory for billions of events a day, at what was measured."""
    print(f"\n{'events a day':>14}{'cores':>8}{'of them':>24}{'lake a day':>12}{'state':>10}")
    per_actor = came["detect"]["state_bytes"] / came["detect"]["actors"]
    for billions in BILLIONS:
        events = billions * 1e9
        cores = {
            stage: events / DAY_S * came[stage]["core_s"] / came[stage]["events"]
            for stage in ("ingest", "detect", "refine")
        }
        share = " ".join(f"{stage} {n:,.1f}" for stage, n in cores.items())
        lake = came["lake"]["bytes"] / came["lake"]["events"] * events
        state = per_actor * ACTORS[billions]
        print(
            f"{billions:>12} G{sum(cores.values()):>8,.1f}  {share}{lake / 1e9:>9,.0f} GB"
            f"{state / 1e9:>7,.1f} GB for {ACTORS[billions]:,} actors"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="20,000 events")
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--stage", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        stage, root, number, skew = given.stage
        print(json.dumps(STAGES[stage](workspace.open(root), int(number), float(skew))))
        return
    sizes = [20_000] if given.quick else sorted(given.events)
    by_size = {}
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            by_size[rows] = of_size(Path(folder), rows)
    with tempfile.TemporaryDirectory() as folder:
        skew = skewed(Path(folder), sizes[0], given.jobs)
    last = by_size[sizes[-1]]
    sizing(last)
    per_core = {
        f"{stage}_per_core_s": round(last[stage]["events"] / last[stage]["core_s"])
        for stage in ("ingest", "detect", "refine")
    }
    figures = {
        "benchmark": "scale",
        "events": sizes[-1],
        **per_core,
        "lake_bytes_per_event": round(last["lake"]["bytes"] / sizes[-1], 1),
        "state_bytes_per_actor": round(last["detect"]["state_bytes"] / last["detect"]["actors"]),
        **skew,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
