"""Travel: two places too far apart for the time between them.

Good at a stolen session or password used far away while its owner works on. Blind to a thief nearby
or behind a proxy in the owner's country, and to one who waits as long as a flight takes. Silent
where the network or the place of an act is unknown, in an entity's first days, below `min_km`, and
about a pair of networks between which the entity has hopped on two days before. Where records have
coordinates, distances are great circles; else an entry that gives the country's number as `measure`
(see `places`) compares countries, which are as far apart as their two nearest cities.

Method: what cannot be travelled is a *hop*: distance, less `error_km` for what geolocation may be
wrong by, above `speed_kmh` times the time. A hop is either the entity's own (VPN, shared egress, a
phone's network beside the office's), or a place is told wrongly, or it is somebody else:

    bits = -log2 P(hop between these networks | own) - log2 P(error as large)
    P(hop | own) = (c + prior * share) / (n + prior)    c: days with this hop, the first left out,
                                                        n: days active, both decayed
    share        = entities that ever hopped with the network / entities, of the end that fewer use;
                   the group's shrunk to everyone's
    P(error)     = 1 / (1 + excess / wrong_km)          excess: km beyond what could be travelled
    llr  = log2 unseen / P(hop | own) - log2 P(error)   unseen: `share` of a network nobody uses so

The share of peers is a beta-binomial mean (Gelman et al., BDA3, section 2.4). Databases of
addresses err by hundreds of kilometres and a few per cent of them by the wrong country (Poese et
al., "IP geolocation databases: unreliable?", CCR 2011), so the error's tail is heavy. An intruder
is taken to come from a network nobody here hops with, so `llr` falls where many do. A hop that has
been reported twice is believed to be the entity's own: days confirm, not acts.

`observed` is km, `expected` minutes between, `before` 677 times the number of the country before
plus that of the country now (676: unknown), `peers` the entities who hop with the network.

Cost: O(1) per act, one look-up only where the network changes and is far; 72 bytes an entity, and
24 to 48 for each pair of networks, and network, that it hops with.
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
NOWHERE = NUMBERS
"""In place of a country's number where it is unknown."""

PAIR = np.dtype([("key", "u8"), ("weight", "f8"), ("day", "i4"), ("since", "i4")])
"""`weight`: days with this hop, faded to `day`, the last of them; `since`: the first."""
ENTITY = np.dtype(
    [("days", "f8"), ("ever", "f8"), ("time", "i8"), ("network", "u8"), ("latitude", "f8"),
     ("longitude", "f8"), ("country", "i4"), ("since", "i4"), ("day", "i4")]
)  # fmt: skip
"""Days active (faded to `day`, the last) and ever; time, network and place of the last act whose
place is known; first day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How fast people travel, how wrong places are, and how odd a hop must be."""

    half_life_days: float = 90.0
    prior: float = 5.0
    """Active days of own history that weigh as much as the peers'."""
    speed_kmh: float = 900.0
    """Nobody travels faster; an airliner's speed."""
    error_km: float = 200.0
    """By so much two places may be nearer than they are told to be."""
    min_km: float = 500.0
    """A shorter distance is never worth a word."""
    wrong_km: float = 500.0
    """Every second wrong place is wrong by more than this."""
    min_bits: float = 10.0
    min_llr: float = 0.0
    capacity: int = 1_000_000
    """Pairs of networks, and networks, of entities that are kept."""

    def __post_init__(self) -> None:
        for name in ("half_life_days", "prior", "speed_kmh", "wrong_km"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
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
        return great_circle_km(lat, lon, latitude, longitude)
    if before == NOWHERE or country == NOWHERE:
        return 0.0
    one, other = known.row[before], known.row[country]
    if one < 0 or other < 0:
        return 0.0
    return STEP_KM * float(known.steps[one, other])


@njit(cache=True)
def _share(
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
    """1 where what the entity did with a network is in the tables of closed days."""
    at = slot_in(pairs, key)
    return 1.0 if pairs[at].key == key and pairs[at].since != today else 0.0


@njit(cache=True)
def _counted(
    pairs: Records, size: Int64s, key: np.uint64, today: int, fades: Float64s, capacity: int
) -> tuple[Records, bool]:
    """Count a day for a key; the table, and whether it is new there."""
    at = slot_in(pairs, key)
    if pairs[at].key == key:
        pairs[at].weight = pairs[at].weight * faded(fades, today - pairs[at].day) + 1.0
        pairs[at].day = today
        return pairs, False
    if size[0] >= capacity:
        before = size[0]
        pairs = without_oldest(pairs, size)
        size[1] += before - size[0]
    pairs = with_room(pairs, size[0])
    at = slot_in(pairs, key)
    pairs[at].key = key
    pairs[at].weight = 1.0
    pairs[at].day = today
    pairs[at].since = today
    size[0] += 1
    return pairs, True


@njit(cache=True, nogil=True)
def _step(
    own: Own,
    opened: Open,
    peers: Peers,
    acts: Columns,
    known: Countries,
    fades: Float64s,
    prior: float,
    speed_kmh: float,
    error_km: float,
    min_km: float,
    wrong_km: float,
    min_bits: float,
    min_llr: float,
    capacity: int,
    out: Float64s,
) -> tuple[Own, Open, Peers, int]:
    pairs, entities, sums = own.pairs, own.entities, opened.slots
    day = opened.day[0]
    numbered = acts.measure.size > 0
    nothing = np.uint64(0)
    hits = 0
    for j in range(acts.row.size):
        i = acts.row[j]
        e = acts.number[i]
        network = acts.value[i]
        if e < 0 or network == nothing:
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
        group = acts.group[i]
        newcomer = entities[e].ever == 0
        if newcomer or entities[e].day != today:
            # A day more.
            if newcomer:
                entities[e].since = today
            else:
                entities[e].days *= faded(fades, today - entities[e].day)
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
        if km < min_km or excess <= 0.0:
            continue
        entity = acts.entity[i]
        key = mix(mix(entity, min(last, network)), max(last, network))
        at = slot_in(pairs, key)
        habit = 0.0
        if pairs[at].key == key:
            if pairs[at].day == today:
                continue  # counted today
            # A day alone confirms nothing: it may have been the intruder's.
            habit = max(0.0, pairs[at].weight * faded(fades, today - pairs[at].day) - 1.0)
        itself = 0.0 if entities[e].since == today else 1.0
        slots = peers.slots
        here, there = mix(mix(entity, network), END), mix(mix(entity, last), END)
        mine = _in_tables(pairs, here, today)
        share, had, of = _share(slots, group, network, mine, itself, today, fades)
        mine = _in_tables(pairs, there, today)
        other, other_had, _ = _share(slots, group, last, mine, itself, today, fades)
        if other < share:
            share, had = other, other_had
        unseen = 0.5 / (max(0.0, look(slots, EVERYONE, TOTAL, today, fades)[0] - itself) + 1.0)
        if group != EVERYONE:
            unseen /= of + 1.0
        days = entities[e].days - 1.0
        p_own = min(1.0, (habit + prior * share) / (days + prior))
        far = np.log2(1.0 + excess / wrong_km)
        bits = far - np.log2(p_own)
        llr = far + np.log2(unseen / p_own)
        if bits >= min_bits and llr >= min_llr:
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
        pairs, _ = _counted(pairs, own.size, key, today, fades, capacity)
        if 2 * (opened.size[0] + 2) > sums.size:
            sums = with_room(sums, opened.size[0] + 1)
            opened = Open(sums, opened.size, opened.day)
        for end in range(1 if last == network else 2):
            place = network if end == 0 else last
            pairs, new = _counted(pairs, own.size, here if end == 0 else there, today, fades,
                                  capacity)  # fmt: skip
            if new:
                code, everyones = mix(group, place), mix(EVERYONE, place)
                add(sums, opened.size, code, everyones, 1.0, 1.0, 0.0)
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
        float(settings.speed_kmh),
        float(settings.error_km),
        float(settings.min_km),
        float(settings.wrong_km),
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
