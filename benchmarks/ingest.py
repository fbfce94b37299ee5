"""From gzipped CloudTrail to the lake, enriched, beside a bare gzip + orjson loop.

    python benchmarks/ingest.py [--quick] [--records N] [--data FOLDER]

The input is made in a temporary folder: real records (of `--data`, else of tests/data), each with
an id of its own and times over two weeks, in documents of 5,000 as AWS delivers them. Ours reads,
recognises, maps, enriches and commits every record; the peer unpacks and parses and keeps nothing.
Both have the same files, the same cores (the peer one process a core) and take turns; the best run
of each counts. `ratio_to_orjson_no_gc` is against the same loop with Python's collector off.
"""

import argparse
import gc
import gzip
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

DOCUMENT_RECORDS = 5000
DAYS = 14
START = datetime(2026, 3, 2, tzinfo=UTC)
EXCERPT = Path(__file__).parent.parent / "tests" / "data" / "aws_cloudtrail"


def records_of(folder: Path) -> list[dict[str, object]]:
    """Every record of the CloudTrail documents in a folder."""
    found: list[dict[str, object]] = []
    for path in sorted(folder.glob("*.json*")):
        data = path.read_bytes()
        document = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        found += document["Records"] if isinstance(document, dict) else []
    return found


def make(folder: Path, real: list[dict[str, object]], count: int) -> None:
    """Documents with `count` records, each one event of its own."""
    step = timedelta(days=DAYS) / count
    for first in range(0, count, DOCUMENT_RECORDS):
        document = []
        for number in range(first, min(first + DOCUMENT_RECORDS, count)):
            record = dict(real[number % len(real)])
            record["eventID"] = f"{number:08x}-0000-4000-8000-000000000000"
            record["eventTime"] = (START + number * step).strftime("%Y-%m-%dT%H:%M:%SZ")
            document.append(record)
        text = json.dumps({"Records": document}, separators=(",", ":")).encode()
        path = folder / f"{first // DOCUMENT_RECORDS:05}.json.gz"
        path.write_bytes(gzip.compress(text, compresslevel=6))


def ours(folder: Path) -> dict[str, float]:
    """Ingest into a new workspace; seconds from the first file to the last commit."""
    import wheeltapper

    with tempfile.TemporaryDirectory() as home:
        workspace = wheeltapper.init(Path(home) / "workspace")
        began = time.perf_counter()
        done = workspace.ingest(folder)
        wall_s = time.perf_counter() - began
    if done.rejected or done.added != done.records:
        raise RuntimeError(f"not every record reached the lake: {done}")
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"wall_s": wall_s, "records": done.added, "peak_mib": peak_kib / 1024}


def parse(path: str) -> int:
    return len(orjson.loads(gzip.decompress(Path(path).read_bytes()))["Records"])


def peer(folder: Path, cores: int, *, collector: bool) -> dict[str, float]:
    """Unpack and parse every document, in as many processes as there are cores."""
    paths = [str(path) for path in sorted(folder.iterdir())]
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(cores, initializer=None if collector else gc.disable) as pool:
        pool.map(parse, paths[:cores])  # the processes are there before the clock starts
        began = time.perf_counter()
        records = sum(pool.imap_unordered(parse, paths))
        wall_s = time.perf_counter() - began
    return {"wall_s": wall_s, "records": records}


def ours_alone(folder: Path) -> dict[str, float]:
    """The same in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--child", str(folder)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the records, once")
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--data", type=Path, default=EXCERPT, help="folder of real CloudTrail")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(ours(options.child)))
        return
    count = options.records // 10 if options.quick else options.records
    cores = len(os.sched_getaffinity(0))
    real = records_of(options.data)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        make(folder, real, count)
        packed_mib = sum(path.stat().st_size for path in folder.iterdir()) / (1 << 20)
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "orjson": [], "no_gc": []}
        for _ in range(1 if options.quick else 3):
            runs["ours"].append(ours_alone(folder))
            runs["orjson"].append(peer(folder, cores, collector=True))
            runs["no_gc"].append(peer(folder, cores, collector=False))
    best = {name: min(some, key=lambda run: run["wall_s"]) for name, some in runs.items()}
    speed = {name: run["records"] / run["wall_s"] for name, run in best.items()}
    print(f"{count:,} records in {packed_mib:.0f} MiB of gzip, {cores} cores\n")
    print(f"{'':44}{'events/s':>12}{'seconds':>10}")
    names = {
        "ours": "read, mapped, enriched and kept (wheeltapper)",
        "orjson": "unpacked and parsed (gzip + orjson)",
        "no_gc": "the same, garbage collector off",
    }
    for key, name in names.items():
        print(f"{name:46}{speed[key]:>10,.0f}{best[key]['wall_s']:>10.2f}")
    print()
    figures = {
        "events_per_s": round(speed["ours"]),
        "ratio_to_orjson": round(speed["ours"] / speed["orjson"], 3),
        "ratio_to_orjson_no_gc": round(speed["ours"] / speed["no_gc"], 3),
        "peak_mib": round(best["ours"]["peak_mib"]),
        "records": count,
        "cores": cores,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
