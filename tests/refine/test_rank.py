from datetime import timedelta

import polars as pl
from few_findings import MONDAY
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.rank import LEAST, SPEAKS_FOR_ITSELF, rank


def stories(*rows):
    names = ("score", "evidence", "start", "entity", "entity_type")
    whole = [(*row, "actor")[:5] for row in rows]
    return pl.DataFrame(whole, schema=names, orient="row")


some = st.lists(
    st.tuples(
        st.sampled_from([0.0, 4.9, LEAST, 9.0, 20.0]),
        st.sampled_from([1.0, 2.0]),
        st.integers(0, 2).map(lambda d: MONDAY + timedelta(days=d)),
        st.sampled_from(["ana", "kim"]),
        st.sampled_from(["actor", "src_ip"]),
    ),
    min_size=1,
    max_size=30,
)


@given(some, st.floats(0, 20), st.integers(0, 5), st.randoms())
def test_the_best_within_the_budget_whatever_the_order(rows, budget, days, chance):
    ranked = rank(stories(*rows), budget, days)
    most = max(1, int(budget * max(days, 1)))
    good = sorted(
        (r for r in rows if r[0] >= LEAST), key=lambda r: (-r[0], -r[1], *r[2:3], r[4], r[3])
    )
    assert ranked.rows() == good[:most]
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert rank(stories(*shuffled), budget, days).rows() == ranked.rows()


def test_a_story_that_is_shown_often_is_nobodys_case():
    assert len(rank(stories((LEAST - 0.01, 8.9, MONDAY, "ana")), 10, 10)) == 0


def test_in_an_hour_of_logs_strong_evidence_makes_a_case():
    assert len(rank(stories((1.0, SPEAKS_FOR_ITSELF, MONDAY, "ana")), 10, 1)) == 1


def test_the_least_budget_is_one_case():
    rows = [(9.0, 1.0, MONDAY, "ana"), (8.0, 1.0, MONDAY, "kim")]
    assert rank(stories(*rows), 0.001, 1)["entity"].to_list() == ["ana"]
