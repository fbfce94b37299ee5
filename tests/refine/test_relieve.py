import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.relieve import relieve

from .few_findings import finding, frame


def said(*rows):
    """(detector, evidence, session, entity) as findings, each of an act of its own."""
    found = frame(
        finding(detector=detector, evidence=evidence, entity=entity, value=str(i))
        for i, (detector, evidence, _, entity) in enumerate(rows)
    )
    return found.with_columns(
        session=pl.Series([row[2] for row in rows], dtype=pl.String),
        event_ids=pl.Series([[bytes([i])] for i in range(len(rows))], dtype=pl.List(pl.Binary)),
    )


def left(*rows):
    return {
        row["detector"]: row["evidence"] for row in relieve(said(*rows)).to_dicts()
    }  # fmt: skip


def test_what_speaks_for_an_entity_is_shared_by_what_speaks_against_it():
    assert left(
        ("hour", 4.0, "s", "ana"), ("folder", 2.0, "s", "ana"), ("clock", -3.0, "s", "ana")
    ) == {"hour": pytest.approx(2.0), "folder": pytest.approx(1.0)}  # fmt: skip


def test_of_each_detector_the_strongest_counts():
    # Three folders are one question asked three times.
    told = [("folder", 2.0, "s", "ana"), ("folder", 1.0, "s", "ana"), ("folder", 1.5, "s", "ana")]
    found = relieve(said(*told, ("clock", -1.0, "s", "ana")))
    assert found["evidence"].to_list() == [1.0, 0.5, 0.75]


def test_more_relief_than_evidence_leaves_nothing():
    assert left(("hour", 2.0, "s", "ana"), ("clock", -5.0, "s", "ana")) == {}


def test_other_sessions_other_entities_and_acts_without_a_session_are_not_relieved():
    rows = [
        ("hour", 4.0, "s", "ana"), ("folder", 4.0, "s", "kim"), ("files", 4.0, None, "ana"),
        ("clock", -3.0, "t", "ana"), ("other clock", -3.0, None, "ana"),
    ]  # fmt: skip
    assert left(*rows) == {"hour": 4.0, "folder": 4.0, "files": 4.0}


def test_where_nothing_speaks_for_anybody_all_stays_as_it_was():
    found = said(("hour", 4.0, "s", "ana"), ("folder", 0.0, "s", "ana"))
    assert relieve(found).equals(found)


bits = st.floats(-20, 20).map(lambda x: round(x, 3))


@given(st.lists(st.tuples(st.sampled_from("abc"), bits, st.sampled_from("st"), st.just("ana"))))
def test_evidence_is_never_raised_and_never_below_nothing(rows):
    if not rows:
        return
    before = said(*rows)
    after = relieve(before)
    joined = after.join(before.select("event_ids", was="evidence"), on="event_ids")
    assert (joined["evidence"] <= joined["was"]).all()
    if any(row[1] < 0 for row in rows):
        assert (after["evidence"] > 0).all()
