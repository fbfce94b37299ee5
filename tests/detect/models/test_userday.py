import json
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from organisation import MONDAY, acts, history, odd_day, table

from wheeltapper import finding
from wheeltapper.detect.models import Registry
from wheeltapper.detect.models.state import State
from wheeltapper.detect.models.userday import THRESHOLD_BITS

DAY = 57
AFTER = date(2027, 1, 1)


def run(model, activities, cuts=()):
    state, found = model.start(), []
    edges = [0, *sorted(cuts), activities.num_rows]
    for begin, end in pairwise(edges):
        state, findings = model.process(state, activities.slice(begin, end - begin))
        found.append(findings)
    state, findings = model.close(state, AFTER)
    return state, pa.concat_tables([*found, findings])


@pytest.fixture(scope="module")
def odd(model):
    activities = table(history(seed=5) + odd_day("person04", DAY))
    return activities, run(model, activities)[1]


def test_planted_day_is_found(odd):
    _, found = odd
    first, *_ = sorted(finding.from_table(found), key=lambda f: -f.observed)
    assert (first.entity, first.entity_type) == ("person04", "actor")
    assert first.detector == "model.userday"
    assert first.time.date() == (MONDAY + timedelta(days=DAY)).date()
    assert first.bits >= THRESHOLD_BITS
    assert first.llr > 3
    assert first.observed > first.expected
    assert first.baseline_n >= 20


def test_days_that_it_learned_from_are_not_judged(trained, odd):
    (model,) = Registry(trained).models
    activities, _ = odd
    _, found = run(model, activities)
    assert model.card.last >= str((MONDAY + timedelta(days=DAY)).date())
    assert found.num_rows == 0


def test_evidence_names_what_was_odd_and_the_acts(odd):
    activities, found = odd
    rows = [f for f in finding.from_table(found) if f.entity == "person04" and f.bits > 8]
    told = {f["feature"]: f for f in rows[-1].evidence["features"]}
    assert len(told) == 3
    assert all(f["observed"] > f["usual"] for f in told.values())
    strange = {
        row["event_id"].hex()
        for row in activities.select(["event_id", "src_ip"]).to_pylist()
        if row["src_ip"] == "203.0.113.9"
    }
    assert len(rows[-1].event_ids) == 50
    assert len(strange.intersection(rows[-1].event_ids)) >= 45


@pytest.mark.slow
def test_usual_days_are_left_alone(model):
    """A fresh organisation of the same kind: one day in 256 may reach the threshold."""
    _, found = run(model, table(history(seed=6)))
    assert found.num_rows <= 12  # of some 900 days; one in 256 would be 4


def test_busy_account_is_not_odd_for_being_busy(odd):
    _, found = odd
    assert not [a for a in found["entity"].to_pylist() if a.startswith("svc")]


@pytest.mark.slow
@settings(max_examples=12)
@given(st.lists(st.integers(0, 900), max_size=6))
def test_batches_do_not_matter(model, cuts):
    activities = table(history(actors=10, days=26, seed=2) + odd_day("person03", 24))
    cuts = [cut * activities.num_rows // 900 for cut in cuts]
    whole, found = run(model, activities)
    state, pieces = run(model, activities, cuts)
    assert pieces.equals(found)
    assert state.to_bytes() == whole.to_bytes()


def test_state_saved_and_loaded_goes_on_as_if_nothing_was(model):
    activities = table(history(actors=10, days=26, seed=2) + odd_day("person03", 24))
    half = activities.num_rows // 2
    state, _ = model.process(model.start(), activities.slice(0, half))
    loaded = State.from_bytes(state.to_bytes())
    one, a = model.process(state, activities.slice(half))
    other, b = model.process(loaded, activities.slice(half))
    assert a.equals(b)
    assert one.to_bytes() == other.to_bytes()


def test_a_state_handed_in_stays_as_it_was(model):
    activities = table(history(actors=10, days=10))
    state, _ = model.process(model.start(), activities)
    before = state.to_bytes()
    model.process(
        state,
        table([r for r in history(actors=10, days=14) if r["time"] > MONDAY + timedelta(days=11)]),
    )
    model.close(state, AFTER)
    assert state.to_bytes() == before


def test_day_is_judged_when_a_later_one_begins(model):
    rows = history(actors=10, days=28) + odd_day("person03", 28)
    state, early = model.process(model.start(), table(rows))
    planted = MONDAY.date() + timedelta(days=28)
    assert planted not in [t.date() for t in early["time"].to_pylist()]
    same, nothing = model.close(state, planted - timedelta(days=1))
    assert (same, nothing.num_rows) == (state, 0)
    _, found = model.close(state, planted)
    assert found["entity"].to_pylist() == ["person03"]


def test_nothing_is_said_within_the_grace(model):
    rows = history(actors=10, days=13) + odd_day("person03", 13)
    assert run(model, table(rows))[1].num_rows == 0


def test_order_of_time_is_asked_for(model):
    early, late = table(history(actors=4, days=1)), table(history(actors=4, days=2)[-5:])
    state, _ = model.process(model.start(), late)
    with pytest.raises(ValueError, match="not in order of time"):
        model.process(state, early)
    with pytest.raises(ValueError, match="not in order of time"):
        model.process(model.start(), pa.concat_tables([late, early]))


def test_nothing_in_nothing_out(model):
    state, found = model.process(model.start(), table([]))
    assert state.day is None
    assert found.schema == finding.SCHEMA
    assert model.close(state, AFTER)[1].num_rows == 0


@pytest.mark.slow
def test_acts_without_actor_or_enrichment_are_lived_with(model):
    rng = np.random.default_rng(3)
    bare = [
        {k: row[k] for k in ("time", "actor", "source", "action")}
        for day in range(28)
        for n in range(3)
        for row in acts(rng, f"bare{n}", n, day)
    ]
    nobody = [{"time": MONDAY + timedelta(days=d), "actor": None, "action": "x"} for d in range(25)]
    state, found = run(model, table(bare + nobody))
    assert found.num_rows <= 4
    assert set(state.history.days["actor"]) == {"bare0", "bare1", "bare2"}
    assert all(json.loads(e) for e in found["evidence"].to_pylist())
