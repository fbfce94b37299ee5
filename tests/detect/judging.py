"""Detectors over acts in tests: whole, in pieces, in shards; and acts for hypothesis to draw."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from wheeltapper.detect import snapshot
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.family import Columns, families
from wheeltapper.detect.hashing import hash_column
from wheeltapper.detect.peers import close_day, no_peers, nothing_open
from wheeltapper.detect.prepare import number_entities, prepare
from wheeltapper.detect.process import process, start
from wheeltapper.detect.table import new_index, widened
from wheeltapper.testing import MONDAY, activities, activity

SECRET = bytes(range(16))


TALKATIVE = {
    "burst": {"min_bits": 0.0, "min_count": 1.0, "looks_back_hours": 24.0},
    "clock": {"min_bits": 0.0, "min_llr": -50.0},
    "dormant": {"min_bits": 0.0, "min_days": 4.0, "grace": 1.0},
    "novelty": {"min_bits": 0.0, "min_llr": -50.0},
    "periodicity": {
        "min_bits": 0.0,
        "min_llr": -50.0,
        "min_beats": 3,
        "min_hours": 0.1,
        "regular_bits": 1.0,
    },
    "rate": {"min_bits": 0.0, "min_count": 2.0},
    "schedule": {"min_bits": 0.0, "grace": 2.0},
    "sequence": {"min_bits": 0.0, "grace": 0.0},
    "spread": {"min_bits": 0.0, "min_count": 2.0},
    "travel": {"min_bits": 0.0, "min_llr": -50.0, "grace": 0.0},
    "volume": {"min_bits": 0.0, "grace": 2.0},
}


def detector(family: str, *, settings: dict[str, float] | None = None, **entry: object) -> Detector:
    """A catalogue entry of a test: everything is looked at and, if odd at all, said."""
    given = TALKATIVE.get(family, {"min_bits": 0.0}) if settings is None else settings
    return Detector(**{
        "name": f"test.{family}", "family": family, "about": "", "filter": "true",
        "entity": "actor", "value": "action", "mark": "outcome = 'success'",
        "measure": "bytes" if "measure" in families()[family].needs else "", "says": "",
        "settings": families()[family].settings(**given), **entry,
    })  # fmt: skip


def judged(
    table: pa.Table, detectors: Sequence[Detector], cuts: Iterable[int] = (), **more: int
) -> tuple[pa.Table, bytes]:
    """Findings, and the state as bytes; cut at `cuts`, the state saved and restored each time."""
    edges = [0, *sorted(cuts), len(table)]
    state, found = start(detectors), []
    for first, last in pairwise(edges):
        if first:
            state, anew = snapshot.from_bytes(snapshot.to_bytes(state, detectors), detectors)
            assert anew == []
        state, some = process(state, table[first:last], detectors, SECRET, **more)
        found.append(some)
    return pa.concat_tables(found), snapshot.to_bytes(state, detectors)


def sharded(table: pa.Table, one: Detector, shards: int) -> set[tuple[float, ...]]:
    """What an engine with several shards would find, as (row, bits, llr, …).

    Each shard has the acts of its entities, day by day; a day is closed when all have had it.
    """
    family, half_life = families()[one.family], float(one.settings.half_life_days)
    entities = hash_column(table[one.entity], SECRET)
    pieces = []
    for shard in range(shards):
        rows = np.flatnonzero(entities % np.uint64(shards) == shard)
        prepared = prepare(table.take(rows), [one], SECRET)
        indexes = number_entities(prepared, [one], {one.entity: new_index()})
        pieces.append((rows, prepared.columns_of(one), int(indexes[one.entity].size[0])))
    own = [family.start() for _ in pieces]
    own = [
        o._replace(**{name: widened(getattr(o, name), n) for name in family.by_entity})
        for o, (_, _, n) in zip(own, pieces, strict=True)
    ]
    opened, peers = [nothing_open() for _ in pieces], no_peers()
    found = set()
    for day in sorted({day for _, acts, _ in pieces for day in acts.day.tolist()}):
        for i, (rows, acts, _) in enumerate(pieces):
            today: Columns = acts._replace(row=acts.row[acts.day[acts.row] == day])
            own[i], opened[i], same, hits = family.step(
                own[i], opened[i], peers, today, one.settings
            )
            assert same.slots is peers.slots, "a shard must not change what all read"
            for hit in zip(*hits, strict=True):
                found.add((int(rows[hit[0]]), *(float(x) for x in hit[1:])))
        peers = close_day(peers, opened, day, half_life)
    return found


ACTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 7, 60, 180, 1440, 5000, 90000]),  # minutes since the act before
        st.sampled_from(["ana", "ana", "kim", "lee", None]),
        st.sampled_from(["read", "read", "write", "delete", None]),
        st.sampled_from(["s1", "s2", None]),
        st.sampled_from([None, 1, 5, 40]),
        st.booleans(),
        st.sampled_from(["success", "failure", None]),
        st.sampled_from([None, 0, 900, 40_000, 7_000_000_000]),
        st.sampled_from([(None, None), (52.4, 4.9), (52.5, 13.4), (6.5, 3.4)]),
    ),
    max_size=50,
)
"""Minutes since the act before, actor, action, session, count, whether the hour is known, outcome,
bytes, and where."""
TALKS: dict[str, list[tuple[object, ...]]] = {
    "dormant": [
        (1440, "kim" if i % 10 else "ana", None, None, 1, True, None, None, (None, None))
        for i in range(60)
    ],
    "spread": [
        (1400 if i % 10 == 0 else 1, "ana", f"v{i % (4 + i // 10)}", None, 1, True, None, None,
         (None, None))
        for i in range(60)
    ],
    "periodicity": [
        (7, "ana", f"a{i // 40}", None, 1, True, None, None, (None, None)) for i in range(160)
    ],
}  # fmt: skip
"""Acts like `ACTS` on which a family speaks that has nothing to say of the ones all others get."""
GROUPS = {"ana": "red", "kim": "red", "lee": "blue"}


def table_of(acts: Iterable[tuple[object, ...]]) -> pa.Table:
    """Acts drawn from `ACTS`."""
    rows, when = [], MONDAY
    for minutes, actor, action, session, count, zoned, outcome, size, place in acts:
        when += timedelta(minutes=minutes)
        columns = {"outcome": outcome, "bytes": size}
        columns |= {"latitude": place[0], "longitude": place[1]}
        columns["utc_offset"] = None if place[1] is None else round(place[1] / 15) * 60
        columns |= {} if zoned else {"hour_of_week": None}
        rows.append(
            activity(actor, time=when, action=action, session=session, count=count,
                     peer_group=GROUPS.get(actor), **columns)
        )  # fmt: skip
    return activities(rows)
