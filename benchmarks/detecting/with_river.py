"""The catalogue's detectors as one would write them with River: one act at a time.

The same filters, entities, values, units and windows; the same questions asked of River's own
`proba.Multinomial` and `stats`. Simpler than ours where that is faster: no fading, no closed days,
no eviction, nothing explained.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from math import log2
from typing import Any, Protocol

from river import proba, stats

from detecting.compiled import Act, function_of
from detecting.further import (
    Burst,
    Clock,
    Dormant,
    Periodicity,
    Sequence,
    Spread,
    Travel,
    Volume,
)  # fmt: skip
from detecting.tails import tail_bits
from wheeltapper.detect.catalogue import Detector

EVERYONE = ""


class Scorer(Protocol):
    """One detector: judges an act, then learns it."""

    def one(self, act: Act) -> float:
        """Bits of surprise, 0 where there is nothing to say."""


class Novelty:
    """First times and rare values."""

    def __init__(self, detector: Detector) -> None:
        self.entity, self.peers, self.unit = detector.entity, detector.peers, detector.unit
        self.value = function_of(detector.value_sql)
        self.own: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.units: dict[str, stats.Count] = defaultdict(stats.Count)
        self.last_unit: dict[str, object] = {}
        self.last: dict[tuple[str, object], object] = {}
        self.group: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.had: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.seen: dict[str, stats.Count] = defaultdict(stats.Count)
        self.settings = detector.settings

    def one(self, act: Act) -> float:
        who, value = act[self.entity], self.value(act)
        if who is None or value is None:
            return 0.0
        unit = act["day"] if self.unit == "day" else act["session"] or act["event_id"]
        if self.unit == "act":
            unit = act["event_id"]
        last = self.last.get((who, value))
        if last == unit:
            return 0.0
        groups = (EVERYONE, act[self.peers]) if self.peers and act[self.peers] else (EVERYONE,)
        s, own, n = self.settings, self.own[who], self.units[who].get()
        times = own(value) * own.n_samples if own.n_samples else 0.0
        new = len(own.counts)
        p_own = min(1.0, (s.theta + s.discount * new + new * times) / (n + s.theta))
        p_peers = p_value = 0.5
        for group in groups:
            had, of, values = self.had[group], self.seen[group].get(), self.group[group]
            with_it = had(value) * had.n_samples if had.n_samples else 0.0
            p_peers = min(1.0, (with_it + p_peers) / (of + 1))
            of_value = values(value) * values.n_samples if values.n_samples else 0.0
            p_value = min(1.0, (of_value + p_value) / (values.n_samples + 1))
        bits = -log2(p_own) - log2(p_peers)
        prior = s.theta + s.discount * new
        llr = log2(p_value * (n + prior) / (times + prior * p_value))
        # Learn.
        if self.last_unit.get(who) != unit:
            self.units[who].update(unit)
            self.last_unit[who] = unit
        self.last[who, value] = unit
        for group in groups:
            self.group[group].update(value)
            if last is None:
                self.had[group].update(value)
            if not own.n_samples:
                self.seen[group].update(who)
        own.update(value)
        return bits if bits >= s.min_bits and llr >= s.min_llr else 0.0


class Rate:
    """Many acts in a window."""

    def __init__(self, detector: Detector) -> None:
        self.entity, self.peers, self.settings = detector.entity, detector.peers, detector.settings
        self.window: dict[str, tuple[int, str, int]] = {}
        self.count: dict[str, float] = {}
        self.said: dict[str, float] = {}
        self.own: dict[str, stats.Var] = defaultdict(stats.Var)
        self.group: dict[str, stats.Var] = defaultdict(stats.Var)
        self.hours: dict[tuple[str, int], stats.Mean] = defaultdict(stats.Mean)

    def one(self, act: Act) -> float:
        who, s = act[self.entity], self.settings
        if who is None:
            return 0.0
        group = act[self.peers] if self.peers and act[self.peers] else EVERYONE
        window = act["hour"] // s.window_hours
        if who not in self.window or self.window[who][0] != window:
            if who in self.window:
                _, of, how = self.window[who]
                amount = self.count[who] - 1
                self.own[who].update(amount)
                self.group[of].update(amount)
                self.hours[of, how].update(amount)
            self.window[who] = (window, group, act["hour_of_week"])
            self.count[who] = self.said[who] = 0.0
        self.count[who] += act["count"] or 1
        count = self.count[who]
        if count < s.min_count or count < 2 * self.said[who]:
            return 0.0
        own, peers = self.own[who], self.group[group]
        n = own.mean.n
        peer_mean, peer_var = peers.mean.get() + 1.0, peers.get() + 4.0
        busy = (self.hours[group, act["hour_of_week"]].get() + peer_mean) / (2 * peer_mean)
        mean = (n * own.mean.get() + s.prior * peer_mean) / (n + s.prior) * busy
        if count - 1 <= mean:
            return 0.0
        variance = (n * own.get() + s.prior * peer_var) / (n + s.prior) * busy * busy
        bits = tail_bits(count - 1, mean, variance)
        if bits < s.min_bits:
            return 0.0
        self.said[who] = count
        return bits


class Schedule:
    """Unused hours of the week."""

    def __init__(self, detector: Detector) -> None:
        self.entity, self.peers, self.settings = detector.entity, detector.peers, detector.settings
        self.own: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.group: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.last: dict[str, int] = {}

    def one(self, act: Act) -> float:
        who, how, s = act[self.entity], act["hour_of_week"], self.settings
        if who is None or how is None or self.last.get(who) == act["hour"]:
            return 0.0
        self.last[who] = act["hour"]
        group = act[self.peers] if self.peers and act[self.peers] else EVERYONE
        own, peers = self.own[who], self.group[group]
        bits = 0.0
        n = own.n_samples
        if n >= s.grace and own(how) * 20 < 1:
            near = sum(own((how + shift) % 168) for shift in (-2, -1, 0, 1, 2)) / 5
            of_peers = peers(how) if peers.n_samples else 1 / 168
            share = (n * near + s.prior * of_peers) / (n + s.prior)
            bits = -log2(min(1.0, max(share, 1e-6) * 24))
        own.update(how)
        peers.update(how)
        return bits if bits >= s.min_bits else 0.0


SCORERS: dict[str, Callable[[Detector], Any]] = {
    "novelty": Novelty, "rate": Rate, "schedule": Schedule, "spread": Spread, "volume": Volume,
    "burst": Burst, "dormant": Dormant, "sequence": Sequence, "periodicity": Periodicity,
    "travel": Travel, "clock": Clock,
}  # fmt: skip


def run(acts: Iterable[Act], detectors: list[Detector]) -> tuple[int, dict[str, int]]:
    """Judge all acts with all detectors; findings, and acts that each filter let through."""
    asked = [(d.name, function_of(d.filter), SCORERS[d.family](d)) for d in detectors]
    findings, looked_at = 0, dict.fromkeys((d.name for d in detectors), 0)
    for act in acts:
        for name, wanted, scorer in asked:
            if wanted(act):
                looked_at[name] += 1
                findings += scorer.one(act) > 0
    return findings, looked_at
