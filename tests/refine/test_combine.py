import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.combine import added, combine
from wheeltapper.refine.group import group

from .few_findings import ASPECTS, finding, frame, many, same

SPAN = pl.lit(1).alias("span")


def reference(rows):
    """Of each aspect the best whole, the next half, …; of one value only the best."""
    total = 0.0
    for aspect in {ASPECTS.get(r["detector"], r["detector"]) for r in rows}:
        best = {}
        for r in rows:
            if ASPECTS.get(r["detector"], r["detector"]) == aspect:
                said = r["detector"], r["key"]
                best[said] = max(best.get(said, 0.0), r["evidence"])
        total += sum(e / 2**n for n, e in enumerate(sorted(best.values(), reverse=True)))
    return total


def one_story(rows):
    mine = [{**r, "entity": "ana"} for r in rows]
    (row,) = combine(frame(mine).with_columns(SPAN)).to_dicts()
    return row


@given(many())
def test_as_said_term_by_term(rows):
    story = one_story(rows)
    assert story["evidence"] == pytest.approx(reference(rows))
    assert story["start"] == min(r["time"] for r in rows)
    assert story["end"] == max(r["time"] for r in rows)
    assert story["findings"] == len({(r["detector"], r["key"]) for r in rows})


@given(many(), many(most=1))
def test_more_evidence_never_lowers_a_story(rows, more):
    assert one_story(rows + more)["evidence"] >= one_story(rows)["evidence"] * (1 - 1e-12)


@given(many(), st.integers(0, 24), st.floats(0, 50))
def test_a_weightier_finding_never_lowers_a_story(rows, which, extra):
    at = which % len(rows)
    heavier = [
        {**r, "evidence": r["evidence"] + extra} if n == at else r for n, r in enumerate(rows)
    ]
    assert one_story(heavier)["evidence"] >= one_story(rows)["evidence"] * (1 - 1e-12)


def test_the_sixtieth_of_a_kind_adds_next_to_nothing():
    rows = [finding(value=f"C{n}", evidence=10.0) for n in range(60)]
    assert one_story(rows)["evidence"] == pytest.approx(20.0)
    other = [*rows, finding(detector="any.hour", value="3", evidence=10.0)]
    assert one_story(other)["evidence"] == pytest.approx(30.0)


@given(many())
def test_the_order_of_rows_does_not_matter_to_the_bit(rows):
    a, b = (combine(group(frame(r), 8.0)) for r in (rows, rows[::-1]))
    assert a.rows() == b.rows()
    assert same(a, b)


@given(many())
def test_what_findings_add_sums_to_the_evidence(rows):
    mine = frame([{**r, "entity": "ana"} for r in rows]).with_columns(SPAN)
    adds = added(mine)
    assert adds.drop("adds").equals(mine)
    assert adds["adds"].sum() == pytest.approx(one_story(rows)["evidence"])
    assert (adds["adds"] <= adds["evidence"]).all()
