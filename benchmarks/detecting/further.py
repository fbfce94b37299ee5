"""The other families as one would write them with River, as `with_river.py` has the first three.

Where River has no tool, Python's own serve: a set for different values, a dict for what was last.
Simpler than ours where that is faster: sequence learns everything at once and looks back one act,
clock knows no rule of summer time, travel no error of geolocation, dormant no quiet weeks.
"""

from collections import defaultdict
from collections.abc import Callable
from math import asin, cos, floor, log2, radians, sin, sqrt
from typing import Any  # whatever an expression of the catalogue gives

from river import proba, stats

from detecting.compiled import Act, function_of
from detecting.tails import bits_of, tail_bits
from wheeltapper.detect.catalogue import Detector

EVERYONE = ""
HOUR_S = 3600


class _About:
    """What a scorer needs of its detector."""

    def __init__(self, detector: Detector) -> None:
        self.entity, self.peers, self.settings = detector.entity, detector.peers, detector.settings
        self.unit = detector.unit
        self.value = _or_nothing(detector.value_sql)
        self.mark = _or_nothing(detector.mark)
        self.measure = _or_nothing(detector.measure)

    def group_of(self, act: Act) -> str:
        return act[self.peers] if self.peers and act[self.peers] else EVERYONE


def _or_nothing(expression: str) -> Callable[[Act], Any]:
    return function_of(expression) if expression else lambda act: None


class Spread(_About):
    """Many different values in a window."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.window: dict[str, int] = {}
        self.seen: dict[str, set[object]] = {}
        self.said: dict[str, float] = {}
        self.own: dict[str, stats.Var] = defaultdict(stats.Var)
        self.group: dict[str, stats.Var] = defaultdict(stats.Var)

    def one(self, act: Act) -> float:
        who, value, s = act[self.entity], self.value(act), self.settings
        if who is None or value is None:
            return 0.0
        group = self.group_of(act)
        window = act["hour"] // s.window_hours
        if self.window.get(who) != window:
            if who in self.window:
                self.own[who].update(len(self.seen[who]) - 1)
                self.group[group].update(len(self.seen[who]) - 1)
            self.window[who], self.seen[who], self.said[who] = window, set(), 0.0
        if value in self.seen[who]:
            return 0.0
        self.seen[who].add(value)
        count = len(self.seen[who])
        if count < s.min_count or count < 2 * self.said[who]:
            return 0.0
        own, peers = self.own[who], self.group[group]
        n = own.mean.n
        mean = (n * own.mean.get() + s.prior * (peers.mean.get() + 1.0)) / (n + s.prior)
        if count - 1 <= mean:
            return 0.0
        variance = (n * own.get() + s.prior * (peers.get() + 4.0)) / (n + s.prior)
        bits = tail_bits(count - 1, mean, variance)
        if bits < s.min_bits:
            return 0.0
        self.said[who] = count
        return bits


class Volume(_About):
    """Much in a window."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.window: dict[str, int] = {}
        self.amount: dict[str, float] = {}
        self.said: dict[str, float] = {}
        self.own: dict[str, proba.Gaussian] = defaultdict(proba.Gaussian)
        self.group: dict[str, proba.Gaussian] = defaultdict(proba.Gaussian)

    def one(self, act: Act) -> float:
        who, amount, s = act[self.entity], self.measure(act), self.settings
        if who is None or not amount or amount < 0:
            return 0.0
        group = self.group_of(act)
        window = act["hour"] // s.window_hours
        if self.window.get(who) != window:
            if who in self.window:
                learned = log2(1 + self.amount[who])
                self.own[who].update(learned)
                self.group[group].update(learned)
            self.window[who], self.amount[who], self.said[who] = window, 0.0, 0.0
        self.amount[who] += amount
        total, own, peers = self.amount[who], self.own[who], self.group[group]
        n = own.n_samples
        if total < s.min_amount or total < 2 * self.said[who] or n + peers.n_samples < s.grace:
            return 0.0
        k = n + s.prior
        mean = (n * own.mu + s.prior * peers.mu) / k
        spread = sqrt((n * own.sigma**2 + s.prior * peers.sigma**2) / k) + 0.5
        bits = bits_of(1.0 - proba.Gaussian._from_state(k, mean, spread, 1).cdf(log2(1 + total)))
        if bits < s.min_bits:
            return 0.0
        self.said[who] = total
        return bits


class Burst(_About):
    """Failures, and then a success."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.failed: dict[str, list[int]] = defaultdict(list)
        self.any: dict[str, stats.Mean] = defaultdict(stats.Mean)
        self.more: dict[str, stats.Mean] = defaultdict(stats.Mean)

    def one(self, act: Act) -> float:
        who, s = act[self.entity], self.settings
        if who is None:
            return 0.0
        at = act["time"].timestamp()
        failed = self.failed[who]
        while failed and failed[0] < at - s.looks_back_hours * HOUR_S:
            failed.pop(0)
        if not self.mark(act):
            failed.append(at)
            return 0.0
        bits, count, group = 0.0, len(failed), self.group_of(act)
        if count >= s.min_count:
            any_, more, peers = self.any[who], self.more[who], self.any[group]
            share = (any_.n * any_.get() + s.prior * peers.get() + 0.1) / (any_.n + s.prior + 1)
            again = (more.n * more.get() + 1.0) / (more.n + 2.0)
            bits = bits_of(share) + (count - 1) * bits_of(again / (1.0 + again))
        for name in (who, group):
            self.any[name].update(count > 0)
            if count:
                self.more[name].update(min(count - 1, 4))
        failed.clear()
        return bits if bits >= s.min_bits else 0.0


class Dormant(_About):
    """Back after a long silence."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.last: dict[str, int] = {}
        self.days: dict[str, stats.Count] = defaultdict(stats.Count)
        self.gaps: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)

    def one(self, act: Act) -> float:
        who, day, s = act[self.entity], act["day"], self.settings
        if who is None or self.last.get(who) == day:
            return 0.0
        bits, gap = 0.0, day - self.last.get(who, day)
        level = floor(2 * log2(gap)) if gap > 0 else -1
        group = self.group_of(act)
        if gap >= s.min_days and self.days[who].get() >= s.grace:
            own, peers = self.gaps[who], self.gaps["", group]
            as_long = sum(n for at, n in own.counts.items() if at >= level)
            of_peers = sum(n for at, n in peers.counts.items() if at >= level)
            share = (of_peers + 1.0) / (peers.n_samples + 1.0)
            bits = bits_of((as_long + s.prior * share) / (own.n_samples + s.prior))
        if gap > 0:
            self.gaps[who].update(level)
            self.gaps["", group].update(level)
        self.days[who].update(day)
        self.last[who] = day
        return bits if bits >= s.min_bits else 0.0


class Sequence(_About):
    """Acts in an order that is a peer's."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.open: dict[str, object] = {}
        self.before: dict[str, object] = {}
        self.steps: dict[str, set[object]] = {}
        self.sum: dict[str, float] = {}
        self.odds: dict[str, float] = defaultdict(float)
        self.units: dict[str, stats.Count] = defaultdict(stats.Count)
        self.own: dict[object, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.group: dict[object, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.said: dict[str, object] = {}

    def one(self, act: Act) -> float:
        who, value, s = act[self.entity], self.value(act), self.settings
        if who is None or value is None:
            return 0.0
        unit = act["day"] if self.unit == "day" else act["session"] or act["event_id"]
        if self.open.get(who) != unit:
            total = self.sum.get(who, 0.0) / sqrt(max(1, len(self.steps.get(who, ()))))
            somebody = 2.0 ** min(50.0, self.odds[who] + s.strength * total)
            self.odds[who] = log2((s.stay * somebody + s.enter) / ((1 - s.stay) * somebody + 1.0))
            self.open[who], self.before[who], self.steps[who], self.sum[who] = (
                unit,
                None,
                set(),
                0.0,
            )
            self.units[who].update(unit)
        before, self.before[who] = self.before[who], value
        if (before, value) in self.steps[who]:
            return 0.0
        self.steps[who].add((before, value))
        group = self.group_of(act)
        own, alone = self.own[who, before], self.own[who]
        peers, all_of = self.group[group, before], self.group[group]
        base = (all_of(value) * all_of.n_samples if all_of.n_samples else 0.0) + 1e-4
        base /= all_of.n_samples + 1.0
        p_peers = s.peers_prior * base + (peers(value) * peers.n_samples if peers.n_samples else 0)
        p_peers /= peers.n_samples + s.peers_prior
        p_alone = s.theta * p_peers + (alone(value) * alone.n_samples if alone.n_samples else 0)
        p_alone /= alone.n_samples + s.theta
        p_own = s.theta * p_alone + (own(value) * own.n_samples if own.n_samples else 0.0)
        p_own /= own.n_samples + s.theta
        self.sum[who] += max(-s.most_bits, min(s.most_bits, log2(p_peers / p_own)))
        odds = self.odds[who] + s.strength * self.sum[who] / sqrt(len(self.steps[who]))
        for model in (own, alone, peers, all_of):
            model.update(value)
        if self.units[who].get() < s.grace or odds < s.min_bits or self.said.get(who) == unit:
            return 0.0
        self.said[who] = unit
        return odds


class Periodicity(_About):
    """Acts at a machine's intervals."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.last: dict[object, float] = {}
        self.period: dict[object, stats.EWMean] = {}
        self.off: dict[object, stats.EWMean] = {}
        self.score: dict[object, float] = {}
        self.beats: dict[object, int] = {}
        self.since: dict[object, float] = {}
        self.days: dict[str, set[int]] = defaultdict(set)
        self.told: dict[object, int] = {}

    def one(self, act: Act) -> float:
        who, value, s = act[self.entity], self.value(act), self.settings
        if who is None or value is None:
            return 0.0
        self.days[who].add(act["day"])
        key, at = (who, value), act["time"].timestamp()
        gap = at - self.last.get(key, at)
        period = self.period[key].get() if key in self.period else 0.0
        if not s.min_minutes * 60 <= gap <= 8 * s.max_hours * HOUR_S or not period:
            if key not in self.last or gap >= s.min_minutes * 60:
                self.last[key] = self.since[key] = at
                self.score[key], self.beats[key] = 0.0, 1
                self.off[key] = stats.EWMean(0.2)
                self.period[key] = stats.EWMean(0.2)
                if gap:
                    self.period[key].update(gap)
            return 0.0
        k = max(1, round(gap / period))
        off = abs(gap - k * period)
        width = max(1.0, self.off[key].get() or period / 8)
        fits = 0.9 * 0.1 ** (k - 1) * period / (2 * width) * 2.0 ** (-1.4427 * off / width) + 0.1
        self.score[key] = max(0.0, self.score[key] + log2(fits))
        if fits < 0.2:
            return 0.0
        self.last[key] = at
        self.beats[key] += 1
        self.off[key].update(off)
        self.period[key].update(gap / k)
        if self.score[key] < s.regular_bits or self.beats[key] < s.min_beats:
            return 0.0
        if at - self.since[key] < s.min_hours * HOUR_S or self.told.get(key) == act["day"]:
            return 0.0
        again = key in self.told
        self.told[key] = act["day"]
        n = len(self.days[who])
        bits = bits_of((again + s.prior * 0.01) / (n + s.prior))
        return bits if bits >= s.min_bits else 0.0


class Travel(_About):
    """Two places too far apart."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.last: dict[str, tuple[object, float, float, float]] = {}
        self.own: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)

    def one(self, act: Act) -> float:
        who, network, s = act[self.entity], self.value(act), self.settings
        here = act["latitude"], act["longitude"]
        if who is None or network is None or None in here:
            return 0.0
        at = act["time"].timestamp()
        was, self.last[who] = self.last.get(who), (network, *here, at)
        own = self.own[who]
        bits = 0.0
        if was and was[0] != network:
            a, b = radians(was[1]), radians(here[0])
            h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(here[1] - was[2]) / 2) ** 2
            excess = 12_742 * asin(sqrt(h)) - s.error_km - s.speed_kmh * (at - was[3]) / HOUR_S
            if excess > 0 and excess > s.min_km - s.error_km:
                bits = bits_of((own(network) if own.n_samples else 0.0) + 0.01)
                bits += bits_of(1 / (1 + excess / s.wrong_km))
        own.update(network)
        return bits if bits >= s.min_bits else 0.0


class Clock(_About):
    """A UTC offset that does not fit."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector)
        self.own: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.group: dict[str, proba.Multinomial] = defaultdict(proba.Multinomial)
        self.last: dict[str, object] = {}

    def one(self, act: Act) -> float:
        who, offset, s = act[self.entity], act["utc_offset"], self.settings
        unit = act["session"] or act["event_id"]
        if who is None or offset is None or self.last.get(who) == unit:
            return 0.0
        self.last[who] = unit
        own, peers = self.own[who], self.group[self.group_of(act)]
        of_peers = ((peers(offset) * peers.n_samples if peers.n_samples else 0.0) + 0.05) / (
            peers.n_samples + 1.0
        )
        n = own.n_samples
        p_own = ((own(offset) * n if n else 0.0) + s.theta * of_peers) / (n + s.theta)
        own.update(offset)
        peers.update(offset)
        bits = bits_of(p_own)
        return bits if bits >= s.min_bits and log2(of_peers / p_own) >= s.min_llr else 0.0
