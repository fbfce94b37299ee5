"""Travel: two places too far apart for the time between them.

Good at a stolen session or password used far away while its owner works on. Blind to a thief nearby
or behind a proxy in the owner's country, and to one who waits as long as a flight takes. Silent
where the network or the place of an act is unknown, below `min_km`, in an entity's first days,
about networks on which the entity itself is at home, and, by and by, about an entity that hops
every other day, such as an account that people in two countries share. Where records have
coordinates, distances are great circles; else an entry that gives the country's number as `measure`
(see `places`) compares countries, which are as far apart as their two nearest cities.

Method: what cannot be travelled is a *hop*: distance, less `error_km` for what geolocation may be
wrong by, above `speed_kmh` times the time. A hop is either the entity's own (VPN, shared egress, a
phone's network beside the office's), or a place is told wrongly, or it is somebody else:

    bits = -log2 P(this hop | own) - log2 P(error as large)
    P(hop | own) = (c + discount * k + prior * e) / (n + prior)
        c: days with a hop between these networks, k: days with any hop, the first of both left out
        (an intruder's day confirms nothing); n: days active; all before today and decayed
        e: how well the less explained of the two networks is explained: the share of the entity's
        own days that it was seen on, or that of other entities that ever hopped with it; but at
        least AWAY times the latter of either: behind an egress one may be anywhere
    P(error)     = 1 / (1 + excess / wrong_km)          excess: km beyond what could be travelled
    llr  = log2 unseen / P(hop | own) - log2 P(error)   unseen: `e` of a network never seen

The new hop's share is that of a Pitman-Yor predictive rule (Teh 2006, eq. 7), the share of peers a
beta-binomial mean (Gelman et al., BDA3, section 2.4). Databases of addresses err by hundreds of
kilometres, and a few per cent of them by the wrong country (Poese et al., "IP geolocation
databases: unreliable?", CCR 2011), so the error's tail is heavy. An intruder is taken to come from
a network nobody here hops with, so `llr` falls where many do.

`observed` is km, `expected` minutes between, `before` 677 times the number of the country before
plus that of the country now (676: unknown), `peers` the entities who hop with the network.

Cost: O(1) per act, a look-up only where the network or the day is another; 80 bytes an entity, 48
to 96 for each network, and pair of networks, of an entity.
"""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit

from wheeltapper.detect.evict import without_oldest
from wheeltapper.detect.family import FIELDS, Columns, Family, Hits, hits_of
from wheeltapper.detect.hashing import mix
from wheeltapper.detect.peers import (
    EVERYONE,
    NO_DAY,
    TOTAL,
    Open,
    Peers,
    add,
    fade_table,
    faded,
    look,
    turned,
)
from wheeltapper.detect.places import EARTH_KM, NUMBERS, STEP_KM, Countries, countries
from wheeltapper.detect.table import SMALLEST, Float64s, Int64s, Records, slot_in, with_room

HOUR_US = 3_600_000_000.0
MINUTE_US = 60_000_000.0
END = np.uint64(1)
"""Mixed into the key of a network that an entity has hopped with, beside those of pairs."""
AWAY = 0.1
"""Of the time that somebody is behind an egress others use, they are where they never were."""
NOWHERE = NUMBERS
"""In place of a country's number where it is unknown."""

PAIR = np.dtype([("key", "u8"), ("weight", "f8"), ("day", "i4"), ("since", "i4")])
"""`weight`: days with this hop, or on this network, faded to `day`, the last of them; `since`: the
first day of a hop, or `NO_DAY`."""
ENTITY = np.dtype(
    [("days", "f8"), ("hops", "f8"), ("ever", "f8"), ("time", "i8"), ("network", "u8"),
     ("other", "u8"), ("latitude", "f8"), ("longitude", "f8"), ("country", "i4"), ("since", "i4"),
     ("day", "i4"), ("hop_day", "i4")]
)  # fmt: skip
"""Days active and days with a hop (faded to `day`, the last), and days ever; time, network and
place of the last act whose place is known; a network that it was on before, today; first day, and
the last with a hop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How fast people travel, how wrong places are, and how odd a hop must be."""

    half_life_days: float = 90.0
    prior: float = 5.0
    """Active days of own history that weigh as much as the peers'."""
    discount: float = 0.5
    """How much a day with a hop makes the next hop, with other networks, likely; 0 to below 1."""
    speed_kmh: float = 900.0
    """Nobody travels faster; an airliner's speed."""
    error_km: float = 200.0
    """By so much two places may be nearer than they are told to be."""
    min_km: float = 500.0
    """A shorter distance is never worth a word."""
    wrong_km: float = 500.0
    """Every second wrong place is wrong by more than this."""
    grace: float = 5.0
    """Active days before anything is said: until then little is known of its networks."""
    min_bits: float = 9.0
    min_llr: float = 0.0
    capacity: int = 2_000_000
    """Networks, and pairs of networks, of entities that are kept."""

    def __post_init__(self) -> None:
        for name in ("half_life_days", "prior", "speed_kmh", "wrong_km"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.discount < 1:
            raise ValueError(f"discount must be from 0 to below 1, got {self.discount}")
        if self.capacity < SMALLEST:
            raise ValueError(f"capacity must be at least {SMALLEST}, got {self.capacity}")


class Own(NamedTuple):
    """What this shard's entities did."""

    pairs: Records
    """Table of `PAIR` by (entity, two networks) and by (entity, network)."""
    size: Int64s
    """Pairs in, pairs evicted so far."""
    entities: Records
    """`ENTITY` by number."""


def start() -> Own:
    return Own(np.zeros(SMALLEST, PAIR), np.zeros(2, np.int64), np.zeros(0, ENTITY))


@njit(cache=True)
def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Distance on a sphere by the haversine formula; degrees in, kilometres out."""
    up = sin(radians(lat2 - lat1) / 2.0)
    along = sin(radians(lon2 - lon1) / 2.0)
    half = up * up + cos(radians(lat1)) * cos(radians(lat2)) * along * along
    return 2.0 * EARTH_KM * asin(min(1.0, sqrt(half)))


@njit(cache=True)
def _on_earth(latitude: float, longitude: float) -> bool:
    return abs(latitude) <= 90.0 and abs(longitude) <= 180.0


@njit(cache=True)
def _apart_km(
    entities: Records, e: int, latitude: float, longitude: float, country: int, known: Countries
) -> float:
    """Least distance between the last place and this one; 0 where it cannot be told."""
    lat, lon, before = entities[e].latitude, entities[e].longitude, entities[e].country
    if _on_earth(lat, lon) and _on_earth(latitude, longitude):
        return float(great_circle_km(lat, lon, latitude, longitude))
    if before == NOWHERE or country == NOWHERE:
        return 0.0
    one, other = known.row[before], known.row[country]
    if one < 0 or other < 0:
        return 0.0
    return STEP_KM * float(known.steps[one, other])


@njit(cache=True)
def _kept(pairs: Records, size: Int64s, key: np.uint64, today: int, capacity: int) -> Records:
    """The table with a record of the key; a new one has weight 0."""
    if pairs[slot_in(pairs, key)].key == key:
        return pairs
    if size[0] >= capacity:
        before = size[0]
        pairs = without_oldest(pairs, size)
        size[1] += before - size[0]
    pairs = with_room(pairs, size[0])
    at = slot_in(pairs, key)
    pairs[at].key = key
    pairs[at].day = today
    pairs[at].since = NO_DAY
    size[0] += 1
    return pairs


@njit(cache=True)
def _count(pairs: Records, key: np.uint64, today: int, fades: Float64s) -> None:
    """A day more for a key that has a record; once a day."""
    at = slot_in(pairs, key)
    if pairs[at].day != today or pairs[at].weight == 0.0:
        pairs[at].weight = pairs[at].weight * faded(fades, today - pairs[at].day) + 1.0
        pairs[at].day = today


@njit(cache=True)
def _days_before(pairs: Records, key: np.uint64, today: int, fades: Float64s) -> float:
    """Days with a key, today left out."""
    at = slot_in(pairs, key)
    if pairs[at].key != key:
        return 0.0
    if pairs[at].day == today:
        return float(max(0.0, pairs[at].weight - 1.0))
    return float(pairs[at].weight * faded(fades, today - pairs[at].day))


@njit(cache=True)
def _hoppers(
    peers: Records,
    group: np.uint64,
    network: np.uint64,
    mine: float,
    itself: float,
    today: int,
    fades: Float64s,
) -> tuple[float, float, float]:
    """Share of others who ever hopped with a network; how many they are, of how many."""
    had, _, _ = look(peers, EVERYONE, network, today, fades)
    of, _, _ = look(peers, EVERYONE, TOTAL, today, fades)
    had, of = max(0.0, had - mine), max(0.0, of - itself)
    share = min(1.0, (had + 0.5) / (of + 1.0))
    if group != EVERYONE:
        had, _, _ = look(peers, group, network, today, fades)
        of, _, _ = look(peers, group, TOTAL, today, fades)
        had, of = max(0.0, had - mine), max(0.0, of - itself)
        share = min(1.0, (had + share) / (of + 1.0))
    return share, had, of


@njit(cache=True)
def _in_tables(pairs: Records, key: np.uint64, today: int) -> float:
    """1 where the entity's hops with a network are in the tables of closed days."""
    at = slot_in(pairs, key)
    hopped = pairs[at].key == key and pairs[at].since != NO_DAY
    return 1.0 if hopped and pairs[at].since != today else 0.0


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    known: Countries,
    fades: Float64s,
    prior: float,
    discount: float,
    speed_kmh: float,
    error_km: float,
    min_km: float,
    wrong_km: float,
    grace: float,
    min_bits: float,
    min_llr: float,
    capacity: int,
    out: Float64s,
) -> tuple[Own, Open, Peers, int]:
    pairs, entities, sums = own.pairs, own.entities, opened.slots
    day = opened.day[0]
    numbered = acts.measure.size > 0
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        e = acts.number[i]
        network = acts.value[i]
        if e < 0 or network == np.uint64(0):
            continue
        latitude, longitude = acts.latitude[i], acts.longitude[i]
        country = NOWHERE
        if numbered and 0.0 <= acts.measure[i] < NUMBERS:
            country = int(acts.measure[i])
        if country == NOWHERE and not _on_earth(latitude, longitude):
            continue
        today = int(acts.day[i])
        if today != day:
            peers = turned(peers, opened, today, fades)
            day = today
        if (
            network == entities[e].network
            and today == entities[e].day
            and country == entities[e].country
            and (
                not _on_earth(latitude, longitude)
                or (latitude == entities[e].latitude and longitude == entities[e].longitude)
            )
        ):
            entities[e].time = acts.time[i]  # still where it was
            continue
        entity, group = acts.entity[i], acts.group[i]
        here = mix(mix(entity, network), END)
        newcomer = entities[e].ever == 0
        another_day = newcomer or entities[e].day != today
        if another_day:
            if newcomer:
                entities[e].since = today
                entities[e].hop_day = NO_DAY
            else:
                fade = faded(fades, today - entities[e].day)
                entities[e].days *= fade
                entities[e].hops *= fade
            entities[e].days += 1.0
            entities[e].ever += 1.0
            entities[e].day = today
            if 2 * (opened.size[0] + 1) > sums.size:
                sums = with_room(sums, opened.size[0])
                opened = Open(sums, opened.size, opened.day)
            first = 1.0 if newcomer else 0.0
            add(sums, opened.size, mix(group, TOTAL), mix(EVERYONE, TOTAL), first, 1.0, 0.0)
        last = entities[e].network
        before, before_us = entities[e].country, entities[e].time
        km = 0.0
        if not newcomer and (
            network != last
            or country != before
            or (
                _on_earth(latitude, longitude)
                and (latitude != entities[e].latitude or longitude != entities[e].longitude)
            )
        ):
            km = _apart_km(entities, e, latitude, longitude, country, known) - error_km
        entities[e].time = acts.time[i]
        entities[e].network = network
        entities[e].latitude = latitude
        entities[e].longitude = longitude
        entities[e].country = country
        gap_us = float(acts.time[i] - before_us)
        excess = km - speed_kmh * gap_us / HOUR_US
        key = np.uint64(0)
        if km >= min_km and excess > 0.0:
            key = mix(mix(entity, min(last, network)), max(last, network))
            at = slot_in(pairs, key)
            if pairs[at].key == key and pairs[at].day == today:
                key = np.uint64(0)  # counted already today
        if key != np.uint64(0):
            there = mix(mix(entity, last), END)
            itself = 0.0 if entities[e].since == today else 1.0
            slots = peers.slots
            days = entities[e].days - 1.0
            mine = _in_tables(pairs, here, today)
            share, had, of = _hoppers(slots, group, network, mine, itself, today, fades)
            mine = _in_tables(pairs, there, today)
            other, other_had, _ = _hoppers(slots, group, last, mine, itself, today, fades)
            egress = AWAY * max(share, other)
            share = max(share, _days_before(pairs, here, today, fades) / (days + prior))
            other = max(other, _days_before(pairs, there, today, fades) / (days + prior))
            if other < share:
                share, had = other, other_had
            explained = max(share, egress)
            unseen = 0.5 / (max(0.0, look(slots, EVERYONE, TOTAL, today, fades)[0] - itself) + 1.0)
            if group != EVERYONE:
                unseen /= of + 1.0
            # A day alone confirms nothing: it may have been the intruder's.
            habit = max(0.0, _days_before(pairs, key, today, fades) - 1.0)
            hops = entities[e].hops - (1.0 if entities[e].hop_day == today else 0.0)
            mass = habit + discount * max(0.0, hops - 1.0) + prior * explained
            p_own = min(1.0, mass / (days + prior))
            far = np.log2(1.0 + excess / wrong_km)
            bits = far - np.log2(p_own)
            llr = far + np.log2(unseen / p_own)
            if bits >= min_bits and llr >= min_llr and entities[e].ever > grace:
                out[0, hits] = i
                out[1, hits] = bits
                out[2, hits] = llr
                out[3, hits] = km + error_km
                out[4, hits] = gap_us / MINUTE_US
                out[5, hits] = entities[e].ever - 1.0
                out[6, hits] = had
                out[7, hits] = of
                out[8, hits] = entities[e].since
                out[9, hits] = before * (NOWHERE + 1) + country
                hits += 1
            # Learn.
            if entities[e].hop_day != today:
                entities[e].hop_day = today
                entities[e].hops += 1.0
            pairs = _kept(pairs, own.size, key, today, capacity)
            _count(pairs, key, today, fades)
            if 2 * (opened.size[0] + 2) > sums.size:
                sums = with_room(sums, opened.size[0] + 1)
                opened = Open(sums, opened.size, opened.day)
            for end in range(1 if last == network else 2):
                code, value = (here, network) if end == 0 else (there, last)
                pairs = _kept(pairs, own.size, code, today, capacity)
                at = slot_in(pairs, code)
                if pairs[at].since == NO_DAY:
                    pairs[at].since = today
                    all_of_it = mix(EVERYONE, value)
                    add(sums, opened.size, mix(group, value), all_of_it, 1.0, 1.0, 0.0)
        if another_day:
            entities[e].other = np.uint64(0)
        elif network != last:
            # To and fro between two networks costs no look-up.
            another_day = network != entities[e].other
            entities[e].other = last
        if another_day:
            pairs = _kept(pairs, own.size, here, today, capacity)
            _count(pairs, here, today, fades)
    return Own(pairs, own.size, entities), opened, peers, hits


def step(
    own: Own, opened: Open, peers: Peers, acts: Columns, settings: Settings
) -> tuple[Own, Open, Peers, Hits]:
    """Judge and learn acts in order; arrays of `own` and `opened` change in place."""
    out = np.empty((FIELDS, acts.row.size))
    own, opened, peers, hits = _step(
        own,
        opened,
        peers,
        acts,
        countries(),
        fade_table(float(settings.half_life_days)),
        float(settings.prior),
        float(settings.discount),
        float(settings.speed_kmh),
        float(settings.error_km),
        float(settings.min_km),
        float(settings.wrong_km),
        float(settings.grace),
        float(settings.min_bits),
        float(settings.min_llr),
        int(settings.capacity),
        out,
    )
    return own, opened, peers, hits_of(out[:, :hits])


FAMILY = Family(
    name="travel",
    settings=Settings,
    start=start,
    step=step,
    by_entity=("entities",),
    needs=("value", "place"),
)
