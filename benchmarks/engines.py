"""How fast one detection runs on each engine, on the same cores in one run.

    python benchmarks/engines.py [--quick] [--people N] [--days N] [--cores N] [--repeat N]

Simulates an organisation, ingests its logs once, and judges all of it again on each engine, in a
process of its own: all that `wheeltapper detect --replay` does but refinement, with the whole
catalogue and all packaged rules. What the first try takes beyond the best of the others (imports,
the JVM) is told apart. Worker processes are started anew in every try, as a command does, so that
counts; Flink starts its job and its Python workers anew, too. `local, 1 core` may use one core for
all that it does, reading and rules as well, so that `ratio_2_cores` is what the others bring. Spark
needs `make setup-spark`, Flink `make setup-flink`; what is missing is left out. The last line is
JSON.
"""

import argparse
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any  # what JSON holds

import pyarrow as pa

from wheeltapper import workspace
from wheeltapper.simulate import simulate

ROOT = Path(__file__).parent.parent
SPARK = ROOT / ".venv-spark" / "bin" / "python"
FLINK = ROOT / ".venv-flink" / "bin" / "python"
ALONE, TWICE, CREW, ON_SPARK = "local, 1 core", "local, threads", "local, processes", "spark"
ON_FLINK = "flink"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small history, some minutes")
    parser.add_argument("--people", type=int)
    parser.add_argument("--days", type=int)
    parser.add_argument("--cores", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        root, engine, jobs = given.measure
        print(json.dumps(measured(Path(root), engine, int(jobs), given.repeat)))
        return
    people = given.people or (40 if given.quick else 400)
    days = given.days or (20 if given.quick else 90)
    with tempfile.TemporaryDirectory() as folder:
        root = made(Path(folder) / "work", people, days)
        runs = {ALONE: ("local", 1, 1), TWICE: ("local", 1, given.cores)}
        runs |= {CREW: ("local", given.cores, 1)}
        if SPARK.exists():
            runs[ON_SPARK] = ("spark", given.cores, 1)
        if FLINK.exists():
            runs[ON_FLINK] = ("flink", given.cores, 1)
        came = {name: one(root, *how, given.repeat) for name, how in runs.items()}
    print(f"{'':18} {'acts/s':>9} {'start s':>8} {'findings':>9}")
    for name, got in came.items():
        print(f"{name:18} {got['rate']:>9,.0f} {got['start']:>8.1f} {got['findings']:>9,}")
    if ON_SPARK in came:
        print(f"\n{ON_SPARK}, where {came[ON_SPARK]['took']:.1f} s go:")
        for name, seconds in came[ON_SPARK]["seconds"].items():
            print(f"  {name:40} {seconds:6.1f}")
    rate = {name: float(got["rate"]) for name, got in came.items()}
    said = {
        "acts": came[ALONE]["acts"],
        "cores": given.cores,
        "events_per_s": round(rate[TWICE]),
        "findings_identical": len({got["digest"] for got in came.values()}) == 1,
        "ratio_2_cores": round(max(rate[CREW], rate[TWICE]) / rate[ALONE], 2),
        "ratio_processes_to_threads": round(rate[CREW] / rate[TWICE], 2),
    }
    if ON_SPARK in rate:
        said["ratio_spark_to_local"] = round(rate[ON_SPARK] / rate[TWICE], 2)
        said["spark_start_s"] = round(came[ON_SPARK]["start"], 1)
    if ON_FLINK in rate:
        said["ratio_flink_to_local"] = round(rate[ON_FLINK] / rate[TWICE], 2)
        said["flink_start_s"] = round(came[ON_FLINK]["start"], 1)
    print(json.dumps(said))


def made(root: Path, people: int, days: int) -> Path:
    """A workspace with its lake filled."""
    simulate(root, people=people, days=days)
    ws = workspace.open(root)
    ws.ingest(root / "logs")
    return root


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def one(root: Path, engine: str, jobs: int, threads: int, repeat: int) -> dict[str, Any]:
    """What `measured` says in a process of its own, which has as many cores as it can use."""
    cores = jobs * threads
    settings = root / "wheeltapper.toml"
    kept = settings.read_text(encoding="utf-8")
    threaded = f"[detect]\nthreads = {threads}"
    text = kept.replace("[detect]", threaded) if "[detect]" in kept else f"{kept}\n{threaded}\n"
    settings.write_text(text, "utf-8")
    program = str({"spark": SPARK, "flink": FLINK}.get(engine, sys.executable))
    command = [program, __file__, "--repeat", str(repeat)]
    done = subprocess.run(
        [*command, "--measure", str(root), engine, str(jobs)],
        check=True, stdout=subprocess.PIPE, text=True,
        preexec_fn=partial(os.sched_setaffinity, 0, set(_cores()[:cores])),  # before a thread is
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    settings.write_text(kept, encoding="utf-8")
    got: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return got


def measured(root: Path, engine: str, jobs: int, repeat: int) -> dict[str, object]:
    """Judge the lake again and again; the first try is not counted but for its start."""
    ws, parts = workspace.open(root), Parts()
    log = logging.getLogger("wheeltapper.engines.spark.detect")
    log.addHandler(parts)
    log.setLevel(logging.DEBUG)
    took, spent = [], []
    for _ in range(repeat + 1):
        parts.seconds = Counter()
        began = time.perf_counter()
        done = ws.detect(engine=engine, jobs=jobs, replay=True, master=f"local[{jobs}]")
        took.append(time.perf_counter() - began)
        spent.append(parts.seconds)
    best = min(range(1, len(took)), key=took.__getitem__)
    table = ws.lake.findings()
    # As numbers: environments differ in how they write a time.
    whole = [
        pa.field(f.name, pa.int64()) if pa.types.is_timestamp(f.type) else f for f in table.schema
    ]
    found = sorted(map(repr, table.cast(pa.schema(whole)).to_pylist()))
    return {
        "acts": done.acts,
        "rate": done.acts / took[best],
        "took": took[best],
        "start": max(0.0, took[0] - took[best]),
        "seconds": rest(spent[best], took[best]),
        "findings": len(found),
        "digest": hashlib.sha256("\n".join(found).encode()).hexdigest(),
    }


class Parts(logging.Handler):
    """Adds up what detection on Spark says of where its time went."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = Counter[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self.seconds.update(record.fields["seconds"])  # type: ignore[attr-defined]


def rest(seconds: Mapping[str, float], took: float) -> dict[str, float]:
    """Parts in words, and what is left of the job and of all."""
    if not seconds:
        return {}
    last = {
        "worker: restore state": seconds["restore"],
        "worker: judge, wait for others": seconds["judge"],
        "worker: save state": seconds["save"],
    }
    return {
        "read, rules, deal, shuffle, Spark itself": seconds["job"] - sum(last.values()),
        **last,
        "driver: append findings, commit": seconds["commit"],
        "driver: all else": took - seconds["job"] - seconds["commit"],
    }


if __name__ == "__main__":
    main()
