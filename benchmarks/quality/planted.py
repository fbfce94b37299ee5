"""Attacks planted in a simulated organisation: which of them become cases that somebody would read?

    python benchmarks/quality/planted.py [DIR ...] [--quick] [--ablation]

DIR is a folder written by `wheeltapper simulate` and then `run`; what its casebook shows is
compared with its `truth.ndjson`. Where DIR has no casebook yet it is run in a temporary copy of its
settings, and DIR stays as it is. Without DIR one is simulated (200 people, 60 days; 60 and 28 with
`--quick`).

A planted record is *in* a case if one of the case's findings rests on it. A scenario is *found* if
one of its records is in a case; `recall_at_10_cases_a_day` counts those whose case is among the ten
highest-ranked of the cases that begin on the same day (UTC): what somebody sees who reads ten a
day. `recall_in_first_N` counts those whose case is among the first N of all. That is generous: a
case about something else may rest on one planted record by the way. So `recall_told_first_at_10`
counts only cases whose weightiest finding rests on one: the attack is what the case says first.
`precision` is the share of cases, of those among the ten of their day, that hold a planted record,
`precision_told_first` of those that say it first. Intervals are Wilson's, 95 %. Of several cases
that hold a scenario, one that says it first counts before one that does not, then the higher.

`--ablation` leaves out each family of detectors in turn, rules and models as families of their own,
and makes the cases anew. Detectors do not see each other, so this is what `detect.off` would show.

Everything here is simulated except one hour, and written by those who wrote the detectors: it shows
what gets lost on the way to a person, not how much would be found elsewhere.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import config, workspace
from wheeltapper.case import Case
from wheeltapper.detect.family import families
from wheeltapper.engines.local.drill.outcome import wilson
from wheeltapper.engines.local.judges import wordings
from wheeltapper.refine.refine import refine
from wheeltapper.simulate import simulate
from wheeltapper.workspace import Workspace

PER_DAY = 10
FIRST = (10, 20, 50)
COLUMNS = {
    "recall_at_10_cases_a_day": "recall@10",
    "recall_told_first_at_10": "told first",
    "recall_in_first_20": "first 20",
    "precision": "precision",
}
"""Of the ablation's table."""
OTHERS = ("rule", "model")
"""What judges besides the kernel families."""


@dataclass(frozen=True)
class Planted:
    """One scenario and, by the lake's ids (hex), the acts that are it."""

    scenario: str
    actor: str
    day: date
    events: frozenset[str]


@dataclass(frozen=True)
class Placed:
    """A case, how high it stands among those of its day, and the events that it rests on."""

    case: Case
    in_day: int
    events: frozenset[str]
    first: frozenset[str]
    """Those that the weightiest finding rests on."""


@dataclass(frozen=True)
class Outcome:
    """What became of one scenario; ranks are None where it is in no case."""

    planted: Planted
    placed: Placed | None
    cases: int
    """Cases that it is in."""
    share: float
    """Of its records, in the best of these cases."""

    @property
    def seen(self) -> bool:
        return self.placed is not None and self.placed.in_day <= PER_DAY

    @property
    def told_first(self) -> bool:
        return self.placed is not None and bool(self.placed.first & self.planted.events)

    @property
    def good(self) -> bool:
        return self.seen and self.told_first


def planted_in(ws: Workspace, truth: Path) -> list[Planted]:
    """The scenarios of a truth.ndjson, with the events that their records have become.

    Records are known by their own id; a line of a text log, which has none, by its text.
    """
    told = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    wanted = pa.table(
        {
            "scenario": [t["scenario"] for t in told for _ in t["native_ids"] + t["lines"]],
            "own": [id for t in told for id in t["native_ids"] + [None] * len(t["lines"])],
            "line": [ln for t in told for ln in [None] * len(t["native_ids"]) + t["lines"]],
        },
        schema=pa.schema([(name, pa.string()) for name in ("scenario", "own", "line")]),
    )
    found = ws.lake.sql(
        """with lines as (select event_id, raw ->> '$.line' as line from activities
                          where native_id is null and raw like '{"line"%')
           select scenario, lower(hex(event_id)) as event from wanted
           join activities on native_id = own
           union select scenario, lower(hex(event_id)) from wanted join lines using (line)""",
        tables={"wanted": wanted},
    ).to_pylist()
    events: dict[str, set[str]] = {t["scenario"]: set() for t in told}
    for row in found:
        events[row["scenario"]].add(row["event"])
    return [
        Planted(t["scenario"], t["actor"], date.fromisoformat(t["start"][:10]),
                frozenset(events[t["scenario"]]))
        for t in told
    ]  # fmt: skip


def placed(cases: Sequence[Case], event_of: dict[str, str]) -> list[Placed]:
    """Cases by rank, each with its place among those that begin on the same day."""
    seen: dict[date, int] = {}
    found = []
    for case in sorted(cases, key=lambda c: c.rank):
        day = case.start.date()
        seen[day] = seen.get(day, 0) + 1
        events = {id for f in case.findings for id in f.finding.event_ids}
        events |= {event_of[id] for id in case.native_ids if id in event_of}
        first = frozenset(case.findings[0].finding.event_ids)
        found.append(Placed(case, seen[day], frozenset(events), first))
    return found


def outcomes(planted: Sequence[Planted], cases: Sequence[Placed]) -> list[Outcome]:
    """For each scenario the best case that rests on one of its records."""
    found = []
    for one in planted:
        mine = [p for p in cases if p.events & one.events]
        told = [p for p in mine if p.first & one.events]
        best = next(iter(told or mine), None)
        share = len(best.events & one.events) / len(one.events) if best else 0.0
        found.append(Outcome(one, best, len(mine), share))
    return found


def figures(found: Sequence[Outcome], cases: Sequence[Placed]) -> dict[str, object]:
    """Recall and precision, with intervals."""
    of = len(found)
    hits = sum(o.seen for o in found)
    shown = [p for p in cases if p.in_day <= PER_DAY]
    events = frozenset().union(*(o.planted.events for o in found))
    right = sum(bool(p.events & events) for p in shown)
    told_right = sum(bool(p.first & events) for p in shown)
    told_hits = sum(o.good for o in found)
    told: dict[str, object] = {
        "scenarios": of,
        "found": sum(o.placed is not None for o in found),
        "recall_at_10_cases_a_day": round(hits / of, 4),
        "recall_at_10_cases_a_day_interval": [round(x, 4) for x in wilson(hits, of)],
    }
    told["recall_told_first_at_10"] = round(told_hits / of, 4)
    told["recall_told_first_at_10_interval"] = [round(x, 4) for x in wilson(told_hits, of)]
    for n in FIRST:
        first = sum(o.placed is not None and o.placed.case.rank <= n for o in found)
        told[f"recall_in_first_{n}"] = round(first / of, 4)
    told["cases"] = len(shown)
    told["precision"] = round(right / max(len(shown), 1), 4)
    told["precision_interval"] = [round(x, 4) for x in wilson(right, len(shown))]
    told["precision_told_first"] = round(told_right / max(len(shown), 1), 4)
    return told


class Judged:
    """One DIR: its scenarios, its findings, and the cases that they make."""

    def __init__(self, ws: Workspace, truth: Path) -> None:
        self.ws = ws
        self.planted = planted_in(ws, truth)
        if not any(p.events for p in self.planted):
            sys.exit(f"nothing of {truth} is in the lake of {ws.root}: is it of this folder?")
        self._event_of = {
            row["native_id"]: row["event"]
            for row in ws.lake.sql(
                """select native_id, lower(hex(event_id)) as event from activities
                   where native_id is not null"""
            ).to_pylist()
        }
        self._wordings = wordings(ws.judges())

    def shown(self) -> list[Placed]:
        """The cases of the casebook."""
        return self.placed(self.ws.cases())

    def placed(self, cases: Sequence[Case]) -> list[Placed]:
        """Cases that were made of this folder."""
        return placed(cases, self._event_of)

    def without(self, family: str) -> list[Placed]:
        """The cases as they would be without the findings of one family."""
        lake = self.ws.lake
        silent = [n for n, w in self._wordings.by_name.items() if w.family == family]
        said = lake.findings()
        left = said.filter(
            pc.invert(pc.is_in(said["detector"], value_set=pa.array(silent, pa.string())))
        )
        found = refine(
            left, lake, wordings=self._wordings, words=self.ws.vocabulary(),
            settings=self.ws.config.refine,
        )  # fmt: skip
        return self.placed(found.cases)


@contextmanager
def opened(folder: Path | None, *, quick: bool) -> Iterator[Judged]:
    """A DIR that has been run, or one that is run (and, if need be, simulated) for the while."""
    with tempfile.TemporaryDirectory() as name:
        if folder is not None and (folder / "casebook.sqlite").exists():
            yield Judged(workspace.open(folder), folder / "truth.ndjson")
            return
        source = folder or Path(name) / "simulated"
        if folder is None:
            people, days = (60, 28) if quick else (200, 60)
            simulate(source, people=people, days=days, seed=1)
        aside = Path(name) / "workspace"
        aside.mkdir()
        for file in (config.FILE, "directory.csv"):
            shutil.copy(source / file, aside / file)
        ws = workspace.open(aside)
        ws.run(source / "logs")
        yield Judged(ws, source / "truth.ndjson")


def print_scenarios(found: Sequence[Outcome]) -> None:
    """One line a scenario: where it stands, and what the case says."""
    print(f"  {'scenario':24} {'rank':>5} {'of its day':>10} {'first':>5} {'cases':>5} "
          f"{'records':>14}  case")  # fmt: skip
    for o in sorted(found, key=lambda o: o.placed.case.rank if o.placed else 1 << 30):
        records = f"{o.share:6.1%} of {len(o.planted.events):,}"
        if o.placed is None:
            print(f"  {o.planted.scenario:24} {'-':>5} {'-':>10} {'-':>5} {0:>5} {records:>14}"
                  "  in no case")  # fmt: skip
            continue
        case = o.placed.case
        print(
            f"  {o.planted.scenario:24} {case.rank:>5} {o.placed.in_day:>10} "
            f"{'yes' if o.told_first else 'no':>5} {o.cases:>5} {records:>14}  "
            f"{case.headline[:66]}"
        )


def row(name: str, told: dict[str, object], lost: Collection[str], gained: Collection[str]) -> str:
    """One line of the ablation."""
    changed = [f"-{s}" for s in sorted(lost)] + [f"+{s}" for s in sorted(gained)]
    values = [told[k] for k in COLUMNS]
    shares = "".join(f"{value:>12.3f}" for value in values)
    return f"  {name:14}{shares}{told['cases']:>8}  {' '.join(changed)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", metavar="DIR", type=Path, nargs="*")
    parser.add_argument("--quick", action="store_true", help="a small organisation")
    parser.add_argument("--ablation", action="store_true", help="each family left out in turn")
    asked = parser.parse_args()
    names = ["", *families(), *OTHERS] if asked.ablation else [""]
    found: dict[str, list[Outcome]] = {name: [] for name in names}
    cases: dict[str, list[Placed]] = {name: [] for name in names}
    shown: dict[str, list[dict[str, object]]] = {name: [] for name in names}
    for folder in asked.folders or [None]:
        with opened(folder, quick=asked.quick) as judged:
            for name in names:
                mine = judged.without(name) if name else judged.shown()
                one = outcomes(judged.planted, mine)
                if not name:
                    print(f"{folder or 'simulated'}: {len(mine)} cases")
                    print_scenarios(one)
                found[name] += one
                cases[name] += mine
                shown[name].append(figures(one, mine))
    told = figures(found[""], cases[""])
    for name, value in told.items():
        print(f"  {name:36} {value}")
    told["per_scenario"] = [
        {
            "scenario": o.planted.scenario,
            "rank": o.placed.case.rank if o.placed else None,
            "rank_in_day": o.placed.in_day if o.placed else None,
            "told_first": o.told_first,
            "cases": o.cases,
            "share_of_records": round(o.share, 4),
        }
        for o in found[""]
    ]
    if asked.ablation:
        told["ablation"] = ablation(found, cases)
    print(json.dumps(told))


def ablation(
    found: dict[str, list[Outcome]], cases: dict[str, list[Placed]]
) -> dict[str, dict[str, object]]:
    """Print what each family adds; the same as values."""
    heads = "".join(f"{head:>12}" for head in COLUMNS.values())
    print(f"  {'without':14}{heads}{'cases':>8}  no longer (-) or newly (+) told first")
    print(row("(nothing)", figures(found[""], cases[""]), (), ()))
    told = {}
    for name in found:
        if name:
            values = figures(found[name], cases[name])
            pairs = list(zip(found[""], found[name], strict=True))
            lost = [a.planted.scenario for a, b in pairs if a.good and not b.good]
            gained = [a.planted.scenario for a, b in pairs if b.good and not a.good]
            print(row(name, values, lost, gained))
            told[name] = {**values, "lost": sorted(lost), "gained": sorted(gained)}
    return told


if __name__ == "__main__":
    main()
