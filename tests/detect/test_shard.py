"""Shards find together what one process finds alone, however acts are cut into batches."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, SECRET, TALKS, detector, judged, table_of

from wheeltapper import finding
from wheeltapper.detect import shard as module
from wheeltapper.detect import snapshot
from wheeltapper.detect.family import families
from wheeltapper.detect.peers import no_peers
from wheeltapper.detect.prepare import DAY_US
from wheeltapper.detect.shard import Shard, closed

ALL = [detector(name) for name in sorted(families())]


def together(table: pa.Table, shards: int, cuts: list[int]) -> pa.Table:
    """What so many shards say, day by day; all are saved and read again at each cut."""
    mine = [Shard(ALL, SECRET, n, shards) for n in range(shards)]
    peers, open_day, found = {d.name: no_peers() for d in ALL}, None, []
    edges = [0, *sorted(min(cut, len(table)) for cut in cuts), len(table)]
    for first, last in pairwise(edges):
        acts = table[first:last]
        days = sorted({t // DAY_US for t in acts["time"].cast(pa.int64()).to_pylist()})
        for one in mine:
            one.take(acts)
        for day in days:
            if open_day not in (None, day):
                peers = closed(peers, [one.saw() for one in mine], ALL, open_day)
                for one in mine:
                    one.close(peers)
            open_day = day
            for one in mine:
                one.judge(day)
        found += [one.findings() for one in mine]
        for one in mine:
            data = snapshot.to_bytes(one.state, ALL)
            one.state, anew = snapshot.from_bytes(data, ALL)
            assert anew == []
    return pa.concat_tables(found)


def rows(table: pa.Table) -> list[str]:
    return sorted(repr(row) for row in table.to_pylist())


@given(ACTS, st.integers(1, 3), st.lists(st.integers(0, 50), max_size=2))
def test_shards_find_together_what_one_process_finds_alone(acts, shards, cuts):
    table = table_of(acts)
    assert rows(together(table, shards, cuts)) == rows(judged(table, ALL)[0])


@pytest.mark.parametrize("family", sorted(TALKS))
def test_and_what_takes_a_long_history(family):
    table = table_of(TALKS[family])
    alone = judged(table, ALL)[0]
    assert len(alone)
    assert rows(together(table, 2, [17])) == rows(alone)


def test_acts_of_others_and_of_nobody_are_passed_over():
    table = table_of([(1, None, "read", None, 1, True, None, None, (None, None))])
    one = Shard(ALL, SECRET, 0, 1)
    one.take(table)
    one.judge(0)
    assert one.findings() == finding.SCHEMA.empty_table()
    assert one.saw() == {}


def test_acts_before_the_watermark_are_refused():
    table = table_of([(n, "ana", "read", None, 1, True, None, None, (None, None)) for n in (1, 9)])
    one = Shard(ALL, SECRET, 0, 1)
    one.take(table[1:])
    with pytest.raises(ValueError, match="in order of time"):
        one.take(table[:1])


def test_a_crowded_shard_forgets_where_a_day_begins(monkeypatch):
    monkeypatch.setattr(module, "MOST_ENTITIES", 8)
    one = Shard(ALL, SECRET, 0, 1)
    for day in range(5):
        acts = [
            (
                1440 * day + n,
                f"passer-by {day} {n}",
                "read",
                None,
                1,
                True,
                None,
                None,
                (None, None),
            )
            for n in range(1, 7)
        ]
        table = table_of([(acts[0][0], *acts[0][1:]), *((1, *act[1:]) for act in acts[1:])])
        assert one.crowded(len(table)) == (day > 0)
        one.take(table)
        one.judge(int(table["time"].cast(pa.int64())[0].as_py()) // DAY_US)
        one.findings()
        assert one.state.indexes["actor"].size[0] <= 8 + 6
