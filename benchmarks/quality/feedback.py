"""Verdicts that are learned from: does the reader see more of what matters, and what if they err?

    python benchmarks/quality/feedback.py [DIR ...] [--quick]

DIR is a folder written by `wheeltapper simulate` and then `run`; without DIR organisations of seeds
1 and 2 are simulated (200 people, 60 days; 60 and 28 with `--quick`). Each day of their history the
ten cases with the most evidence that ended on it are shown to a simulated reviewer, whose verdicts
on them count from the next day on, as in `refine`. Scored are the days of the last half; of these
no verdict is known before its day. The same is done without anything being learned.

A case is *right* if one of its findings rests on a planted record. The reviewers:

    careful   planted: malicious. Else benign: the first case that a detector leads for a peer group
              is `benign_unusual`, others are `benign_expected`. One verdict in twenty is wrong:
              benign for malicious, malicious for benign.
    learned once   the same, who gives no verdict after the first half
    lazy      `benign_expected` for everything
    fooled    planted: `benign_expected`, all along, so that each attacker's earlier acts were
              called expected; one in ten of the others malicious

`precision_at_10` is the share of right cases among the ten with the most evidence of the scored
days (of 20, 50 likewise), `precision_3_a_day` of the first three of each day, `precision_10_a_day`
of all that were shown. `recall` counts scenarios that begin on scored days and are in a shown case,
`recall_in_20` those in the first 20. Each organisation is reviewed with three seeds of chance.
Intervals, 95 %: scored days drawn anew (with what the reviewer happened to say), for recall the
scenarios, of the figures without, with, and of what learning adds.

Where `php-impostors.*` lies beside the checkout the same is done with real commits put under other
people's names (`impostors.py`): ten cases a week, by the catalogue's weights, from 2017 on.

What the program learns was set before it was measured here, or on seeds 11, 12 and 14. Who wrote
the simulator also wrote detectors, and the reviewer knows the truth: this shows what verdicts do to
the order of cases, not how good people's verdicts are.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from impostors import DATA, SECRET, history
from planted import Planted, opened

from wheeltapper import config
from wheeltapper.case import EXPECTED, MALICIOUS, UNUSUAL, Case, CaseFinding
from wheeltapper.detect import catalogue
from wheeltapper.detect.process import process, start
from wheeltapper.engines.local.judges import detector_wordings, wordings
from wheeltapper.finding import Finding
from wheeltapper.refine import looked_up
from wheeltapper.refine.combine import STORY, combine
from wheeltapper.refine.group import group
from wheeltapper.refine.learn import learn
from wheeltapper.refine.link import link
from wheeltapper.refine.reference import ACTIVE, LOGS, NOTHING
from wheeltapper.refine.refine import measured
from wheeltapper.refine.tie import SCHEMA, ties
from wheeltapper.refine.unpack import unpacked
from wheeltapper.refine.weigh import weigh
from wheeltapper.refine.weights import Weights
from wheeltapper.refine.words import Vocabulary
from wheeltapper.simulate import simulate

SHOWN = 10
RECALL = ("recall", "recall_in_20")
TOP = (10, 20, 50)
SEEDS = range(3)
WRONG = 0.05
"""Share of the careful reviewer's verdicts that are wrong."""
ALARMED = 0.1
"""Share of ordinary cases that the fooled reviewer calls malicious."""
SCORED_FROM = 0.5
"""Of the history's periods; those before are learned from alone."""
DRAWS = 100
MOST_FINDINGS = 60
"""In one case, as in `refine`."""
KEPT = timedelta(days=3)
"""Stories that ended so long before a period may still be tied to one that ended in it."""


@dataclass(frozen=True)
class History:
    """What is shown, period by period, before anything is learned."""

    findings: pl.DataFrame
    """Weighed and grouped, with `event`: the hex ids of the acts behind each."""
    ties: pl.DataFrame
    planted: Sequence[Planted]
    begins: datetime
    periods: int
    period: timedelta

    @property
    def scored_from(self) -> int:
        return int(self.periods * SCORED_FROM)


@dataclass(frozen=True)
class Shown:
    """A case that the reviewer saw."""

    period: int
    evidence: float
    right: bool
    events: frozenset[str]


Reviewer = Callable[[Case, bool, float, Collection[tuple[str, str]]], str]
"""A verdict on a case, whether it is right, by a chance from 0 to 1 and what led cases before."""


def careful(case: Case, right: bool, chance: float, led: Collection[tuple[str, str]]) -> str:
    if right != (chance < WRONG):
        return MALICIOUS
    return EXPECTED if leads(case) in led else UNUSUAL


def lazy(case: Case, right: bool, chance: float, led: Collection[tuple[str, str]]) -> str:
    return EXPECTED


def fooled(case: Case, right: bool, chance: float, led: Collection[tuple[str, str]]) -> str:
    return MALICIOUS if not right and chance < ALARMED else EXPECTED


REVIEWERS: tuple[tuple[str, Reviewer, bool], ...] = (
    ("careful", careful, False),
    ("learned once", careful, True),
    ("lazy", lazy, False),
    ("fooled", fooled, False),
)


def leads(case: Case) -> tuple[str, str]:
    """The detector of a case's weightiest finding, and for whose peers."""
    top = case.findings[0].finding
    return top.detector, str(top.evidence.get("peer_group"))


def chance_of(*what: object) -> float:
    """The same number from 0 to 1 for the same things, on every machine."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2**64


def review(
    history: History, reviewer: Reviewer | None, seed: int = 0, *, once: bool = False
) -> list[Shown]:
    """The cases of the scored periods, each period's by evidence, as a reviewer got to see them.

    Without a reviewer nothing is learned; with `once` nothing in the scored periods.
    """
    bad: frozenset[str] = frozenset().union(*(p.events for p in history.planted))
    judged: list[Case] = []
    led: set[tuple[str, str]] = set()
    seen = []
    for period in range(history.periods):
        for case, events in cases_of(history, period, judged):
            right = bool(events & bad)
            if period >= history.scored_from:
                seen.append(Shown(period, case.score, right, events))
            if reviewer and not (once and period >= history.scored_from):
                verdict = reviewer(case, right, chance_of(seed, case.id), led)
                judged.append(replace(case, verdict=verdict))
            led.add(leads(case))
    return seen


def cases_of(
    history: History, period: int, judged: Sequence[Case]
) -> list[tuple[Case, frozenset[str]]]:
    """Those with the most evidence that ended in a period, and the acts behind them."""
    begin = history.begins + period * history.period
    end = begin + history.period
    near = pl.col("ended").is_between(begin - KEPT, end + KEPT)
    learned = learn(history.findings.filter(near), judged)
    linked = link(learned, combine(learned), history.ties)
    stories = (
        combine(linked)
        .filter((pl.col("end") >= begin) & (pl.col("end") < end))
        .sort("evidence", "start", *STORY, descending=[True, *[False] * 4])
        .head(SHOWN)
    )
    of_story = linked.join(stories.select(STORY), on=STORY).partition_by(STORY, as_dict=True)
    found = []
    for row in stories.to_dicts():
        mine = of_story[tuple(row[name] for name in STORY)]
        events = frozenset(mine["event"].explode().to_list())
        found.append((case_of(row, mine), events))
    return found


def case_of(story: dict[str, object], findings: pl.DataFrame) -> Case:
    """As much of a case as a verdict speaks for; its evidence stands as its score."""
    told = (
        findings.sort("evidence", "time", "detector", "key", descending=[True, False, False, False])
        .unique(["own_type", "own_entity", "detector", "key"], keep="first", maintain_order=True)
        .head(MOST_FINDINGS)
    )
    return Case(
        id=f"{story['entity_type']} {story['entity']} {story['start']}", rank=1,
        score=story["evidence"], entity_type=story["entity_type"], entity=story["entity"],
        start=story["start"], end=story["end"], headline="", summary="", baseline_days=0,
        baseline_acts=0, peer_group="", peers=0, tactics=(), native_ids=(), event_count=0, apps=(),
        findings=tuple(
            CaseFinding(
                finding=Finding(
                    detector=f["detector"], entity_type=f["own_type"], entity=f["own_entity"],
                    time=f["time"], bits=f["bits"], llr=f["llr"], observed=f["observed"],
                    expected=f["expected"], baseline_n=f["baseline_n"], event_ids=tuple(f["event"]),
                    evidence={n: f[n] for n in ("source", "peer_group") if f[n] is not None},
                ),
                bits=f["evidence"], learned_bits=f["evidence"] - f["evidence"] / f["learned_share"],
                sentence="", would_be_normal="", first=f["time"], last=f["time"], count=1, app="",
                value="", key=f["key"],
            )
            for f in told.iter_rows(named=True)
        ),
    )  # fmt: skip


def figures(seen: Sequence[Shown], planted: Sequence[Planted]) -> dict[str, float]:
    """Precision among the first, and recall of the scenarios that begin on scored periods."""
    first = sorted(seen, key=lambda s: -s.evidence)
    told = {f"precision_at_{k}": right(first[:k]) for k in TOP}
    by_period: dict[int, list[Shown]] = {}
    for one in first:
        by_period.setdefault(one.period, []).append(one)
    told["precision_3_a_day"] = right([s for some in by_period.values() for s in some[:3]])
    told["precision_10_a_day"] = right(seen)
    told |= dict(zip(RECALL, (found(seen, planted), found(first[:20], planted)), strict=True))
    return told


def right(seen: Sequence[Shown]) -> float:
    return sum(s.right for s in seen) / max(len(seen), 1)


def found(seen: Sequence[Shown], planted: Sequence[Planted]) -> float:
    """Share of scenarios that a case rests on."""
    events: frozenset[str] = frozenset().union(*(s.events for s in seen))
    return sum(bool(p.events & events) for p in planted) / max(len(planted), 1)


def scored(history: History) -> list[Planted]:
    """The scenarios that begin on scored periods."""
    first = (history.begins + history.scored_from * history.period).date()
    return [p for p in history.planted if p.day >= first]


@dataclass(frozen=True)
class Reviewed:
    """One history by one seed of chance: without and with what was learned."""

    history: History
    without: Sequence[Shown]
    learned: Sequence[Shown]


@dataclass(frozen=True)
class Drawn:
    """One history drawn anew: periods, and scenarios, some more than once and some not at all."""

    periods: np.ndarray
    planted: Sequence[Planted]


def means(reviewed: Sequence[Reviewed], drawn: Sequence[Drawn] | None = None) -> np.ndarray:
    """Figures without and with, shape (2, figures): the mean over histories and seeds.

    `drawn` has for each of `reviewed` what counts. A scenario may begin on one day and be told on
    another, so recall is of scenarios drawn anew and not of days.
    """
    of = []
    for n, one in enumerate(reviewed):
        both = []
        for seen in (one.without, one.learned):
            told = figures(seen, scored(one.history))
            if drawn is not None:
                by_day: dict[int, list[Shown]] = {}
                for s in seen:
                    by_day.setdefault(s.period, []).append(s)
                # A day that is drawn twice is two days.
                chosen = [
                    replace(s, period=place)
                    for place, day in enumerate(drawn[n].periods.tolist())
                    for s in by_day.get(day, [])
                ]
                recall = figures(seen, drawn[n].planted)
                told = figures(chosen, ()) | {k: recall[k] for k in RECALL}
            both.append(list(told.values()))
        of.append(both)
    return np.array(of).mean(axis=0)


def intervals(reviewed: Sequence[Reviewed], draws: int) -> np.ndarray:
    """95 % of draws of scored periods and scenarios, shape (2, 3, figures): without, with, added.

    The seeds of one history are drawn together.
    """
    chance = np.random.default_rng(1)
    told = []
    for _ in range(draws):
        drawn: dict[int, Drawn] = {}
        for h in (one.history for one in reviewed):
            if id(h) not in drawn:
                periods = chance.integers(h.scored_from, h.periods, h.periods - h.scored_from)
                mine = scored(h)
                which = chance.integers(0, max(len(mine), 1), len(mine))
                drawn[id(h)] = Drawn(periods, [mine[n] for n in which])
        without, learned = means(reviewed, [drawn[id(one.history)] for one in reviewed])
        told.append([without, learned, learned - without])
    return np.quantile(np.array(told), [0.025, 0.975], axis=0)


def simulated(folder: Path | None, *, quick: bool, stack: ExitStack) -> History:
    """The history of a workspace with planted attacks."""
    judged = stack.enter_context(opened(folder, quick=quick))
    ws, lake = judged.ws, judged.ws.lake
    weighed = weigh(unpacked(lake.findings()), wordings(ws.judges()), ws.vocabulary().severity)
    active, logs = looked_up.active(lake, None), looked_up.days_of_sources(lake, None)
    findings = grouped(weighed, active, logs, ws.config.refine.gap_hours)
    tied = ties(lake, combine(findings), findings)
    return history_of(findings, tied, judged.planted, timedelta(days=1))


def grouped(
    weighed: pl.DataFrame, active: pl.DataFrame, logs: pl.DataFrame, gap_hours: float
) -> pl.DataFrame:
    """Findings as they come to be learned from, which is done here: nothing is suppressed."""
    worth, _ = measured(weighed, NOTHING, active=active, logs=logs)
    grouped = group(worth, gap_hours)
    return grouped.with_columns(
        ended=pl.col("time").max().over("span"),
        event=pl.col("event_ids").list.eval(pl.element().bin.encode("hex")),
    )


def history_of(
    findings: pl.DataFrame, tied: pl.DataFrame, planted: Sequence[Planted], period: timedelta
) -> History:
    times = findings["time"].to_list()
    begins = min(times).replace(hour=0, minute=0, second=0, microsecond=0)
    return History(findings, tied, planted, begins, (max(times) - begins) // period + 1, period)


def impostors(file: Path, truth: Path, *, quick: bool) -> History:
    """Real commits, some of them put under other people's names."""
    acts = history(file, quick=quick)
    frame = pl.DataFrame({n: acts[n].to_pylist() for n in ("native_id", "event_id", "time")})
    event_of = dict(zip(frame["native_id"], (e.hex() for e in frame["event_id"]), strict=True))
    day_of = dict(zip(frame["native_id"], frame["time"].dt.date(), strict=True))
    planted = []
    for line in truth.read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        commits = [c for c in run["commits"] if c in event_of]
        if commits:
            events = frozenset(event_of[c] for c in commits)
            day = min(day_of[c] for c in commits)
            planted.append(Planted(f"run {run['run']}", run["actor"], day, events))
    detectors = [d for d in catalogue.load() if d.name.startswith("git.")]
    _, said = process(start(detectors), acts, detectors, SECRET)
    weighed = weigh(
        unpacked(said), detector_wordings(detectors, Weights()), Vocabulary.load().severity
    )
    day = pl.col("time").dt.date().alias("day")
    logs = frame.select(day, source=pl.lit("git")).unique().select(*LOGS)
    who = frame.with_columns(actor=pl.Series(acts["actor"].to_pylist()))
    active = who.group_by(day, entity_type=pl.lit("actor"), peer_group=pl.lit(None, pl.String)).agg(
        n=pl.col("actor").n_unique().cast(pl.Int64)
    )
    findings = grouped(weighed, active.select(*ACTIVE), logs, config.Refine().gap_hours)
    return history_of(findings, pl.DataFrame(schema=SCHEMA), planted, timedelta(days=7))


def compared(histories: Sequence[History], seeds: Sequence[int], draws: int) -> dict[str, object]:
    """Print the figures of each reviewer; the same as values."""
    without = {id(h): review(h, None) for h in histories}
    told: dict[str, object] = {}
    names = list(figures([], []))
    print(f"  {'':14}" + "".join(f"{name:>27}" for name in names))
    for name, reviewer, once in REVIEWERS:
        reviewed = [
            Reviewed(h, without[id(h)], review(h, reviewer, seed, once=once))
            for h in histories
            for seed in (seeds if reviewer is not lazy else seeds[:1])
        ]
        before, after = means(reviewed)
        (low, high) = intervals(reviewed, draws)
        if not told:
            row("nothing", before, low[0], high[0])
            told["nothing"] = values(names, before, low[0], high[0])
        row(name, after, low[1], high[1])
        row("  adds", after - before, low[2], high[2])
        told[name] = values(names, after, low[1], high[1])
        told[f"{name}_adds"] = values(names, after - before, low[2], high[2])
    return told


def row(name: str, mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    cells = (f"{m:.3f} [{a:.2f}, {b:.2f}]" for m, a, b in zip(mean, low, high, strict=True))
    print(f"  {name:14}" + "".join(f"{cell:>27}" for cell in cells))


def values(
    names: Sequence[str], mean: np.ndarray, low: np.ndarray, high: np.ndarray
) -> dict[str, list[float]]:
    """Each figure with its interval."""
    return {
        name: [round(float(x), 4) for x in of]
        for name, *of in zip(names, mean, low, high, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", metavar="DIR", type=Path, nargs="*")
    parser.add_argument("--quick", action="store_true", help="small organisations, one seed")
    asked = parser.parse_args()
    seeds, draws = (SEEDS[:1], 50) if asked.quick else (SEEDS, DRAWS)
    with ExitStack() as stack:
        folders = asked.folders
        if not folders:
            aside = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            people, days = (60, 28) if asked.quick else (200, 60)
            folders = [aside / str(seed) for seed in (1, 2)]
            for seed, folder in enumerate(folders, start=1):
                simulate(folder, people=people, days=days, seed=seed)
        histories = [simulated(folder, quick=asked.quick, stack=stack) for folder in folders]
        of = sum(len(scored(h)) for h in histories)
        print(f"{len(histories)} simulated organisations, {of} scenarios on scored days")
        told = compared(histories, seeds, draws)
    nothing, with_it = told["nothing"], told["careful"]
    last = {
        "precision_at_10_with": with_it["precision_at_10"][0],
        "precision_at_10_without": nothing["precision_at_10"][0],
        "precision_at_10_added": told["careful_adds"]["precision_at_10"],
        "simulated": told,
    }
    if (file := DATA / "php-impostors.ndjson.gz").exists():
        real = impostors(file, DATA / "php-impostors.truth.ndjson", quick=asked.quick)
        print(f"{len(scored(real))} runs of commits under another's name in scored weeks")
        last["impostors"] = compared([real], seeds, draws)
    print(json.dumps(last))


if __name__ == "__main__":
    main()
