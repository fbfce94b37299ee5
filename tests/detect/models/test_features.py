from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from organisation import MONDAY, table

from wheeltapper.detect.models.features import FEATURES, measure, relative
from wheeltapper.detect.models.history import empty, learn
from wheeltapper.detect.models.state import columns


def day(number, *rows):
    return columns(
        table(
            [{"time": MONDAY + timedelta(days=number, hours=9), "actor": "kim", **r} for r in rows]
        )
    )


def counts(measured, actor="kim"):
    row = measured.row(by_predicate=pl.col("actor") == actor, named=True)
    return {name: round(float(np.expm1(np.float64(row[name])))) for name in FEATURES}


def test_a_day_in_numbers():
    got = counts(
        measure(
            day(
                0,
                {"action": "a", "app": "x", "outcome": "failure", "bytes": 2048, "country": "NL"},
                {"action": "b", "app": "x", "category": "admin", "count": 4, "asn": 64500},
                {"action": "b", "target": "t", "category": "data_access", "ua_client": "curl"},
            ),
            empty(list(FEATURES)),
        )
    )
    assert got == {
        "acts": 6, "failures": 1, "actions": 2, "apps": 1, "targets": 1, "addresses": 0,
        "networks": 2, "machines": 1, "hours": 1, "odd_hours": 6, "account_changes": 0, "admin": 4,
        "data_access": 1, "kib": 2, "new_actions": 2, "new_apps": 1, "new_networks": 2,
        "new_machines": 1,
    }  # fmt: skip


def test_what_was_there_before_is_not_new():
    first = day(0, {"action": "a", "country": "NL"})
    history = empty(list(FEATURES))
    history = learn(history, 0, first, measure(first, history))
    got = counts(measure(day(1, {"action": "a", "country": "NL"}, {"action": "b"}), history))
    assert (got["new_actions"], got["new_networks"], got["odd_hours"]) == (1, 0, 0)
    other = measure(day(1, {"actor": "ana", "action": "a"}), history)
    assert counts(other, "ana")["new_actions"] == 1


@pytest.mark.parametrize(("hour", "odd"), [(9, 0), (10, 0), (8, 0), (12, 1), (23, 1)])
def test_hours_next_to_usual_ones_are_usual(hour, odd):
    first = day(0, {"action": "a"})
    history = learn(empty(list(FEATURES)), 0, first, measure(first, empty(list(FEATURES))))
    later = day(1, {"action": "a", "hour_of_week": 24 + hour})
    assert counts(measure(later, history))["odd_hours"] == odd


def lived(days, **rows_of):
    history = empty(list(FEATURES))
    for number in range(days):
        rows = [
            {"actor": actor, "peer_group": "g", "action": "a", "count": count}
            for actor, count in rows_of.items()
        ]
        today = day(number, *rows)
        history = learn(history, number, today, measure(today, history))
    return history


def test_own_usual_day_is_no_deviation_however_busy():
    history = lived(25, busy=1000, calm=3)
    today = day(
        25,
        {"actor": "busy", "peer_group": "g", "action": "a", "count": 1000},
        {"actor": "calm", "peer_group": "g", "action": "a", "count": 1000},
    )
    deviation, usual, n = relative(measure(today, history), history)
    acts = list(FEATURES).index("acts")
    assert n.tolist() == [25, 25]
    assert abs(deviation[0, acts]) < 2.5
    assert deviation[1, acts] == 12  # as odd as it gets
    assert usual[0, acts] > usual[1, acts] + 3


def test_a_newcomer_is_compared_with_peers():
    history = lived(25, ana=100, bo=100)
    today = day(25, {"actor": "new", "peer_group": "g", "action": "a", "count": 100})
    deviation, _, n = relative(measure(today, history), history)
    assert n.tolist() == [0]
    assert abs(deviation[0, list(FEATURES).index("acts")]) < 0.1


def test_nobody_known_is_no_error():
    nothing = empty(list(FEATURES))
    deviation, _, n = relative(measure(day(0, {"action": "a"}), nothing), nothing)
    assert deviation.shape == (1, len(FEATURES))
    assert np.isfinite(deviation).all()
    assert n.tolist() == [0]
