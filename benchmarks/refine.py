"""How long refinement takes: of a day with a million findings, and of an hour after it.

    python benchmarks/refine.py [--quick] [--findings N …]

All findings that a simulated organisation of 60 people gives in four quiet weeks are laid upon one
day, and that day is copied: to other accounts with other values until a day has N findings, and to
the days before. So a day holds what a large organisation's day holds, of the same kinds and with
the same weights. What the days before left behind (`Reference`) is counted on one copy and
multiplied; the last of them, those that a run looks back to, are there with all their findings.

`day_s` is the run of refinement after a day was added but for its last twenty-fourth, `hour_s` the
one after that was added too; `hour_share` is what it costs of the day. `cases` are those of the
day. Peak memory is of the process. There is no peer that does this work. The last line is JSON.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from wheeltapper import activity, config, finding, workspace
from wheeltapper.engines.local.checkpoint import MANIFEST
from wheeltapper.engines.local.judges import wordings
from wheeltapper.engines.local.memory import Remembered
from wheeltapper.engines.local.refining import BEFORE_DAYS
from wheeltapper.refine.budget import EVERYONE, LEAST
from wheeltapper.refine.calibrate import scores
from wheeltapper.refine.reference import (
    BARS,
    FIRST_DAYS,
    OPEN_DAYS,
    Reference,
    closed_before,
)
from wheeltapper.refine.refine import stories_of
from wheeltapper.refine.unpack import frame_of, unpacked
from wheeltapper.simulate import simulate
from wheeltapper.workspace import Workspace

FIRST = date(2026, 3, 2)
HISTORY_DAYS = FIRST_DAYS + OPEN_DAYS + BEFORE_DAYS
LOADED_DAYS = BEFORE_DAYS + OPEN_DAYS - 1
"""The last days of the history that are there with all their findings."""
QUIETEST = 0.5
"""No two copies are alike: each says between this share and all of what the first says."""
ENTITIES = ("actor", "session", "target", "src_ip", "device")


@dataclass(frozen=True)
class Acts:
    """Acts, and what was found in them."""

    acts: pl.DataFrame
    findings: pl.DataFrame

    def before(self, until: datetime) -> "Acts":
        early = pl.col("time") < until
        return Acts(self.acts.filter(early), self.findings.filter(early))

    def since(self, start: datetime) -> "Acts":
        late = pl.col("time") >= start
        return Acts(self.acts.filter(late), self.findings.filter(late))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="days of 20,000 findings")
    parser.add_argument("--findings", type=int, nargs="+", help="findings of a day")
    given = parser.parse_args()
    sizes = given.findings or ([20_000] if given.quick else [100_000, 1_000_000])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = one_day(folder / "small")
        history = history_of(folder / "history", template)
        told: list[dict[str, float]] = []
        print(f"{'findings a day':>15}{'day':>9}{'hour':>9}{'share':>8}{'cases':>8}{'peak':>11}")
        for size in sizes:
            copies = max(1, round(size / len(template.findings)))
            ws = large(folder / str(size), template, history, copies)
            told.append(measured(ws, template, copies))
            print(
                f"{told[-1]['findings']:>15,.0f}{told[-1]['day_s']:>8.1f}s"
                f"{told[-1]['hour_s']:>8.1f}s{told[-1]['hour_share']:>8.2f}"
                f"{told[-1]['cases']:>8,.0f}{told[-1]['peak_mib']:>7,.0f} MiB"
            )
    print(json.dumps({"benchmark": "refine", **told[-1], "sizes": told}))


def one_day(folder: Path) -> Acts:
    """The findings of four weeks, all on `FIRST`, and the acts behind them."""
    simulate(folder, people=60, days=28, seed=1, attack=False)
    ws = workspace.open(folder)
    ws.ingest(folder / "logs")
    ws.detect()
    findings = frame_of(ws.lake.findings()).select(finding.SCHEMA.names)
    ids = findings.select(event_id=pl.col("event_ids").explode()).unique()
    acts = frame_of(ws.lake.activities()).join(ids, on="event_id", how="semi")
    moved = pl.lit(FIRST).dt.combine(pl.col("time").dt.time()).dt.replace_time_zone("UTC")
    return Acts(acts.with_columns(time=moved, raw=pl.lit("{}")), findings.with_columns(time=moved))


def copied(template: Acts, day: int, copies: int) -> Acts:
    """So many copies on the day of that number after `FIRST`, each of accounts of its own."""
    louder = np.random.default_rng(day).uniform(QUIETEST, 1.0, copies)
    names = [f"~{day:03x}{n:06x}" for n in range(copies)]
    numbers = pl.DataFrame({"copy": names, "louder": louder})
    # The last four bytes of an id, and the last letters of a name, tell whose copy it is.
    tail = pl.col("copy").str.slice(1, 9).str.zfill(10).str.decode("hex")
    later = pl.col("time") + pl.duration(days=day)
    acts = template.acts.join(numbers, how="cross").with_columns(
        time=later,
        event_id=_id(pl.col("event_id"), tail),
        **{name: pl.col(name) + pl.col("copy") for name in ENTITIES},
    )
    findings = template.findings.join(numbers, how="cross").with_columns(
        time=later,
        entity=pl.col("entity") + pl.col("copy"),
        bits=pl.col("bits") * pl.col("louder"),
        llr=pl.col("llr") * pl.col("louder"),
        event_ids=pl.concat_list(_id(pl.col("event_ids").list.first(), tail)),
        evidence=pl.col("evidence").str.replace(
            '"value":"', pl.format('"value":"{} ', "copy"), literal=True
        ),
    )
    return Acts(acts.drop("copy", "louder"), findings.drop("copy", "louder"))


def _id(old: pl.Expr, tail: pl.Expr) -> pl.Expr:
    """16 bytes: eleven of the old one, five of the copy."""
    head = old.bin.encode("hex").str.slice(0, 22)
    return (head + tail.bin.encode("hex")).str.decode("hex")


def kept(ws: Workspace, what: Acts, step: int) -> None:
    if len(what.acts):
        ws.lake.append(what.acts.to_arrow().cast(activity.SCHEMA), f"acts-{step}")
    ws.lake.append_findings(what.findings.to_arrow().cast(finding.SCHEMA), f"{step:012d}")


@dataclass(frozen=True)
class History:
    """What refinement remembers of the days before, of one copy a day."""

    days: Sequence[Acts]
    stories: pl.DataFrame
    reference: Reference
    judges: str


def history_of(folder: Path, template: Acts) -> History:
    ws = workspace.init(folder)
    days = [copied(template, day, 1) for day in range(HISTORY_DAYS)]
    for day in days:
        kept(ws, day, 0)
    ws.refine()
    judges = json.loads((ws.memory.folder / MANIFEST).read_text())["judges"]
    found = stories_of(
        unpacked(ws.lake.findings()), ws.lake, wordings=wordings(ws.judges()),
        words=ws.vocabulary(), settings=ws.config.refine,
    )  # fmt: skip
    return History(days, found.stories, found.reference, judges)


def large(folder: Path, template: Acts, history: History, copies: int) -> Workspace:
    """A workspace at the end of a history of so many copies a day."""
    ws = workspace.init(folder)
    for number, day in enumerate(history.days):
        loaded = number >= HISTORY_DAYS - LOADED_DAYS
        kept(ws, copied(template, number, copies) if loaded else day, 0)
    counted = history.reference
    many = pl.col("n") * copies
    reference = replace(
        counted,
        active=counted.active.with_columns(n=many),
        spoken=counted.spoken.with_columns(n=many),
        told=counted.told.with_columns(n=many),
    )
    open_from = closed_before(FIRST, FIRST + timedelta(days=HISTORY_DAYS - 1))
    bars = settled(scores(history.stories, reference), copies, ws.config.refine, open_from)
    ws.memory.save(
        Remembered(judges=history.judges), replace(reference, bars=bars).until(open_from)
    )
    return ws


def settled(
    stories: pl.DataFrame, copies: int, settings: config.Refine, open_from: date
) -> pl.DataFrame:
    """The bar (`BARS`) at which the budget would have been raised on each day of the history."""
    budget = settings.budget_cases_per_day
    ordered = stories["score"].sort(descending=True)
    place = budget * HISTORY_DAYS / copies
    bar = max(LEAST, float(np.interp(place, np.arange(len(ordered)), ordered)))
    row = (open_from - timedelta(days=1), EVERYONE, bar, int(budget))
    return pl.DataFrame([row], schema=BARS, orient="row")


def measured(ws: Workspace, template: Acts, copies: int) -> dict[str, float]:
    """Refinement of the next day up to its last hour, and of that hour."""
    day = copied(template, HISTORY_DAYS, copies)
    size = len(day.findings)
    hour = day.findings["time"].sort()[-(size // 24)]
    known = _cases(ws)
    kept(ws, day.before(hour), 1)
    day_s = _seconds(ws)
    kept(ws, day.since(hour), 2)
    hour_s = _seconds(ws)
    return {
        "findings": size,
        "day_s": round(day_s, 1),
        "hour_s": round(hour_s, 1),
        "hour_share": round(hour_s / day_s, 3),
        "cases": _cases(ws) - known,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _cases(ws: Workspace) -> int:
    with ws.casebook() as book:
        return book.count()


def _seconds(ws: Workspace) -> float:
    began = time.perf_counter()
    ws.refine()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
