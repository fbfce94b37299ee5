"""A soak of `run --follow`: a folder is fed at a rate for minutes; does memory stay flat?

    python benchmarks/follow.py [--quick] [--minutes N] [--rate EVENTS_PER_S]

A process of its own follows a folder. Each second lines of Okta's kind, of 300 people who do what
people do, are appended to a file there, which is rotated every half minute and removed later, and
one in ten is sent by HTTP instead. One in a hundred comes up to ten seconds late. The process's
memory is read every second. `memory_flat`: over the second half, the line through it rises by less
than 5 % of the mean. `lag_s` is from writing a second's lines to their being in the lake, at worst.
`events_per_s` is what was fed and kept up with, no measure of how much could be. There is no peer
that does this work. The last line is JSON.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from wheeltapper import workspace

PEOPLE = 300
TOKEN = "benchmark token of sixteen"  # noqa: S105  # of a process that ends with this one
ROTATE_S = 30
KEPT_FILES = 3
LATE_S = 10
SETTINGS = "[detect]\nlateness_minutes = 0.25\n"


@dataclass
class Told:
    """What the process said of itself, as it came."""

    added: int = 0
    judged: int = 0
    findings: int = 0
    port: int = 0
    last: dict[str, object] = field(default_factory=dict)
    at: list[tuple[float, int]] = field(default_factory=list)
    """When so many acts were in the lake."""

    def listen(self, lines: Iterator[str]) -> None:
        for text in lines:
            if not text.startswith("{"):
                print(text, end="", file=sys.stderr)
                continue
            line = json.loads(text)
            stage = line.get("stage")
            if line["level"] != "info":
                print(line["message"], file=sys.stderr)
            if stage == "listening":
                self.port = line["port"]
            elif stage == "ingest":
                self.added += line["added"]
                self.at.append((time.monotonic(), self.added))
            elif stage == "detect":
                self.judged += line["acts"]
                self.findings += line["findings"]
            elif stage == "stopped":
                self.last = line


class People:
    """Acts of people with habits."""

    def __init__(self) -> None:
        self._draw = random.Random(1)  # noqa: S311  # the same each time
        self._number = 0
        self._apps = [f"App {n}" for n in range(60)]

    def act(self) -> bytes:
        draw = self._draw
        self._number += 1
        who = min(int(draw.expovariate(1 / 60)), PEOPLE - 1)
        late = draw.uniform(0, LATE_S) if draw.random() < 0.01 else 0.0
        app = self._apps[(who * 7 + int(draw.expovariate(0.7))) % len(self._apps)]
        when = datetime.now(UTC) - timedelta(seconds=late)
        record = {
            "actor": {"alternateId": f"person{who}@example.com", "type": "User", "id": f"00u{who}"},
            "client": {
                "ipAddress": f"198.51.{who % 100}.{draw.randrange(3)}",
                "userAgent": {
                    "rawUserAgent": f"Mozilla/5.0 (X11; Linux) Firefox/{130 + who % 3}.0"
                },
            },
            "eventType": draw.choice(("user.session.start", "user.authentication.sso")),
            "outcome": {"result": "FAILURE" if draw.random() < 0.02 else "SUCCESS"},
            "published": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "severity": "INFO",
            "target": [{"alternateId": app, "type": "AppInstance"}],
            "uuid": f"event-{self._number}",
            "version": "0",
        }
        return json.dumps(record).encode() + b"\n"


class Feed:
    """A folder that logs are written to, and an address that they are sent to."""

    def __init__(self, folder: Path, rate: int) -> None:
        self._folder, self._rate = folder, rate
        self._people = People()
        self._old: list[Path] = []
        self.fed: list[tuple[float, int]] = []
        self.total = 0

    def second(self, number: int, port: int) -> None:
        lines = [self._people.act() for _ in range(self._rate)]
        sent = self._rate // 10 if port else 0
        log = self._folder / "app.log"
        if number % ROTATE_S == 0 and log.exists():
            old = self._folder / f"app.log.{number}"
            log.rename(old)
            self._old.append(old)
            for gone in self._old[:-KEPT_FILES]:
                gone.unlink()
            self._old = self._old[-KEPT_FILES:]
        with log.open("ab") as file:
            file.write(b"".join(lines[sent:]))
        if sent:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/ingest?source=okta",
                b"".join(lines[:sent]),
                {"authorization": f"Bearer {TOKEN}"},
            )
            urllib.request.urlopen(request).close()  # noqa: S310
        self.total += len(lines)
        self.fed.append((time.monotonic(), self.total))


def rss_mib(pid: int, name: str = "VmRSS") -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{name}:\s+(\d+)", text)[0]) / 1024


def stages(port: int) -> dict[str, float]:
    """Seconds that each stage took in all."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.findall(r'wheeltapper_stage_seconds_sum\{stage="(\w+)"\} (\S+)', text)
    return {stage: round(float(seconds), 1) for stage, seconds in found}


def worst_lag_s(fed: list[tuple[float, int]], kept: list[tuple[float, int]]) -> float:
    """Longest time from acts being written to as many being in the lake."""
    counts = [count for _, count in kept]
    lags = []
    for at, count in fed:
        place = int(np.searchsorted(counts, count))
        if place < len(kept):
            lags.append(kept[place][0] - at)
    return max(lags, default=0.0)


def soak(root: Path, seconds: int, rate: int) -> dict[str, object]:
    logs = root / "logs"
    logs.mkdir()
    ws = workspace.init(root / "work")
    (ws.root / "wheeltapper.toml").write_text(SETTINGS)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "wheeltapper.cli", "-w", str(ws.root), "run", str(logs),
            "--listen", "127.0.0.1:0", "--every", "1", "--log", "json",
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "WHEELTAPPER_INTAKE_TOKEN": TOKEN},
    )  # fmt: skip
    told, feed = Told(), Feed(logs, rate)
    if process.stderr is None:
        raise RuntimeError("it has no standard error")
    listener = threading.Thread(target=told.listen, args=(process.stderr,))
    listener.start()
    while not told.port:
        time.sleep(0.1)
    memory: list[tuple[float, float]] = []
    began = time.monotonic()
    print(
        f"{'minute':>8}{'fed':>12}{'in the lake':>14}{'judged':>12}{'findings':>10}{'memory':>14}"
    )
    for number in range(seconds):
        feed.second(number, told.port)
        memory.append((time.monotonic() - began, rss_mib(process.pid)))
        if (number + 1) % 60 == 0 or number + 1 == seconds:
            print(
                f"{memory[-1][0] / 60:>8.1f}{feed.total:>12,}{told.added:>14,}{told.judged:>12,}"
                f"{told.findings:>10,}{memory[-1][1]:>10,.0f} MiB",
                flush=True,
            )
        time.sleep(max(0.0, began + number + 1 - time.monotonic()))
    fed_s = time.monotonic() - began
    while told.added < feed.total and time.monotonic() - began < fed_s + 120:
        time.sleep(0.2)
    figures = {"stage_s": stages(told.port), "peak_mib": round(rss_mib(process.pid, "VmHWM"))}
    process.send_signal(signal.SIGTERM)
    process.wait()
    listener.join()
    if process.returncode or told.last.get("added") != feed.total:
        raise RuntimeError(f"not every act reached the lake: {told.last}, {feed.total} were fed")
    half = np.array(memory[len(memory) // 2 :])
    slope = float(np.polyfit(half[:, 0], half[:, 1], 1)[0])
    rise = slope * float(half[-1, 0] - half[0, 0])
    return {
        "events_per_s": round(feed.total / fed_s),
        "events": feed.total,
        "minutes": round(fed_s / 60, 1),
        "late": told.last["late"],
        "findings": told.last["findings"],
        "cases": told.last["cases"],
        "lag_s": round(worst_lag_s(feed.fed, told.at), 1),
        **figures,
        "slope_mib_per_minute": round(slope * 60, 2),
        "memory_flat": bool(rise < 0.05 * float(half[:, 1].mean())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one minute")
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--rate", type=int, default=200, help="events a second")
    given = parser.parse_args()
    seconds = 60 if given.quick else int(given.minutes * 60)
    with tempfile.TemporaryDirectory() as home:
        figures = soak(Path(home), seconds, given.rate)
    print()
    print(
        f"{figures['events']:,} acts in {figures['minutes']} minutes; memory at most "
        f"{figures['peak_mib']:,} MiB, {figures['slope_mib_per_minute']:+} MiB a minute in the "
        f"second half; an act was in the lake {figures['lag_s']} s after it was written at worst"
    )
    print(json.dumps({"benchmark": "follow", **figures}))


if __name__ == "__main__":
    main()
