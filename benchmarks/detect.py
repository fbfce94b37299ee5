"""How fast the whole packaged catalogue judges a lake, and in how much memory.

    python benchmarks/detect.py [--quick] [--rows N …] [--threads N] [--repeat N]

Makes lakes of realistic activities (`detecting/acts.py`), runs every packaged detector over each
in a process of its own, the best of some repeats, and beside it, in the same run, the same
detectors written with River (`detecting/with_river.py`) over the beginning of the same acts. River
is given its acts ready in memory; ours are read from the lake. `core-s/M` is the
processor time of a million acts: on a busy machine it says more than the clock. The last line is
JSON.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from detecting import acts, with_river
from detecting.compiled import function_of
from wheeltapper import config
from wheeltapper.detect import catalogue, snapshot
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.distinct import Memo
from wheeltapper.detect.prepare import Prepared, columns_read, prepare
from wheeltapper.detect.process import State, process, start
from wheeltapper.detect.warm import SECRET, warm
from wheeltapper.engines.local.ahead import ahead
from wheeltapper.store.lake import Lake

STEP_ROWS = config.Detect().step
MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small lakes, under a minute")
    parser.add_argument("--rows", type=int, nargs="+", help="activities in each lake")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--repeat", type=int, help="runs of which the best counts")
    parser.add_argument("--river-acts", type=int, help="acts that River judges")
    parser.add_argument("--measure", metavar="LAKE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.threads)))
        return
    rows = given.rows or ([50_000, 200_000] if given.quick else [100_000, 1_000_000, 10_000_000])
    repeat = given.repeat or (2 if given.quick else 3)
    river_acts = given.river_acts or (8_000 if given.quick else 60_000)
    warm()
    detectors = catalogue.load()
    print(f"{len(detectors)} detectors, {given.threads} threads, best of {repeat}\n")
    print(f"{'acts':>12} {'acts/s':>12} {'steps/act':>10} {'findings':>9} {'peak MiB':>9}"
          f" {'pairs':>10} {'bytes/pair':>10} {'core-s/M':>9}")  # fmt: skip
    sizes, river = [], None
    with tempfile.TemporaryDirectory(prefix="wheeltapper-bench-") as folder:
        for count in rows:
            lake = str(Path(folder) / str(count))
            for number, day in enumerate(acts.days(count)):
                Lake(lake).append(day, f"day {number}")
            runs = [_in_a_process_of_its_own(lake, given.threads) for _ in range(repeat)]
            best = max(runs, key=lambda run: run["events_per_s"])
            best["peak_mib"] = max(run["peak_mib"] for run in runs)
            sizes.append(best)
            print(f"{best['events']:>12,} {best['events_per_s']:>12,.0f} {best['steps']:>10.2f}"
                  f" {best['findings']:>9,} {best['peak_mib']:>9,.0f} {best['pairs']:>10,}"
                  f" {best['bytes_per_pair']:>10.0f} {best['core_s_per_m']:>9.2f}",
                  flush=True)  # fmt: skip
        river = beside(lake, detectors, river_acts)
    last = sizes[-1]
    ratio = last["events_per_s"] / river["events_per_s"]
    print(f"\nRiver: {river['events_per_s']:,.0f} acts/s over {river['events']:,} acts,"
          f" {river['findings']:,} findings; ours is {ratio:,.0f} times as fast")  # fmt: skip
    if river["left_out"]:
        print(f"left out of River's work, no counterpart in Python: {river['left_out']}")
    print(json.dumps({
        "events_per_s": round(last["events_per_s"]),
        "ratio_to_river": round(ratio, 1),
        "peak_mib": {str(s["events"]): round(s["peak_mib"]) for s in sizes},
        "bytes_per_pair": round(last["bytes_per_pair"], 1),
        "cost_growth": round(
            (last["seconds"] / last["events"]) / (sizes[-2]["seconds"] / sizes[-2]["events"]), 3
        ) if len(sizes) > 1 else 1.0,
        "river_events_per_s": round(river["events_per_s"]),
        "core_s_per_m": round(last["core_s_per_m"], 2),
        "ratio_per_core": round(river["core_s_per_m"] / last["core_s_per_m"], 1),
        "events": [s["events"] for s in sizes],
        "all_events_per_s": [round(s["events_per_s"]) for s in sizes],
        "steps_per_event": round(last["steps"], 2),
        "detectors": len(detectors),
        "threads": given.threads,
    }))  # fmt: skip


def _in_a_process_of_its_own(lake: str, threads: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", lake, "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(url: str, threads: int) -> dict[str, float]:
    """Judge everything in a lake, a thread of its own reading and preparing what comes next."""
    warm()
    detectors = catalogue.load()
    state, findings, events, steps = start(detectors), 0, 0, 0
    began, cores_began = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        for ready in ahead(_prepared(Lake(url), detectors)):
            state, found = process(state, ready, detectors, SECRET, pool)
            findings += len(found)
            events += len(ready.events)
            steps += sum(ready.rows[d.filter].size for d in detectors)
    seconds, core_seconds = time.perf_counter() - began, time.process_time() - cores_began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB
    pairs = _pairs(state)
    size = len(snapshot.to_bytes(state, detectors))
    return {
        "events": events, "seconds": seconds, "events_per_s": events / seconds,
        "core_s_per_m": core_seconds / events * 1e6,
        "steps": steps / events, "findings": findings, "peak_mib": peak, "pairs": pairs,
        "bytes_per_pair": size / max(pairs, 1),
    }  # fmt: skip


def _prepared(lake: Lake, detectors: list[Detector]) -> Iterator[Prepared]:
    memo = Memo(SECRET)
    columns = columns_read(detectors)
    for table in lake.scan(None, None, STEP_ROWS, columns=columns, dictionary=True):
        yield prepare(table, detectors, SECRET, memo)


def _pairs(state: State) -> int:
    """(entity, value) pairs kept by all detectors; an entity alone is one where there is none."""
    kept = 0
    for one in state.detectors.values():
        if {"pairs", "steps"} & set(one.own._fields):
            kept += int(one.own.size[0])
        else:
            entities = one.own.entities
            kept += int(entities.view(np.uint8).reshape(len(entities), -1).any(axis=1).sum())
    return kept


def beside(url: str, detectors: list[Detector], count: int) -> dict[str, float | str]:
    """The same detectors with River, over the first acts of the same lake."""
    columns = columns_read(detectors)
    table = next(Lake(url).scan(None, None, count, columns=columns))[:count]
    left_out = []
    for one in detectors:
        try:
            for expression in filter(None, (one.filter, one.value_sql)):
                function_of(expression)
        except NotImplementedError as error:
            left_out.append(f"{one.name} ({error})")
    names = {entry.split(" ")[0] for entry in left_out}
    with_counterpart = [d for d in detectors if d.name not in names]
    rows = table.to_pylist()
    for row in rows:
        row["hour"] = int(row["time"].timestamp()) // 3600
        row["day"] = row["hour"] // 24
    took = []
    for _ in range(2):
        began, core_began = time.perf_counter(), time.process_time()
        findings, looked_at = with_river.run(rows, with_counterpart)
        took.append((time.perf_counter() - began, time.process_time() - core_began))
    seconds, core_seconds = min(took)
    # Both must have looked at the same acts, or the comparison is worth nothing.
    ready = prepare(table, detectors, SECRET)
    for one in with_counterpart:
        # Filters that let different acts through would make the comparison none.
        assert looked_at[one.name] == ready.rows[one.filter].size, one.name  # noqa: S101
    return {
        "events": len(rows), "seconds": seconds, "events_per_s": len(rows) / seconds,
        "core_s_per_m": core_seconds / len(rows) * 1e6,
        "findings": findings, "left_out": ", ".join(left_out),
    }  # fmt: skip


if __name__ == "__main__":
    main()
